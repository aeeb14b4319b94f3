//! A client's end of a WebSocket.
use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, Response, header};
use tokio_tungstenite::tungstenite::{self, Error};
use tokio_tungstenite::{WebSocketStream, client_async};

/// The answer to a handshake.
#[derive(Debug)]
pub struct Handshake {
    /// 101 where the socket is open.
    pub status: u16,
    /// The headers; of a repeated one the first.
    pub headers: BTreeMap<String, String>,
    /// The body of a refusal, as far as it came with the head.
    pub body: String,
    /// The socket, where it is open.
    pub socket: Option<Socket>,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket(WebSocketStream<TcpStream>);

/// A message of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A close, with its code.
    Close(Option<u16>),
    /// The connection broke without a close.
    Broken,
}

pub(super) async fn handshake(
    port: u16,
    host: &str,
    path_and_query: &str,
    headers: impl Iterator<Item = (&'static str, String)>,
) -> Result<Handshake> {
    let mut request = format!("ws://{host}{path_and_query}").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(name, HeaderValue::from_str(&value)?);
    }
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    match client_async(request, stream).await {
        Ok((socket, response)) => Ok(told(response.map(|_| None), Some(Socket(socket)))),
        Err(Error::Http(response)) => Ok(told(*response, None)),
        Err(error) => Err(error).context("no handshake"),
    }
}

fn told(response: Response<Option<Vec<u8>>>, socket: Option<Socket>) -> Handshake {
    let (head, body) = response.into_parts();
    Handshake {
        status: head.status.as_u16(),
        headers: texts(&head.headers),
        body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
        socket,
    }
}

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |name: &header::HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    headers.keys().filter_map(|name| Some((name.to_string(), text(name)?))).collect()
}

impl Socket {
    /// Sends a message.
    ///
    /// **Errors**: the socket is closed.
    pub async fn say(&mut self, message: Message) -> Result<()> {
        let message = match message {
            Message::Text(text) => tungstenite::Message::text(text),
            Message::Binary(bytes) => tungstenite::Message::binary(bytes),
            Message::Close(_) | Message::Broken => tungstenite::Message::Close(None),
        };
        Ok(self.0.send(message).await?)
    }

    /// Receives the next message, skipping pings.
    pub async fn hear(&mut self) -> Message {
        loop {
            match self.0.next().await {
                Some(Ok(tungstenite::Message::Text(text))) => {
                    return Message::Text(text.to_string());
                }
                Some(Ok(tungstenite::Message::Binary(bytes))) => {
                    return Message::Binary(bytes.to_vec());
                }
                Some(Ok(tungstenite::Message::Close(frame))) => {
                    return Message::Close(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Message::Broken,
            }
        }
    }
}
