//! Health pages in every form in which servers send them, and what a probe of ours says of each.
use crate::scripted::{End, Reply, ScriptedOrigin, chunk, raw};
use anyhow::Result;
use serde_json::{Map, Value, json};

/// What a probe reads of a body.
const LIMIT: usize = 10 * 1024;
/// Most members of a composite monitor.
const MEMBERS_MAX: usize = 16;
/// How long a probe waits for a page.
pub const TIMEOUT_MS: u32 = 1_500;
/// The text that pages have.
pub const WORD: &str = "alive";

const GZIP: &str = "1f8b08000000000000034bccc95148ccc92c4bd55148c4c2e40200bfee153620000000";
const ZLIB: &str = "789c4bccc95148ccc92c4bd55148c4c2e40200b7100ae1";
const DEFLATE: &str = "4bccc95148ccc92c4bd55148c4c2e40200";
const BROTLI: &str = "1b1f00f88dd44ef9c34ed50a2c61769a0d24ad6c2932540430a3fc1900";
const ZSTD: &str = "28b52ffd045895000060616c6c20616c6976652c200a0100a68b1797152098";

/// What is asked of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// This text.
    Text(&'static str),
    /// `alive` at this pointer of a JSON document.
    Json(&'static str),
}

/// One form of a health page.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its path, without the slash. Also the id of a monitor.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What is asked of it.
    pub asks: Asks,
    /// Why a probe of ours fails; `None`: it passes.
    pub fails: Option<&'static str>,
    /// What is sent.
    pub reply: Reply,
}

/// A config whose one origin, on this port, has a monitor for each page.
#[must_use]
pub fn config(port: u16) -> Value {
    let mut monitors = Map::new();
    for case in cases() {
        let expect = match case.asks {
            Asks::Text(text) => json!({"body_contains": text}),
            Asks::Json(pointer) => json!({"json": {pointer: WORD}}),
        };
        let path = format!("/{}", case.name);
        let monitor = json!({
            "path": path, "expect": expect, "interval_s": 60, "timeout_ms": TIMEOUT_MS,
            "rise": 1, "fall": 1, "damping": {"half_life_s": 0},
        });
        monitors.insert(case.name.to_owned(), monitor);
    }
    let names: Vec<String> = monitors.keys().cloned().collect();
    let groups = names.chunks(MEMBERS_MAX).enumerate();
    let groups: Map<String, Value> =
        groups.map(|(n, names)| (format!("group-{n}"), json!({ "all": names }))).collect();
    let of: Vec<&String> = groups.keys().collect();
    monitors.insert("all".to_owned(), json!({ "all": of }));
    monitors.extend(groups);
    json!({
        "version": 1,
        "regions": {"eu": {
            "country": "IE",
            "origins": [{"id": "eu-1", "url": format!("http://localhost:{port}")}],
        }},
        "monitors": monitors,
        "observer": {"controls": []},
        "services": {"web": {"hosts": ["www.example.com"], "monitor": "all", "regions": ["eu"]}},
        "limits": {"probes_per_run": 2000},
    })
}

/// Starts an origin that has all pages.
///
/// **Errors**: there is no free port.
pub async fn start() -> Result<ScriptedOrigin> {
    let cases = cases();
    ScriptedOrigin::start(move |head, _| {
        let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
        let case = cases.iter().find(|case| case.name == path);
        case.map_or_else(|| Reply::of(404, &[], b"no such page"), |case| case.reply.clone())
    })
    .await
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    [texts(), documents(), packed(), streams(), long(), lost()].concat()
}

fn case(
    name: &'static str,
    about: &'static str,
    asks: Asks,
    fails: Option<&'static str>,
    reply: Reply,
) -> Case {
    Case { name, about, asks, fails, reply }
}

fn text(name: &'static str, about: &'static str, reply: Reply) -> Case {
    case(name, about, Asks::Text(WORD), None, reply)
}

fn texts() -> Vec<Case> {
    let latin = "content-type: text/plain; charset=iso-8859-1";
    let foreign = "content-type: text/plain; charset=klingon";
    vec![
        text("text", "plain text", Reply::of(200, &["content-type: text/plain"], b"all alive")),
        text("capitals", "plain text in capitals", Reply::of(200, &[], b"ALL ALIVE")),
        text(
            "until-close",
            "a body without a length",
            Reply { bytes: raw(200, &[], b"all alive"), end: End::Close },
        ),
        text(
            "in-chunks",
            "the text is split between two chunks",
            Reply {
                bytes: raw(
                    200,
                    &["transfer-encoding: chunked"],
                    &[chunk(b"all al"), chunk(b"ive"), chunk(b"")].concat(),
                ),
                end: End::Close,
            },
        ),
        case(
            "latin-1",
            "the text `até` in ISO 8859-1, and a header that says so",
            Asks::Text("até"),
            None,
            Reply::of(200, &[latin], b"at\xe9"),
        ),
        case(
            "charset-unknown",
            "a charset that nobody knows",
            Asks::Text(WORD),
            Some("response body in an encoding that is not read (status 200)"),
            Reply::of(200, &[foreign], b"all alive"),
        ),
        case(
            "empty",
            "an empty body",
            Asks::Text(WORD),
            Some("response body is empty (status 200)"),
            Reply::of(200, &[], b""),
        ),
    ]
}

fn documents() -> Vec<Case> {
    const DOCUMENT: &str = r#"{"status": "alive"}"#;
    let json = "content-type: application/json";
    let wide: Vec<u8> = DOCUMENT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at = Asks::Json("/status");
    vec![
        case("json", "JSON", at, None, Reply::of(200, &[json], DOCUMENT.as_bytes())),
        case("json-bom", "JSON after a byte order mark", at, None, {
            Reply::of(200, &[json], &[b"\xef\xbb\xbf", DOCUMENT.as_bytes()].concat())
        }),
        case("json-utf-16", "JSON in UTF-16 after its byte order mark", at, None, {
            Reply::of(200, &[json], &[b"\xff\xfe", wide.as_slice()].concat())
        }),
        case(
            "json-text",
            "JSON that is one text",
            Asks::Json(""),
            None,
            Reply::of(200, &[json], b"\"alive\""),
        ),
        case(
            "json-lines",
            "two JSON documents",
            at,
            Some("response is not JSON (status 200)"),
            Reply::of(200, &[], format!("{DOCUMENT}\n{DOCUMENT}\n").as_bytes()),
        ),
        case(
            "html",
            "HTML where JSON is expected",
            at,
            Some("response is HTML or XML and not JSON (status 200)"),
            Reply::of(200, &["content-type: text/html"], b"<html>alive</html>"),
        ),
    ]
}

fn packed() -> Vec<Case> {
    let of = |encoding: &str, hex: &str| {
        let encoding = format!("content-encoding: {encoding}");
        Reply::of(200, &[&encoding], &bytes(hex))
    };
    let unread = Some("response body in an encoding that is not read (status 200)");
    vec![
        text("gzip", "gzip", of("gzip", GZIP)),
        text("gzip-capitals", "gzip, said in capitals", of("GZIP", GZIP)),
        text("x-gzip", "gzip by its old name", of("x-gzip", GZIP)),
        text("br", "Brotli", of("br", BROTLI)),
        text("deflate", "deflate as RFC 9110 has it", of("deflate", ZLIB)),
        text("deflate-raw", "deflate without its head", of("deflate", DEFLATE)),
        case("zstd", "Zstandard, unasked", Asks::Text(WORD), unread, of("zstd", ZSTD)),
        case("gzip-twice", "two encodings", Asks::Text(WORD), unread, of("gzip, br", GZIP)),
        case(
            "gzip-cut",
            "gzip that is cut",
            Asks::Text(WORD),
            Some("response body broke off or does not decompress (status 200)"),
            of("gzip", &GZIP[..40]),
        ),
        case(
            "gzip-not",
            "plain text that says gzip",
            Asks::Text(WORD),
            Some("response body broke off or does not decompress (status 200)"),
            Reply::of(200, &["content-encoding: gzip"], b"all alive"),
        ),
    ]
}

fn streams() -> Vec<Case> {
    let head = ["content-type: text/event-stream", "transfer-encoding: chunked"];
    let stream = |pieces: &[&[u8]]| Reply {
        bytes: raw(200, &head, &chunk(b"data: hello\n\n")),
        end: End::Stream(pieces.iter().map(|piece| chunk(piece)).collect()),
    };
    let late = Some("response body did not end in time (status 200)");
    vec![
        text("stream", "a stream without end", stream(&[b"data: tick\n\n", b"data: alive\n\n"])),
        case(
            "stream-silent",
            "a stream without end and without the text",
            Asks::Text(WORD),
            late,
            stream(&[b"data: tick\n\n"]),
        ),
        case(
            "stream-json",
            "JSON at the beginning of a stream without end",
            Asks::Json("/status"),
            late,
            Reply { bytes: raw(200, &head, &chunk(br#"{"status": "alive"}"#)), end: End::Silence },
        ),
    ]
}

fn long() -> Vec<Case> {
    let padded = |before: usize, after: usize| {
        let body = format!("{}{WORD}{}", " ".repeat(before), " ".repeat(after));
        Reply::of(200, &[], body.as_bytes())
    };
    let too_long = Some("response body too long: 10 KiB of it are read (status 200)");
    let last = LIMIT - WORD.len();
    let document = format!(r#"{{"status": "alive", "more": "{}"}}"#, "x".repeat(2 * LIMIT));
    vec![
        text("long", "100 KiB that begin with the text", padded(0, 10 * LIMIT)),
        text("long-last", "the text at the end of 10 KiB", padded(last, 0)),
        case("long-split", "the text over the end of 10 KiB", Asks::Text(WORD), too_long, {
            padded(last + 1, 0)
        }),
        case("long-behind", "the text behind 12 KiB", Asks::Text(WORD), too_long, {
            padded(12 * 1024, 0)
        }),
        case("long-json", "20 KiB of JSON", Asks::Json("/status"), too_long, {
            Reply::of(200, &["content-type: application/json"], document.as_bytes())
        }),
    ]
}

fn lost() -> Vec<Case> {
    let broken = Some("response body broke off or does not decompress (status 200)");
    vec![
        case(
            "cut",
            "a body that ends before its length, after the text",
            Asks::Text(WORD),
            broken,
            Reply { bytes: raw(200, &["content-length: 100"], b"all alive"), end: End::Close },
        ),
        case(
            "cut-chunk",
            "chunks that end before the last, without the text",
            Asks::Text(WORD),
            broken,
            {
                let body = chunk(b"all dead");
                Reply { bytes: raw(200, &["transfer-encoding: chunked"], &body), end: End::Close }
            },
        ),
    ]
}

/// Bytes that are written as hexadecimal digits.
fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs.filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
