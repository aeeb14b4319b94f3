use super::*;
use crate::config::DrillKind;
use crate::drill::{DrillStage, Finding, Milestone, Outcome, Wish, report, summary};
use crate::journal::Actor;
use crate::json;
use proptest::prelude::*;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_796_119_200_000 + ms)
}

fn api() -> ServiceId {
    ServiceId::parse("api").unwrap()
}

fn eu() -> RegionId {
    RegionId::parse("eu-west").unwrap()
}

fn drill(number: u64, now: Timestamp) -> Drill {
    let wish = Wish {
        service: api(),
        kind: DrillKind::Canary,
        region: eu(),
        who: Actor::system(),
        why: "it is time".to_owned(),
        schedule: DrillId::parse("weekly").ok(),
        percent: 10,
        watch_ms: 5 * MINUTE,
    };
    Drill::begin(number, wish, DrillStage::Away, now)
}

fn fine() -> Finding {
    Finding::new(Outcome::Succeeded, "")
}

#[test]
fn its_id_tells_when_what_and_which() {
    assert_eq!(drill(7, at(0)).id, "2026-12-01t1000-api-canary-7");
}

#[test]
fn what_was_decided_first_is_how_it_ends() {
    let mut drill = drill(1, at(0));
    drill.give_up(Finding::new(Outcome::AbortedSafety, "us-east is down"), at(10));
    assert_eq!((drill.stage, drill.leads_away(&api(), &eu())), (DrillStage::Back, None));
    drill.give_up(Finding::new(Outcome::Interrupted, "halted"), at(20));
    assert_eq!(drill.at(Milestone::TurnedBack), Some(at(10)));
    drill.end(fine(), at(30));
    assert_eq!(drill.outcome, Outcome::AbortedSafety);
    assert_eq!(drill.why_ended.as_deref(), Some("us-east is down"));
}

#[test]
fn the_old_ones_go_and_the_one_that_goes_on_stays() {
    let mut book = DrillBook::default();
    for number in 0..=u64::try_from(DRILLS_MAX).unwrap() {
        let mut old = drill(number, at(number));
        old.end(fine(), at(number));
        book.drills.push(old);
    }
    book.drills.push(drill(99, at(99)));
    assert_eq!(book.forget_old(at(100)), ["2026-12-01t1000-api-canary-0"]);
    assert_eq!(book.drills.len(), DRILLS_MAX + 1);
    let late = at(DRILL_AGE_MS);
    for (now, kept) in [(late, DRILLS_MAX + 1), (late.plus(2), DRILLS_MAX), (late.plus(99), 1)] {
        book.forget_old(now);
        assert_eq!(book.drills.len(), kept, "{now}");
    }
    assert!(book.under_way().is_some());
}

#[test]
fn the_report_says_who_asked_what_was_reached_and_what_came_of_it() {
    let mut drill = drill(1, at(0));
    drill.reach(Milestone::Moved, at(2_300));
    drill.find(["us-east takes over".to_owned()]);
    drill.traffic = Some(crate::drill::DrillTraffic {
        requests: 1_000,
        failures: 3,
        unanswered: 1,
        last_good: Some(at(0)),
        first_good: None,
    });
    drill.end(Finding::new(Outcome::Failed, "it took too long"), at(61_000));
    let line = "FAILED · canary · api without eu-west · 1 min: it took too long";
    assert_eq!(summary(&drill), line);
    let text = report(&drill);
    for part in [
        "# Drill 2026-12-01t1000-api-canary-1\n",
        "- By: the schedule `weekly`, because: it is time\n",
        "| 2026-12-01T10:00:02.300Z | +2.3 s | clients were elsewhere, acknowledged |\n",
        "- 1000 answers as proxies counted them, 3 failed, 1 of these without an answer\n",
        "- First good minute after it began: not known\n",
        "- us-east takes over",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

proptest! {
    #[test]
    fn whatever_is_done_to_a_drill_its_end_leads_nobody_away(
        deeds in proptest::collection::vec(0..6_u8, 0..20),
    ) {
        let mut drill = drill(1, at(0));
        for (index, deed) in deeds.iter().enumerate() {
            let now = at(index as u64 + 1);
            match deed {
                0 => drill.give_up(Finding::new(Outcome::Interrupted, "w"), now),
                1 => drill.turn_back(now),
                2 if drill.stage.is_away() => drill.enter(DrillStage::Watch, now),
                3 => drill.reach(Milestone::Moved, now),
                4 => drill.find(std::iter::repeat_n("f".to_owned(), 30)),
                _ => drill = json::read(&json::write(&drill)).unwrap(),
            }
            prop_assert!(drill.findings.len() <= crate::drill::FINDINGS_MAX);
            prop_assert!(drill.ending.is_none() || !drill.stage.is_away(), "given up, it returns");
        }
        drill.end(fine(), at(99));
        prop_assert!(drill.leads_away(&api(), &eu()).is_none());
        prop_assert!(!drill.is_under_way());
        prop_assert_eq!(&json::read::<Drill>(&json::write(&drill)).unwrap(), &drill);
    }
}
