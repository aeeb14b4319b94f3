//! Questions to the public name after a change.

use super::*;
use crate::controller::public_check::{CHECK_AGAIN_MS, CHECKS_MAX};
use crate::tick::{PublicAnswer, PublicCheck};

/// A controller in whose incident a change was acknowledged.
fn changed(config: &str) -> Controller {
    let mut controller = settled_with(config);
    minute(&mut controller, 2, &["eu-1"]);
    let why = "eu-1 in eu-west: TCP timeout".to_owned();
    let done = Event::new(EventKind::Applied, "x".to_owned(), at(2 * MINUTE + 56_000));
    controller.note_in_incident(&mut done.because(why));
    controller
}

/// The next round.
fn round(controller: &mut Controller, request: &RoundRequest) -> Option<PublicCheck> {
    let RoundReply::Probe { check, .. } = controller.round(request).reply else { return None };
    check
}

fn begin(now: Millis) -> RoundRequest {
    RoundRequest::first(at(now), at(now))
}

fn answer(asked: &PublicCheck, now: Millis, verdict: Verdict) -> Aside {
    let (incident, name) = (asked.incident.clone(), asked.name.clone());
    let answer = Some(PublicAnswer { incident, name, at: at(now), verdict });
    Aside { excerpts: Vec::new(), answer }
}

#[test]
fn after_a_change_the_public_name_is_asked_and_its_answer_is_a_phase() {
    let mut controller = changed(&config_text());
    let asked = round(&mut controller, &begin(3 * MINUTE)).unwrap();
    assert_eq!((asked.name.as_str(), asked.path.as_str()), ("files.example.com", "/health"));
    assert_eq!(asked.incident, only(&controller).id);
    let probes = controller.state().run.as_ref().unwrap().probes;
    assert_eq!(probes, 3, "it counts among the probes of the run");
    let (round, now) = (1, at(3 * MINUTE + 100));
    let aside = Some(answer(&asked, 3 * MINUTE + 90, pass()));
    controller.round(&RoundRequest { round, now, aside, ..begin(3 * MINUTE) });
    let verified = only(&controller).phases.at(Phase::Verified);
    assert_eq!(verified, Some(at(3 * MINUTE + 90)));
    assert!(kinds(&mut controller).contains(&"verified".to_owned()));
}

#[test]
fn a_name_that_does_not_answer_as_expected_is_asked_again_so_often() {
    let mut controller = changed(&config_text());
    let asked = round(&mut controller, &begin(3 * MINUTE)).unwrap();
    let (round_, now) = (1, at(3 * MINUTE + 100));
    let aside = Some(answer(&asked, 3 * MINUTE + 90, fail()));
    let soon = RoundRequest { round: round_, now, aside, ..begin(3 * MINUTE) };
    assert_eq!(round(&mut controller, &soon), None, "not at once");
    let said = only(&controller).unverified.clone().unwrap();
    assert!(said.starts_with("files.example.com was asked, and failed: "), "{said}");
    for (checks, rests_ms, is_asked) in [
        (CHECKS_MAX - 1, CHECK_AGAIN_MS - 1, false),
        (CHECKS_MAX - 1, CHECK_AGAIN_MS, true),
        (CHECKS_MAX, CHECK_AGAIN_MS, false),
    ] {
        let now = at(4 * MINUTE);
        let incident = &mut controller.state.incidents[0];
        (incident.checks, incident.checked_at) = (checks, Some(now.minus(rests_ms)));
        assert_eq!(controller.public_check(1_000, now).is_some(), is_asked, "{checks} {rests_ms}");
    }
}

#[test]
fn a_host_that_the_proxy_serves_is_not_asked() {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["services"]["files"]["hosts"] = json!(["files.example.com"]);
    for config in [config.to_string(), proxied()] {
        let mut controller = changed(&config);
        assert_eq!(round(&mut controller, &begin(3 * MINUTE)), None);
        let said = only(&controller).unverified.clone().unwrap();
        assert!(said.contains("does not reach itself"), "{said}");
    }
}

#[test]
fn no_question_goes_along_while_a_probe_decides_or_the_probes_are_spent() {
    let mut controller = changed(&config_text());
    let before = controller.state.clone();
    let target = crate::testing::target("us-1");
    let memory = &mut controller.state.targets.get_mut(&target).unwrap().memory;
    let thresholds = crate::health::Thresholds { rise: 2, fall: 3, forgive: 3, window_ms: MINUTE };
    assert_eq!(memory.observe(&fail(), thresholds, at(3 * MINUTE)), None);
    assert_eq!(round(&mut controller, &begin(3 * MINUTE)), None, "unsettled");
    controller.state = before;
    assert!(round(&mut controller, &begin(3 * MINUTE)).is_some());
    // One for each target, and the reserve: three failures of one.
    let needed = 3 + 3;
    let most = controller.config().unwrap().probes_per_run;
    for (left, may_ask) in [(needed - 1, false), (needed, false), (needed + 1, true)] {
        let now = at(3 * MINUTE);
        let begun = controller.state.run.clone().unwrap();
        controller.state.run = Some(crate::state::Run { probes: most - left, ..begun });
        assert_eq!(controller.may_ask(now), may_ask, "{left}");
    }
}
