//! If one permitted region is well, the request is served: over whatever breakers, and however the
//! others fail.

use super::*;
use proptest::prelude::*;

/// As the service of `three` has it.
const TRY_MS: u64 = 1_000;
const TIMEOUT_MS: u64 = 5_000;
const IDS: [&str; 4] = ["eu-west", "us-east", "sa-east", "ap-south"];

/// What a region does with every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Answers after so long.
    Well(u64),
    Refuses,
    Hangs,
    Says(u16),
}

impl Manner {
    /// How a try ends there that is waited for so long, and when.
    fn end(self, wait_ms: u64) -> (TryEnd, u64) {
        match self {
            Self::Well(ms) if ms <= wait_ms => (answered(200), ms),
            Self::Well(_) | Self::Hangs => (TryEnd::TimedOut, wait_ms),
            Self::Refuses => (TryEnd::Unreachable, 1),
            Self::Says(status) => (answered(status), 5),
        }
    }
}

fn manners() -> impl Strategy<Value = Manner> {
    prop_oneof![
        2 => (1..=TRY_MS).prop_map(Manner::Well),
        2 => (TRY_MS + 1..TIMEOUT_MS).prop_map(Manner::Well),
        2 => Just(Manner::Refuses),
        3 => Just(Manner::Hangs),
        2 => proptest::sample::select(vec![503, 520, 521, 524, 429]).prop_map(Manner::Says),
    ]
}

/// What an isolate may have met before: at which region, how it ended, and how long ago.
fn histories() -> impl Strategy<Value = Vec<(usize, Manner, u64)>> {
    proptest::collection::vec((0usize..4, manners(), 0u64..3_000), 0..25)
}

/// An isolate with so many regions, each with one origin, that has met all this.
fn experienced(regions: usize, keys: &Value, history: &[(usize, Manner, u64)]) -> (Isolate, u64) {
    let mut routes = three();
    let candidate = |id: &&str| {
        let origins = [format!("https://{id}-1.example.net")];
        json!({"id": id, "health": "up", "usable": 1, "all": 1, "origins": origins})
    };
    let all = |id: &&str| json!({"id": id, "country": "DE"});
    routes["regions"] = IDS[..regions].iter().map(all).collect();
    routes["rules"] = json!([]);
    let api = &mut routes["services"]["api"];
    api["regions"] = IDS[..regions].iter().map(candidate).collect();
    api["proxy"] = keys.clone();
    let mut isolate = Isolate::default();
    isolate.take(&routes.to_string(), at(0)).unwrap();
    let mut now = 0;
    for (region, manner, wait) in history {
        now += wait;
        let table = isolate.table.clone().unwrap();
        let region = &table.services()[0].candidates[region % regions];
        let upstream = Upstream { region, index: 0, origin: "", told: None };
        let token = isolate.services[0].token(&upstream).unwrap();
        let (end, took_ms) = manner.end(TRY_MS);
        now += took_ms;
        isolate.ended(&TryReport { token, end, took_ms, now: at(now), due: at(now) });
    }
    (isolate, now)
}

/// What became of a request.
#[derive(Debug, Default)]
struct Course {
    served_by: Option<String>,
    /// The region of each try, how long it was waited for, and whether another one could follow.
    tries: Vec<(String, u64, bool)>,
}

/// Plays a request as `carry.js` does: with the answer in hand while a further try runs.
fn play(isolate: &mut Isolate, manners: &[Manner], attempts: usize, began: u64) -> Course {
    let mut course = Course::default();
    let (mut now, mut held) = (began, None);
    let mut next = GET.go_on(isolate, FIRST, now);
    loop {
        if next == Instruction::LoadTable {
            next = GET.go_on(isolate, LOADED, now);
        }
        let Instruction::Send(sent) = next else { return course };
        let region = sent.region().to_owned();
        let tried = course.tries.len() + 1;
        let may_follow = tried < attempts.min(manners.len());
        course.tries.push((region.clone(), sent.wait_ms, may_follow));
        let index = IDS.iter().position(|id| *id == region).unwrap();
        let (end, took_ms) = manners[index].end(sent.wait_ms);
        now += took_ms;
        let Some(reason) = isolate.over(&sent, end, took_ms, now) else {
            course.served_by = Some(region);
            return course;
        };
        held = if reason.has_response() { Some(reason) } else { held };
        let reason = held.unwrap_or(reason);
        next = GET.ask_after(isolate, reason, &sent.trail, now - began, now);
    }
}

impl Asking<'_> {
    fn ask_after(
        &self,
        isolate: &mut Isolate,
        reason: AskReason,
        trail: &str,
        elapsed_ms: u64,
        now: u64,
    ) -> Instruction {
        self.go_on(isolate, Progress { reason, trail, elapsed_ms, ..FIRST }, now)
    }
}

proptest! {
    #[test]
    fn a_request_is_served_if_one_region_is_well_and_no_try_but_the_last_has_more_than_a_try(
        manners in proptest::collection::vec(manners(), 1..=4),
        history in histories(),
        later in 0u64..5_000,
    ) {
        // Within a retry budget of its own: what the budget withholds is another test's matter.
        let keys = json!({"attempts": 5, "retry_budget_percent": 100});
        let (mut isolate, now) = experienced(manners.len(), &keys, &history);
        let course = play(&mut isolate, &manners, 5, now + later);
        for (_, wait_ms, may_follow) in &course.tries {
            let most_ms = if *may_follow { TRY_MS } else { TIMEOUT_MS };
            prop_assert!(*wait_ms <= most_ms, "{course:?}");
        }
        let throttles = manners.contains(&Manner::Says(429));
        let is_well = |manner: &Manner| matches!(manner, Manner::Well(ms) if *ms <= TRY_MS);
        if manners.iter().any(is_well) && !throttles {
            prop_assert!(course.served_by.is_some(), "{course:?}");
        }
        let regions: std::collections::BTreeSet<_> =
            course.tries.iter().map(|(region, ..)| region).collect();
        prop_assert_eq!(regions.len(), course.tries.len(), "each region once");
    }

    #[test]
    fn a_request_that_may_be_tried_once_has_all_the_time_there_is(
        manners in proptest::collection::vec(manners(), 1..=4),
        history in histories(),
    ) {
        let (mut isolate, now) = experienced(manners.len(), &json!({"attempts": 1}), &history);
        let course = play(&mut isolate, &manners, 1, now);
        prop_assert_eq!(course.tries.len(), 1);
        prop_assert_eq!(course.tries[0].1, TIMEOUT_MS);
    }

    #[test]
    fn a_late_request_is_sent_beside_itself_only_where_a_region_does_not_fail(
        history in histories(),
        regions in 2usize..=4,
    ) {
        let keys = json!({"attempts": 5, "hedge": true});
        let (mut isolate, now) = experienced(regions, &keys, &history);
        let table = isolate.table.clone().unwrap();
        for _ in 0..30 {
            let region = &table.services()[0].candidates[0];
            let upstream = Upstream { region, index: 0, origin: "", told: None };
            let token = isolate.services[0].token(&upstream).unwrap();
            let end = answered(200);
            isolate.ended(&TryReport { token, end, took_ms: 40, now: at(now), due: at(now) });
        }
        let first = GET.first(&mut isolate, now);
        let is_open = |id: &&str| {
            let index = IDS.iter().position(|known| known == id).unwrap();
            isolate.services[0].seen[index].breaker.is_open()
        };
        let others = IDS[..regions].iter().filter(|id| **id != first.region());
        let may = others.clone().any(|id| !is_open(id));
        prop_assert!(first.late_ms.is_none() || may);
        if first.late_ms.is_some() {
            let next = GET.ask_after(&mut isolate, AskReason::Late, &first.trail, 40, now + 40);
            let second = sent(next);
            prop_assert_ne!(second.region(), first.region());
            let may_follow = regions > 2;
            let most_ms = if may_follow { TRY_MS } else { TIMEOUT_MS };
            prop_assert!(second.wait_ms <= most_ms);
        }
    }
}
