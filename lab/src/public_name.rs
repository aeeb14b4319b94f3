//! A public name as a client meets it: it leads to wherever DNS says now.
//!
//! Each request asks the lab's DNS anew, as with a resolver that keeps nothing, and goes to the
//! region whose origin the record names.

use crate::dns::lookup;
use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running name. Ends when dropped.
#[derive(Debug)]
pub(crate) struct PublicName {
    port: u16,
    task: JoinHandle<()>,
}

struct Name {
    text: &'static str,
    dns: SocketAddr,
    /// The ports of origins, by their hosts.
    origins: BTreeMap<String, u16>,
    client: reqwest::Client,
}

impl PublicName {
    /// Serves a name whose `CNAME` the DNS server tells.
    ///
    /// **Errors**: no port is free.
    pub(crate) async fn start(
        name: &'static str,
        dns: SocketAddr,
        origins: BTreeMap<String, u16>,
    ) -> Result<PublicName> {
        let client = reqwest::Client::builder().build()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Name { text: name, dns, origins, client });
        let router = Router::new().fallback(follow).with_state(state);
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(PublicName { port, task })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for PublicName {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(State(name): State<Arc<Name>>, request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    match answer(&name, &path).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}\n")).into_response(),
    }
}

async fn answer(name: &Name, path: &str) -> Result<Response> {
    let told = lookup(name.dns, name.text, "CNAME").await?;
    let host = told.first().map(|host| host.trim_end_matches('.')).unwrap_or_default();
    let Some(port) = name.origins.get(host) else {
        let problem = format!("{} leads to `{host}`, which is no origin\n", name.text);
        return Ok((StatusCode::BAD_GATEWAY, problem).into_response());
    };
    let answer = name.client.get(format!("http://127.0.0.1:{port}{path}")).send().await?;
    let status = answer.status();
    Ok((status, Body::from(answer.bytes().await?)).into_response())
}
