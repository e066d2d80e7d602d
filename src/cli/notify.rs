//! What systemd is told: ready, alive, stopping (`Type=notify`, `sd_notify`(3)). Elsewhere nothing
//! listens, and nothing is told.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use super::Error;
use crate::config::ServiceManager;

/// The service manager that started this process.
#[derive(Debug)]
pub(super) struct Notify {
    /// Where it listens; `None`: there is none.
    manager: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life; `None`: never.
    every: Option<Duration>,
}

impl Notify {
    /// # Errors
    /// When the variable names no address of a socket, or there is no socket to send from: a
    /// service manager that hears nothing would stop the server after a while, without a reason.
    pub(super) fn new(asked: &ServiceManager) -> Result<Self, Error> {
        let manager = match asked.socket.as_deref() {
            None => None,
            Some(text) => {
                let address = address(text).map_err(Error::io("read NOTIFY_SOCKET"))?;
                let socket = UnixDatagram::unbound().and_then(|socket| {
                    // A manager that does not read must not hold up the server.
                    socket.set_nonblocking(true).map(|()| socket)
                });
                Some((socket.map_err(Error::io("make a socket for NOTIFY_SOCKET"))?, address))
            }
        };
        let every = manager.as_ref().and_then(|_| asked.sign_of_life(std::process::id()));
        Ok(Self { manager, every })
    }

    /// Everything answers from now on.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The end in order has begun.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Gives signs of life for ever, as often as they are wanted. They come from the threads that
    /// answer requests: a server that is stuck gives none.
    pub(super) async fn live(&self) {
        let Some(every) = self.every else { return std::future::pending().await };
        let mut round = tokio::time::interval(every);
        loop {
            round.tick().await;
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&self, state: &str) {
        let Some((socket, manager)) = &self.manager else { return };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), manager) {
            tracing::warn!(%error, state, "the service manager could not be told");
        }
    }
}

/// `/a/path`, or `@name` for one without a file (unix(7), abstract).
fn address(text: &str) -> io::Result<SocketAddr> {
    match text.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name.as_bytes()),
        None if text.starts_with('/') => SocketAddr::from_pathname(text),
        None => Err(io::Error::new(io::ErrorKind::InvalidInput, "it begins with neither / nor @")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_path_or_an_abstract_name() {
        assert!(address("/run/systemd/notify").unwrap().as_pathname().is_some());
        assert_eq!(address("@notify").unwrap().as_abstract_name(), Some(&b"notify"[..]));
        for bad in ["notify", "vsock:2:9", &"@".repeat(200), &format!("/{}", "x".repeat(200))] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
