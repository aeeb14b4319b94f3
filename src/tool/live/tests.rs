//! Commands against a double of the deployed Worker.

use super::args::duration;
use crate::order::Order;
use crate::testing::{config_text, drain, order};
use crate::time::{MINUTE, SECOND, Timestamp};
use crate::tool::Exit;
use crate::tool::remote::double::{Double, command, ok, reply};
use serde_json::{Value, json};

const WOULD: &str = r#"{"changes":["api: eu-west is up, taking no new clients, and was up"],
    "notes":["it ends at X"],"is_dry":true}"#;
const DID: &str = r#"{"order":7,"changes":[],"notes":[],"is_dry":false}"#;

/// How a command ended, what it printed, and what the Worker was asked.
fn told(args: &[&str], input: &str, replies: &[String]) -> (Exit, String, Vec<String>) {
    let double = Double::giving(replies.to_vec());
    let now = Timestamp::from_millis(1_000_000);
    let (exit, out, err) = command(args, input, &double.base, now);
    let text = out + &err;
    (exit, text, double.asked())
}

fn body(asked: &str) -> Value {
    serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn a_drain_shows_what_it_would_change_then_asks_then_tells_how_to_lift_it() {
    let args = ["drain", "eu-west", "--service", "api", "--for", "2h", "--reason", "disks"];
    let (exit, text, asked) = told(&args, "y\n", &[ok(WOULD), ok(DID)]);
    assert_eq!(exit, Exit::Fine, "{text}");
    let shown = "drain eu-west for api\n  api: eu-west is up, taking no new clients, and was up\n  \
                 note: it ends at X\nDo it? [y/N] order 7 is in force; `pointsman lift 7 --reason \
                 …` ends it\n";
    assert_eq!(text, shown);
    let act = json!({"drain": {"region": "eu-west", "service": "api"}});
    let until = Timestamp::from_millis(1_000_000 + 120 * MINUTE).to_string();
    let said = |is_dry: bool| {
        let mut body = json!({"act": act, "reason": "disks", "until": until});
        if is_dry {
            body["is_dry"] = json!(true);
        }
        body
    };
    assert_eq!((body(&asked[0]), body(&asked[1])), (said(true), said(false)));
}

#[test]
fn whoever_does_not_say_yes_has_done_nothing() {
    for input in ["n\n", "\n", "", "yess\n"] {
        let args = ["halt", "--reason", "a look"];
        let (exit, text, asked) = told(&args, input, &[ok(WOULD)]);
        assert_eq!((exit, asked.len()), (Exit::Findings, 1), "{text}");
        assert!(text.ends_with("nothing was done\n"), "{text}");
    }
}

#[test]
fn a_dry_run_asks_nobody_and_yes_asks_nobody_either() {
    let switch = ["switch", "api", "--to", "us-east", "--reason", "r"];
    let (exit, text, _) = told(&[&switch[..], &["--dry-run"]].concat(), "", &[ok(WOULD)]);
    assert!(exit == Exit::Fine && text.ends_with("this is a dry run\n"), "{text}");
    let (exit, text, _) = told(&[&switch[..], &["--yes"]].concat(), "", &[ok(WOULD), ok(DID)]);
    assert!(exit == Exit::Fine && !text.contains("[y/N]"), "{text}");
}

#[test]
fn each_command_asks_for_its_act() {
    let reason = ["--reason", "r", "--yes"];
    for (args, act) in [
        (&["declare", "outage", "eu-west"][..], json!({"outage": {"region": "eu-west"}})),
        (&["declare", "corruption", "--service", "api"], json!({"corruption": {"service": "api"}})),
        (&["override", "down", "--origin", "eu-1"], {
            json!({"override": {"origin": "eu-1", "set": "down"}})
        }),
        (&["override", "up", "--region", "eu-west"], {
            json!({"override": {"region": "eu-west", "set": "up"}})
        }),
        (&["maintenance", "--region", "eu-west"], json!({"maintenance": {"region": "eu-west"}})),
        (&["halt"], json!({"halt": {}})),
        (&["lift", "3"], json!({"lift": {"order": 3}})),
        (&["ack", "i-7"], json!({"acknowledge": {"incident": "i-7"}})),
        (&["take-back", "a.example.com", "A"], json!({"take_back": {"record": "a.example.com A"}})),
        (&["compare"], json!({"compare": {}})),
    ] {
        let (exit, text, asked) = told(&[args, &reason].concat(), "", &[ok(WOULD), ok(DID)]);
        assert_eq!(exit, Exit::Fine, "{text}");
        let mut given = body(&asked[1])["act"].clone();
        let fields = given.as_object_mut().unwrap().values_mut().next().unwrap();
        fields.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert_eq!(given, act);
    }
}

#[test]
fn drills_are_listed_with_their_schedules_and_one_is_told_as_its_report() {
    let index = r#"{
        "drills": [{"id": "d-7", "summary": "SUCCEEDED · canary · api without eu-west"}],
        "schedules": [{"id": "nightly", "next": "2026-12-02T02:00:00.000Z", "skipped": "halted"}]
    }"#;
    let (exit, text, asked) = told(&["drills"], "", &[ok(index)]);
    let schedule = "schedule nightly: next at 2026-12-02T02:00:00.000Z; last skipped: halted\n";
    let line = "d-7  SUCCEEDED · canary · api without eu-west\n";
    assert_eq!((exit, text), (Exit::Fine, [line, schedule].concat()));
    assert!(asked[0].starts_with("GET /.pointsman/v1/drills "), "{asked:?}");
    let page = r##"{"report": ["# Drill d-7", "", "SUCCEEDED"]}"##;
    let (_, text, asked) = told(&["drills", "d-7"], "", &[ok(page)]);
    assert_eq!(text, "# Drill d-7\n\nSUCCEEDED\n");
    assert!(asked[0].starts_with("GET /.pointsman/v1/drills/d-7 "), "{asked:?}");
    let (_, text, _) = told(&["drills"], "", &[ok(r#"{"drills": [], "schedules": []}"#)]);
    assert_eq!(text, "there are no drills\n");
}

#[test]
fn incidents_are_listed_in_a_line_each_and_one_is_told_as_its_report() {
    let index = r#"{"incidents": [{"id": "i-7", "summary": "open · api eu-west down 3 min"}]}"#;
    let (exit, text, asked) = told(&["incidents"], "", &[ok(index)]);
    assert_eq!((exit, text.as_str()), (Exit::Fine, "i-7  open · api eu-west down 3 min\n"));
    assert!(asked[0].starts_with("GET /.pointsman/v1/incidents "), "{asked:?}");
    let page = r#"{"report": ["Incident i-7", "  it began"], "summary": "s"}"#;
    let (exit, text, asked) = told(&["incidents", "i-7"], "", &[ok(page)]);
    assert_eq!((exit, text.as_str()), (Exit::Fine, "Incident i-7\n  it began\n"));
    assert!(asked[0].starts_with("GET /.pointsman/v1/incidents/i-7 "), "{asked:?}");
    let (_, text, _) = told(&["incidents"], "", &[ok(r#"{"incidents": []}"#)]);
    assert_eq!(text, "there are no incidents\n");
    let (_, text, _) = told(&["incidents", "--json"], "", &[ok(index)]);
    assert!(text.contains("\"id\": \"i-7\""), "{text}");
}

#[test]
fn undrain_finds_the_drains_of_a_region_and_resume_the_halts() {
    let halt = crate::order::Act::Halt { service: None };
    let orders = [
        order(1, drain("eu-west", None), None),
        order(2, drain("us-east", None), None),
        order(3, halt, None),
        order(4, drain("eu-west", Some("api")), None),
    ];
    let orders = ok(&crate::json::write(&orders.to_vec()));
    let replies = [orders.clone(), ok(WOULD), ok(WOULD), ok(DID), ok(DID)];
    let (_, text, asked) = told(&["undrain", "eu-west", "--reason", "r", "-y"], "", &replies);
    assert!(text.ends_with("order 1 is lifted\norder 4 is lifted\n"), "{text}");
    assert_eq!(body(&asked[4])["act"], json!({"lift": {"order": 4}}));
    let replies = [orders.clone(), ok(WOULD), ok(DID)];
    let (_, text, _) = told(&["resume", "--reason", "r", "-y"], "", &replies);
    assert!(text.ends_with("order 3 is lifted\n"), "{text}");
    let (exit, text, _) = told(&["undrain", "sa-east", "--reason", "r"], "", &[orders]);
    assert_eq!(exit, Exit::BadUsage);
    assert!(text.contains("no drain of sa-east is in force"), "{text}");
}

#[test]
fn orders_are_listed_one_a_line() {
    let mut later = order(2, drain("us-east", None), Some(Timestamp::from_millis(3_000_000)));
    (later.from, later.has_begun) = (Timestamp::from_millis(2_000_000), false);
    let orders = vec![order(1, drain("eu-west", None), None), later];
    let (_, text, _) = told(&["orders"], "", &[ok(&crate::json::write(&orders))]);
    assert_eq!(
        text,
        "1: drain eu-west, since 1970-01-01T00:00:00.000Z, by ann (token): maintenance\n\
         2: drain us-east, to come, from 1970-01-01T00:33:20.000Z until 1970-01-01T00:50:00.000Z, \
         by ann (token): maintenance\n"
    );
    let (_, text, _) = told(&["orders"], "", &[ok("[]")]);
    assert_eq!(text, "no order is in force or to come\n");
}

#[test]
fn status_tells_each_region_with_the_reason_and_what_stands_in_the_way() {
    let status = json!({
        "as_of": "T", "services": {"api": {"eu-west": "up", "sa-east": "up", "us-east": "down"}},
        "reasons": {"api": {"us-east": {"draining": false, "why": "HTTP 503"},
                            "sa-east": {"returning": {"percent": 10, "held": "few requests"}},
                            "eu-west": {"draining": true, "why": "drained by ann"}}},
        "cloudflare": {"halted": true, "failures": [], "withheld": ["pool x"]},
    });
    let (_, text, _) = told(&["status"], "", &[ok(&status.to_string())]);
    assert_eq!(
        text,
        "api: eu-west is up, takes no new clients: drained by ann\napi: sa-east is up, 10 % of its \
         clients have returned and stays there: few requests\napi: us-east is down: HTTP \
         503\nchanges at Cloudflare are halted\nwithheld: pool x\nas of T\n"
    );
}

#[test]
fn status_tells_what_needs_a_person_before_anything_else() {
    let order = order(7, drain("eu-west", None), None);
    let status = json!({
        "as_of": "2026-01-31T12:10:00.000Z",
        "services": {"api": {"eu-west": "down"}},
        "incidents": [
            {"id": "i-7", "region": "eu-west", "trouble": "down", "services": ["api", "files"],
             "began": "2026-01-31T12:00:00.000Z"},
            {"id": "i-8", "region": null, "trouble": null, "services": [], "taken_by": "ann",
             "began": "2026-01-31T12:01:00.000Z"},
        ],
        "orders": [crate::json::Shape::write(&order), {"id": 8, "act": "of a later version"}],
        "config": {"refused": {"at": "T1", "problems_total": 2, "problems": [{"problem": "p"}]}},
        "cloudflare": {"denied": {"DNS Write": {"at": "T2"}}, "other_owners": [
            {"record": "a.example.com A", "fact": "ttl_changed", "at": "T3", "stopped": true},
            {"record": "b.example.com A", "fact": "ttl_changed", "at": "T3", "over_at": "T4"},
        ]},
        "alerts": {"dropped": 0, "receivers": {
            "slack": {"undelivered": 1, "failing_since": "T5", "last_failure": "it answered 503"},
            "well": {"undelivered": 0, "delivered": 9},
        }},
        "otlp": {"taken_at": null, "last_failure": "it answered 401"},
        "kv": {"held_back": ["status"]},
        "last_run": {"began": "2026-01-31T12:06:59.999Z"},
    });
    let (_, text, _) = told(&["status"], "", &[ok(&status.to_string())]);
    let lines = [
        "incident i-7: eu-west down for api, files since 2026-01-31T12:00:00.000Z; nobody looks \
         after it",
        "incident i-8: the observer up again since 2026-01-31T12:01:00.000Z; ann looks after it",
        "api: eu-west is down",
        "order 7: drain eu-west, since 1970-01-01T00:00:00.000Z, by ann (token): maintenance",
        "order 8: see `pointsman orders`",
        "the config in KV is refused since T1, and the last good one stays: 2 problems, first: p",
        "the token lacks DNS Write since T2",
        "other owner: a.example.com A: ttl_changed since T3; it is left so",
        "alerts: slack: 1 wait, 0 given up, failing since T5, it answered 503",
        "metrics are not pushed: it answered 401",
        "for want of writes, these pages in KV are old: status",
        "no run has come since 2026-01-31T12:06:59.999Z, so nobody probes",
        "as of 2026-01-31T12:10:00.000Z",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    let in_time = json!({"as_of": "2026-01-31T12:10:00.000Z",
                         "last_run": {"began": "2026-01-31T12:07:00.000Z"},
                         "controller": {"error": "it does not answer"}});
    let (_, text, _) = told(&["status"], "", &[ok(&in_time.to_string())]);
    let copy = "this is the copy in KV: it does not answer\nas of 2026-01-31T12:10:00.000Z\n";
    assert_eq!(text, copy);
}

#[test]
fn a_command_line_with_a_slip_is_told_what_to_write() {
    let reason = ["--reason", "r"];
    for (args, words) in [
        (&["override", "down"][..], "<--origin <ORIGIN>|--region <REGION>>"),
        (&["override", "down", "--origin", "eu-1", "--region", "eu-west"], "cannot be used with"),
        (&["lift", "seven"], "`pointsman orders` lists them"),
    ] {
        let (exit, text, asked) = told(&[args, &reason].concat(), "", &[]);
        assert_eq!((exit, asked.len()), (Exit::BadUsage, 0), "{text}");
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn what_the_worker_refuses_is_told_and_nothing_else_is_asked() {
    let problem = r#"{"code":"not_found","detail":"there is no region `eu`"}"#;
    let refused = reply("404 Not Found", "content-type: application/problem+json\r\n", problem);
    let (exit, text, asked) = told(&["drain", "eu", "--reason", "r", "--yes"], "", &[refused]);
    assert_eq!((exit, asked.len()), (Exit::BadUsage, 1));
    assert!(text.contains("answers 404: there is no region `eu`\n"), "{text}");
}

#[test]
fn a_live_explanation_goes_by_the_workers_config_health_and_orders() {
    let config = json!({"revision": 1, "fingerprint": "f", "text": config_text()});
    let up = json!({"eu-west": "up", "us-east": "down", "sa-east": "up"});
    let status = json!({"services": {"api": up, "files": up}});
    let orders = vec![order(1, drain("eu-west", None), None)];
    let replies =
        [ok(&config.to_string()), ok(&status.to_string()), ok(&crate::json::write(&orders))];
    let args = ["explain", "--live", "--host", "api.example.com", "--country", "DE"];
    let (exit, text, _) = told(&args, "", &replies);
    assert_eq!(exit, Exit::Fine, "{text}");
    let chosen = text.find("sa-east").unwrap();
    assert!(text.contains("drain") && chosen > 0, "{text}");
}

#[test]
fn a_live_explanation_moves_nobody_while_corruption_is_declared() {
    let config = json!({"revision": 1, "fingerprint": "f", "text": config_text()});
    let now = json!({"eu-west": "down", "us-east": "down", "sa-east": "up"});
    let corruption = vec![order(1, crate::order::Act::Corruption { service: None }, None)];
    let explained = |then: Option<Value>, orders: &Vec<Order>| {
        let mut status = json!({"services": {"api": now, "files": now}});
        if let Some(then) = then {
            status["frozen"] = json!({"api": then, "files": then});
        }
        let replies =
            [ok(&config.to_string()), ok(&status.to_string()), ok(&crate::json::write(orders))];
        let args = ["explain", "--live", "--host", "api.example.com", "--country", "DE"];
        told(&args, "", &replies).1
    };
    let text = explained(None, &Vec::new());
    assert!(text.contains("goes to sa-east"), "{text}");
    // eu-west was up then, so its clients wait for it; it was down then, so they had left it.
    let was_up = json!({"eu-west": "up", "us-east": "up", "sa-east": "up"});
    let text = explained(Some(was_up), &corruption);
    assert!(text.contains("503 no_usable_region"), "{text}");
    let was_down = json!({"eu-west": "down", "us-east": "down", "sa-east": "up"});
    let text = explained(Some(was_down), &corruption);
    assert!(text.contains("goes to sa-east"), "{text}");
}

#[test]
fn a_time_is_a_whole_number_and_a_unit() {
    for (text, ms) in [("90s", 90 * SECOND), ("30m", 30 * MINUTE), ("2h", 120 * MINUTE)] {
        assert_eq!(duration(text), Ok(ms));
    }
    assert_eq!(duration("3d"), Ok(3 * 24 * 60 * MINUTE));
    for text in ["", "h", "2", "2 h", "-2h", "0h", "2.5h", "2w", "99999999999999999999d", "é"] {
        assert!(duration(text).is_err(), "{text}");
    }
}
