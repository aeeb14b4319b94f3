//! A client that works like `dig`: one question, UDP first, TCP if the answer is truncated.
use anyhow::{Context, Result, bail};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long an answer may take; loopback needs a millisecond.
const ANSWER_BOUND: Duration = Duration::from_secs(5);
/// The largest answer over UDP to a question without EDNS. Source: RFC 1035 section 4.2.1.
const UDP_MAX: usize = 512;

/// Asks one question and returns the data of every record in the answer, like `dig +short`: the
/// chain of `CNAME`s first, host names with their final dot, texts in quotes. A name that does not
/// exist has no data.
///
/// **Errors**: no answer within 5 s, or a response code other than `NOERROR` and `NXDOMAIN`.
pub async fn lookup(server: SocketAddr, name: &str, kind: &str) -> Result<Vec<String>> {
    let answer = ask(server, name, kind).await?;
    match answer.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        code => bail!("{server} answered `{code}` to {name} {kind}"),
    }
    Ok(answer.answers.iter().map(|record| short(&record.data)).collect())
}

/// Asks one question and returns the whole answer.
///
/// **Errors**: `name` or `kind` are not DNS, or no answer came within 5 s.
pub async fn ask(server: SocketAddr, name: &str, kind: &str) -> Result<Message> {
    let mut name = Name::from_utf8(name).with_context(|| format!("bad name `{name}`"))?;
    name.set_fqdn(true);
    let kind: RecordType = kind.parse().with_context(|| format!("bad record type `{kind}`"))?;
    let mut question = Message::query();
    question.add_query(Query::query(name, kind));
    let exchange = async {
        let answer = over_udp(server, &question).await?;
        if answer.metadata.truncation { over_tcp(server, &question).await } else { Ok(answer) }
    };
    timeout(ANSWER_BOUND, exchange).await.with_context(|| format!("{server} did not answer"))?
}

async fn over_udp(server: SocketAddr, question: &Message) -> Result<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(server).await?;
    socket.send(&question.to_vec()?).await?;
    let mut buffer = [0; UDP_MAX];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = Message::from_vec(&buffer[..length])?;
        if answer.metadata.id == question.metadata.id {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Message) -> Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let bytes = question.to_vec()?;
    stream.write_u16(u16::try_from(bytes.len())?).await?;
    stream.write_all(&bytes).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(Message::from_vec(&answer)?)
}

fn short(data: &RData) -> String {
    let RData::TXT(txt) = data else { return data.to_string() };
    let quoted = |chunk: &[u8]| {
        let escaped = String::from_utf8_lossy(chunk).replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    };
    txt.txt_data.iter().map(|chunk| quoted(chunk)).collect::<Vec<_>>().join(" ")
}
