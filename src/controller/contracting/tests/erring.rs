//! Live traffic that speaks against a region.

use super::*;

/// A service whose clients are led elsewhere when half of 20 tries fail.
fn triggered(act: &str) -> Controller {
    world(|service| {
        service["failover"] = json!({"trigger": {
            "error_rate_percent": 50, "window_s": 300, "min_samples": 20, "act": act, "for_s": 600,
        }});
    })
}

fn fails(controller: &mut Controller, region: &str, counts: (u64, u64)) -> Vec<(String, String)> {
    let number =
        controller.state.traffic.window(&ServiceId::parse("api").unwrap(), None, MINUTE, NOW);
    let lines = vec![line(Some(region), counts, NOW), line(None, (1, 0), NOW)];
    count(controller, number.requests + 1, lines, NOW);
    told(controller, NOW)
}

#[test]
fn errors_are_told_from_the_rate_on_and_with_enough_samples() {
    for (counts, is_told) in
        [((19, 19), false), ((20, 10), true), ((20, 9), false), ((1_000, 499), false)]
    {
        let told = fails(&mut triggered("alert"), "eu-west", counts);
        assert_eq!(!told.is_empty(), is_told, "{counts:?}");
    }
    let mut controller = triggered("alert");
    let told_first = fails(&mut controller, "eu-west", (20, 10));
    let text = "api: 10 of 20 tries at eu-west in 300 s failed (50 %), 0 of them without an answer";
    assert_eq!(told_first, [("errors".to_owned(), text.to_owned())]);
    assert_eq!(told(&mut controller, NOW.plus(1)), []);
    assert!(controller.state.orders.is_empty());
    let over = told(&mut controller, NOW.plus(7 * MINUTE));
    assert_eq!(kinds(&over), ["errors_over"]);
}

#[test]
fn clients_are_led_elsewhere_by_an_order_that_ends_by_itself() {
    let mut controller = triggered("fail_over");
    let first = fails(&mut controller, "eu-west", (20, 10));
    assert_eq!(kinds(&first), ["errors", "ordered"]);
    assert!(first[0].1.contains("its clients are led elsewhere until"), "{first:?}");
    let order = &controller.state.orders[0];
    assert_eq!(order.who, Actor::system());
    assert_eq!(order.until, Some(NOW.plus(600 * SECOND)));
    let drains = Act::Drain {
        region: RegionId::parse("eu-west").unwrap(),
        service: ServiceId::parse("api").ok(),
    };
    assert_eq!(order.act, drains);
    let view = controller.view(NOW).unwrap();
    let (id, service) = view.config.services.iter().next().unwrap();
    let standing = view.service(id, service);
    assert!(standing.regions[0].is_draining && !standing.regions[1].is_draining);
    let end = told(&mut controller, NOW.plus(600 * SECOND));
    assert!(kinds(&end).contains(&"lifted"), "{end:?}");
}

#[test]
fn the_last_region_that_is_usable_keeps_its_clients() {
    let mut controller = triggered("fail_over");
    run(&mut controller, 2 * MINUTE, &["us-1", "br-1"]);
    drop(controller.take_news());
    let told = fails(&mut controller, "eu-west", (20, 20));
    let why = "its clients stay: no other region is up and takes new clients";
    assert!(told[0].1.ends_with(why), "{told:?}");
    assert!(controller.state.orders.is_empty());
}

#[test]
fn what_fails_everywhere_leads_nobody_elsewhere() {
    let mut controller = triggered("fail_over");
    let lines = ["us-east", "sa-east", "eu-west"].map(|id| line(Some(id), (20, 20), NOW)).to_vec();
    count(&mut controller, 1, lines, NOW);
    let told = told(&mut controller, NOW);
    assert_eq!(kinds(&told), ["errors"; 3]);
    assert!(told.iter().all(|(_, text)| text.contains("tries fail in the other regions too")));
    assert!(controller.state.orders.is_empty());
}

#[test]
fn nobody_is_led_elsewhere_while_a_person_halts_it_or_the_observer_doubts_itself() {
    let mut controller = triggered("fail_over");
    controller.state.orders.push(order(1, Act::Halt { service: None }, None));
    let told_halted = fails(&mut controller, "eu-west", (20, 20));
    assert!(told_halted[0].1.ends_with("a person halted it"), "{told_halted:?}");
    let mut controller = triggered("fail_over");
    controller.state.doubted_since = Some(NOW);
    let told_doubt = fails(&mut controller, "eu-west", (20, 20));
    assert!(told_doubt[0].1.ends_with("the observer doubts itself"), "{told_doubt:?}");
}

/// The same, where 10 percent more than in the peers are too many.
fn compared(peers: &Value) -> Controller {
    world(|service| {
        service["failover"] = json!({"trigger": {
            "min_samples": 20, "act": "fail_over", "peers": peers,
        }});
    })
}

fn fail_together(controller: &mut Controller, failures: [(u64, u64); 3]) -> Vec<(String, String)> {
    let regions = ["eu-west", "us-east", "sa-east"].into_iter().zip(failures);
    let lines = regions.map(|(id, counts)| line(Some(id), counts, NOW)).collect();
    count(controller, 1, lines, NOW);
    told(controller, NOW)
}

#[test]
fn a_region_that_fails_a_little_errs_where_its_peers_do_not() {
    for (failures, errs) in [
        // Twelve percent beside two and none.
        ([(100, 12), (100, 2), (100, 0)], true),
        ([(100, 11), (100, 2), (100, 2)], false),
        // All are as bad: it is no region's fault.
        ([(100, 12), (100, 9), (100, 9)], false),
        // A peer says nothing that has too few tries, and then there are too few peers.
        ([(100, 12), (100, 0), (19, 0)], false),
        ([(19, 12), (100, 0), (100, 0)], false),
    ] {
        let mut controller = compared(&json!({}));
        let told = fail_together(&mut controller, failures);
        let expected: &[&str] = if errs { &["errors", "ordered"] } else { &[] };
        assert_eq!(kinds(&told), expected, "{failures:?}");
        if errs {
            let text = "12 of 100 tries at eu-west in 300 s failed (12 %), beside 0 % in the \
                        middle one of its peers";
            assert!(told[0].1.contains(text), "{}", told[0].1);
        }
    }
}

#[test]
fn no_more_regions_are_led_away_from_than_may_be() {
    let mut controller = compared(&json!({"max_ejected_percent": 33}));
    let told = fail_together(&mut controller, [(100, 12), (100, 0), (100, 0)]);
    assert_eq!(kinds(&told), ["errors"], "one of three is more than 33 %");
    assert!(told[0].1.ends_with("as many regions as may be are led away from"), "{told:?}");
    let mut controller = compared(&json!({"excess_percent": 1}));
    let told = fail_together(&mut controller, [(100, 60), (100, 60), (100, 0)]);
    assert_eq!(controller.state.orders.len(), 1, "one of three, whatever else fails: {told:?}");
}
