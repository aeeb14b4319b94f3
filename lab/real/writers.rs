//! Clients that write numbered rows, and remember which were acknowledged, when and by whom.

use pointsman_lab::deployment::{CHICAGO, HOST, now_ms};
use pointsman_lab::edge::Edge;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Time between two rows of the steady client.
const EVERY: Duration = Duration::from_millis(50);
/// How long the steady client waits for an acknowledgement.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clients that hold on to the old region and wait for as long as it takes.
const PINNED: u64 = 4;

/// A row that was acknowledged.
#[derive(Clone, Debug)]
pub struct Ack {
    /// `writer:n`, as the database has it.
    pub row: String,
    /// The region that acknowledged it.
    pub region: String,
    /// When the acknowledgement was here, in milliseconds since 1970.
    pub at_ms: i64,
    /// Whether the steady client wrote it.
    pub is_steady: bool,
}

/// Where the steady client writes to.
#[derive(Clone)]
pub enum Front {
    /// The app of this port, as the drill's own decider says.
    Port(watch::Receiver<u16>),
    /// The Worker.
    Worker(Arc<Edge>),
}

impl Front {
    fn request(&self, client: &Client) -> RequestBuilder {
        match self {
            Front::Port(port) => client.post(format!("http://127.0.0.1:{}/rows", *port.borrow())),
            Front::Worker(edge) => edge.request(Method::POST, HOST, "/rows", Some(&CHICAGO.cf())),
        }
    }
}

/// Runs until dropped.
#[derive(Debug)]
pub struct Writers {
    acks: Arc<Mutex<Vec<Ack>>>,
    _tasks: JoinSet<()>,
}

impl Writers {
    /// A steady client that opens a request whether the last was answered or not, and clients that
    /// write at the app of the old region, whatever anybody decides.
    pub fn start(front: Front, old_app: u16) -> Writers {
        let (acks, counter) = (Arc::default(), Arc::new(AtomicU64::new(1)));
        let mut tasks = JoinSet::new();
        tasks.spawn(steady(front, Arc::clone(&acks), Arc::clone(&counter)));
        for _ in 0..PINNED {
            tasks.spawn(pinned(old_app, Arc::clone(&acks), Arc::clone(&counter)));
        }
        Writers { acks, _tasks: tasks }
    }

    /// What was acknowledged so far.
    pub fn acks(&self) -> Vec<Ack> {
        self.acks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn steady(front: Front, acks: Arc<Mutex<Vec<Ack>>>, counter: Arc<AtomicU64>) {
    let client = Client::new();
    let mut requests = JoinSet::new();
    let mut clock = tokio::time::interval(EVERY);
    loop {
        clock.tick().await;
        while requests.try_join_next().is_some() {}
        let n = counter.fetch_add(1, Ordering::Relaxed);
        let request = front.request(&client).timeout(PATIENCE);
        requests.spawn(write(request, "steady", n, Arc::clone(&acks)));
    }
}

async fn pinned(old_app: u16, acks: Arc<Mutex<Vec<Ack>>>, counter: Arc<AtomicU64>) {
    let client = Client::new();
    loop {
        let n = counter.fetch_add(1, Ordering::Relaxed);
        let request = client.post(format!("http://127.0.0.1:{old_app}/rows"));
        write(request, "pinned", n, Arc::clone(&acks)).await;
        tokio::time::sleep(EVERY).await;
    }
}

async fn write(request: RequestBuilder, writer: &str, n: u64, acks: Arc<Mutex<Vec<Ack>>>) {
    let row = json!({ "writer": writer, "n": n }).to_string();
    let request = request.header("content-type", "application/json").body(row);
    let Ok(answer) = request.send().await else { return };
    if answer.status().as_u16() != 200 {
        return;
    }
    let Ok(text) = answer.text().await else { return };
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    let Some(region) = told["region"].as_str().map(str::to_owned) else { return };
    let row = format!("{writer}:{n}");
    let ack = Ack { row, region, at_ms: now_ms(), is_steady: writer == "steady" };
    acks.lock().unwrap_or_else(PoisonError::into_inner).push(ack);
}
