//! The listener of a region and its connections.
//!
//! One task owns the listener and every connection, so modes are enforced in one place. It opens or
//! closes the listener, ends connections if the mode refuses them, and only then reports that the
//! mode is in force.
use super::handlers::router;
use super::mode::Mode;
use super::shared::Shared;
use crate::held::HeldPort;
use anyhow::{Context, Result};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A mode to enforce, and the channel to report on.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) mode: Mode,
    pub(super) done: oneshot::Sender<Result<()>>,
}

/// The phases of a flapping region.
struct Flap {
    up: Duration,
    down: Duration,
    is_up: bool,
    ends: Instant,
}

pub(super) struct Server {
    shared: Arc<Shared>,
    router: Router,
    /// Also held while the region refuses connections.
    port: HeldPort,
    /// `None` while the kernel is to refuse connections.
    door: Option<TcpListener>,
    connections: JoinSet<()>,
    flap: Option<Flap>,
}

impl Server {
    pub(super) fn bind(shared: Arc<Shared>) -> Result<Server> {
        let port = HeldPort::take()?;
        Ok(Server {
            router: router(shared.clone()),
            shared,
            door: Some(port.socket()?.listen(BACKLOG)?),
            port,
            connections: JoinSet::new(),
            flap: None,
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port.port()
    }

    /// Serves until the sender of orders is dropped.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some(Order { mode, done }) = order else { return };
                    // The sender may have stopped waiting.
                    let _ = done.send(self.enforce(mode).await);
                }
                connection = accept(self.door.as_ref()) => {
                    if let Ok(stream) = connection {
                        self.connections.spawn(serve(stream, self.router.clone()));
                    }
                }
                () = phase_end(self.flap.as_ref()) => self.swing().await,
                Some(_) = self.connections.join_next() => {}
            }
        }
    }

    async fn enforce(&mut self, mode: Mode) -> Result<()> {
        self.shared.set_mode(mode);
        self.flap = match mode {
            Mode::Flap { up_ms, down_ms } => Some(Flap::begin(up_ms, down_ms)),
            _ => None,
        };
        if mode == Mode::Refuse { self.shut().await } else { self.open() }
    }

    /// Enters the next phase. A port that cannot be opened shows as refused connections and in the
    /// result of the next order.
    async fn swing(&mut self) {
        let Some(flap) = &mut self.flap else { return };
        let _ = if flap.swing() { self.open() } else { self.shut().await };
    }

    fn open(&mut self) -> Result<()> {
        if self.door.is_none() {
            let again = self.port.socket().and_then(|socket| socket.listen(BACKLOG));
            self.door =
                Some(again.with_context(|| format!("cannot open port {} again", self.port()))?);
        }
        Ok(())
    }

    async fn shut(&mut self) -> Result<()> {
        self.door = None;
        self.connections.shutdown().await;
        Ok(())
    }
}

impl Flap {
    fn begin(up_ms: u64, down_ms: u64) -> Flap {
        let (up, down) = (Duration::from_millis(up_ms), Duration::from_millis(down_ms));
        Flap { up, down, is_up: true, ends: Instant::now() + up }
    }

    /// Enters the other phase. Returns whether it is the healthy one.
    fn swing(&mut self) -> bool {
        self.is_up = !self.is_up;
        self.ends = Instant::now() + if self.is_up { self.up } else { self.down };
        self.is_up
    }
}

async fn accept(door: Option<&TcpListener>) -> io::Result<TcpStream> {
    match door {
        Some(listener) => Ok(listener.accept().await?.0),
        None => pending().await,
    }
}

async fn phase_end(flap: Option<&Flap>) {
    match flap {
        Some(flap) => sleep_until(flap.ends).await,
        None => pending().await,
    }
}

/// Serves one connection. Errors are ignored, because broken connections are often ordered.
async fn serve(stream: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let _ =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}
