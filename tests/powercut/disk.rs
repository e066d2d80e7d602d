//! How a disk may look when the power goes: what must be on it, what may be, and the folder
//! that comes of one choice.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::cut::Choice;
use super::history::{Act, History, Inode, Op, ROOT};

/// What a file system promises beyond what was synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rules {
    /// A journal of metadata in order: names and truncations survive up to some point of their
    /// order, and a sync that commits one of them commits all before it. The size of a file
    /// follows the data that reached the disk.
    Ext4,
    /// Only what POSIX says: each name may be lost until its folder was synced, and the size
    /// of a file goes its own way.
    Posix,
}

/// A moment at which the power goes.
pub struct Disk<'a> {
    ops: Vec<&'a Op>,
    /// The syncs that were done and are not to be ignored: their file, and when they began.
    syncs: Vec<(Inode, usize)>,
    /// When the last sync of each file began.
    latest: HashMap<Inode, usize>,
    folders: HashSet<Inode>,
    rules: Rules,
}

/// The folders with the names in them, and the contents of the files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Image {
    folders: HashMap<Inode, BTreeMap<String, Inode>>,
    files: HashMap<Inode, Vec<u8>>,
}

impl<'a> Disk<'a> {
    /// `ignored`: syncs of files whose path holds it are taken for lies.
    pub fn at(history: &'a History, cut: usize, (rules, ignored): (Rules, Option<&str>)) -> Self {
        let begun = history.ops.iter().filter(|op| op.start <= cut);
        let (ops, syncs, latest) = (Vec::new(), Vec::new(), HashMap::new());
        let mut disk = Self { ops, syncs, latest, folders: HashSet::new(), rules };
        for op in begun {
            match &op.act {
                Act::Sync { inode, path } => {
                    let lie = ignored.is_some_and(|part| path.contains(part));
                    if op.end <= cut && !lie {
                        disk.syncs.push((*inode, op.start));
                        disk.latest.insert(*inode, op.start);
                    }
                }
                Act::Create { inode, is_folder: true, .. } => {
                    disk.folders.insert(*inode);
                    disk.ops.push(op);
                }
                Act::Create { .. }
                | Act::Remove { .. }
                | Act::Rename { .. }
                | Act::Write { .. }
                | Act::Resize { .. } => disk.ops.push(op),
            }
        }
        disk
    }

    /// The disk after one choice of what survives.
    pub fn image(&self, choice: &mut Choice) -> Image {
        let kept = match self.rules {
            Rules::Ext4 => self.ordered(choice),
            Rules::Posix => self.unordered(choice),
        };
        let mut image = Image::default();
        for op in kept.iter().map(|at| self.ops[*at]) {
            image.name(&op.act);
        }
        let files: Vec<Inode> =
            image.folders.values().flat_map(|names| names.values().copied()).collect();
        for inode in files.into_iter().filter(|inode| !self.folders.contains(inode)) {
            let content = File::of(self, inode, &kept).content(choice);
            image.files.insert(inode, content);
        }
        image
    }

    /// Names and sizes in their order up to a point, which is not before the last one that a
    /// sync committed.
    fn ordered(&self, choice: &mut Choice) -> Vec<usize> {
        let metadata: Vec<usize> = (0..self.ops.len())
            .filter(|at| !matches!(self.ops[*at].act, Act::Write { .. }))
            .collect();
        let committed = self.syncs.iter().map(|sync| self.committed(*sync, &metadata)).max();
        let least = committed.unwrap_or_default();
        let more = choice.prefix(metadata.len() - least);
        metadata[..least + more].to_vec()
    }

    /// How many acts on metadata a sync committed.
    fn committed(&self, (inode, start): (Inode, usize), metadata: &[usize]) -> usize {
        let before = |op: &Op| op.end < start;
        let earlier = self.syncs.iter().filter(|(file, at)| *file == inode && *at < start);
        let since = earlier.map(|(_, at)| *at).max().unwrap_or_default();
        // The new size of a file is metadata of the moment at which it is synced.
        let grew = self.ops.iter().any(|op| {
            let grows =
                matches!(&op.act, Act::Write { inode: file, grows: true, .. } if *file == inode);
            grows && op.end >= since && before(op)
        });
        let touched =
            |at: &usize| before(self.ops[*at]) && (grew || touches(&self.ops[*at].act, inode));
        metadata.iter().rposition(touched).map_or(0, |at| at + 1)
    }

    /// Each name by itself, unless its folder was synced after it. A rename between two folders
    /// is one act: both must have been.
    fn unordered(&self, choice: &mut Choice) -> Vec<usize> {
        let keeps = |at: &usize| {
            let op = self.ops[*at];
            let synced = |folder: Inode| self.synced(folder, op);
            match &op.act {
                Act::Create { folder, .. } | Act::Remove { folder, .. } => {
                    synced(*folder) || choice.keeps(op.start)
                }
                Act::Rename { from, to, .. } => {
                    synced(from.0) && synced(to.0) || choice.keeps(op.start)
                }
                Act::Write { .. } | Act::Resize { .. } | Act::Sync { .. } => false,
            }
        };
        (0..self.ops.len()).filter(keeps).collect()
    }

    fn synced(&self, inode: Inode, op: &Op) -> bool {
        self.latest.get(&inode).is_some_and(|start| op.end < *start)
    }
}

fn touches(act: &Act, wanted: Inode) -> bool {
    match act {
        Act::Create { folder, inode, .. } | Act::Remove { folder, inode, .. } => {
            [folder, inode].contains(&&wanted)
        }
        Act::Rename { from, to, inode } => [from.0, to.0, *inode].contains(&wanted),
        Act::Resize { inode, .. } | Act::Write { inode, .. } | Act::Sync { inode, .. } => {
            *inode == wanted
        }
    }
}

/// The writes and truncations of one file.
struct File<'a> {
    ops: Vec<&'a Op>,
    /// The size after each.
    sizes: Vec<usize>,
    /// How many of the first are on the disk for certain.
    durable: usize,
    /// Truncations whose fate is decided with the names (ext4): up to which act the file got,
    /// and after which act nothing is older.
    before: usize,
    after: usize,
    rules: Rules,
}

impl<'a> File<'a> {
    fn of(disk: &Disk<'a>, wanted: Inode, kept: &[usize]) -> Self {
        let mine = |op: &Op| matches!(&op.act, Act::Write { inode, .. } | Act::Resize { inode, .. } if *inode == wanted);
        let all: Vec<usize> = (0..disk.ops.len()).filter(|at| mine(disk.ops[*at])).collect();
        let ops: Vec<&Op> = all.iter().map(|at| disk.ops[*at]).collect();
        let durable = ops.iter().rposition(|op| disk.synced(wanted, op)).map_or(0, |at| at + 1);
        let (mut before, mut after, mut size, mut sizes) = (ops.len(), 0, 0, Vec::new());
        for (at, op) in ops.iter().enumerate() {
            match &op.act {
                Act::Write { at, bytes, .. } => size = size.max(at + bytes.len()),
                Act::Resize { size: new, .. } => {
                    let is_kept = kept.binary_search(&all[at]).is_ok();
                    if disk.rules == Rules::Ext4 && is_kept {
                        after = at + 1;
                    } else if disk.rules == Rules::Ext4 && *new < size {
                        before = before.min(at);
                    }
                    size = *new;
                }
                Act::Create { .. } | Act::Remove { .. } | Act::Rename { .. } | Act::Sync { .. } => {
                }
            }
            sizes.push(size);
        }
        Self { ops, sizes, durable, before: before.max(durable), after, rules: disk.rules }
    }

    /// Each page or sector as it was after some act since the last sync; none as it never was.
    fn content(&self, choice: &mut Choice) -> Vec<u8> {
        let unit = choice.unit;
        let least = self.durable.max(self.after);
        let mut size = if least == 0 { 0 } else { self.sizes[least - 1] };
        let mut bytes =
            vec![0; self.sizes.iter().copied().max().unwrap_or_default().next_multiple_of(unit)];
        for (at, acts) in self.units(unit) {
            let durable = acts.partition_point(|act| *act < least);
            let possible = acts.partition_point(|act| *act < self.before);
            let pending: Vec<usize> = acts[durable.min(possible)..possible]
                .iter()
                .map(|act| self.ops[*act].start)
                .collect();
            let kept = durable + choice.version(&pending);
            for act in &acts[..kept] {
                self.apply(*act, &mut bytes, (at * unit, (at + 1) * unit));
            }
            if let Some(last) = acts[..kept].last().filter(|act| **act >= least) {
                size = size.max(self.sizes[*last].min((at + 1) * unit));
            }
        }
        if self.rules == Rules::Posix {
            let since: Vec<usize> = self.ops[self.durable..].iter().map(|op| op.start).collect();
            let step = self.durable + choice.version(&since);
            size = if step == 0 { 0 } else { self.sizes[step - 1] };
        }
        bytes.resize(size, 0);
        bytes
    }

    /// For each page or sector the acts that changed it, in order.
    fn units(&self, unit: usize) -> BTreeMap<usize, Vec<usize>> {
        let mut units = BTreeMap::<usize, Vec<usize>>::new();
        for (act, op) in self.ops.iter().enumerate() {
            let before = if act == 0 { 0 } else { self.sizes[act - 1] };
            let (from, to) = match &op.act {
                Act::Write { at, bytes, .. } => (*at, at + bytes.len()),
                Act::Resize { size, .. } => (*size, before.max(*size)),
                Act::Create { .. } | Act::Remove { .. } | Act::Rename { .. } | Act::Sync { .. } => {
                    continue;
                }
            };
            for at in from / unit..to.div_ceil(unit) {
                units.entry(at).or_default().push(act);
            }
        }
        units
    }

    fn apply(&self, act: usize, bytes: &mut [u8], (from, to): (usize, usize)) {
        match &self.ops[act].act {
            Act::Write { at, bytes: new, .. } => {
                let (start, end) = (from.max(*at), to.min(at + new.len()));
                bytes[start..end].copy_from_slice(&new[start - at..end - at]);
            }
            Act::Resize { size, .. } => {
                let end = to.min(bytes.len());
                bytes[from.max(*size).min(end)..end].fill(0);
            }
            Act::Create { .. } | Act::Remove { .. } | Act::Rename { .. } | Act::Sync { .. } => {}
        }
    }
}

impl Image {
    fn name(&mut self, act: &Act) {
        match act {
            Act::Create { folder, name, inode, .. } => self.put(*folder, name, *inode),
            Act::Remove { folder, name, inode } => self.take(*folder, name, *inode),
            Act::Rename { from, to, inode } => {
                self.take(from.0, &from.1, *inode);
                self.put(to.0, &to.1, *inode);
            }
            Act::Write { .. } | Act::Resize { .. } | Act::Sync { .. } => {}
        }
    }

    fn put(&mut self, folder: Inode, name: &str, inode: Inode) {
        self.folders.entry(folder).or_default().insert(name.to_owned(), inode);
    }

    fn take(&mut self, folder: Inode, name: &str, inode: Inode) {
        let names = self.folders.entry(folder).or_default();
        if names.get(name) == Some(&inode) {
            names.remove(name);
        }
    }

    /// The paths of all files, with what they hold.
    pub fn files(&self) -> BTreeMap<String, &[u8]> {
        let mut found = BTreeMap::new();
        self.walk(ROOT, "", &mut |path, content| {
            if let Some(content) = content {
                found.insert(path.to_owned(), content);
            }
        });
        found
    }

    fn walk<'a>(&'a self, folder: Inode, above: &str, see: &mut dyn FnMut(&str, Option<&'a [u8]>)) {
        for (name, inode) in self.folders.get(&folder).into_iter().flatten() {
            let path = format!("{above}{name}");
            let content = self.files.get(inode).map(Vec::as_slice);
            see(&path, content);
            if content.is_none() {
                self.walk(*inode, &format!("{path}/"), see);
            }
        }
    }

    /// Makes it real below `root`, for its owner only.
    pub fn build(&self, root: &Path) {
        self.walk(ROOT, "", &mut |path, content| {
            let path = root.join(path);
            let mode = if let Some(content) = content {
                fs::write(&path, content).unwrap();
                0o600
            } else {
                fs::create_dir(&path).unwrap();
                0o700
            };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        });
    }
}
