//! The client against servers that do as they are told.

use super::super::access::Access;
use super::super::client::Client;
use crate::cloudflare::{Call, Method, REPLY_BYTES_MAX, Reply};
use crate::secret::Secret;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

const TOKEN: &str = "tok-0123456789-abcdefghij";
/// Long enough for a reply of this machine, short enough to wait for.
const SOON_MS: u64 = 2_000;

/// A server that answers one call with these bytes, and tells what it was asked.
fn server(reply: impl Into<Vec<u8>>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/base", listener.local_addr().unwrap());
    let reply = reply.into();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut bytes = [0; 1024];
        while !asked.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut bytes).unwrap();
            asked.extend_from_slice(&bytes[..read]);
        }
        // A client that has seen enough hangs up, which is its right.
        let _ = stream.write_all(&reply);
        String::from_utf8(asked).unwrap()
    });
    (base, asked)
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

fn client(base: &str) -> Client {
    let access = Access { base: base.to_owned(), token: secret(), is_local: true };
    Client::with_timeout(access, SOON_MS)
}

fn secret() -> Secret {
    Secret::new(TOKEN.to_owned())
}

fn get(base: &str) -> Reply {
    client(base).call(&Call::get("/zones?name=example.com".to_owned()))
}

fn access(base: Option<&str>, token: &str, base_variable: &str) -> Result<Access, String> {
    Access::of(base, &|name| match name {
        "CLOUDFLARE_API_TOKEN" => Some(token.to_owned()),
        "CLOUDFLARE_API_BASE" => Some(base_variable.to_owned()),
        _ => None,
    })
}

#[test]
fn a_call_that_could_change_something_is_never_sent() {
    let client = client("http://127.0.0.1:1");
    let path = || "/zones".to_owned();
    let calls = [
        Call { method: Method::Patch, path: path(), body: None },
        Call { method: Method::Post, path: path(), body: None },
        Call { method: Method::Delete, path: path(), body: None },
        Call { method: Method::Get, path: path(), body: Some(serde_json::json!({})) },
        Call::get(".example.com/zones".to_owned()),
    ];
    for call in calls {
        let Reply::Lost(why) = client.call(&call) else { panic!("{call:?} was answered") };
        assert!(why.contains("a plan only reads"), "{call:?}: {why}");
    }
}

#[test]
fn a_read_carries_the_token_and_our_name() {
    let (base, asked) = server(http("200 OK", "", "{}"));
    let reply = get(&base);
    let body = "{}".to_owned();
    assert_eq!(reply, Reply::Answered { status: 200, retry_after_s: None, body });
    let asked = asked.join().unwrap().to_ascii_lowercase();
    assert!(asked.starts_with("get /base/zones?name=example.com http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("\r\nauthorization: bearer {TOKEN}\r\n")), "{asked}");
    assert!(asked.contains("\r\nuser-agent: pointsman/"), "{asked}");
}

#[test]
fn a_redirect_is_not_followed() {
    let (elsewhere, _) = server("");
    let (base, _) = server(http("302 Found", &format!("location: {elsewhere}\r\n"), ""));
    assert!(matches!(get(&base), Reply::Answered { status: 302, .. }));
}

#[test]
fn how_long_to_wait_is_passed_on() {
    let (base, _) = server(http("429 Too Many Requests", "retry-after: 17\r\n", ""));
    assert!(matches!(get(&base), Reply::Answered { status: 429, retry_after_s: Some(17), .. }));
}

#[test]
fn a_reply_that_is_too_long_is_none() {
    for (bytes, fits) in [(REPLY_BYTES_MAX, true), (REPLY_BYTES_MAX + 1, false)] {
        let (base, _) = server(http("200 OK", "", &" ".repeat(bytes)));
        match get(&base) {
            Reply::Answered { .. } => assert!(fits, "{bytes} bytes were read"),
            Reply::Lost(why) => {
                assert!(!fits && why.contains("larger than 4194304 bytes"), "{why}");
            }
        }
    }
}

#[test]
fn a_reply_that_does_not_come_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let access = Access { base, token: secret(), is_local: true };
    let reply = Client::with_timeout(access, 20).call(&Call::get("/zones".to_owned()));
    assert_eq!(reply, Reply::Lost("timed out after 20 ms".to_owned()));
}

#[test]
fn nobody_who_listens_is_told_as_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let Reply::Lost(why) = get(&base) else { panic!("somebody answered") };
    assert!(why.starts_with("no connection: "), "{why}");
}

#[test]
fn in_clear_nothing_is_asked_of_another_machine() {
    let access = Access { base: "http://192.0.2.1".to_owned(), token: secret(), is_local: false };
    let reply = Client::with_timeout(access, SOON_MS).call(&Call::get("/zones".to_owned()));
    let Reply::Lost(why) = reply else { panic!("somebody answered") };
    assert!(why.contains("https"), "{why}");
}

#[test]
fn a_reply_that_says_the_token_is_told_without_it_however_it_says_it() {
    let escaped = TOKEN.replace('t', "\\u0074").replace('-', "\\u002d");
    let bodies = [
        format!(r#"{{"errors":[{{"message":"{TOKEN} is bad"}}],"{TOKEN}":1}}"#),
        format!(r#"{{"errors":[["{escaped}","x{escaped}"]]}}"#),
        format!("<html>{TOKEN}</html>"),
    ];
    for body in bodies {
        let (base, _) = server(http("403 Forbidden", "", &body));
        let Reply::Answered { body: told, .. } = get(&base) else { panic!("no answer") };
        assert!(told.contains("[redacted]"), "{told}");
        assert!(!told.contains(TOKEN) && !told.contains("u0074"), "{told}");
    }
    let (base, _) = server(http("200 OK", "", "{\"b\": 1.50, \"a\": []}"));
    let Reply::Answered { body, .. } = get(&base) else { panic!("no answer") };
    assert_eq!(body, "{\"b\": 1.50, \"a\": []}", "what does not say it is left alone");
}

#[test]
fn the_token_travels_encrypted_or_not_at_all() {
    for (base, is_local) in [
        ("https://api.example.com/client/v4", false),
        ("https://127.0.0.1", false),
        ("http://127.0.0.1:8080/client/v4", true),
        ("http://127.8.9.1", true),
        ("http://[::1]:8080", true),
        ("http://LocalHost:8080", true),
    ] {
        assert_eq!(access(Some(base), TOKEN, "").unwrap().is_local, is_local, "{base}");
    }
    for (base, said) in [
        ("http://api.example.com", "would be sent to `api.example.com` unencrypted"),
        ("http://localhost.example.com", "unencrypted"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("http://192.0.2.1", "unencrypted"),
        ("http://[2001:db8::1]", "unencrypted"),
        ("http://127.0.0.1@api.example.com", "nothing else"),
        ("https://api.example.com?a=b", "nothing else"),
        ("https://api.example.com#a", "nothing else"),
        ("ftp://127.0.0.1", "begin with `https://`"),
        ("127.0.0.1:8080", "not a base URL"),
        ("api.example.com", "begin with `https://`"),
        ("/client/v4", "nothing else"),
        ("https://", "not a base URL"),
    ] {
        let refused = access(Some(base), TOKEN, "").unwrap_err();
        assert!(refused.contains(said), "{base}: {refused}");
    }
    let refused = access(Some(&format!("http://{TOKEN}")), TOKEN, "").unwrap_err();
    assert!(!refused.contains(TOKEN) && refused.contains("[redacted]"), "{refused}");
}

#[test]
fn the_option_goes_before_the_variable_and_that_before_the_public_api() {
    let base = |option, variable| access(option, TOKEN, variable).unwrap().base;
    let both = base(Some("https://a.example.com/v4/"), "https://b.example.com");
    assert_eq!(both, "https://a.example.com/v4");
    assert_eq!(base(None, "https://b.example.com"), "https://b.example.com");
    assert_eq!(base(None, ""), "https://api.cloudflare.com/client/v4");
}

#[test]
fn a_token_of_twelve_characters_is_long_enough() {
    for token in ["12-of-12----", "13-of-12-----"] {
        assert!(access(None, token, "").is_ok(), "{token}");
    }
}

#[test]
fn what_cannot_be_a_token_is_not_sent_and_not_shown() {
    for (token, said) in [
        ("", "is not set"),
        ("too-short", "cannot be"),
        ("11-of-12---", "at least 12 characters"),
        ("with a space in its middle", "cannot be"),
        ("with-a-line-end-behind-it\n", "cannot be"),
        ("with-an-ümlaut-0123456789", "cannot be"),
    ] {
        let refused = access(None, token, "").unwrap_err();
        assert!(refused.contains(said), "{token}: {refused}");
        assert!(token.is_empty() || !refused.contains(token), "{refused}");
    }
}
