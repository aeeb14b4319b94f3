//! Hooks of an operator, and the databases behind them.
//!
//! They do what a good hook does: they keep the highest epoch, answer 409 to an older one and 200
//! to what is done already. On command they answer otherwise, or do it and fall silent.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a hook does with the calls of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HookManner {
    /// What it should.
    #[default]
    Proper,
    /// Answers this status and does nothing.
    Status(u16),
    /// Answers 202 so many times, then does it.
    Begun(u32),
    /// Does it, and never answers.
    DoAndHang,
}

/// A call that arrived.
#[derive(Clone, Debug)]
pub struct HookCall {
    /// The step.
    pub step: String,
    /// The epoch.
    pub epoch: u64,
    /// What the caller calls this step: `webhook-id`.
    pub id: String,
    /// Headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub text: String,
    /// The body as JSON.
    pub body: Value,
}

#[derive(Debug, Default)]
struct Book {
    manners: BTreeMap<String, HookManner>,
    dry: BTreeMap<String, u16>,
    calls: Vec<HookCall>,
    highest: u64,
    done: Vec<(u64, String)>,
    writers: BTreeSet<String>,
}

/// Running hooks. Dropping them closes the listener.
#[derive(Debug)]
pub struct Hooks {
    port: u16,
    book: Arc<Mutex<Book>>,
    task: JoinHandle<()>,
}

impl Hooks {
    /// Starts them on a free port of loopback. The database of this region takes writes.
    ///
    /// **Errors**: no port is free.
    pub async fn start(primary: &str) -> Result<Hooks> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("hooks")?;
        let port = listener.local_addr()?.port();
        let writers = [primary.to_owned()].into();
        let book = Arc::new(Mutex::new(Book { writers, ..Book::default() }));
        let router = Router::new().fallback(answer).with_state(book.clone());
        let task = tokio::spawn(async move {
            // Its end is the test's end.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Hooks { port, book, task })
    }

    /// Their port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what becomes of the calls of a step from now on.
    pub fn set(&self, step: &str, manner: HookManner) {
        book(&self.book).manners.insert(step.to_owned(), manner);
    }

    /// Changes the status that dry calls of a step are answered with from now on.
    pub fn set_dry(&self, step: &str, status: u16) {
        book(&self.book).dry.insert(step.to_owned(), status);
    }

    /// All calls that arrived and were not dry, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<HookCall> {
        book(&self.book).calls.iter().filter(|call| call.body["is_dry"] != true).cloned().collect()
    }

    /// The dry calls that arrived, in order.
    #[must_use]
    pub fn dry_calls(&self) -> Vec<HookCall> {
        book(&self.book).calls.iter().filter(|call| call.body["is_dry"] == true).cloned().collect()
    }

    /// What was done, by epoch and step, once each and in order.
    #[must_use]
    pub fn done(&self) -> Vec<(u64, String)> {
        book(&self.book).done.clone()
    }

    /// The regions whose databases take writes.
    #[must_use]
    pub fn writers(&self) -> BTreeSet<String> {
        book(&self.book).writers.clone()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn book(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    fn carry_out(&mut self, call: &HookCall) -> StatusCode {
        if call.epoch < self.highest {
            return StatusCode::CONFLICT;
        }
        self.highest = call.epoch;
        let key = (call.epoch, call.step.clone());
        if !self.done.contains(&key) {
            self.done.push(key);
        }
        let region = |key: &str| call.body[key].as_str().unwrap_or_default().to_owned();
        match call.step.as_str() {
            "fence" => drop(self.writers.remove(&region("from"))),
            "promote" => drop(self.writers.insert(region("to"))),
            _ => {}
        }
        StatusCode::OK
    }
}

async fn answer(
    State(shared): State<Arc<Mutex<Book>>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let headers: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into())
        })
        .collect();
    let call = HookCall {
        step: body["step"].as_str().unwrap_or_default().to_owned(),
        epoch: body["epoch"].as_u64().unwrap_or_default(),
        id: headers.get("webhook-id").cloned().unwrap_or_default(),
        headers,
        text,
        body,
    };
    let hangs = {
        let mut book = book(&shared);
        book.calls.push(call.clone());
        if call.body["is_dry"] == true {
            let status = book.dry.get(&call.step).copied().unwrap_or(200);
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            return (status, "a dry call").into_response();
        }
        match book.manners.get(&call.step).copied().unwrap_or_default() {
            HookManner::Proper | HookManner::Begun(0) => {
                return book.carry_out(&call).into_response();
            }
            HookManner::Status(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
                return (status, "as it was told to").into_response();
            }
            HookManner::Begun(left) => {
                book.manners.insert(call.step.clone(), HookManner::Begun(left - 1));
                return (StatusCode::ACCEPTED, [("retry-after", "1")]).into_response();
            }
            HookManner::DoAndHang => {
                book.carry_out(&call);
                true
            }
        }
    };
    if hangs {
        pending::<()>().await;
    }
    StatusCode::OK.into_response()
}
