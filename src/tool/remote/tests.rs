use super::double::{Double, ok, reply};
use super::*;
use crate::ids::RegionId;

const TOKEN: &str = "tok-0123456789-abcdefghij";
/// Long enough for a reply of this machine, short enough to wait for.
const SOON_MS: Millis = 2_000;

fn at(url: Option<&str>, token: &str, variable: &str) -> Result<Remote, String> {
    let set = |name: &str| match name {
        "POINTSMAN_TOKEN" => Some(token.to_owned()),
        "POINTSMAN_URL" => Some(variable.to_owned()),
        _ => None,
    };
    Remote::at(url, &set, SOON_MS)
}

fn remote(base: &str) -> Remote {
    at(Some(base), TOKEN, "").unwrap()
}

fn get(replies: &str) -> Result<Value, RemoteError> {
    let double = Double::giving([replies.to_owned()]);
    remote(&double.base).get("status")
}

fn refused(status: &str, headers: &str, body: &str) -> RemoteError {
    get(&reply(status, headers, body)).unwrap_err()
}

fn drain() -> Act {
    Act::Drain { region: RegionId::parse("eu-west").unwrap(), service: None }
}

fn deed(act: &Act) -> Deed<'_> {
    Deed { act, reason: "a disk fails", from: None, until: None, is_dry: false }
}

#[test]
fn a_read_carries_the_token_and_our_name() {
    let double = Double::giving([ok(r#"{"generation": 7}"#)]);
    let value = remote(&double.base).get("audit?from=3").unwrap();
    assert_eq!(value["generation"], 7);
    let [asked] = double.asked().try_into().unwrap();
    let asked = asked.to_ascii_lowercase();
    assert!(asked.starts_with("get /.pointsman/v1/audit?from=3 http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("\r\nauthorization: bearer {TOKEN}\r\n")), "{asked}");
    assert!(asked.contains("\r\nuser-agent: pointsman/"), "{asked}");
}

#[test]
fn an_act_says_what_and_why_and_never_who() {
    let double =
        Double::giving([ok(r#"{"order": 4, "changes": ["x"], "notes": [], "is_dry": true}"#)]);
    let act = drain();
    let until = Some(Timestamp::from_millis(60_000));
    let deed = Deed { until, is_dry: true, ..deed(&act) };
    let acted = remote(&double.base).act(&deed).unwrap();
    assert_eq!((acted.order, acted.is_dry), (Some(4), true));
    let [asked] = double.asked().try_into().unwrap();
    assert!(asked.starts_with("POST /.pointsman/v1/acts HTTP/1.1\r\n"), "{asked}");
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(head.to_ascii_lowercase().contains("\r\ncontent-type: application/json"), "{head}");
    let expected = r#"{"act":{"drain":{"region":"eu-west"}},"reason":"a disk fails","#;
    let expected = format!(r#"{expected}"until":"1970-01-01T00:01:00.000Z","is_dry":true}}"#);
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, serde_json::from_str::<Value>(&expected).unwrap());
}

#[test]
fn an_act_whose_answer_is_lost_is_sent_once_more_with_the_same_key() {
    let double =
        Double::giving([String::new(), ok(r#"{"changes": [], "notes": [], "is_dry": false}"#)]);
    remote(&double.base).act(&deed(&drain())).unwrap();
    let keys: Vec<String> = double.asked().iter().map(|asked| key(asked)).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    let double = Double::giving([ok(r#"{"changes": [], "notes": [], "is_dry": false}"#)]);
    remote(&double.base).act(&deed(&drain())).unwrap();
    assert_ne!(key(&double.asked()[0]), keys[0], "another act has another key");
}

fn key(asked: &str) -> String {
    let line = asked.lines().find(|line| line.to_ascii_lowercase().starts_with("idempotency-key"));
    line.unwrap().split_once(": ").unwrap().1.to_owned()
}

#[test]
fn each_refusal_says_plainly_what_it_is_and_what_the_worker_says_of_it() {
    let problem = |code: &str| format!(r#"{{"code": "{code}", "detail": "the detail"}}"#);
    for (status, code, said) in [
        ("400 Bad Request", "invalid", "it is refused: the detail"),
        ("401 Unauthorized", "unauthorized", "POINTSMAN_TOKEN is not accepted: the detail"),
        ("403 Forbidden", "forbidden", "the token's role may not do this: the detail"),
        ("404 Not Found", "not_found", "answers 404: the detail"),
        ("404 Not Found", "no_page", "no admin API answers at this URL: the detail"),
        ("503 Service Unavailable", "off", "the admin API is off: the detail"),
        ("409 Conflict", "conflict", "as things stand it cannot be done: the detail"),
        ("429 Too Many Requests", "too_many", "answers 429: the detail"),
        ("503 Service Unavailable", "unavailable", "is unavailable; try again: the detail"),
        ("500 Internal Server Error", "internal", "answers 500: it is refused: the detail"),
    ] {
        let error = refused(status, "", &problem(code));
        assert_eq!(error.code.as_deref(), Some(code));
        assert!(error.text.contains(said), "{error}");
        assert_eq!(error.status, status[..3].parse().ok());
    }
    let error = refused("429 Too Many Requests", "retry-after: 17\r\n", "");
    assert!(error.text.ends_with("try again in 17 s"), "{error}");
    let error = refused("404 Not Found", "", "<html>");
    assert!(error.text.contains("no admin API answers at this URL"), "{error}");
}

#[test]
fn a_redirect_is_not_followed() {
    let (elsewhere, headers) = (Double::giving([]), "location: https://elsewhere.example/\r\n");
    let error = refused("302 Found", headers, "");
    assert!(error.text.contains("redirects to https://elsewhere.example/"), "{error}");
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_reply_may_have_so_many_bytes_and_no_more() {
    let most = usize::try_from(REPLY_BYTES_MAX).unwrap();
    for (bytes, fits) in [(most - 1, true), (most, true), (most + 1, false)] {
        let body = format!("\"{}\"", "x".repeat(bytes - 2));
        match get(&ok(&body)) {
            Ok(_) => assert!(fits, "{bytes}"),
            Err(error) => assert!(!fits && error.text.contains("exceeds 8388608 bytes"), "{error}"),
        }
    }
}

#[test]
fn what_is_no_json_or_no_answer_to_an_act_is_told_as_such() {
    let error = get(&ok("<html>")).unwrap_err();
    assert!(error.text.contains("is none of Pointsman's"), "{error}");
    let double = Double::giving([ok(r#"{"changes": 3}"#)]);
    let error = remote(&double.base).act(&deed(&drain())).unwrap_err();
    assert!(error.text.contains("is none of Pointsman's"), "{error}");
}

#[test]
fn a_reply_that_does_not_come_is_not_waited_for_for_ever() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let set = |name: &str| (name == "POINTSMAN_TOKEN").then(|| TOKEN.to_owned());
    let error = Remote::at(Some(&base), &set, 20).unwrap().get("status").unwrap_err();
    assert!(error.text.ends_with("no answer within 20 ms"), "{error}");
    drop(listener);
    let error = remote(&base).get("status").unwrap_err();
    assert!(error.text.contains(": no connection: "), "{error}");
}

#[test]
fn neither_the_token_nor_control_characters_are_printed() {
    let body = format!(r#"{{"code": "invalid", "detail": "{TOKEN} is bad\u001b[2J"}}"#);
    let error = refused("400 Bad Request", "", &body);
    assert!(error.text.contains("[redacted] is bad [2J"), "{error}");
    assert!(!format!("{:?}", remote("https://a.example")).contains(TOKEN));
}

#[test]
fn a_long_detail_is_cut() {
    for (length, is_cut) in [(DETAIL_BYTES_MAX, false), (DETAIL_BYTES_MAX + 1, true)] {
        let body = format!(r#"{{"code": "invalid", "detail": "{}"}}"#, "d".repeat(length));
        let error = refused("400 Bad Request", "", &body);
        assert_eq!(error.text.ends_with('…'), is_cut);
        assert_eq!(error.text.matches('d').count() - 1, DETAIL_BYTES_MAX, "{}", error.text.len());
    }
}

#[test]
fn the_option_goes_before_the_variable_and_both_may_name_the_api_itself() {
    let base = |option, variable| at(option, TOKEN, variable).unwrap().base;
    let expected = "https://a.example.com/.pointsman/v1";
    assert_eq!(base(Some("https://a.example.com/"), "https://b.example.com"), expected);
    assert_eq!(base(None, "https://a.example.com/.pointsman/v1/"), expected);
    assert!(at(None, TOKEN, "").unwrap_err().contains("POINTSMAN_URL"));
}

#[test]
fn the_token_travels_encrypted_or_not_at_all() {
    for base in ["https://a.example.com", "http://127.0.0.1:8787", "http://localhost:8787"] {
        assert!(at(Some(base), TOKEN, "").is_ok(), "{base}");
    }
    for base in ["http://a.example.com", "http://192.0.2.1", "ftp://a.example.com", "a"] {
        let refused = at(Some(base), TOKEN, "").unwrap_err();
        assert!(!refused.contains(TOKEN), "{refused}");
    }
    for (token, said) in [("", "is not set"), ("a b", "cannot be"), ("ü", "cannot be")] {
        assert!(at(Some("https://a.example.com"), token, "").unwrap_err().contains(said));
    }
}
