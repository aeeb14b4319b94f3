//! Everything that crosses between wasm and JavaScript, held against `tests/wire/golden.json`.
//! `tests/wire/wire.test.mjs` holds the other side against the same file.

use super::*;
use crate::config::Asked;
use crate::http::Response;

/// The golden file, one section of it.
fn golden(section: &str) -> Value {
    let text = include_str!("../../../tests/wire/golden.json");
    serde_json::from_str::<Value>(text).unwrap()[section].take()
}

/// The text of a question, as the shell writes it.
pub(super) fn text(lines: &QuestionLines<'_>) -> String {
    let QuestionLines { version, reason, fetched, elapsed_ms, trail, .. } = *lines;
    let QuestionLines { method, url, body, id, country, colo, .. } = *lines;
    let QuestionLines { latitude, longitude, client, accept, hops, subdivision, .. } = *lines;
    let mut text = [
        version,
        reason,
        fetched,
        elapsed_ms,
        trail,
        method,
        url,
        body,
        id,
        country,
        colo,
        latitude,
        longitude,
        client,
        accept,
        hops,
        subdivision,
    ]
    .join("\n");
    for header in &lines.headers {
        text.push('\n');
        text.push_str(header.unwrap_or("\0"));
    }
    text
}

/// The number that stands for what was fetched.
pub(super) fn number(fetched: Fetched<'_>) -> u32 {
    let is_same = |number: &u32| kind(Fetched::from_number(*number, None)) == kind(fetched);
    (0..4).find(is_same).unwrap()
}

fn kind(fetched: Fetched<'_>) -> std::mem::Discriminant<Fetched<'_>> {
    std::mem::discriminant(&fetched)
}

/// The lines of a text.
fn lines(text: &str) -> Value {
    text.split('\n').collect()
}

/// The text whose lines a case has.
fn joined(case: &Value) -> String {
    let lines = case["text"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_number_that_crosses_has_the_name_that_the_golden_file_gives_it() {
    let reason = |number| format!("{:?}", AskReason::from_number(number));
    let reasons: Value = (0..11).map(|number| (reason(number), json!(number))).collect();
    assert_eq!(reasons, golden("reasons"));
    assert_eq!(AskReason::from_number(11), AskReason::First, "there are no more of them");
    for number in 0..11 {
        assert_eq!(AskReason::from_number(number).number(), number);
    }
    let fetched = |number| {
        let name = format!("{:?}", Fetched::from_number(number, None));
        (name.trim_end_matches("(None)").to_owned(), json!(number))
    };
    assert_eq!((0..4).map(fetched).collect::<Value>(), golden("fetched"));
    let sendings = [Sending::Once, Sending::Kept, Sending::KeptInPieces];
    let sendings = sendings.map(|sending| (format!("{sending:?}"), json!(sending.number())));
    assert_eq!(sendings.into_iter().collect::<Value>(), golden("sendings"));
    assert_eq!(Fetched::from_number(4, None), Fetched::Nothing, "there are no more of them");
}

#[test]
fn each_question_of_the_golden_file_is_read_field_by_field() {
    let cases = golden("questions");
    for case in cases.as_array().unwrap() {
        let text = joined(case);
        let lines = QuestionLines::split(&text).unwrap();
        assert_eq!(question(&lines), case["named"], "{}", case["name"]);
        assert_eq!(self::text(&lines), text, "{}", case["name"]);
    }
    assert!(cases.as_array().unwrap().len() >= 3);
}

/// A question as JavaScript has it.
fn question(lines: &QuestionLines<'_>) -> Value {
    let number = |text: &str| text.parse::<u64>().unwrap();
    json!({
        "version": number(lines.version),
        "reason": number(lines.reason),
        "fetched": number(lines.fetched),
        "elapsedMs": number(lines.elapsed_ms),
        "trail": lines.trail,
        "method": lines.method,
        "url": lines.url,
        "body": lines.body,
        "id": lines.id,
        "country": lines.country,
        "colo": lines.colo,
        "latitude": lines.latitude,
        "longitude": lines.longitude,
        "client": lines.client,
        "accept": lines.accept,
        "hops": lines.hops,
        "subdivision": lines.subdivision,
        "headers": lines.headers,
    })
}

#[test]
fn a_question_with_a_line_too_few_or_too_many_is_malformed() {
    let names = vec!["x-tenant".to_owned()];
    let whole = Asking { headers: &[Some("acme")], ..GET }.question(3, FIRST);
    let parse = |text: &str| Question::parse(text, None, 3, &names).map(|_| ());
    assert_eq!(parse(&whole), Ok(()));
    assert_eq!(parse(&format!("{whole}\n")), Err(BadQuestion::Malformed));
    let mut short = whole.as_str();
    while let Some((shorter, _)) = short.rsplit_once('\n') {
        assert_eq!(parse(shorter), Err(BadQuestion::Malformed), "{shorter:?}");
        short = shorter;
    }
}

#[test]
fn each_instruction_is_written_as_the_golden_file_has_it() {
    let cases = instructions().into_iter().map(|(name, instruction)| {
        let text = lines(&instruction.text());
        json!({"name": name, "text": text, "named": named(&instruction)})
    });
    let (written, golden) = (cases.collect::<Value>(), golden("instructions"));
    assert!(written == golden, "the golden file has others than these:\n{written:#}");
}

/// Every kind of instruction, with everything in it and with nothing in it.
fn instructions() -> Vec<(&'static str, Instruction)> {
    let token = |origin| Token { service: 0, region: 1_794, revision: 1, origin };
    let full = Try {
        token: token(3),
        trail: " https://eu-1.example.net https://eu-2.example.net".to_owned(),
        url: "https://eu-2.example.net/a%20b?c=%20+&d==".to_owned(),
        wait_ms: 1_234,
        late_ms: Some(56),
        refresh: true,
        trial: Some((
            token(4),
            Asked {
                url: "https://api.example.com/health".to_owned(),
                resolve: Some("us-1.example.com".to_owned()),
            },
        )),
        keep_s: Some(89),
        timing: Some("origin;desc=\"eu\"".to_owned()),
        request_headers: vec![
            ("x-forwarded-for", "192.0.2.1".to_owned()),
            ("x-failover-epoch", String::new()),
            ("forwarded", "for=\"[2001:db8::1]\";host=api.example.com;proto=https".to_owned()),
        ],
        answer_headers: vec![
            ("x-pointsman", "region=eu; reason=order; try=2; stale".to_owned()),
            ("set-cookie", "__Host-pointsman-region=1.eu.aé==; Path=/; Secure".to_owned()),
            ("set-cookie", "__Host-pointsman-wrote=1; Path=/".to_owned()),
        ],
        sending: Sending::KeptInPieces,
        body_idle_ms: Some(60_000),
        rename: true,
        resolve: Some("eu-2.example.com".to_owned()),
        recall: Some(41),
    };
    let bare = Try {
        token: Token { service: 0, region: 0, revision: 0, origin: 0 },
        trail: String::new(),
        url: String::new(),
        wait_ms: 0,
        late_ms: None,
        refresh: false,
        trial: None,
        keep_s: None,
        timing: None,
        request_headers: vec![],
        answer_headers: vec![],
        sending: Sending::Once,
        body_idle_ms: None,
        rename: false,
        resolve: None,
        recall: None,
    };
    let one_sided = Try { answer_headers: full.answer_headers.clone(), ..bare.clone() };
    let headers = |names: &[&str]| Instruction::Headers {
        version: 17,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let many = Response {
        status: 503,
        headers: vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("x-pointsman", "refused; code=no_usable_region".to_owned()),
            ("retry-after", String::new()),
        ],
        body: "\n<p>none of Ihre Länder = yours</p>\n\n3\nend\n".to_owned(),
    };
    let none = Response { status: 200, headers: vec![], body: String::new() };
    vec![
        ("send, with everything", Instruction::Send(Box::new(full))),
        ("send, with nothing", Instruction::Send(Box::new(bare))),
        ("send, with headers of the answer alone", Instruction::Send(Box::new(one_sided))),
        ("headers", headers(&["x-tenant", "cookie"])),
        ("no headers", headers(&[])),
        ("load the table", Instruction::LoadTable),
        ("read a pin", Instruction::ReadPin("tenant:acme ä=1".to_owned())),
        ("one of our pages", Instruction::Surface),
        ("relay the last response", Instruction::Relay),
        ("go on waiting", Instruction::Wait),
        (
            "respond, with everything",
            Instruction::Respond { response: many.clone(), or_stale: true, refresh: true },
        ),
        (
            "respond, and load the table",
            Instruction::Respond { response: many, or_stale: false, refresh: true },
        ),
        (
            "respond, with nothing",
            Instruction::Respond { response: none, or_stale: false, refresh: false },
        ),
    ]
}

/// An instruction as JavaScript reads it.
fn named(instruction: &Instruction) -> Value {
    match instruction {
        Instruction::Headers { version, names } => {
            json!({"verb": "headers", "version": version, "names": names})
        }
        Instruction::LoadTable => json!({"verb": "load_table"}),
        Instruction::ReadPin(key) => json!({"verb": "read_pin", "key": key}),
        Instruction::Surface => json!({"verb": "surface"}),
        Instruction::Send(sent) => json!({
            "verb": "send",
            "token": sent.token.number(),
            "url": sent.url,
            "waitMs": sent.wait_ms,
            "trail": sent.trail,
            "lateMs": sent.late_ms,
            "refresh": sent.refresh,
            "trial": sent.trial.as_ref().map(|(token, asked)| {
                let Asked { url, resolve } = asked;
                json!({"token": token.number(), "url": url, "resolve": resolve})
            }),
            "keepS": sent.keep_s,
            "timing": sent.timing,
            "requestHeaders": in_turn(&sent.request_headers),
            "answerHeaders": in_turn(&sent.answer_headers),
            "sending": sent.sending.number(),
            "bodyIdleMs": sent.body_idle_ms,
            "rename": sent.rename,
            "resolve": sent.resolve,
            "recall": sent.recall,
        }),
        Instruction::Relay => json!({"verb": "relay"}),
        Instruction::Wait => json!({"verb": "wait"}),
        Instruction::Respond { response, or_stale, refresh } => json!({
            "verb": "respond",
            "orStale": or_stale,
            "refresh": refresh,
            "status": response.status,
            "headers": in_turn(&response.headers),
            "body": response.body,
        }),
    }
}

/// Names and values in turn.
fn in_turn(headers: &[(&'static str, String)]) -> Value {
    headers.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect()
}

#[test]
fn each_report_of_the_golden_file_is_read_number_by_number() {
    for case in golden("try_reports").as_array().unwrap() {
        let numbers: [f64; 7] = serde_json::from_value(case["numbers"].clone()).unwrap();
        let TryReport { token, end, took_ms, now, due } = TryReport::from_numbers(numbers);
        let (none, status, retry_after_s) = match end {
            TryEnd::Answered { status, retry_after_s } => (None, Some(status), retry_after_s),
            TryEnd::Unreachable => (Some(AskReason::Unreachable), None, None),
            TryEnd::TimedOut => (Some(AskReason::TimedOut), None, None),
            TryEnd::Invalid => (Some(AskReason::Invalid), None, None),
            TryEnd::Unsent => (Some(AskReason::Unsent), None, None),
            TryEnd::ClientSilent => (Some(AskReason::ClientSilent), None, None),
        };
        let read = json!({
            "token": token.number(),
            "none": none.map(AskReason::number),
            "status": status,
            "retryAfterS": retry_after_s,
            "tookMs": took_ms,
            "now": now.millis(),
            "due": due.millis(),
        });
        assert_eq!(read, case["named"], "{}", case["name"]);
    }
    for case in golden("trial_reports").as_array().unwrap() {
        let numbers: [f64; 4] = serde_json::from_value(case["numbers"].clone()).unwrap();
        let TrialReport { token, has_passed, took_ms, now } = TrialReport::from_numbers(numbers);
        let read = json!({
            "token": token.number(),
            "hasPassed": has_passed,
            "tookMs": took_ms,
            "now": now.millis(),
        });
        assert_eq!(read, case["named"], "{}", case["name"]);
    }
}

#[test]
fn each_report_of_a_lost_body_is_read_number_by_number() {
    for case in golden("body_reports").as_array().unwrap() {
        let numbers: [f64; 3] = serde_json::from_value(case["numbers"].clone()).unwrap();
        let BodyReport { token, end, now } = BodyReport::from_numbers(numbers);
        let silent_ms = match end {
            BodyEnd::Stalled(ms) => Some(ms),
            BodyEnd::BrokeOff => None,
        };
        let read = json!({"token": token.number(), "silentMs": silent_ms, "now": now.millis()});
        assert_eq!(read, case["named"], "{}", case["name"]);
    }
}

#[test]
fn a_number_that_is_none_counts_as_none() {
    let nan = f64::NAN;
    let odd = TryReport::from_numbers([nan, f64::INFINITY, 70_000.0, nan, -1.0, -0.5, nan]);
    let (token, now) = (Token::from_number(0), Timestamp::from_millis(0));
    let none = TryReport { token, end: TryEnd::Unreachable, took_ms: 0, now, due: now };
    assert_eq!(odd, none);
}
