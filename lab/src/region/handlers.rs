//! The responses of a region, and how its mode changes them.
use super::mode::Mode;
use super::pages;
use super::shared::Shared;
use super::socket;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_request};
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The page of [`Mode::WrongBody`]: a `200` that does not come from the application.
const WRONG_PAGE: &str = "<!doctype html><title>Welcome</title><p>This site is under construction.";
/// The length that [`Mode::Reset`] announces; it sends half of it. A proxy may read a shorter
/// answer whole, and ask elsewhere.
const BROKEN_LENGTH: usize = 128 * 1024;
/// Time for the first half of a broken body to be sent before the connection is closed.
const FLUSH_TIME: Duration = Duration::from_millis(10);
/// How far the data of a region have come: nobody writes here, so it stands still.
const POSITION: &str = "0/3000060";
/// The chunk of `/bytes/{n}`.
const CHUNK: &[u8] = &[b'.'; 64 * 1024];

/// All routes of a region, behind its mode.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let blind_to_the_body = Router::new()
        .route("/bytes/{n}", any(bytes))
        .route("/sse", any(events))
        .route("/redirect", any(redirect))
        .route("/gzip", any(pages::gzip))
        .route("/ranges", any(pages::ranges))
        .route("/told", any(pages::told))
        .route(&shared.health_path, any(health))
        .layer(map_request(read_whole));
    blind_to_the_body
        .route(socket::PATH, any(socket::echo))
        .fallback(echo)
        .layer(from_fn_with_state(shared.clone(), behave))
        .with_state(shared)
}

/// Counts the request, then answers it as the mode says.
async fn behave(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    shared.count(&request);
    let mode = shared.mode();
    let request = if mode.leaves_the_body() { read_whole(request).await } else { request };
    let mut response = match mode {
        Mode::Hang => pending().await,
        Mode::Slow { delay_ms } => {
            sleep(Duration::from_millis(delay_ms)).await;
            next.run(request).await
        }
        Mode::Status { code } => pages::status(code),
        Mode::Throttle { retry_after_s } => {
            let header = [(header::RETRY_AFTER, retry_after_s.to_string())];
            (header, pages::status(429)).into_response()
        }
        Mode::WrongBody => Html(WRONG_PAGE).into_response(),
        Mode::BrokenGzip => ([(header::CONTENT_ENCODING, "gzip")], WRONG_PAGE).into_response(),
        Mode::Reset if request.uri().path() != socket::PATH => half_a_body(),
        Mode::Healthy | Mode::Refuse | Mode::Reset | Mode::Flap { .. } => next.run(request).await,
    };
    response.headers_mut().insert("x-lab-region", shared.header.clone());
    response
}

/// Reads the whole request before it is answered, as servers do that clients can rely on: one that
/// closes a connection with bytes left in it resets it, and that may take its answer with it.
async fn read_whole(request: Request) -> Request {
    let (parts, body) = request.into_parts();
    let _ = length(body).await;
    Request::from_parts(parts, Body::empty())
}

fn half_a_body() -> Response {
    let half = stream::iter([Ok(Bytes::from_static(&CHUNK[..BROKEN_LENGTH / 2]))]);
    let broken = stream::once(async {
        sleep(FLUSH_TIME).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    sized(BROKEN_LENGTH as u64, half.chain(broken))
}

fn sized(length: u64, body: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Response {
    let headers = [(header::CONTENT_LENGTH, length.to_string())];
    (headers, Body::from_stream(body)).into_response()
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({
        "status": "healthy",
        "region": shared.id(),
        "ok": true,
        "replication_lag_s": shared.replication_lag_s(),
        // The same, as the hooks of `examples/hooks` say it.
        "lag_s": shared.replication_lag_s(),
        "contact_age_s": 1,
        "position": POSITION,
    }))
    .into_response()
}

/// The target of `/redirect`.
#[derive(Deserialize)]
struct Elsewhere {
    to: String,
}

async fn redirect(Query(elsewhere): Query<Elsewhere>) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, elsewhere.to)]).into_response()
}

/// Echoes to the client what arrived here.
async fn echo(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body_length) = length(body).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    Json(json!({
        "region": shared.id(),
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": head.uri.query(),
        "headers": headers(&head.headers),
        "body_length": body_length,
    }))
    .into_response()
}

/// All headers by name; the values of a repeated one are joined with commas.
fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut map: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        map.entry(name.to_string())
            .and_modify(|joined| *joined = format!("{joined}, {value}"))
            .or_insert_with(|| value.clone().into_owned());
    }
    map
}

/// Reads a body to its end without keeping it.
async fn length(body: Body) -> Result<usize, axum::Error> {
    let add = async |length, chunk: Bytes| Ok(length + chunk.len());
    body.into_data_stream().try_fold(0, add).await
}

async fn bytes(Path(length): Path<u64>) -> Response {
    let chunks = stream::unfold(length, async |left| {
        let size = left.min(CHUNK.len() as u64);
        let chunk = &CHUNK[..usize::try_from(size).unwrap_or(CHUNK.len())];
        (size > 0).then(|| (Ok(Bytes::from_static(chunk)), left - size))
    });
    sized(length, chunks)
}

/// The number and interval of `/sse` events.
#[derive(Deserialize)]
#[serde(default)]
struct Pace {
    events: u32,
    every_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { events: 5, every_ms: 200 }
    }
}

async fn events(Query(pace): Query<Pace>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let interval = Duration::from_millis(pace.every_ms);
    Sse::new(stream::iter(0..pace.events).then(move |n| async move {
        if n > 0 {
            sleep(interval).await;
        }
        Ok(Event::default().id(n.to_string()).data(format!("event {n}")))
    }))
}
