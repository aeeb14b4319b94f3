//! An origin that breaks HTTP where a proper server cannot: within a request, or within a body.
use anyhow::{Result, ensure};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_hours(1);

/// What it does with each request.
#[derive(Clone, Copy, Debug)]
pub enum Oddity {
    /// Takes the whole request and closes the connection without a byte of an answer.
    Vanish,
    /// Takes the head of the request, and nothing of its body.
    Deaf,
    /// Takes the whole request, answers with a head and the first bytes of a body, and then sends
    /// nothing more. The connection stays open.
    Stall {
        /// What `Content-Length` says; without it the body has no announced length.
        length: Option<usize>,
        /// So many bytes are sent.
        sent: usize,
        /// What `Content-Type` says.
        content_type: &'static str,
    },
}

/// A running origin. Dropping it closes the listener.
#[derive(Debug)]
pub struct OddOrigin {
    port: u16,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

/// Requests that arrived.
#[derive(Debug, Default)]
struct Counts {
    begun: AtomicU64,
    ended: AtomicU64,
    whole: AtomicU64,
}

impl OddOrigin {
    /// Starts on a free port of loopback.
    pub async fn start(oddity: Oddity) -> Result<OddOrigin> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let counts = Arc::new(Counts::default());
        let shared = counts.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counts = shared.clone();
                tokio::spawn(async move {
                    // Connections break here on purpose.
                    let _ = serve(stream, oddity, &counts).await;
                });
            }
        });
        Ok(OddOrigin { port, counts, task })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Requests that arrived whole.
    #[must_use]
    pub fn whole_requests(&self) -> u64 {
        self.counts.whole.load(Ordering::SeqCst)
    }

    /// Requests whose head arrived.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counts.begun.load(Ordering::SeqCst)
    }

    /// Requests whose connection is still open.
    #[must_use]
    pub fn open_requests(&self) -> u64 {
        self.requests() - self.counts.ended.load(Ordering::SeqCst)
    }
}

impl Drop for OddOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, oddity: Oddity, counts: &Counts) -> Result<()> {
    let mut request = Vec::new();
    let head = read_head(&mut stream, &mut request).await?;
    counts.begun.fetch_add(1, Ordering::SeqCst);
    let ended = answer(stream, request, head, oddity, counts).await;
    counts.ended.fetch_add(1, Ordering::SeqCst);
    ended
}

async fn answer(
    mut stream: TcpStream,
    mut request: Vec<u8>,
    head: usize,
    oddity: Oddity,
    counts: &Counts,
) -> Result<()> {
    if let Oddity::Deaf = oddity {
        sleep(FOR_EVER).await;
    }
    while !is_whole(&request, head) {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    counts.whole.fetch_add(1, Ordering::SeqCst);
    let Oddity::Stall { length, sent, content_type } = oddity else { return Ok(()) };
    let framing = match length {
        Some(length) => format!("content-length: {length}"),
        None => "transfer-encoding: chunked".to_owned(),
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let bytes = vec![b'x'; sent];
    if length.is_none() {
        stream.write_all(format!("{sent:x}\r\n").as_bytes()).await?;
    }
    stream.write_all(&bytes).await?;
    if length.is_none() {
        stream.write_all(b"\r\n").await?;
    }
    sleep(FOR_EVER).await;
    Ok(())
}

/// Reads to the end of the head. Returns its length; an error if the connection ends before.
async fn read_head(stream: &mut TcpStream, request: &mut Vec<u8>) -> Result<usize> {
    loop {
        if let Some(at) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            return Ok(at + 4);
        }
        ensure!(stream.read_buf(request).await? > 0, "the connection has ended");
    }
}

/// Whether the body has arrived, too.
fn is_whole(request: &[u8], head: usize) -> bool {
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        return length.trim().parse().is_ok_and(|length: usize| request.len() - head >= length);
    }
    !text.contains("transfer-encoding: chunked") || request.ends_with(b"0\r\n\r\n")
}
