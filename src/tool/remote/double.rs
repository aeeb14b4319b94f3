//! A server that does as it is told, in place of the deployed Worker.

use crate::time::Timestamp;
use crate::tool::{Exit, Terminal, run};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

/// A server on this machine.
#[derive(Debug)]
pub(in crate::tool) struct Double {
    /// Its base URL.
    pub(in crate::tool) base: String,
    asked: JoinHandle<Vec<String>>,
}

impl Double {
    /// A server that gives these replies, one a connection, in this order.
    pub(in crate::tool) fn giving(replies: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let replies: Vec<String> = replies.into_iter().collect();
        let asked = thread::spawn(move || {
            let answer = |reply: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let asked = request(&mut stream);
                // A client that has seen enough hangs up, which is its right.
                let _ = stream.write_all(reply.as_bytes());
                asked
            };
            replies.into_iter().map(answer).collect()
        });
        Self { base, asked }
    }

    /// What it was asked, once all its replies are given.
    pub(in crate::tool) fn asked(self) -> Vec<String> {
        self.asked.join().unwrap()
    }
}

/// How a command ended, and what it printed to each stream. It is given this standard input, and
/// the URL of a Worker, as `POINTSMAN_URL` has it.
pub(in crate::tool) fn command(
    args: &[&str],
    input: &str,
    url: &str,
    now: Timestamp,
) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        input: &mut input.as_bytes(),
        out: &mut out,
        err: &mut err,
        colour: false,
        clock: &|| now,
        variable: &|name| match name {
            "POINTSMAN_TOKEN" => Some("token-of-whoever-asks".to_owned()),
            "POINTSMAN_URL" => Some(url.to_owned()),
            _ => None,
        },
    };
    let exit = run(["pointsman"].iter().chain(args).map(OsString::from), &mut terminal);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// A reply with a status such as `200 OK`, further headers that end with a line end, and a body.
pub(in crate::tool) fn reply(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// A good reply with this body.
pub(in crate::tool) fn ok(body: &str) -> String {
    reply("200 OK", "content-type: application/json\r\n", body)
}

fn request(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    let mut bytes = [0; 1024];
    loop {
        let text = String::from_utf8_lossy(&asked).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut length = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length: usize = length.next().map_or(0, |(_, value)| value.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut bytes).unwrap() {
            0 => return text,
            read => asked.extend_from_slice(&bytes[..read]),
        }
    }
}
