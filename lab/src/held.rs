//! A port that nobody else gets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// A port on 127.0.0.1, held by a socket that is bound to it and never listens. As long as it is
/// there the system gives the port to nobody, neither to a listener that takes any nor to a
/// connection. Whoever asks for this very port gets it, one after the other: what is killed and
/// started again finds its old port free.
#[derive(Debug)]
pub(crate) struct HeldPort {
    _socket: TcpSocket,
    addr: SocketAddr,
}

impl HeldPort {
    /// Takes a free port.
    ///
    /// **Errors**: there is none.
    pub(crate) fn take() -> io::Result<HeldPort> {
        let socket = bound((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(HeldPort { addr: socket.local_addr()?, _socket: socket })
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// A socket bound to it, to listen. There may be one at a time.
    ///
    /// **Errors**: another one listens.
    pub(crate) fn socket(&self) -> io::Result<TcpSocket> {
        bound(self.addr)
    }
}

/// Sockets of one address stand beside each other as long as all allow that and none listens.
fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn a_held_port_refuses_connections_and_can_be_listened_on_again_and_again() {
        let held = HeldPort::take().unwrap();
        for _ in 0..3 {
            assert!(TcpStream::connect(held.addr).await.is_err());
            let listener = held.socket().unwrap().listen(8).unwrap();
            assert!(held.socket().is_err(), "two at a time");
            let (client, server) = tokio::join!(TcpStream::connect(held.addr), listener.accept());
            drop((client.unwrap(), server.unwrap(), listener));
        }
    }

    #[tokio::test]
    async fn nobody_who_takes_any_port_gets_a_held_one() {
        let held: Vec<HeldPort> = (0..500).map(|_| HeldPort::take().unwrap()).collect();
        let is_held = |port: u16| held.iter().any(|it| it.port() == port);
        for _ in 0..5_000 {
            let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            assert!(!is_held(any.local_addr().unwrap().port()));
        }
        let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        for _ in 0..5_000 {
            let any = TcpStream::connect(target.local_addr().unwrap()).await.unwrap();
            assert!(!is_held(any.local_addr().unwrap().port()));
            drop(target.accept().await.unwrap());
        }
    }
}
