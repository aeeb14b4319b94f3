//! The API on loopback.
//!
//! The server uses hyper directly, not a web framework, because it must be able to break off
//! connections: if a service returns an error, hyper closes the connection without a reply, which
//! is how a client experiences a lost reply.
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::auth;
use super::envelope::{Failure, Reply};
use super::faults::{Fault, FaultKind, Faults};
use super::limits::{self, Allowance, Limiter};
use super::rivals::Rivals;
use super::routes::{Call, route};
use super::shared::SharedWorld;
use super::transcript::{Body, Exchange, Transcript};
use super::world::World;

/// The prefix of the API's paths.
const BASE: &str = "/client/v4";

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Api {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    world: SharedWorld,
    faults: Mutex<Faults>,
    rivals: Mutex<Rivals>,
    latency: Mutex<Duration>,
    limiter: Mutex<Limiter>,
    transcript: Mutex<Transcript>,
}

impl Api {
    /// Serves a world on a free port of 127.0.0.1.
    ///
    /// **Errors**: when no port can be bound.
    pub async fn start(world: World) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("the API's port could not be bound")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            world: SharedWorld::new(world),
            faults: Mutex::default(),
            rivals: Mutex::default(),
            latency: Mutex::default(),
            limiter: Mutex::default(),
            transcript: Mutex::new(Transcript::new()),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { port, state, task })
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The base URL that replaces `https://api.cloudflare.com/client/v4`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}{BASE}", self.port)
    }

    /// The world that is served, to read it and to edit it as another person.
    #[must_use]
    pub fn world(&self) -> SharedWorld {
        self.state.world.clone()
    }

    /// All exchanges so far, in the order of arrival.
    #[must_use]
    pub fn transcript(&self) -> Vec<Exchange> {
        lock(&self.state.transcript).exchanges().to_vec()
    }

    /// Forgets the exchanges so far.
    pub fn clear_transcript(&self) {
        lock(&self.state.transcript).clear();
    }

    /// Number of calls in the transcript that asked for a change, whatever the result.
    #[must_use]
    pub fn write_calls(&self) -> usize {
        self.count(Exchange::is_write)
    }

    /// Calls in the transcript that only read.
    #[must_use]
    pub fn read_calls(&self) -> usize {
        self.count(|exchange| !exchange.is_write())
    }

    /// Injects a fault for later calls.
    pub fn inject(&self, fault: Fault) {
        lock(&self.state.faults).inject(fault);
    }

    /// Number of faults that still wait for calls.
    #[must_use]
    pub fn waiting_faults(&self) -> usize {
        lock(&self.state.faults).waiting()
    }

    /// Removes all faults that still wait for calls.
    pub fn clear_faults(&self) {
        lock(&self.state.faults).clear();
    }

    /// Makes every later call take at least this long, until set again. Faults are added to it.
    pub fn set_latency(&self, latency: Duration) {
        *lock(&self.state.latency) = latency;
    }

    /// Makes an edit as another person right after the next GET with this path prefix below
    /// `/client/v4` was answered with 200. The client reads the old state, and its next call meets
    /// the new one.
    pub fn on_next_get(&self, path_prefix: &str, edit: impl FnOnce(&mut World) + Send + 'static) {
        lock(&self.state.rivals).wait_for(path_prefix, Box::new(edit));
    }

    /// Number of edits that still wait for their GET.
    #[must_use]
    pub fn waiting_edits(&self) -> usize {
        lock(&self.state.rivals).waiting()
    }

    /// Advances the clock of the rate limit alone: periods and blocks end that much sooner. The
    /// limit itself is `world().lock().rate_limit`, which counts from the next call on.
    pub fn pass_time(&self, time: Duration) {
        lock(&self.state.limiter).pass(time);
    }

    /// Ends the server and waits until its port and connections are closed.
    pub async fn stop(mut self) {
        self.task.abort();
        let _cancelled = (&mut self.task).await;
    }

    fn count(&self, wanted: impl Fn(&Exchange) -> bool) -> usize {
        lock(&self.state.transcript).exchanges().iter().filter(|e| wanted(e)).count()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Accepts connections until this task ends, which ends them too.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(serve(stream, Arc::clone(&state)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(move |request| answer(Arc::clone(&state), request));
    let http = hyper::server::conn::http1::Builder::new();
    // An error means that the client left or that a fault broke off on purpose.
    let _closed = http.serve_connection(TokioIo::new(stream), service).await;
}

/// Tells hyper to close the connection without a reply.
#[derive(Debug)]
struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection broken off by a fault")
    }
}

impl std::error::Error for BrokenOff {}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, BrokenOff> {
    let (head, body) = request.into_parts();
    let bytes = body.collect().await.map_err(|_| BrokenOff)?.to_bytes();
    let path = head.uri.path();
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let content_type = head.headers.get(hyper::header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let call = Call {
        method: head.method.to_string(),
        path: path.strip_prefix(BASE).unwrap_or(path).to_owned(),
        query: form_urlencoded::parse(query).into_owned().collect(),
        body: if content_type.starts_with("multipart/") {
            Body::Raw(format!("{} bytes of {content_type}", bytes.len()))
        } else {
            Body::read(&bytes)
        },
        content_type,
        bytes,
    };
    let header = head.headers.get(hyper::header::AUTHORIZATION);
    let authorization = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let fault = lock(&state.faults).strike(&call.method, &call.path);
    let seq = lock(&state.transcript).arrive(exchange(&call, fault));
    let secret = authorization.as_deref().map(auth::secret).unwrap_or_default().to_owned();
    let reply = meet(&state, fault, call, authorization).await?;
    let text = match fault {
        Some(FaultKind::MalformedJson) => half(&reply.body.to_string()),
        Some(FaultKind::Page(_)) => "<html><title>Access denied</title></html>".to_owned(),
        _ => reply.body.to_string(),
    };
    let said = match fault {
        Some(FaultKind::EchoToken(_)) if !secret.is_empty() => text.replace(&secret, "[redacted]"),
        _ => text.clone(),
    };
    lock(&state.transcript).answer(seq, reply.status, Body::read(said.as_bytes()));
    Ok(response(&reply, text))
}

fn exchange(call: &Call, fault: Option<FaultKind>) -> Exchange {
    Exchange {
        seq: 0,
        at_ms: 0,
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.query.clone(),
        request: call.body.clone(),
        status: None,
        response: Body::Empty,
        fault,
    }
}

/// Handles a call, or does what its fault says.
async fn meet(
    state: &Arc<State>,
    fault: Option<FaultKind>,
    call: Call,
    authorization: Option<String>,
) -> Result<Reply, BrokenOff> {
    let latency = *lock(&state.latency);
    if let Some(kind) = fault.filter(|kind| !kind.applies()) {
        tokio::time::sleep(latency).await;
        return instead(kind, authorization.as_deref()).await;
    }
    let delay = match fault {
        Some(FaultKind::Delay(ms)) => latency + Duration::from_millis(ms),
        _ => latency,
    };
    // In a task of its own, since a slow API does not stop when its client hangs up.
    let state = Arc::clone(state);
    let handled = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        handle(&state, &call, authorization.as_deref())
    });
    let reply = handled.await.map_err(|_| BrokenOff)?;
    match fault {
        Some(FaultKind::DropReplyAfterApply) => Err(BrokenOff),
        Some(FaultKind::HangAfterApply) => match std::future::pending::<Infallible>().await {},
        _ => Ok(reply),
    }
}

/// The effect of a fault that replaces the handling of a call.
async fn instead(kind: FaultKind, authorization: Option<&str>) -> Result<Reply, BrokenOff> {
    match kind {
        FaultKind::Status(status) | FaultKind::Page(status) => Ok(stated(status)),
        FaultKind::NotFoundOnce => Ok(stated(404)),
        FaultKind::TooManyRequests { retry_after_s } => {
            let mut reply = stated(429);
            reply.headers.push(("retry-after", retry_after_s.to_string()));
            Ok(reply)
        }
        FaultKind::RefuseElement { pointer } => {
            Ok(Failure::field(1004, pointer, "DNS Validation Error").into())
        }
        FaultKind::EchoToken(status) => {
            let secret = authorization.map(auth::secret).unwrap_or_default();
            Ok(Failure::new(status, 1000, format!("Invalid API Token: {secret}")).into())
        }
        FaultKind::Hang => match std::future::pending::<Infallible>().await {},
        FaultKind::CloseBeforeApply
        | FaultKind::Delay(_)
        | FaultKind::DropReplyAfterApply
        | FaultKind::HangAfterApply
        | FaultKind::MalformedJson => Err(BrokenOff),
    }
}

/// The reply with an injected status.
fn stated(status: u16) -> Reply {
    let (code, message) = match status {
        403 => (10000, "Authentication error"),
        404 => (1001, "object not found"),
        429 => (971, "Please wait and consider throttling your request speed"),
        _ => (1105, "Temporarily unavailable"),
    };
    Failure::new(status, code, message).into()
}

/// Checks the token, then its user's rate limit, then runs the operation.
fn handle(state: &State, call: &Call, authorization: Option<&str>) -> Reply {
    let mut world = state.world.lock();
    let token = match auth::find(&world.tokens, authorization, &call.path) {
        Ok(token) => token.clone(),
        Err(failure) => return failure.into(),
    };
    let limit = world.rate_limit;
    let allowance = lock(&state.limiter).count(limit, token.user(), Instant::now());
    let mut reply = match allowance {
        Allowance::Blocked { .. } => limits::blocked(limit),
        Allowance::Granted { .. } => route(&mut world, &token, call).unwrap_or_else(Reply::from),
    };
    reply.headers.extend(limits::headers(limit, allowance));
    let answered = call.is_read() && reply.status == 200;
    let edit = answered.then(|| lock(&state.rivals).take(&call.path)).flatten();
    if let Some(edit) = edit {
        edit(&mut world);
    }
    reply
}

fn half(text: &str) -> String {
    text.chars().take(text.chars().count() / 2).collect()
}

fn response(reply: &Reply, text: String) -> Response<Full<Bytes>> {
    let mut builder =
        Response::builder().status(reply.status).header("content-type", "application/json");
    for (name, value) in &reply.headers {
        builder = builder.header(*name, value);
    }
    builder.body(Full::from(text)).unwrap_or_else(|_| Response::new(Full::default()))
}
