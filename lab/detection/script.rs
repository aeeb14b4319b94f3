//! One phase: a world in which an origin fails at a random moment of a minute.

use crate::ours::{self, Ours};
use crate::peers::Peers;
use crate::report::Figure;
use crate::watch::{Eye, State, all_are, until};
use anyhow::{Result, ensure};
use pointsman_lab::region::{HEALTH_PATH, Mode, Region};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

/// How long everybody looks before the minute of the fault begins. A cron run makes everything
/// known, and the next one is a usual one.
const WARM: Duration = Duration::from_mins(1);
/// The moments of a fault lie within this after that.
const SPREAD_MS: u64 = 60_000;
/// The longest wait for a fault to be confirmed.
pub const BOUND: Duration = Duration::from_mins(3);
/// What the standby answers to everything.
const WELL: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
/// More than any probe sends.
const REQUEST_BYTES: usize = 4096;

/// The moment of a phase: it looks random and is the same for one number.
fn moment(number: u32) -> Duration {
    let mixed = u64::from(number + 17).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Duration::from_millis((mixed >> 24) % SPREAD_MS)
}

fn fault(number: u32) -> (&'static str, Mode) {
    match number % 3 {
        0 => ("refused", Mode::Refuse),
        1 => ("503", Mode::Status { code: 503 }),
        _ => ("silent", Mode::Hang),
    }
}

/// Plays one phase. `back`: how long the return is waited for; zero: there is none.
pub async fn play(number: u32, tools: &Path, back: Duration) -> Result<Vec<Figure>> {
    let origin = Region::start("struck")?;
    let standby = Region::start("standby")?;
    let beside = Beside::start(origin.port()).await?;
    let peers = Peers::start(tools, origin.port(), HEALTH_PATH)?;
    let ours = Ours::start(origin.port(), standby.port()).await?;
    let began = Instant::now();
    let eyes: Vec<Eye> = ours.eyes().chain(peers.eyes()).collect();
    // What somebody says of an origin that nobody asked about yet is not kept, so ask early.
    until(&eyes, State::Up, WARM).await;
    sleep_until(began + WARM + moment(number)).await;
    let odd = all_are(&eyes, State::Up).await;
    ensure!(odd.is_empty(), "not up before the fault: {odd:?}\n{}", ours.log().join("\n"));
    let (name, mode) = fault(number);
    origin.set(mode).await?;
    let down = until(&eyes, State::Down, BOUND).await;
    let up = if back.is_zero() {
        vec![None; eyes.len()]
    } else {
        origin.set(Mode::Healthy).await?;
        until(&eyes, State::Up, back).await
    };
    drop(beside);
    let figures = eyes.iter().zip(down.into_iter().zip(up)).map(|(eye, (down, up))| Figure {
        who: eye.who,
        setting: eye.setting,
        number,
        moment: moment(number),
        fault: name,
        down,
        up,
    });
    Ok(figures.collect())
}

/// A healthy server at 127.0.0.2 and the port of the origin: `gdnsd` and PowerDNS know one port for
/// all addresses.
struct Beside(JoinHandle<()>);

impl Beside {
    async fn start(port: u16) -> Result<Beside> {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), port)).await?;
        Ok(Beside(tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; REQUEST_BYTES];
                    // Probes fit into one packet. What a client does that is gone is no matter.
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(WELL).await;
                    sleep(ours::SHORT).await;
                });
            }
        })))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.abort();
    }
}
