//! Receivers of alerts that demand what the real ones demand, and fail on command.
//!
//! Each stands for one service: it refuses what that service would refuse, keeps what it took, and
//! knows what that service knows twice: a key, an alias, or the id of a message.
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The service that a receiver stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Slack's incoming webhooks.
    Slack,
    /// `PagerDuty`'s Events API v2.
    Pagerduty,
    /// Jira Service Management's integration events.
    Jsm,
    /// A receiver of Standard Webhooks.
    Webhook,
    /// A monitor that watches for calls.
    Monitor,
    /// A collector of metrics by OTLP/HTTP, which reads no `protobuf`.
    Collector,
}

/// What a receiver does with each request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// What its service does.
    #[default]
    Proper,
    /// Answers this status; takes nothing.
    Status(u16),
    /// Answers 429 with `retry-after`; takes nothing.
    TooMany {
        /// The header's value, in seconds.
        retry_after_s: u32,
    },
    /// Redirects to a page that answers 200; takes nothing.
    Redirect,
    /// Never answers; takes nothing.
    Hang,
    /// Takes the request, and never answers.
    TakeAndHang,
    /// Answers 400 and repeats all that it was sent, secrets too; takes nothing.
    Echo,
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Path and query.
    pub target: String,
    /// Headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; `null` if it is none.
    pub body: Value,
}

#[derive(Debug, Default)]
struct Book {
    manner: Manner,
    attempts: u64,
    taken: Vec<Taken>,
    /// What was taken for the first time, by what the service knows it by.
    known: BTreeSet<String>,
    repeated: u64,
}

#[derive(Debug)]
struct Shared {
    service: Service,
    book: Mutex<Book>,
}

/// A running receiver. Dropping it closes the listener.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Starts one on a free port of loopback.
    ///
    /// **Errors**: no port is free.
    pub async fn start(service: Service) -> Result<Receiver> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a receiver")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { service, book: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move {
            // Its end is the test's end.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Receiver { port, shared, task })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what it does from now on.
    pub fn set(&self, manner: Manner) {
        self.shared.book().manner = manner;
    }

    /// Requests that arrived, whatever became of them.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.shared.book().attempts
    }

    /// What it took, in order, without what its service knew already.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.shared.book().taken.clone()
    }

    /// How often it was sent what it knew already.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.shared.book().repeated
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request as the service does, or says why not.
    fn take(&self, method: &Method, taken: Taken) -> Result<Value, (u16, String)> {
        let known = match self.service {
            Service::Slack => slack(method, &taken)?,
            Service::Pagerduty => pagerduty(method, &taken)?,
            Service::Jsm => jsm(method, &taken)?,
            Service::Webhook => webhook(method, &taken)?,
            Service::Monitor => None,
            Service::Collector => collector(method, &taken)?,
        };
        let mut book = self.book();
        match known {
            Some(known) if !book.known.insert(known.clone()) => book.repeated += 1,
            _ => book.taken.push(taken),
        }
        Ok(match self.service {
            Service::Pagerduty => json!({"status": "success", "message": "Event processed"}),
            Service::Jsm => json!({"result": "Request will be processed", "took": 0.1}),
            Service::Collector => json!({"partialSuccess": {}}),
            _ => json!("ok"),
        })
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let manner = {
        let mut book = shared.book();
        book.attempts += 1;
        book.manner
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let names = headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let taken = Taken {
        target: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: names.collect(),
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    };
    match manner {
        Manner::Proper => proper(&shared, &method, taken),
        Manner::Status(status) => status_of(status).into_response(),
        Manner::TooMany { retry_after_s } => {
            let after = [("retry-after", retry_after_s.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, after).into_response()
        }
        Manner::Redirect if taken.target == "/landing" => "a page".into_response(),
        Manner::Redirect => (StatusCode::FOUND, [("location", "/landing")]).into_response(),
        Manner::Hang => pending().await,
        Manner::TakeAndHang => {
            drop(proper(&shared, &method, taken));
            pending().await
        }
        Manner::Echo => {
            let told = format!("{} {:?} {}", taken.target, taken.headers, taken.text);
            (StatusCode::BAD_REQUEST, told).into_response()
        }
    }
}

fn proper(shared: &Shared, method: &Method, taken: Taken) -> Response {
    let accepted = match shared.service {
        Service::Pagerduty | Service::Jsm => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    match shared.take(method, taken) {
        Ok(body) => (accepted, body.to_string()).into_response(),
        Err((status, why)) => (status_of(status), why).into_response(),
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What a service knows a request by, or its status and words of a refusal.
type Known = Result<Option<String>, (u16, String)>;

fn posted_json(method: &Method, taken: &Taken) -> Result<(), (u16, String)> {
    let kind = taken.headers.get("content-type").map_or("", String::as_str);
    let is_json = kind.starts_with("application/json") && taken.body.is_object();
    if method == Method::POST && is_json { Ok(()) } else { refused(400, "no JSON") }
}

fn refused<T>(status: u16, why: &str) -> Result<T, (u16, String)> {
    Err((status, why.to_owned()))
}

/// A text of 1 to `max` characters.
fn is_text(value: &Value, max: usize) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= max)
}

/// Source: docs.slack.dev, "Sending messages using incoming webhooks" and Block Kit's limits.
fn slack(method: &Method, taken: &Taken) -> Known {
    posted_json(method, taken)?;
    let body = &taken.body;
    if !is_text(&body["text"], 40_000) {
        return refused(400, "no_text");
    }
    for block in body["blocks"].as_array().into_iter().flatten() {
        let is_good = match block["type"].as_str() {
            Some("header") => {
                block["text"]["type"] == "plain_text" && is_text(&block["text"]["text"], 150)
            }
            Some("section") => is_text(&block["text"]["text"], 3_000),
            Some("context") => {
                block["elements"].as_array().is_some_and(|all| (1..=10).contains(&all.len()))
            }
            _ => false,
        };
        if !is_good {
            return refused(400, "invalid_blocks");
        }
    }
    // Slack knows no message twice.
    Ok(None)
}

/// Source: `PagerDuty`'s Events API v2.
fn pagerduty(method: &Method, taken: &Taken) -> Known {
    posted_json(method, taken)?;
    let body = &taken.body;
    let key = body["routing_key"].as_str().unwrap_or_default();
    if taken.target != "/v2/enqueue" || key.len() != 32 || !is_text(&body["dedup_key"], 255) {
        return refused(400, "Event object is invalid");
    }
    let action = body["event_action"].as_str().unwrap_or_default();
    let payload = &body["payload"];
    let is_good = match action {
        "trigger" => {
            let severity = payload["severity"].as_str().unwrap_or_default();
            is_text(&payload["summary"], 1_024)
                && is_text(&payload["source"], 255)
                && ["critical", "error", "warning", "info"].contains(&severity)
        }
        "acknowledge" | "resolve" => true,
        _ => false,
    };
    if !is_good {
        return refused(400, "Event object is invalid");
    }
    // An event that says the same of the same alert changes nothing.
    let dedup_key = body["dedup_key"].as_str().unwrap_or_default();
    Ok(Some(format!("{dedup_key} {action} {payload}")))
}

/// Source: developer.atlassian.com/cloud/jira/service-desk-ops, "Integration events".
fn jsm(method: &Method, taken: &Taken) -> Known {
    posted_json(method, taken)?;
    let key = taken.headers.get("authorization").and_then(|it| it.strip_prefix("GenieKey "));
    if key.is_none_or(str::is_empty) {
        return refused(401, "Could not authenticate");
    }
    let body = &taken.body;
    let base = "/jsm/ops/integration/v2/alerts";
    let rest = taken.target.strip_prefix(base).unwrap_or("?");
    if rest.is_empty() {
        let priority = body["priority"].as_str().unwrap_or_default();
        let is_good = is_text(&body["message"], 130)
            && is_text(&body["alias"], 512)
            && ["P1", "P2", "P3", "P4", "P5"].contains(&priority);
        return if is_good { Ok(Some(body.to_string())) } else { refused(422, "invalid") };
    }
    let verb = rest.strip_suffix("?identifierType=alias").and_then(|it| it.rsplit('/').next());
    match verb {
        Some("acknowledge" | "close") => Ok(Some(format!("{rest} {body}"))),
        _ => refused(404, "no such resource"),
    }
}

/// Source: the specification of OTLP, "OTLP/HTTP Request". What it is sent is the test's to read.
fn collector(method: &Method, taken: &Taken) -> Known {
    posted_json(method, taken)?;
    if taken.target != "/v1/metrics" {
        return refused(404, "no such path");
    }
    // Numbers as they stand make those before them obsolete.
    Ok(None)
}

/// Source: the specification of Standard Webhooks. The signature is the test's to verify.
fn webhook(method: &Method, taken: &Taken) -> Known {
    posted_json(method, taken)?;
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    if names.iter().any(|name| !taken.headers.contains_key(*name)) {
        return refused(401, "Missing required headers");
    }
    Ok(taken.headers.get("webhook-id").cloned())
}
