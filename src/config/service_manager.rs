//! The variables that systemd sets for a service (`sd_notify`(3), `sd_watchdog_enabled`(3)). They are no
//! settings: nobody writes them by hand.

use std::time::Duration;

/// What the service manager asks of this process; nothing where there is none.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ServiceManager {
    /// `NOTIFY_SOCKET`: where it listens, a path, or `@` and an abstract name.
    pub socket: Option<String>,
    /// `WATCHDOG_USEC`: after so many microseconds without a sign of life it restarts the service.
    pub watchdog: Option<String>,
    /// `WATCHDOG_PID`: whose life is meant; `None`: this process'.
    pub watched: Option<String>,
}

impl ServiceManager {
    /// The variables of this process.
    #[must_use]
    pub fn from_process() -> Self {
        let mut found = Self::default();
        for (name, value) in std::env::vars_os() {
            let variable = match name.to_str() {
                Some("NOTIFY_SOCKET") => &mut found.socket,
                Some("WATCHDOG_USEC") => &mut found.watchdog,
                Some("WATCHDOG_PID") => &mut found.watched,
                Some(_) | None => continue,
            };
            *variable = value.into_string().ok().filter(|value| !value.is_empty());
        }
        found
    }

    /// How often the process with this number gives a sign of life: twice in the time that is
    /// allowed, so that one late sign is no reason to restart. `None`: never.
    #[must_use]
    pub fn sign_of_life(&self, own_pid: u32) -> Option<Duration> {
        let is_ours = self.watched.as_ref().is_none_or(|pid| *pid == own_pid.to_string());
        let micros: u64 = self.watchdog.as_ref()?.parse().ok()?;
        (is_ours && micros > 1).then(|| Duration::from_micros(micros / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(watchdog: &str, watched: Option<&str>) -> Option<Duration> {
        let watched = watched.map(str::to_owned);
        ServiceManager { watchdog: Some(watchdog.to_owned()), watched, socket: None }
            .sign_of_life(7)
    }

    #[test]
    fn signs_of_life_come_twice_in_the_time_allowed_and_only_for_the_process_that_is_meant() {
        let half = Some(Duration::from_secs(15));
        assert_eq!((every("30000000", None), every("30000000", Some("7"))), (half, half));
        assert_eq!(every("30000000", Some("8")), None);
        for none in ["0", "1", "", "-1", "soon"] {
            assert_eq!(every(none, None), None, "{none}");
        }
    }
}
