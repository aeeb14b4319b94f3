//! A TCP relay that can be cut: what a dead link looks like to both its ends.

use anyhow::Result;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What one read takes at most.
const CHUNK_BYTES: usize = 64 * 1024;

/// Passes bytes between a port of its own and a target. While it is cut, connections stay open and
/// nothing arrives: neither data, nor an end, nor a refusal.
#[derive(Debug)]
pub struct Relay {
    /// The port on 127.0.0.1.
    pub port: u16,
    is_cut: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Listens on a port and passes on to another.
    pub async fn start(port: u16, target: u16) -> Result<Relay> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let is_cut = Arc::new(watch::Sender::new(false));
        let cut = is_cut.clone();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass(near, target, cut.subscribe()));
            }
        });
        Ok(Relay { port, is_cut, task })
    }

    /// Cuts the link, or heals it.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(near: TcpStream, target: u16, mut cut: watch::Receiver<bool>) {
    healed(&mut cut).await;
    let Ok(far) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let there = one_way(near_read, far_write, cut.clone());
    let back = one_way(far_read, near_write, cut);
    tokio::join!(there, back);
}

async fn one_way(
    mut read: OwnedReadHalf,
    mut write: OwnedWriteHalf,
    mut cut: watch::Receiver<bool>,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        healed(&mut cut).await;
        let read = tokio::select! {
            read = read.read(&mut chunk) => read.unwrap_or(0),
            _ = cut.changed() => continue,
        };
        // What was under way when it was cut arrives once it has healed, as repeated segments do.
        healed(&mut cut).await;
        let chunk = chunk.get(..read).unwrap_or_default();
        if read == 0 || write.write_all(chunk).await.is_err() {
            break;
        }
    }
    let _ = tokio::time::timeout(Duration::from_secs(1), write.shutdown()).await;
}

async fn healed(cut: &mut watch::Receiver<bool>) {
    // It fails only when the relay is gone.
    let _ = cut.wait_for(|is_cut| !is_cut).await;
}
