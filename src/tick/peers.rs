//! Which targets are behind their peers, by a number that they tell.
//!
//! One answer cannot show that a database goes on in a history that all others have left: it says
//! `running`, and its lag is small. Beside the answers of the others it shows: its timeline is
//! lower. So a probe tells the number, and here it is compared with the greatest that the other
//! origins of the service tell under the same monitor.
//!
//! **Who is believed.** An origin whose last probe passed, that is not down, and whose verdict is
//! not too old to count. One that died with the greatest number of all does not take down those
//! that go on without it. Where nobody else is believed, nothing is compared.
//!
//! **Never all.** The one with the greatest number is never behind. Numbers are compared before any
//! health of the round changes, so it does not matter in which order they come.
//!
//! **Not within one instant.** Two numbers may be read a round apart. Of a number that grows all
//! the time, `behind_max` has to allow for what it grows in between.

use crate::config::{Config, Monitor};
use crate::health::{FailureKind, FailureReason, Field, Health, Verdict, compare, is_behind};
use crate::ids::{MonitorId, OriginId};
use crate::ordered::Set;
use crate::state::{State, TargetState};
use crate::target::Target;
use crate::time::Timestamp;
use serde_json::Number;
use std::cmp::Ordering;

/// How far the origins of each service have come.
#[derive(Debug)]
pub(super) struct Peers<'c>(Vec<Front<'c>>);

/// How far the origins of one service have come, by one number under one monitor.
#[derive(Debug)]
struct Front<'c> {
    monitor: MonitorId,
    pointer: &'c str,
    behind_max: u32,
    origins: Set<&'c OriginId>,
    furthest: Number,
}

impl<'c> Peers<'c> {
    /// As of a round whose answers are in the state, and not judged yet.
    pub(super) fn of(state: &State, config: &'c Config, now: Timestamp) -> Self {
        if config.monitors.values().all(|monitor| monitor.expect.beside_peers().next().is_none()) {
            return Self(Vec::new());
        }
        let mut fronts = Vec::new();
        for service in config.services.values() {
            let origins: Set<_> = config.origins_of(service).map(|origin| &origin.id).collect();
            for id in config.probed_for(service).iter() {
                let Some(monitor) = config.monitors.get(id) else { continue };
                for (pointer, behind_max) in monitor.expect.beside_peers() {
                    let told = origins.iter().filter_map(|origin| {
                        let target = Target { origin: (*origin).clone(), monitor: id.clone() };
                        believed(state.targets.get(&target)?, monitor, pointer, now)
                    });
                    let order = |a: &&Number, b: &&Number| compare(a, b).unwrap_or(Ordering::Equal);
                    let Some(furthest) = told.max_by(order).cloned() else { continue };
                    let (monitor, origins) = (id.clone(), origins.clone());
                    fronts.push(Front { monitor, pointer, behind_max, origins, furthest });
                }
            }
        }
        Self(fronts)
    }

    /// The verdict about a target, once it is compared with its peers: only a pass can change.
    pub(super) fn judge(&self, target: &Target, known: &TargetState, verdict: &Verdict) -> Verdict {
        let is_pass = matches!(verdict, Verdict::Pass { .. });
        let is_behind = |front: &&Front<'_>| {
            let is_of = front.monitor == target.monitor && front.origins.contains(&target.origin);
            is_of
                && number(known, front.pointer)
                    .is_some_and(|own| is_behind(own, &front.furthest, front.behind_max))
        };
        match self.0.iter().filter(|_| is_pass).find(is_behind) {
            Some(front) => Verdict::Fail {
                reason: FailureReason::at(FailureKind::ResponseJsonBehind, front.pointer),
            },
            None => verdict.clone(),
        }
    }
}

/// The number that a target tells, if it is believed.
fn believed<'s>(
    known: &'s TargetState,
    monitor: &Monitor,
    pointer: &str,
    now: Timestamp,
) -> Option<&'s Number> {
    let passed = known.passed?;
    let is_last = known.probed_at <= Some(passed.at) && known.note.is_none();
    let is_new = now.since(passed.at) <= monitor.patience_ms();
    let is_believed = is_last && is_new && known.memory.health != Health::Down;
    if is_believed { number(known, pointer) } else { None }
}

/// The number that the last answer that passed has there. One of an earlier answer says nothing.
fn number<'s>(known: &'s TargetState, pointer: &str) -> Option<&'s Number> {
    let seen = known.fields.get(pointer)?;
    match &seen.value {
        Field::Number(number) if known.passed.is_some_and(|it| it.at == seen.at) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExpectedJson;
    use crate::health::{Passed, Seen};
    use crate::testing::{config_text, target};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const POINTER: &str = "/timeline";
    const PASS: Verdict = Verdict::Pass { latency_ms: 20, lag_s: None };
    const ORIGINS: [&str; 3] = ["eu-1", "us-1", "br-1"];

    fn config(behind_max: u32) -> Config {
        let mut config = Config::parse(&config_text()).unwrap();
        config.services.retain(|id, _| id.as_str() == "api");
        for monitor in config.monitors.values_mut() {
            let bound = ExpectedJson::Bounds { min: None, max: None, behind_max: Some(behind_max) };
            monitor.expect.json.push((POINTER.to_owned(), bound));
        }
        config
    }

    /// What is known of a target that told this, so long ago, and was probed without success since.
    fn known(value: Option<i64>, health: Health, age_ms: u64, has_failed: bool) -> TargetState {
        let at = NOW.minus(age_ms);
        let value = value.map_or(Field::Null {}, |value| Field::Number(value.into()));
        let mut known = TargetState {
            probed_at: Some(if has_failed { at.plus(1) } else { at }),
            passed: Some(Passed { asked: at, at }),
            ..TargetState::default()
        };
        known.memory.health = health;
        known.fields.insert(POINTER.to_owned(), Seen::after(None, value, at));
        known
    }

    fn any_known() -> impl Strategy<Value = (Option<i64>, Health, u64, bool)> {
        let health = prop_oneof![Just(Health::Up), Just(Health::Down), Just(Health::Unknown)];
        let value = prop_oneof![8 => (-3_i64..6).prop_map(Some), 1 => Just(None)];
        (value, health, prop_oneof![3 => Just(0_u64), 1 => 0..20_000_000_u64], prop::bool::ANY)
    }

    proptest! {
        #[test]
        fn who_is_behind_has_a_peer_ahead_and_the_greatest_never_is(
            of in prop::array::uniform3(any_known()),
            behind_max in 0_u32..3,
        ) {
            let config = config(behind_max);
            let mut state = State::default();
            for (origin, (value, health, age_ms, has_failed)) in ORIGINS.iter().zip(of) {
                state.targets.insert(target(origin), known(value, health, age_ms, has_failed));
            }
            let peers = Peers::of(&state, &config, NOW);
            let greatest = of.iter().filter_map(|it| it.0).max();
            let mut behind = 0;
            for (origin, (value, ..)) in ORIGINS.iter().zip(of) {
                let target = target(origin);
                let verdict = peers.judge(&target, state.targets.get(&target).unwrap(), &PASS);
                if verdict == PASS {
                    continue;
                }
                behind += 1;
                let value = value.unwrap();
                prop_assert!(Some(value) < greatest);
                let is_ahead = |(other, health, _, has_failed): &(Option<i64>, Health, u64, bool)| {
                    let is_far = other.is_some_and(|it| it - value > i64::from(behind_max));
                    is_far && *health != Health::Down && !has_failed
                };
                prop_assert!(of.iter().any(is_ahead));
            }
            prop_assert!(behind < ORIGINS.len());
        }
    }

    #[test]
    fn a_failure_stays_the_failure_that_it_is() {
        let config = config(0);
        let mut state = State::default();
        state.targets.insert(target("eu-1"), known(Some(9), Health::Up, 0, false));
        state.targets.insert(target("us-1"), known(Some(1), Health::Up, 0, false));
        let peers = Peers::of(&state, &config, NOW);
        let us = state.targets.get(&target("us-1")).unwrap();
        let lost = Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) };
        assert_eq!(peers.judge(&target("us-1"), us, &lost), lost);
        assert_ne!(peers.judge(&target("us-1"), us, &PASS), PASS);
    }

    #[test]
    fn a_number_of_an_earlier_answer_is_neither_compared_nor_a_measure() {
        let config = config(0);
        let judged = |of: &str| {
            let mut state = State::default();
            state.targets.insert(target("eu-1"), known(Some(9), Health::Up, 0, false));
            state.targets.insert(target("us-1"), known(Some(1), Health::Up, 0, false));
            if let Some(known) = state.targets.get_mut(&target(of)) {
                let at = NOW.plus(1);
                (known.passed, known.probed_at) = (Some(Passed { asked: at, at }), Some(at));
            }
            let peers = Peers::of(&state, &config, NOW.plus(1));
            peers.judge(&target("us-1"), state.targets.get(&target("us-1")).unwrap(), &PASS)
        };
        assert_ne!(judged("nobody"), PASS);
        assert_eq!(judged("eu-1"), PASS);
        assert_eq!(judged("us-1"), PASS);
    }

    #[test]
    fn a_verdict_that_is_too_old_to_go_by_is_no_measure() {
        let config = config(0);
        let patience_ms = config.monitors.values().next().unwrap().patience_ms();
        for (age_ms, is_measure) in [(patience_ms, true), (patience_ms + 1, false)] {
            let mut state = State::default();
            state.targets.insert(target("eu-1"), known(Some(9), Health::Up, age_ms, false));
            state.targets.insert(target("us-1"), known(Some(1), Health::Up, 0, false));
            let peers = Peers::of(&state, &config, NOW);
            let us = state.targets.get(&target("us-1")).unwrap();
            let verdict = peers.judge(&target("us-1"), us, &PASS);
            assert_eq!(verdict != PASS, is_measure, "{age_ms}");
        }
    }
}
