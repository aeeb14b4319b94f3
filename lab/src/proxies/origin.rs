//! The origin of the benchmark: two fixed bodies, and an echo of the request's headers, in a
//! process of its own so that it has its own thread.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::env;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// The lab's command that runs an origin.
const COMMAND: &str = "proxies-origin";
/// The path that answers with the names of the request's headers.
pub(super) const ECHO: &str = "/headers";

/// An origin process. Killed when dropped.
#[derive(Debug)]
pub(super) struct Origin {
    _process: Child,
    /// Where it listens on 127.0.0.1.
    pub(super) port: u16,
}

impl Origin {
    /// Starts this same program once more, as an origin.
    ///
    /// **Errors**: it does not start.
    pub(super) async fn start() -> Result<Origin> {
        let mut process = Command::new(env::current_exe()?)
            .arg(COMMAND)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().context("the origin has no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let port = line.context("the origin ended")?.parse().context("the origin's port")?;
        Ok(Origin { _process: process, port })
    }
}

/// A body of this many bytes, no two neighbouring lines of it alike.
pub(super) fn body(length: usize) -> Bytes {
    let lines = (0_usize..).flat_map(|line| format!("line {line:08}\n").into_bytes());
    lines.take(length).collect()
}

/// Listens on a free port of 127.0.0.1, prints it, and answers until the process is killed.
///
/// **Errors**: no port is free.
pub async fn serve() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    let bodies = [("/1k", body(1 << 10)), ("/64k", body(1 << 16))];
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let bodies = bodies.clone();
        let service = service_fn(move |request| {
            let response = answer(&request, &bodies);
            async move { Ok::<_, Infallible>(response) }
        });
        // A connection that breaks is the other side's to tell of.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(request: &Request<Incoming>, bodies: &[(&str, Bytes)]) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let fixed = bodies.iter().find(|(known, _)| *known == path);
    let body =
        fixed.map(|(_, body)| body.clone()).or_else(|| (path == ECHO).then(|| echo(request)));
    let mut response = Response::new(Full::new(body.clone().unwrap_or_default()));
    if body.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// The names of the request's headers, a line each, in order.
fn echo(request: &Request<Incoming>) -> Bytes {
    let mut names: Vec<&str> =
        request.headers().keys().map(hyper::header::HeaderName::as_str).collect();
    names.sort_unstable();
    names.join("\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_its_length_and_its_parts_differ() {
        let body = body(1 << 16);
        assert_eq!(body.len(), 1 << 16);
        assert_ne!(body[..1024], body[1024..2048]);
    }
}
