//! Requests as fast as they are answered, over connections that stay open, each answer checked.

use super::figures::Window;
use crate::edge::CF_HEADER;
use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{COOKIE, HOST, HeaderMap, HeaderValue, SET_COOKIE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime;

/// The host that the requests are for; [`super::routes`] has a service for it.
pub(super) const HOST_NAME: &str = "shop.example";
/// Where the client is, as the runtime would say it.
const CF: &str = r#"{"country":"DE","colo":"FRA","latitude":"52.5","longitude":"13.4"}"#;
const CLIENT_ADDRESS: &str = "203.0.113.7";

/// What to ask, of whom, and how.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// The server on 127.0.0.1.
    pub(super) port: u16,
    /// Connections, each with one request at a time.
    pub(super) connections: usize,
    /// The path.
    pub(super) path: &'static str,
    /// The bytes that each answer's body must have.
    pub(super) length: usize,
    /// Whether each request is another client's.
    pub(super) is_of_strangers: bool,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// After a time.
    Elapsed(Duration),
    /// After this many requests on each connection.
    Requests(u32),
}

/// A client that keeps its connection and its cookie; or many, one after the other, with one
/// connection.
struct Client {
    sender: SendRequest<Empty<Bytes>>,
    headers: HeaderMap,
    path: &'static str,
    is_of_strangers: bool,
}

/// How many strangers there were.
static STRANGERS: AtomicU32 = AtomicU32::new(0);

/// The address of another client.
fn stranger() -> Result<HeaderValue> {
    let [_, a, b, c] = STRANGERS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ok(HeaderValue::try_from(format!("10.{a}.{b}.{c}"))?)
}

impl Load {
    /// Asks until the end, on a thread of its own.
    ///
    /// **Errors**: a connection or an answer fails, or an answer is not 200 or has another length.
    pub(super) async fn run(&self, until: Until) -> Result<Window> {
        let load = self.clone();
        tokio::task::spawn_blocking(move || alone()?.block_on(load.window(until))).await?
    }

    /// One request: the headers and the body of its answer, of whatever length.
    ///
    /// **Errors**: no answer, or one that is not 200.
    pub(super) async fn once(&self) -> Result<(HeaderMap, Bytes)> {
        let mut client = self.connect().await?;
        let (head, body) = client.ask().await?.into_parts();
        Ok((head.headers, body.collect().await?.to_bytes()))
    }

    async fn connect(&self) -> Result<Client> {
        Client::connect(self.port, self.path, self.is_of_strangers).await
    }

    async fn window(self, until: Until) -> Result<Window> {
        let connect = || self.connect();
        let mut clients = try_join_all((0..self.connections).map(|_| connect())).await?;
        // The first answer of a connection brings the cookie, and is not counted.
        try_join_all(clients.iter_mut().map(|client| client.measured(self.length))).await?;
        let began = Instant::now();
        let asking = clients.iter_mut().map(|client| client.keep_asking(until, self.length));
        let taken = try_join_all(asking).await?.concat();
        Window::of(taken, began.elapsed())
    }
}

/// A runtime of one thread, so that no request waits for another thread to wake up.
fn alone() -> Result<runtime::Runtime> {
    Ok(runtime::Builder::new_current_thread().enable_all().build()?)
}

impl Client {
    async fn connect(port: u16, path: &'static str, is_of_strangers: bool) -> Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // How it ends, the next request tells.
        tokio::spawn(connection);
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(HOST_NAME));
        headers.insert(CF_HEADER, HeaderValue::from_static(CF));
        headers.insert("cf-connecting-ip", HeaderValue::from_static(CLIENT_ADDRESS));
        headers.insert("accept", HeaderValue::from_static("*/*"));
        Ok(Client { sender, headers, path, is_of_strangers })
    }

    async fn keep_asking(&mut self, until: Until, length: usize) -> Result<Vec<Duration>> {
        let began = Instant::now();
        let mut taken = Vec::new();
        while match until {
            Until::Elapsed(time) => began.elapsed() < time,
            Until::Requests(count) => taken.len() < count as usize,
        } {
            taken.push(self.measured(length).await?);
        }
        Ok(taken)
    }

    /// From asking to the end of the body.
    async fn measured(&mut self, length: usize) -> Result<Duration> {
        let began = Instant::now();
        let mut body = self.ask().await?.into_body();
        let mut received = 0;
        while let Some(frame) = body.frame().await {
            received += frame?.data_ref().map_or(0, Bytes::len);
        }
        let taken = began.elapsed();
        ensure!(received == length, "{} has {received} bytes, not {length}", self.path);
        Ok(taken)
    }

    /// Asks, and keeps the cookie of the answer.
    async fn ask(&mut self) -> Result<Response<Incoming>> {
        if self.is_of_strangers {
            self.headers.insert("cf-connecting-ip", stranger()?);
        }
        let mut request = Request::get(self.path).body(Empty::new())?;
        request.headers_mut().clone_from(&self.headers);
        let sent = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let response = sent.await.with_context(|| format!("GET {}", self.path))?;
        if response.status() != StatusCode::OK {
            let (head, body) = response.into_parts();
            let body = body.collect().await?.to_bytes();
            let body = String::from_utf8_lossy(&body);
            return Err(anyhow!("GET {}: {:?} {:?} {body}", self.path, head.status, head.headers));
        }
        let given = response.headers().get(SET_COOKIE).filter(|_| !self.is_of_strangers);
        if let Some(given) = given {
            self.headers.insert(COOKIE, cookie(given)?);
        }
        Ok(response)
    }
}

/// What a client sends back of a `Set-Cookie`: name and value.
fn cookie(set: &HeaderValue) -> Result<HeaderValue> {
    let pair = set.to_str()?.split(';').next().unwrap_or_default();
    Ok(HeaderValue::from_str(pair.trim())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_cookie_only_name_and_value_go_back() {
        let set = HeaderValue::from_static("__pm=frankfurt; Path=/; Max-Age=3600; HttpOnly");
        assert_eq!(cookie(&set).unwrap(), "__pm=frankfurt");
    }
}
