//! An origin that sends, byte for byte, what it is told to: also what no proper server sends.
use anyhow::{Result, ensure};
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_hours(1);
/// The pause between two pieces of a stream.
const PAUSE: Duration = Duration::from_millis(100);

/// What is sent in answer to a request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Head and body, as they go over the wire.
    pub bytes: Vec<u8>,
    /// What comes then.
    pub end: End,
}

/// How a reply ends.
#[derive(Clone, Debug)]
pub enum End {
    /// The connection is closed.
    Close,
    /// Nothing more comes, and the connection stays open.
    Silence,
    /// These pieces come, again and again.
    Stream(Vec<Vec<u8>>),
}

impl Reply {
    /// A status, a head line for each of `headers`, and a body with its length.
    #[must_use]
    pub fn of(status: u16, headers: &[&str], body: &[u8]) -> Reply {
        let length = format!("content-length: {}", body.len());
        let headers: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
        Reply { bytes: raw(status, &headers, body), end: End::Close }
    }
}

/// A status, a head line for each of `headers`, and a body without anything about its length.
#[must_use]
pub fn raw(status: u16, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} Scripted\r\nconnection: close\r\n").into_bytes();
    for line in headers {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// One chunk of a body in chunks.
#[must_use]
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A running origin. Dropping it closes the listener.
pub struct ScriptedOrigin {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl fmt::Debug for ScriptedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an origin on port {}", self.port)
    }
}

impl ScriptedOrigin {
    /// Starts on a free port of loopback. `reply` is asked about the head of each request, and how
    /// many came before it.
    ///
    /// **Errors**: there is no free port.
    pub async fn start(
        reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static,
    ) -> Result<ScriptedOrigin> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (reply, told) = (Arc::new(reply), heads.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, told) = (reply.clone(), told.clone());
                tokio::spawn(async move {
                    // Connections break here on purpose.
                    let _ = serve(stream, &*reply, &told).await;
                });
            }
        });
        Ok(ScriptedOrigin { port, heads, task })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The heads of all requests so far.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ScriptedOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    reply: &(impl Fn(&str, usize) -> Reply + Sync),
    told: &Mutex<Vec<String>>,
) -> Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        ensure!(stream.read_buf(&mut request).await? > 0, "the connection has ended");
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let before = {
        let mut heads = told.lock().unwrap_or_else(PoisonError::into_inner);
        heads.push(head.clone());
        heads.len() - 1
    };
    let Reply { bytes, end } = reply(&head, before);
    stream.write_all(&bytes).await?;
    match end {
        End::Close => stream.shutdown().await?,
        End::Silence => sleep(FOR_EVER).await,
        End::Stream(pieces) => {
            for piece in pieces.iter().cycle() {
                sleep(PAUSE).await;
                stream.write_all(piece).await?;
            }
        }
    }
    Ok(())
}
