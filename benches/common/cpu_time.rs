//! CPU time, for the benchmarks that compare what work costs.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::fs;
use std::path::Path;
use std::time::Duration;

/// What the threads of a process (`self`, or its number) have used. A thread that has ended takes
/// its time with it: compare two moments between which none ends.
pub fn cpu_of(process: &str) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("Linux, and a process");
    tasks.flatten().filter_map(|task| nanoseconds(&task.path())).sum()
}

/// What the thread that asks has used.
pub fn cpu() -> Duration {
    nanoseconds(Path::new("/proc/thread-self")).expect("Linux")
}

/// As the kernel counts it. `None` when the thread is gone.
fn nanoseconds(task: &Path) -> Option<Duration> {
    let text = fs::read_to_string(task.join("schedstat")).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
