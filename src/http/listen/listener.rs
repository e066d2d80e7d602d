//! Where connections come from, and what comes before their first request.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

use super::Peer;

/// Where connections come from.
pub trait Listener: Send {
    /// A connection of it.
    type Accepted: Accepted;

    /// The next connection. An error concerns that one connection, or all of them for a while.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Accepted, Peer)>> + Send;
}

/// A connection that may need some words with its client before the first request. They are
/// exchanged in the connection's own task, within `header_timeout`.
pub trait Accepted: Send + 'static {
    /// The connection itself.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Makes it ready for requests.
    fn establish(self) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

impl Listener for TcpListener {
    type Accepted = tokio::net::TcpStream;

    async fn accept(&self) -> io::Result<(Self::Accepted, Peer)> {
        let (stream, address) = Self::accept(self).await?;
        // Without it answers are slower, not wrong.
        let _ = stream.set_nodelay(true);
        Ok((stream, Peer::Tcp(address)))
    }
}

impl Listener for UnixListener {
    type Accepted = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<(Self::Accepted, Peer)> {
        let (stream, _address) = Self::accept(self).await?;
        let uid = stream.peer_cred()?.uid();
        Ok((stream, Peer::Unix { uid }))
    }
}

impl Accepted for tokio::net::TcpStream {
    type Io = Self;

    async fn establish(self) -> io::Result<Self> {
        Ok(self)
    }
}

impl Accepted for tokio::net::UnixStream {
    type Io = Self;

    async fn establish(self) -> io::Result<Self> {
        Ok(self)
    }
}
