//! What breaks a disk on purpose: small mounts and `strace`. Both need root.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Whether the tools are there; says loudly when a test is skipped for want of them.
pub fn can(tools: &[&str]) -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    let why = if id.stdout.trim_ascii() == b"0" {
        let found = |tool: &&&str| {
            Command::new("which").arg(tool).output().is_ok_and(|which| which.status.success())
        };
        tools.iter().find(|tool| !found(tool)).map(|tool| format!("{tool} is not installed"))
    } else {
        Some("it needs root".to_owned())
    };
    if let Some(why) = &why {
        skipped(why);
    }
    why.is_none()
}

pub fn skipped(why: &str) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    eprintln!("SKIPPED {test}: {why}. tests/tools.sh installs what it needs.");
}

fn run(command: &str, args: &[&str]) -> Result<(), String> {
    let output = Command::new(command).args(args).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command} {args:?}: {said}")) }
}

/// A small file system on a folder, gone when dropped. Make it after the folder it is in and
/// before the server that runs on it.
pub struct Mount(PathBuf);

impl Mount {
    /// In memory.
    ///
    /// # Errors
    /// When this system does not let us.
    pub fn memory(folder: &Path, size: &str) -> Result<Self, String> {
        fs::create_dir(folder).unwrap();
        let options = format!("mode=0700,size={size}");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", text(folder)])?;
        Ok(Self(folder.to_owned()))
    }

    /// ext4 in a file beside the folder; it becomes read-only with its first error.
    ///
    /// # Errors
    /// When this system does not let us.
    pub fn ext4(folder: &Path, bytes: u64) -> Result<Self, String> {
        fs::create_dir(folder).unwrap();
        let image = folder.with_extension("ext4");
        File::create(&image).unwrap().set_len(bytes).unwrap();
        run("mkfs.ext4", &["-q", text(&image)])?;
        run("mount", &["-o", "loop,errors=remount-ro", text(&image), text(folder)])?;
        let mount = Self(folder.to_owned());
        fs::remove_dir(folder.join("lost+found")).unwrap();
        run("chmod", &["700", text(folder)])?;
        Ok(mount)
    }

    /// # Errors
    /// When something is open for writing.
    pub fn remount(&self, how: &str) -> Result<(), String> {
        run("mount", &["-o", &format!("remount,{how}"), text(&self.0)])
    }

    /// Lets the file system find an error, upon which it is read-only under whoever writes.
    ///
    /// # Errors
    /// When this system cannot.
    pub fn break_down(&self) -> Result<(), String> {
        let args = ["-no", "SOURCE", text(&self.0)];
        let source = Command::new("findmnt").args(args).output().map_err(|e| e.to_string())?;
        let source = String::from_utf8_lossy(&source.stdout).into_owned();
        let device = source.trim().rsplit('/').next().unwrap_or_default();
        let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
        fs::write(&trigger, "a test").map_err(|error| format!("{trigger}: {error}"))
    }

    /// Unmounted and mounted again, as after a restart of the machine.
    pub fn again(&self) {
        run("umount", &[text(&self.0)]).unwrap();
        let image = self.0.with_extension("ext4");
        run("mount", &["-o", "loop,errors=remount-ro", text(&image), text(&self.0)]).unwrap();
    }

    /// A file that leaves no space; removed by [`Mount::make_space`].
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for size in [1024 * 1024, 4096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    pub fn make_space(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A server that was killed just now may hold it a moment longer.
        for _ in 0..50 {
            if run("umount", &[text(&self.0)]).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = run("umount", &["-l", text(&self.0)]);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Calls of a running process that fail or wait, until dropped.
pub struct Fault(Child);

impl Fault {
    /// `what` is as strace's `inject` takes it, such as `fdatasync:error=EIO:when=2+`; `paths`
    /// keep it to calls on these files.
    pub fn inject(pid: u32, what: &str, paths: &[PathBuf]) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-p", &pid.to_string()]);
        command.args(options(what, paths)).stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let started = Instant::now();
        while !is_traced(pid) {
            assert!(started.elapsed() < Duration::from_secs(20), "strace does not attach");
            thread::sleep(Duration::from_millis(5));
        }
        Self(child)
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let _ = run("kill", &["-INT", &self.0.id().to_string()]);
        let _ = self.0.wait();
    }
}

/// A command to be started with such a fault; its process is the one that is started.
pub fn with_fault(what: &str, paths: &[PathBuf]) -> Vec<String> {
    let mut words: Vec<String> =
        ["strace", "-D", "-f", "-qq", "-o", "/dev/null"].map(str::to_owned).into();
    words.extend(options(what, paths));
    words.push("--".to_owned());
    words
}

fn options(what: &str, paths: &[PathBuf]) -> Vec<String> {
    let call = what.split(':').next().unwrap_or_default();
    let mut words = vec!["-e".to_owned(), format!("trace={call}")];
    words.extend(["-e".to_owned(), format!("inject={what}")]);
    for path in paths {
        words.extend(["-P".to_owned(), text(path).to_owned()]);
    }
    words
}

/// Whether all threads of the process are.
fn is_traced(pid: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.flatten().all(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        !status.contains("TracerPid:\t0\n")
    })
}
