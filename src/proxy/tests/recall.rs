//! Decisions that serve for more than one request.

use super::*;
use crate::ordered::Map;
use crate::secret::Secret;
use proptest::prelude::*;

const SECOND_PATH: &str = "https://api.example.com/other?x=1";

impl Asking<'_> {
    /// It arrives now.
    fn arrives(&self, isolate: &mut Isolate, now: u64) -> Instruction {
        self.go_on(isolate, FIRST, now)
    }
}

/// The number of the decision about this request, which arrives now.
fn number(isolate: &mut Isolate, asking: Asking<'_>, now: u64) -> Option<u32> {
    match asking.arrives(isolate, now) {
        Instruction::Send(sent) => sent.recall,
        other => panic!("it is sent nowhere: {other:?}"),
    }
}

/// An isolate whose table has nothing that keeps a decision from being remembered.
fn plain() -> Isolate {
    isolate(&[])
}

#[test]
fn a_decision_serves_for_other_paths_within_a_second() {
    let mut isolate = plain();
    let number = number(&mut isolate, GET, 0).unwrap();
    for now in [0, 1, 500, 999] {
        assert!(isolate.recalled(number, SECOND_PATH, at(now)), "{now}");
    }
    assert!(!isolate.recalled(number, SECOND_PATH, at(RECALL_MS)));
    assert!(!isolate.recalled(number + 1, SECOND_PATH, at(0)), "there is no such decision");
}

#[test]
fn what_is_sent_so_counts_as_what_was_asked_about() {
    let (mut asked, mut recalled) = (plain(), plain());
    let known = number(&mut recalled, GET, 0).unwrap();
    asked.take_dataset(None);
    let _ = GET.arrives(&mut asked, 0);
    for now in 1..9 {
        let _ = Asking { path: "/other?x=1", ..GET }.arrives(&mut asked, now);
        assert!(recalled.recalled(known, SECOND_PATH, at(now)));
    }
    assert_eq!(asked.counts(), recalled.counts());
    assert_eq!(asked.report(at(9)), recalled.report(at(9)));
    let told = |isolate: &mut Isolate| isolate.traffic_report(7, at(60_000));
    assert_eq!(told(&mut asked), told(&mut recalled));
}

#[test]
fn nothing_that_was_learned_since_is_overlooked() {
    let ends = [
        TryEnd::Unreachable,
        TryEnd::TimedOut,
        TryEnd::Unsent,
        TryEnd::Answered { status: 503, retry_after_s: None },
        TryEnd::Answered { status: 429, retry_after_s: Some(3) },
    ];
    for end in ends {
        let mut isolate = plain();
        let Instruction::Send(sent) = GET.arrives(&mut isolate, 0) else { panic!() };
        let number = sent.recall.unwrap();
        let report = TryReport { token: sent.token, end, took_ms: 1, now: at(1), due: at(1_000) };
        let _ = isolate.ended(&report);
        assert!(!isolate.recalled(number, SECOND_PATH, at(2)), "{end:?}");
    }
    let mut isolate = plain();
    let Instruction::Send(sent) = GET.arrives(&mut isolate, 0) else { panic!() };
    let number = sent.recall.unwrap();
    isolate.body_lost(sent.token, BodyEnd::BrokeOff, at(1));
    assert!(!isolate.recalled(number, SECOND_PATH, at(2)));
}

#[test]
fn answers_that_are_well_leave_a_decision_as_it_is() {
    let mut isolate = plain();
    let Instruction::Send(sent) = GET.arrives(&mut isolate, 0) else { panic!() };
    let end = TryEnd::Answered { status: 200, retry_after_s: None };
    let report = TryReport { token: sent.token, end, took_ms: 1, now: at(1), due: at(1_000) };
    let _ = isolate.ended(&report);
    assert!(isolate.recalled(sent.recall.unwrap(), SECOND_PATH, at(2)));
}

#[test]
fn another_table_ends_all_that_was_decided_by_the_last() {
    let mut isolate = plain();
    let number = number(&mut isolate, GET, 0).unwrap();
    let mut routes = three();
    routes["generation"] = json!(8);
    assert!(isolate.take(&routes.to_string(), at(1)).unwrap());
    assert!(!isolate.recalled(number, SECOND_PATH, at(1)));
}

#[test]
fn a_request_that_is_to_load_the_table_is_asked_about_in_full() {
    let mut isolate = plain();
    let number = number(&mut isolate, GET, REFRESH_MS - 100).unwrap();
    assert!(isolate.recalled(number, SECOND_PATH, at(REFRESH_MS - 1)));
    assert!(!isolate.recalled(number, SECOND_PATH, at(REFRESH_MS)));
    let Instruction::Send(sent) = GET.arrives(&mut isolate, REFRESH_MS) else { panic!() };
    assert!(sent.refresh, "the load was due, and looking for it has not put it off");
}

#[test]
fn the_law_of_a_later_day_is_not_decided_by_the_law_of_this_one() {
    let until = at(300).to_string();
    let lasting = json!({"rules": [["sa-east"]], "tenants": {}, "sets": {}});
    let mut isolate = isolate(&[("/law_until", json!(until)), ("/lasting", lasting)]);
    let brazil = Asking { country: "BR", ..GET };
    if let Some(number) = number(&mut isolate, brazil, 0) {
        assert!(isolate.recalled(number, SECOND_PATH, at(299)));
        assert!(!isolate.recalled(number, SECOND_PATH, at(300)));
    } else {
        panic!("it is not remembered");
    }
}

#[test]
fn our_own_pages_and_tokens_are_found_in_every_url() {
    let mut isolate = plain();
    isolate.take_secrets(vec![Secret::new("hunter2hunter2".to_owned())]);
    let asking = Asking { headers: &[None], ..GET };
    let number = number(&mut isolate, asking, 0).unwrap();
    for path in [
        "/.pointsman/status",
        "/.Pointsman/v1/status",
        "/%2epointsman/x",
        "/x?token=hunter2hunter2",
        "/x?token=%68unter2hunter2",
    ] {
        let url = format!("https://{HOST}{path}");
        assert!(!isolate.recalled(number, &url, at(1)), "{url}");
    }
    for url in ["", "https://", "https://other.example.com/", "http://api.example.com/", "x"] {
        assert!(!isolate.recalled(number, url, at(1)), "{url}");
    }
    assert!(isolate.recalled(number, SECOND_PATH, at(1)));
}

#[test]
fn what_rests_on_the_path_on_chance_or_on_a_diary_is_not_remembered() {
    let path_rule = json!({"countries": ["BR"], "paths": ["/pay/*"]});
    let service = |key: &str| format!("/services/api/{key}");
    let cases = [
        ("/rules/0/when".to_owned(), path_rule),
        (service("proxy"), json!({"stale_paths": ["/public/*"]})),
        (service("proxy"), json!({"resume": "same_version"})),
        (service("proxy"), json!({"hedge": true})),
        (service("tenancy"), json!({"source": "path_segment 1"})),
        (service("tenancy"), json!({"source": "header x-tenant", "kv": true})),
        (service("steering"), json!({"policy": "least_outstanding"})),
    ];
    for (pointer, value) in cases {
        let mut isolate = isolate(&[(&pointer, value.clone())]);
        let headers: Vec<Option<&str>> = vec![None; isolate.names.len()];
        let asking = Asking { headers: &headers, ..GET };
        let Instruction::Send(sent) = asking.arrives(&mut isolate, 0) else {
            panic!("{pointer} {value}: sent nowhere");
        };
        assert_eq!(sent.recall, None, "{pointer} {value}");
    }
    let mut isolate = plain();
    assert_eq!(number(&mut isolate, POST, 0), None);
    assert_eq!(number(&mut isolate, Asking { body: "?", ..GET }, 0), None);
}

#[test]
fn the_oldest_decision_is_forgotten_first() {
    let mut isolate = plain();
    let first = number(&mut isolate, GET, 0).unwrap();
    let numbers: Vec<u32> =
        (0..RECALLED_MAX).map(|_| number(&mut isolate, GET, 0).unwrap()).collect();
    assert!(!isolate.recalled(first, SECOND_PATH, at(0)));
    assert!(numbers.iter().all(|number| isolate.recalled(*number, SECOND_PATH, at(0))));
}

proptest! {
    /// An isolate that remembers sends each request where one goes that decides each anew: whatever
    /// the steering, the countries and the clients, and however tries end.
    #[test]
    fn a_remembered_decision_is_the_one_that_would_be_made(
        policy in proptest::sample::select(vec!["ordered", "weighted", "latency", "proximity"]),
        band_ms in 0u64..3,
        steps in proptest::collection::vec((0usize..3, 0usize..3, 0u64..400, 0usize..12), 1..40),
    ) {
        let steering = json!({"policy": policy, "band_ms": band_ms});
        let changes = [("/services/api/steering", steering)];
        let (mut anew, mut remembers) = (isolate(&changes), isolate(&changes));
        let mut known: Map<(usize, usize), (u32, Try)> = Map::new();
        let mut now = 0;
        for (country, client, passes, ending) in steps {
            now += passes;
            let asking = Asking {
                country: ["DE", "US", "BR"][country],
                client: ["192.0.2.1", "192.0.2.77", "2001:db8::5"][client],
                ..GET
            };
            let Instruction::Send(wanted) = asking.arrives(&mut anew, now) else { panic!() };
            let url = format!("https://{HOST}/");
            let found = known.get(&(country, client)).cloned();
            let recalled = found.filter(|(number, _)| remembers.recalled(*number, &url, at(now)));
            let got = if let Some((_, sent)) = recalled {
                sent
            } else {
                let sent = asking.first(&mut remembers, now);
                if let Some(number) = sent.recall {
                    known.insert((country, client), (number, sent.clone()));
                }
                sent
            };
            // Only what is remembered differs: one has numbers that the other has not.
            let shown = |sent: &Try| Try { recall: None, ..sent.clone() };
            prop_assert_eq!(shown(&got), shown(&wanted));
            let end = match ending {
                0 => TryEnd::Unreachable,
                1 => TryEnd::TimedOut,
                2 => answered(503),
                _ => answered(200),
            };
            let (ended, due) = (at(now + 1), at(now + 1_000));
            let report =
                TryReport { token: wanted.token, end, took_ms: 1, now: ended, due };
            let _ = anew.ended(&report);
            let _ = remembers.ended(&TryReport { token: got.token, ..report });
        }
        prop_assert_eq!(anew.counts(), remembers.counts());
    }
}
