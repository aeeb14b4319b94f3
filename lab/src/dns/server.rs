//! The server on UDP and TCP.
use super::RecordSource;
use super::answer::{DnsAnswer, answer};
use anyhow::{Context, Result};
use hickory_proto::op::{Edns, Header, HeaderCounts, Metadata, OpCode, ResponseCode};
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};

/// Attempts to find a port that is free for both TCP and UDP.
const BIND_ATTEMPTS: usize = 16;
/// How long a TCP client may stay silent.
const TCP_IDLE: Duration = Duration::from_secs(10);
/// Answers buffered for one TCP client.
const TCP_BUFFER: usize = 32;
/// The UDP payload offered to clients that speak EDNS. Source: DNS Flag Day 2020.
const UDP_PAYLOAD: u16 = 1232;

/// A running server on loopback, the same port for UDP and TCP. Ends when dropped.
pub struct DnsServer {
    addr: SocketAddr,
    _server: Server<Handler>,
}

impl fmt::Debug for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsServer").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl DnsServer {
    /// Starts a server that answers from `source`.
    ///
    /// **Errors**: no port of loopback is free for both protocols.
    pub async fn start(source: Arc<dyn RecordSource>) -> Result<DnsServer> {
        let (tcp, udp) = bind_both().await?;
        let addr = tcp.local_addr()?;
        let mut server = Server::new(Handler { source });
        server.register_socket(udp);
        server.register_listener(tcp, TCP_IDLE, TCP_BUFFER);
        Ok(DnsServer { addr, _server: server })
    }

    /// Where the server listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// Binds one port for both protocols. The system picks it for TCP; it may be taken for UDP, hence
/// the attempts.
async fn bind_both() -> Result<(TcpListener, UdpSocket)> {
    let mut last = None;
    for _ in 0..BIND_ATTEMPTS {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.context("no attempt was made")?).context("no port is free for both TCP and UDP")
}

struct Handler {
    source: Arc<dyn RecordSource>,
}

impl Handler {
    fn answer(&self, request: &Request) -> DnsAnswer {
        if request.metadata.op_code != OpCode::Query {
            return DnsAnswer::bare(ResponseCode::NotImp);
        }
        let Ok(info) = request.request_info() else {
            return DnsAnswer::bare(ResponseCode::FormErr);
        };
        let name = info.query.name().to_string();
        answer(&*self.source, name.trim_end_matches('.'), info.query.query_type())
    }
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let answer = self.answer(request);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = answer.code;
        metadata.authoritative = answer.authoritative;

        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD.min(request.max_payload())).set_version(0);
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if request.edns.is_some() {
            builder.edns(&edns);
        }
        let response = builder.build(metadata, &answer.answers, [], &answer.authority, []);
        // The client may be gone already, which is not an error.
        response_handle.send_response(response).await.unwrap_or_else(|_| {
            ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() })
        })
    }
}
