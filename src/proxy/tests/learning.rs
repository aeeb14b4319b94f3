//! What a try or a trial learns belongs to the region, whatever table there is when it ends.

use super::*;

/// The table of a heartbeat: later, and otherwise the same.
fn heartbeat(isolate: &mut Isolate, now: u64) {
    later(isolate, now, |_| ());
}

/// A later table, with other contents.
fn later(isolate: &mut Isolate, now: u64, change: impl FnOnce(&mut Value)) {
    let mut next = three();
    next["as_of"] = json!(at(now).to_string());
    change(&mut next);
    assert!(isolate.take(&next.to_string(), at(now)).unwrap());
}

fn regions(table: &mut Value) -> &mut Vec<Value> {
    table["services"]["api"]["regions"].as_array_mut().unwrap()
}

/// What the report says of a region.
fn seen(isolate: &Isolate, region: &str, now: u64) -> Value {
    let report = isolate.report(at(now));
    let services = report["services"].as_array().unwrap();
    let api = services.iter().find(|service| service["id"] == "api").unwrap();
    let mut regions = api["regions"].as_array().unwrap().iter();
    regions.find(|known| known["id"] == region).unwrap().clone()
}

#[test]
fn a_new_table_in_the_middle_of_a_request_loses_neither_the_retry_nor_what_was_learned() {
    let ends = [answered(503), answered(521), TryEnd::Unreachable, TryEnd::TimedOut];
    for end in ends {
        let mut isolate = isolate(&[]);
        let first = GET.first(&mut isolate, 0);
        heartbeat(&mut isolate, 1);
        let reason = isolate.over(&first, end, 10, 10).unwrap();
        let next = sent(GET.ask(&mut isolate, reason, &first.trail, 10));
        assert_eq!(next.region(), "us-east", "{end:?}");
        assert_eq!(seen(&isolate, "eu-west", 10)["penalty_ms"], 5_000, "{end:?}");
        let is_open = seen(&isolate, "eu-west", 10)["open_until"] != Value::Null;
        assert_eq!(is_open, end != answered(503), "silence opens its breaker: {end:?}");
    }
}

#[test]
fn what_was_under_way_is_over_although_the_table_is_new() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    assert_eq!(seen(&isolate, "eu-west", 0)["outstanding"], 1);
    heartbeat(&mut isolate, 1);
    assert_eq!(seen(&isolate, "eu-west", 1)["outstanding"], 1);
    assert_eq!(isolate.over(&first, answered(200), 40, 40), None);
    assert_eq!(seen(&isolate, "eu-west", 40)["outstanding"], 0);
    assert_eq!(seen(&isolate, "eu-west", 40)["latency_ms"], 40);
}

#[test]
fn a_trial_that_passes_closes_the_breaker_although_the_table_is_new() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.over(&first, TryEnd::Unreachable, 1, 1);
    let (token, _) = GET.first(&mut isolate, 1_001).trial.unwrap();
    heartbeat(&mut isolate, 1_002);
    isolate.trial_ended(token, true, 9, at(1_010));
    assert_eq!(GET.first(&mut isolate, 1_011).region(), "eu-west");
}

#[test]
fn it_is_learned_of_the_same_region_wherever_the_new_table_has_it() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    later(&mut isolate, 1, |table| {
        let other = json!({
            "hosts": ["other.example.com"], "try_timeout_ms": 1_000, "timeout_ms": 5_000,
            "steering": {"policy": "ordered"}, "trial_path": "/health",
            "regions": table["services"]["api"]["regions"].clone(),
        });
        // It comes before `api` in the table.
        table["services"]["a-new-one"] = other;
        regions(table).rotate_left(1);
        table["regions"].as_array_mut().unwrap().rotate_left(2);
    });
    isolate.over(&first, TryEnd::Unreachable, 1, 2);
    let open = |region: &str| seen(&isolate, region, 2)["open_until"] != Value::Null;
    assert_eq!([open("eu-west"), open("us-east"), open("sa-east")], [true, false, false]);
}

#[test]
fn a_region_that_the_table_has_lost_is_dropped_and_the_retry_is_not() {
    for is_all_gone in [false, true] {
        let mut isolate = isolate(&[]);
        let first = GET.first(&mut isolate, 0);
        let trial = GET.first(&mut isolate, 0);
        isolate.over(&trial, TryEnd::Unreachable, 1, 1);
        let (token, _) = GET.first(&mut isolate, 1_001).trial.unwrap();
        later(&mut isolate, 1_002, |table| {
            if is_all_gone {
                let api = table["services"]["api"].take();
                table["services"] = json!({"renamed": api});
            } else {
                regions(table).remove(0);
            }
        });
        isolate.trial_ended(token, true, 1, at(1_003));
        let reason = isolate.over(&first, answered(503), 10, 1_010).unwrap();
        assert_eq!(reason, AskReason::Failed);
        let next = sent(GET.ask(&mut isolate, reason, &first.trail, 1_010));
        assert_eq!(next.region(), "us-east");
        let report = isolate.report(at(1_010));
        for region in report["services"][0]["regions"].as_array().unwrap() {
            assert_eq!(region["open_until"], Value::Null, "nothing was learned of {region}");
        }
    }
}

#[test]
fn a_region_that_comes_back_into_the_table_begins_anew() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    later(&mut isolate, 1, |table| _ = regions(table).remove(0));
    later(&mut isolate, 2, |_| ());
    isolate.over(&first, TryEnd::Unreachable, 1, 3);
    assert_eq!(GET.first(&mut isolate, 4).region(), "eu-west");
}

#[test]
fn an_order_that_came_to_the_wrong_server_is_not_handed_on_whatever_the_new_table_has() {
    for health in ["up", "down"] {
        let mut isolate = isolate(&[]);
        let first = POST.first(&mut isolate, 0);
        later(&mut isolate, 1, |table| {
            for region in regions(table) {
                region["health"] = json!(health);
            }
        });
        let reason = isolate.over(&first, answered(421), 10, 10).unwrap();
        let next = POST.ask(&mut isolate, reason, &first.trail, 10);
        assert!(matches!(refused(next).0, 502 | 503), "{health}");
    }
}

#[test]
fn an_answer_in_hand_is_the_clients_where_the_new_table_has_no_region_left_for_it() {
    let down = |table: &mut Value| {
        for region in regions(table) {
            region["health"] = json!("down");
        }
    };
    let elsewhere = |table: &mut Value| {
        table["services"]["api"]["hosts"] = json!(["elsewhere.example.com"]);
    };
    let forbidden = |table: &mut Value| {
        table["rules"] = json!([{"id": "none", "mode": "strict", "when": {}, "permits": []}]);
    };
    let changes: [&dyn Fn(&mut Value); 3] = [&down, &elsewhere, &forbidden];
    for (change, is_relayed) in changes.into_iter().zip([true, true, false]) {
        let mut isolate = isolate(&[]);
        let first = GET.first(&mut isolate, 0);
        later(&mut isolate, 1, change);
        let reason = isolate.over(&first, answered(503), 10, 10).unwrap();
        let next = GET.ask(&mut isolate, reason, &first.trail, 10);
        assert_eq!(next == Instruction::Relay, is_relayed, "{next:?}");
        if !is_relayed {
            assert_eq!(refused(next).0, 451, "the law of the new table comes first");
        }
    }
}

#[test]
fn the_origin_that_was_silent_is_known_by_its_url_in_each_table() {
    let mut isolate = isolate(&[]);
    let brazilian = Asking { country: "BR", ..GET };
    let first = brazilian.first(&mut isolate, 0);
    assert_eq!(first.url, "https://sa-east-1.example.net/");
    isolate.over(&first, TryEnd::Unreachable, 1, 1);
    let origins = |names: &[&str]| -> Value {
        names.iter().map(|name| format!("https://{name}.example.net")).collect()
    };
    later(&mut isolate, 2, |table| {
        regions(table)[2]["origins"] = origins(&["sa-east-3", "sa-east-2", "sa-east-1"]);
    });
    assert_eq!(brazilian.first(&mut isolate, 3).url, "https://sa-east-3.example.net/");
    let third = brazilian.first(&mut isolate, 4);
    later(&mut isolate, 5, |table| {
        regions(table)[2]["origins"] = origins(&["sa-east-2", "sa-east-1"]);
    });
    assert_eq!(brazilian.first(&mut isolate, 6).url, "https://sa-east-2.example.net/");
    // The index of an origin of the table before means nothing in this one.
    isolate.over(&third, TryEnd::Unreachable, 1, 7);
    assert_eq!(brazilian.first(&mut isolate, 8).url, "https://sa-east-2.example.net/");
}

#[test]
fn the_region_that_serves_a_country_stays_over_a_heartbeat_wherever_the_table_has_it() {
    let steering = json!({"policy": "latency", "min_gain_ms": 50});
    let mut isolate = isolate(&[("/services/api/steering", steering.clone())]);
    let serve = |isolate: &mut Isolate, ms: [u64; 3], now: u64| {
        for (index, took_ms) in ms.into_iter().enumerate() {
            let number = isolate.services[0].token(&Upstream {
                region: &isolate.table.clone().unwrap().services()[0].candidates[index],
                index: 0,
                origin: "",
                told: None,
            });
            let report = TryReport {
                token: number.unwrap(),
                end: answered(200),
                took_ms,
                now: at(now),
                due: at(now),
            };
            isolate.ended(&report);
        }
    };
    serve(&mut isolate, [90, 60, 100], 0);
    assert_eq!(GET.first(&mut isolate, 1).region(), "us-east");
    serve(&mut isolate, [90, 120, 100], 2);
    assert_eq!(GET.first(&mut isolate, 3).region(), "us-east", "no gain that is worth a move");
    later(&mut isolate, 4, |table| {
        table["services"]["api"]["steering"] = steering;
        table["regions"].as_array_mut().unwrap().rotate_left(1);
    });
    assert_eq!(GET.first(&mut isolate, 5).region(), "us-east");
}

#[test]
fn a_table_that_looks_at_the_same_headers_needs_no_question_anew() {
    let mut isolate = isolate(&[]);
    let question = GET.question(isolate.version, FIRST);
    heartbeat(&mut isolate, 1);
    assert!(matches!(isolate.instruct(&question, None, at(2)), Instruction::Send(_)));
}

#[test]
fn a_report_of_an_instance_that_has_panicked_is_not_taken_for_one_of_this() {
    let first = GET.first(&mut isolate(&[]), 0);
    let mut routes = three();
    routes["as_of"] = json!(at(40).to_string());
    let mut anew = Isolate::default();
    let lost = anew.over(&first, answered(503), 10, 30);
    assert_eq!(lost, Some(AskReason::Failed), "the request goes on, with a table that is loaded");
    assert!(anew.take(&routes.to_string(), at(40)).unwrap());
    anew.over(&first, TryEnd::Unreachable, 10, 50);
    assert_eq!(GET.first(&mut anew, 60).region(), "eu-west");
}
