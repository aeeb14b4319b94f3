//! What each tool says of the origin, asked again and again.

use anyhow::Result;
use futures_util::future::join_all;
use pointsman_lab::dns::lookup;
use pointsman_lab::edge::Edge;
use reqwest::Client;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often each is asked.
const LOOK: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ANSWER_BOUND: Duration = Duration::from_secs(2);

/// What a tool says of the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Up,
    Down,
    /// Neither, or no answer.
    Unclear,
}

/// One tool in one setting, and where it tells.
#[derive(Debug)]
pub struct Eye {
    pub who: &'static str,
    pub setting: &'static str,
    pub tells: Tells,
}

/// Where a tool tells what it believes.
#[derive(Debug)]
pub enum Tells {
    /// The Worker's log has a line for each transition.
    Log(Arc<Edge>),
    /// A name whose address is 127.0.0.1 while the origin is up, and 127.0.0.2 while it is not.
    Dns(SocketAddr, String),
    /// The statistics of HAProxy: a client for them, their URL, and the backend.
    Statistics(Client, String, &'static str),
}

impl Eye {
    async fn state(&self) -> State {
        let told = tokio::time::timeout(ANSWER_BOUND, self.told()).await;
        told.ok().and_then(Result::ok).unwrap_or(State::Unclear)
    }

    async fn told(&self) -> Result<State> {
        Ok(match &self.tells {
            Tells::Log(edge) => by_log(&edge.log()),
            Tells::Dns(server, name) => by_dns(&lookup(*server, name, "A").await?),
            Tells::Statistics(client, url, backend) => {
                by_statistics(&client.get(url).send().await?.text().await?, backend)
            }
        })
    }
}

/// The last transition of the origin.
fn by_log(lines: &[String]) -> State {
    let last = lines.iter().rev().find_map(|line| line.split_once("struck-1/health went from "));
    let to = last.and_then(|(_, rest)| rest.split_once(" to "));
    let to = to.map(|(_, word)| word.split(|c: char| !c.is_alphabetic()).next());
    match to.flatten() {
        Some("up") => State::Up,
        Some("down") => State::Down,
        _ => State::Unclear,
    }
}

fn by_dns(addresses: &[String]) -> State {
    let struck = Ipv4Addr::LOCALHOST.to_string();
    match addresses {
        [one] if *one == struck => State::Up,
        [_] => State::Down,
        _ => State::Unclear,
    }
}

/// The column `status`, which is `UP 1/3` while a server is on its way down.
fn by_statistics(page: &str, backend: &str) -> State {
    let mut rows = page.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let head = rows.next().unwrap_or_default();
    let column = head.iter().position(|name| *name == "status");
    let row = rows.find(|row| row.starts_with(&[backend, "struck"]));
    let status = column.zip(row.as_ref()).and_then(|(column, row)| row.get(column));
    match status {
        Some(status) if status.starts_with("UP") => State::Up,
        Some(status) if status.starts_with("DOWN") => State::Down,
        _ => State::Unclear,
    }
}

/// How long each took until it said so; `None`: not within the bound.
pub async fn until(eyes: &[Eye], wanted: State, bound: Duration) -> Vec<Option<Duration>> {
    let began = Instant::now();
    let waits = eyes.iter().map(async |eye| {
        while began.elapsed() < bound {
            if eye.state().await == wanted {
                return Some(began.elapsed());
            }
            sleep(LOOK).await;
        }
        None
    });
    join_all(waits).await
}

/// Those that say something else.
pub async fn all_are(eyes: &[Eye], wanted: State) -> Vec<(&'static str, &'static str, State)> {
    let states = join_all(eyes.iter().map(Eye::state)).await;
    let odd = eyes.iter().zip(states).filter(|(_, state)| *state != wanted);
    odd.map(|(eye, state)| (eye.who, eye.setting, state)).collect()
}
