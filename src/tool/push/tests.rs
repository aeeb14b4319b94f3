use super::*;
use crate::testing::config_text;
use crate::time::Timestamp;
use crate::tool::remote::double::{Double, command, ok, reply};
use serde_json::json;

const DONE: &str = r#"{"changes": ["it is in use"], "notes": ["KV follows"], "is_dry": false}"#;

/// The config in use, and another one.
fn other() -> String {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["monitors"]["api"]["interval_s"] = json!(30);
    config.to_string()
}

fn in_use() -> Fingerprint {
    crate::config::fingerprint(&config_text())
}

fn told(revision: u64, text: &str) -> String {
    let fingerprint = crate::config::fingerprint(text);
    ok(&json!({"revision": revision, "fingerprint": fingerprint.to_string(), "text": text})
        .to_string())
}

fn tool(args: &[&str], input: &str, double: &Double) -> (Exit, String, String) {
    command(args, input, &double.base, Timestamp::from_millis(0))
}

/// The body of a request.
fn body(asked: &str) -> Value {
    serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn a_push_shows_what_changes_and_names_the_config_that_it_replaces() {
    let double = Double::giving([told(7, &config_text()), ok(DONE)]);
    let args = ["push", "-", "--reason", "slower probes", "--yes"];
    let (exit, out, err) = tool(&args, &other(), &double);
    assert_eq!(exit, Exit::Fine, "{err}");
    for part in ["the proof holds", "~ monitors.api.interval_s", "it is in use", "note: KV follows"]
    {
        assert!(out.contains(part), "{out}");
    }
    let asked = double.asked();
    assert!(asked[0].starts_with("GET /.pointsman/v1/config "), "{asked:?}");
    let body = body(&asked[1]);
    assert_eq!(body["act"]["push_config"]["base"], in_use().to_string());
    assert_eq!(body["act"]["push_config"]["text"], other());
    assert_eq!(body["reason"], "slower probes");
}

#[test]
fn a_dry_run_asks_the_worker_to_look_and_changes_nothing() {
    let dry = r#"{"changes": ["it would be"], "notes": [], "is_dry": true}"#;
    let double = Double::giving([told(7, &config_text()), ok(dry)]);
    let (exit, out, _) = tool(&["push", "-", "--dry-run"], &other(), &double);
    assert_eq!(exit, Exit::Fine);
    assert!(out.contains("a dry run: nothing is changed\nit would be"), "{out}");
    assert_eq!(body(&double.asked()[1])["is_dry"], true);
}

#[test]
fn without_a_yes_nothing_is_sent() {
    for (answer, replies) in [("n\n", 2), ("", 2), ("\n", 2), ("y\n", 3)] {
        let all = [told(8, &other()), told(7, &config_text()), ok(DONE)];
        let double = Double::giving(all.into_iter().take(replies));
        let args = ["config", "rollback", "7", "--reason", "too slow"];
        let (exit, out, err) = tool(&args, answer, &double);
        let is_done = replies == 3;
        assert_eq!(exit == Exit::Fine, is_done, "{out}{err}");
        assert_eq!(out.contains("nothing is changed"), !is_done, "{out}");
        let asked = double.asked();
        assert!(asked[1].starts_with("GET /.pointsman/v1/config/7 "), "{asked:?}");
        if is_done {
            assert_eq!(body(&asked[2])["act"], json!({"roll_back": {"revision": 7}}));
        }
    }
}

#[test]
fn a_stale_base_is_refused_with_what_is_in_use_now_here_and_by_the_worker() {
    let double = Double::giving([told(7, &config_text())]);
    let args = ["push", "-", "--reason", "x", "--yes", "--base", "00000000000000ff"];
    let (exit, _, err) = tool(&args, &other(), &double);
    assert_eq!(exit, Exit::BadUsage);
    let said = format!("made from 00000000000000ff, and {} (revision 7) is in use now", in_use());
    assert!(err.contains(&said), "{err}");
    assert_eq!(double.asked().len(), 1);
    let problem = r#"{"code": "conflict", "detail": "X (revision 8) is in use now"}"#;
    let double = Double::giving([told(7, &config_text()), reply("409 Conflict", "", problem)]);
    let (exit, _, err) = tool(&args[..5], &other(), &double);
    assert_eq!(exit, Exit::BadUsage);
    assert!(err.contains("X (revision 8) is in use now"), "{err}");
    drop(double.asked());
}

#[test]
fn what_is_not_valid_never_leaves_this_machine() {
    let double = Double::giving([]);
    let args = ["push", "-", "--reason", "x", "--yes"];
    let (exit, _, err) = tool(&args, "version = 1", &double);
    assert_eq!(exit, Exit::Findings);
    assert!(err.contains("E012"), "{err}");
    let (exit, _, err) = tool(&args[..4], &other(), &double);
    assert!(exit == Exit::BadUsage && err.contains("use --yes"), "{err}");
    let (exit, _, err) = tool(&["push", "-", "--yes"], &other(), &double);
    assert!(exit == Exit::BadUsage && err.contains("--reason"), "{err}");
    assert!(double.asked().is_empty());
}

#[test]
fn the_one_in_use_is_not_pushed_again_and_a_first_one_has_no_base() {
    let double = Double::giving([told(7, &config_text())]);
    let args = ["config", "push", "-", "--reason", "x", "--yes"];
    let (exit, out, _) = tool(&args, &config_text(), &double);
    assert!(exit == Exit::Fine && out.contains("is in use already"), "{out}");
    drop(double.asked());
    let none = reply("404 Not Found", "", r#"{"code": "not_found", "detail": "none"}"#);
    let double = Double::giving([none, ok(DONE)]);
    let (exit, out, err) = tool(&args, &config_text(), &double);
    assert_eq!(exit, Exit::Fine, "{err}");
    assert!(out.contains("this is the first one"), "{out}");
    assert_eq!(body(&double.asked()[1])["act"]["push_config"].get("base"), None);
}

#[test]
fn configs_that_were_in_use_are_listed_and_shown() {
    let revision = |number: u64, name: &str, has_text: bool| {
        json!({
            "revision": number, "fingerprint": "00000000000000ff", "at": "2026-01-31T12:00:00.000Z",
            "who": {"name": name, "way": "token"}, "why": "a reason", "bytes": 9,
            "has_text": has_text,
        })
    };
    let revisions = [revision(8, "on-call", true), revision(7, "config", false)];
    let answer = json!({"in_use": 8, "kv": "KV is late", "revisions": revisions}).to_string();
    let double = Double::giving([ok(&answer), told(7, &config_text())]);
    let (exit, out, _) = tool(&["config", "history"], "", &double);
    assert_eq!(exit, Exit::Fine);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[1].starts_with("*  8 ") && lines[1].contains("on-call"), "{out}");
    assert!(lines[2].contains("gone") && lines[3] == "KV is late", "{out}");
    let (exit, out, _) = tool(&["config", "show", "7"], "", &double);
    assert_eq!(exit, Exit::Fine);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown, serde_json::from_str::<Value>(&config_text()).unwrap());
    drop(double.asked());
}
