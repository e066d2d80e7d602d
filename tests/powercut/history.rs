//! What a program did to one folder, and what it sent: the trace with every file descriptor
//! followed to its file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::trace::Call;

/// A file or folder, whatever its name is at the time. [`ROOT`] is the folder that is watched.
pub type Inode = usize;
pub const ROOT: Inode = 0;

#[derive(Debug)]
pub enum Act {
    Create {
        folder: Inode,
        name: String,
        inode: Inode,
        is_folder: bool,
    },
    Remove {
        folder: Inode,
        name: String,
        inode: Inode,
    },
    Rename {
        from: (Inode, String),
        to: (Inode, String),
        inode: Inode,
    },
    /// `grows`: it made the file longer.
    Write {
        inode: Inode,
        at: usize,
        bytes: Vec<u8>,
        grows: bool,
    },
    Resize {
        inode: Inode,
        size: usize,
    },
    /// `fsync` and `fdatasync`; `path` is below the root. `sync_file_range` is none: it does not
    /// reach the disk's own cache, nor the size of the file.
    Sync {
        inode: Inode,
        path: String,
    },
}

/// An act with the moments at which it began and was done.
#[derive(Debug)]
pub struct Op {
    pub start: usize,
    pub end: usize,
    pub act: Act,
}

/// Everything, over as many processes as ran one after the other: what a process that died has
/// written is in the cache of the kernel still.
#[derive(Debug, Default)]
pub struct History {
    /// In the order in which they began.
    pub ops: Vec<Op>,
    /// What was sent to anybody, and from when on it may have arrived.
    pub sent: Vec<(usize, Vec<u8>)>,
    /// The moment at which each process was gone.
    pub ends: Vec<usize>,
    names: HashMap<Inode, BTreeMap<String, Inode>>,
    sizes: HashMap<Inode, usize>,
    inodes: usize,
}

/// An open file: descriptors made by `dup` share it.
struct Open {
    inode: Inode,
    position: usize,
    append: bool,
}

struct Reader<'a> {
    history: &'a mut History,
    root: PathBuf,
    base: usize,
    open: Vec<Open>,
    descriptors: HashMap<i64, usize>,
}

impl History {
    /// Adds what one process did below `root`.
    pub fn add(&mut self, root: &Path, (mut calls, lines): (Vec<Call>, usize)) {
        let base = self.end();
        self.names.entry(ROOT).or_default();
        let (open, descriptors) = (Vec::new(), HashMap::new());
        let mut reader = Reader { history: self, root: root.to_owned(), base, open, descriptors };
        // A descriptor is free from the moment at which `close` begins; everything else has
        // happened when it is done.
        calls.sort_by_key(|call| if call.name == "close" { call.start } else { call.end });
        for call in &calls {
            reader.call(call);
        }
        self.ops.sort_by_key(|op| op.start);
        self.sent.sort_by_key(|(moment, _)| *moment);
        self.ends.push(base + lines);
    }

    /// The last moment.
    pub fn end(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    fn path(&self, inode: Inode) -> String {
        for (folder, names) in &self.names {
            if let Some((name, _)) = names.iter().find(|(_, found)| **found == inode) {
                let above = if *folder == ROOT { String::new() } else { self.path(*folder) + "/" };
                return above + name;
            }
        }
        String::new()
    }
}

impl Reader<'_> {
    fn call(&mut self, call: &Call) {
        if call.name == "close" {
            self.descriptors.remove(&call.number(0));
            return;
        }
        if call.result.is_some_and(|result| result < 0) {
            return;
        }
        match call.name.as_str() {
            "openat" | "open" | "creat" => self.opened(call),
            "dup" | "dup2" | "dup3" | "fcntl" => self.copied(call),
            "read" | "readv" | "lseek" => self.moved(call),
            "write" | "writev" | "sendto" | "sendmsg" => self.written(call),
            "pwrite64" | "pwritev" | "pwritev2" => self.written_at(call),
            "fsync" | "fdatasync" => self.synced(call),
            "mkdir" | "mkdirat" => self.made(call),
            "unlink" | "unlinkat" | "rmdir" => self.removed(call),
            "rename" | "renameat" | "renameat2" => self.renamed(call),
            "ftruncate" => self.truncated(call),
            "fallocate" => self.allocated(call),
            "sync_file_range" => {}
            _ => self.unknown(call),
        }
    }

    /// What the model cannot follow must not touch a file of ours.
    fn unknown(&self, call: &Call) {
        let mut descriptors = call.args.iter().filter_map(|arg| arg.parse().ok());
        let named = call.paths().iter().any(|path| self.place_of(path).is_some());
        let ours = named || descriptors.any(|descriptor| self.file(descriptor).is_some());
        let harmless = call.name == "mmap" && !call.args.join(" ").contains("MAP_SHARED");
        let blind = ["io_uring_setup", "sync", "syncfs"].contains(&call.name.as_str());
        assert!(harmless || !(ours || blind), "the model of the disk does not know {call:?}");
    }

    fn push(&mut self, call: &Call, act: Act) {
        let op = Op { start: self.base + call.start, end: self.base + call.end, act };
        let decided = call.result.is_some() || matches!(op.act, Act::Sync { .. });
        assert!(decided, "nobody knows whether the killed process did {op:?}: record again");
        self.history.ops.push(op);
    }

    fn file(&self, descriptor: i64) -> Option<&Open> {
        self.descriptors.get(&descriptor).map(|at| &self.open[*at])
    }

    /// Folder and name of an absolute path below the root; the root itself has no name.
    fn place_of(&self, path: &str) -> Option<(Inode, String)> {
        let below = Path::new(path).strip_prefix(&self.root).ok()?;
        let mut parts: Vec<String> =
            below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        let name = parts.pop().unwrap_or_default();
        let step =
            |folder: Inode, part: &String| self.history.names.get(&folder)?.get(part).copied();
        Some((parts.iter().try_fold(ROOT, step)?, name))
    }

    /// As [`Self::place_of`], for a call with a folder's descriptor before the path.
    fn place(&self, call: &Call, at: usize) -> Option<(Inode, String)> {
        let text = call.text(at);
        let relative = !text.starts_with('/');
        match call.args.get(at.wrapping_sub(1)).and_then(|fd| fd.parse().ok()) {
            Some(folder) if relative => Some((self.file(folder)?.inode, text)),
            _ => self.place_of(&text),
        }
    }

    fn entry(&self, (folder, name): &(Inode, String)) -> Option<Inode> {
        if name.is_empty() && *folder == ROOT {
            return Some(ROOT);
        }
        self.history.names.get(folder)?.get(name).copied()
    }

    fn opened(&mut self, call: &Call) {
        let at = usize::from(call.name == "openat");
        let Some(descriptor) = call.result else { return };
        self.descriptors.remove(&descriptor);
        let Some(place) = self.place(call, at) else { return };
        let flags = call.args.get(at + 1).cloned().unwrap_or_default();
        let inode = match self.entry(&place) {
            Some(inode) => inode,
            None if flags.contains("O_CREAT") => self.create(call, place, false),
            None => panic!("{} was there before the trace: {call:?}", place.1),
        };
        if flags.contains("O_TRUNC") && self.history.sizes.get(&inode) > Some(&0) {
            self.resize(call, inode, 0);
        }
        self.descriptors.insert(descriptor, self.open.len());
        self.open.push(Open { inode, position: 0, append: flags.contains("O_APPEND") });
    }

    fn create(&mut self, call: &Call, place: (Inode, String), is_folder: bool) -> Inode {
        self.history.inodes += 1;
        let inode = self.history.inodes;
        let names = self.history.names.get_mut(&place.0).unwrap();
        names.insert(place.1.clone(), inode);
        if is_folder {
            self.history.names.insert(inode, BTreeMap::new());
        }
        self.push(call, Act::Create { folder: place.0, name: place.1, inode, is_folder });
        inode
    }

    fn copied(&mut self, call: &Call) {
        let copies = call.name != "fcntl" || call.args[1].contains("F_DUPFD");
        let Some(new) = call.result.filter(|_| copies) else { return };
        match self.descriptors.get(&call.number(0)).copied() {
            Some(open) => self.descriptors.insert(new, open),
            None => self.descriptors.remove(&new),
        };
    }

    fn moved(&mut self, call: &Call) {
        let Some(open) = self.descriptors.get(&call.number(0)).copied() else { return };
        let result = usize::try_from(call.result.unwrap_or_default()).unwrap();
        let open = &mut self.open[open];
        open.position = if call.name == "lseek" { result } else { open.position + result };
    }

    fn written(&mut self, call: &Call) {
        let bytes = call.written(1);
        let Some(open) = self.descriptors.get(&call.number(0)).copied() else {
            self.history.sent.push((self.base + call.start, bytes));
            return;
        };
        let (inode, size) = (self.open[open].inode, self.size(self.open[open].inode));
        let at = if self.open[open].append { size } else { self.open[open].position };
        self.open[open].position = at + bytes.len();
        self.write(call, inode, (at, bytes));
    }

    fn written_at(&mut self, call: &Call) {
        let Some(inode) = self.file(call.number(0)).map(|open| open.inode) else { return };
        self.write(call, inode, (usize::try_from(call.number(3)).unwrap(), call.written(1)));
    }

    fn size(&self, inode: Inode) -> usize {
        self.history.sizes.get(&inode).copied().unwrap_or_default()
    }

    fn write(&mut self, call: &Call, inode: Inode, (at, bytes): (usize, Vec<u8>)) {
        let grows = at + bytes.len() > self.size(inode);
        if grows {
            self.history.sizes.insert(inode, at + bytes.len());
        }
        self.push(call, Act::Write { inode, at, bytes, grows });
    }

    fn synced(&mut self, call: &Call) {
        let Some(inode) = self.file(call.number(0)).map(|open| open.inode) else { return };
        if call.result.is_some() {
            let path = self.history.path(inode);
            self.push(call, Act::Sync { inode, path });
        }
    }

    fn made(&mut self, call: &Call) {
        if let Some(place) = self.place(call, usize::from(call.name == "mkdirat")) {
            self.create(call, place, true);
        }
    }

    fn removed(&mut self, call: &Call) {
        let Some(place) = self.place(call, usize::from(call.name == "unlinkat")) else { return };
        // A socket is made by no call that is traced, and is no part of the disk.
        let Some(inode) = self.entry(&place) else { return };
        self.history.names.get_mut(&place.0).unwrap().remove(&place.1);
        self.push(call, Act::Remove { folder: place.0, name: place.1, inode });
    }

    fn renamed(&mut self, call: &Call) {
        let (from, to) = if call.name == "rename" { (0, 1) } else { (1, 3) };
        let (Some(from), Some(to)) = (self.place(call, from), self.place(call, to)) else { return };
        let exchanges = call.args.iter().any(|arg| arg.contains("RENAME_EXCHANGE"));
        assert!(!exchanges, "the model of the disk does not know {call:?}");
        let inode = self.entry(&from).unwrap_or_else(|| panic!("nothing to rename: {call:?}"));
        self.history.names.get_mut(&from.0).unwrap().remove(&from.1);
        self.history.names.get_mut(&to.0).unwrap().insert(to.1.clone(), inode);
        self.push(call, Act::Rename { from, to, inode });
    }

    fn truncated(&mut self, call: &Call) {
        if let Some(inode) = self.file(call.number(0)).map(|open| open.inode) {
            self.resize(call, inode, usize::try_from(call.number(1)).unwrap());
        }
    }

    fn resize(&mut self, call: &Call, inode: Inode, size: usize) {
        self.history.sizes.insert(inode, size);
        self.push(call, Act::Resize { inode, size });
    }

    /// Only the plain form, which makes a file longer.
    fn allocated(&mut self, call: &Call) {
        let Some(inode) = self.file(call.number(0)).map(|open| open.inode) else { return };
        if call.args[1].contains("FALLOC_FL_KEEP_SIZE") && !call.args[1].contains('|') {
            return;
        }
        assert!(call.args[1] == "0", "the model of the disk does not know {call:?}");
        let end = usize::try_from(call.number(2) + call.number(3)).unwrap();
        if end > self.size(inode) {
            self.resize(call, inode, end);
        }
    }
}
