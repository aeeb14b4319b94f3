//! Where a team of Cloudflare Access publishes its keys.
use anyhow::Result;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running endpoint. Dropping it closes the listener.
#[derive(Debug)]
pub struct Certs {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    status: u16,
    body: String,
    asked: u64,
}

impl Certs {
    /// Starts on a free port of loopback and answers with this document.
    ///
    /// **Errors**: loopback has no free port.
    pub async fn start(body: String) -> Result<Certs> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Mutex::new(Shared { status: 200, body, asked: 0 }));
        let state = shared.clone();
        let answer = move || {
            let state = state.clone();
            async move {
                let mut shared = state.lock().unwrap_or_else(PoisonError::into_inner);
                shared.asked += 1;
                let status = StatusCode::from_u16(shared.status).unwrap_or_default();
                (status, [("content-type", "application/json")], shared.body.clone())
            }
        };
        let router = Router::new().route("/cdn-cgi/access/certs", get(answer));
        let task = tokio::spawn(async move {
            // It ends with the listener.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Certs { port, shared, task })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers like this from now on.
    pub fn answer(&self, status: u16, body: &str) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        (shared.status, shared.body) = (status, body.to_owned());
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).asked
    }
}

impl Drop for Certs {
    fn drop(&mut self) {
        self.task.abort();
    }
}
