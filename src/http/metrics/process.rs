//! What the kernel knows of this process (proc(5)). Elsewhere than on Linux: nothing.

use std::fs;
use std::time::Duration;

/// A tick of the times in `/proc`: `USER_HZ` is 100 on every machine that this is built for.
const TICK: Duration = Duration::from_millis(10);

/// What it has taken up to now; `None` where the kernel does not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process {
    /// Memory in use, in bytes.
    pub(super) resident: Option<u64>,
    /// Time on a processor, in all threads.
    pub(super) cpu: Option<Duration>,
}

impl Process {
    /// As it is now.
    pub(super) fn read() -> Self {
        let file = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
        Self {
            resident: file("status").as_deref().and_then(resident),
            cpu: file("stat").as_deref().and_then(cpu),
        }
    }
}

/// `VmRSS:    9120 kB` of `/proc/self/status`, in bytes.
fn resident(status: &str) -> Option<u64> {
    let text = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    text.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Fields 14 and 15 of `/proc/self/stat`: ticks for us, and for the kernel on our behalf. The
/// second field is the program's name in brackets and may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    let (user, system) = (ticks()?, ticks()?);
    TICK.checked_mul(user.checked_add(system)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_stand_behind_a_name_that_may_hold_anything() {
        let stat = "77 (a) b (c) S 1 77 77 0 -1 4194304 900 0 0 0 250 50 9 9 20 0 5 0 77 0";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        for broken in ["", "77 (a", "77 (a) S 1 2", "77 (a) S 1 77 77 0 -1 1 1 0 0 0 x 50"] {
            assert_eq!(cpu(broken), None, "{broken}");
        }
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(resident("VmHWM:\t   9 kB\nVmRSS:\t    2 kB\n"), Some(2_048));
        assert_eq!(resident("VmHWM:\t   9 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_memory_and_time() {
        let process = Process::read();
        assert!(process.resident.is_some_and(|bytes| bytes > 100_000), "{process:?}");
        assert!(process.cpu.is_some(), "{process:?}");
    }
}
