//! Sockets to listen on, and how many threads serve them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use thiserror::Error;
use tokio::net::TcpSocket;

/// Connections that may wait to be accepted. The kernel caps this at `net.core.somaxconn`.
const BACKLOG: u32 = 4_096;

#[derive(Debug, Error)]
pub enum ListenError {
    #[error("{address} is in use. Stop the other server, or set {setting} to another port")]
    InUse {
        address: SocketAddr,
        setting: &'static str,
    },
    #[error("{setting} {address} cannot be bound")]
    Bind {
        address: SocketAddr,
        setting: &'static str,
        source: io::Error,
    },
}

/// Listens on the address that `setting` gives.
pub(super) fn listen(
    address: SocketAddr,
    setting: &'static str,
) -> Result<TcpListener, ListenError> {
    bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { address, setting },
        _ => ListenError::Bind {
            address,
            setting,
            source,
        },
    })
}

/// Like `TcpListener::bind`, with a longer backlog. The standard library's backlog of 128 is too short for
/// a team that reconnects at once: the kernel drops further connections, and their clients retry a second
/// later.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Processor cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_whole_team_may_wait_to_be_taken() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        // A connection that finds no place in the backlog is not refused: its client retries after a second.
        let at_once = Duration::from_millis(900);
        let waiting: Vec<_> = (0..400)
            .map(|_| TcpStream::connect_timeout(&address, at_once))
            .take_while(Result::is_ok)
            .collect();
        assert_eq!(waiting.len(), 400);
    }
}
