use super::*;
use crate::config::Analysis;
use crate::time::{MINUTE, SECOND};
use proptest::prelude::*;
use proptest::sample::select;

const STAGES: [u8; 4] = [10, 25, 50, 100];

fn failback(mode: FailbackMode, few_samples: FewSamples) -> Failback {
    Failback {
        mode,
        after_ms: MINUTE,
        stages: STAGES.to_vec(),
        bake_ms: 5 * MINUTE,
        analysis: Analysis {
            min_samples: 100,
            few_samples,
            max_success_drop_of_100_000: 1_000,
            max_latency_percent: 200,
        },
    }
}

fn automatic() -> Failback {
    failback(FailbackMode::Automatic, FewSamples::Hold)
}

fn at(ms: Millis) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn good() -> Compared {
    Compared::Good("as the others".to_owned())
}

fn worse() -> Compared {
    Compared::Worse("half fail".to_owned())
}

fn few() -> Compared {
    Compared::Few("37 of 100 requests".to_owned())
}

fn turn(back: &Return, failback: &Failback, compared: Compared, now: Timestamp) -> Turn {
    let stages = &failback.stages;
    back.turn(&Returning { failback, stages, obstacle: None, compared }, now)
}

fn percent(turn: &Turn) -> Option<u8> {
    match turn {
        Turn::On { percent, .. } | Turn::Back { percent, .. } => Some(*percent),
        Turn::Stays(_) | Turn::Over => None,
    }
}

fn stage(percent: u8, good: &[u8]) -> Return {
    Return { percent, good: good.to_vec(), ..Return::begin(at(0), 0, None) }
}

#[test]
fn it_begins_when_the_region_was_up_for_long_enough_and_goes_on_stage_by_stage() {
    let failback = automatic();
    let mut back = Return::begin(at(0), 0, None);
    assert_eq!(turn(&back, &failback, Compared::Silent, at(MINUTE - 1)), Turn::Stays(None));
    let mut now = at(MINUTE);
    for (index, stage) in STAGES.into_iter().enumerate() {
        let told = turn(&back, &failback, good(), now);
        assert_eq!(percent(&told), Some(stage), "{index}");
        back.go_on(stage, false, now);
        let early = turn(&back, &failback, good(), now.plus(5 * MINUTE - 1));
        assert_eq!(early, Turn::Stays(None), "{stage}");
        now = now.plus(5 * MINUTE);
    }
    assert_eq!(turn(&back, &failback, good(), now), Turn::Over);
}

#[test]
fn a_stage_that_is_worse_goes_back_at_once_to_the_last_that_was_good() {
    let failback = automatic();
    let cases: [(u8, &[u8], u8); 6] = [
        (10, &[0], 0),
        (25, &[0, 10], 10),
        (100, &[0, 10, 25, 50], 50),
        (50, &[0, 10], 10),
        (10, &[0, 10], 0),
        (25, &[], 0),
    ];
    for (here, good, to) in cases {
        let told = turn(&stage(here, good), &failback, worse(), at(SECOND));
        assert_eq!(percent(&told), Some(to), "{here} after {good:?}");
    }
}

#[test]
fn nobody_has_to_be_sent_away_from_a_region_to_which_nobody_has_returned() {
    let held = turn(&stage(0, &[]), &automatic(), worse(), at(MINUTE));
    assert_eq!(held, Turn::Stays(Some("half fail".to_owned())));
}

#[test]
fn a_stage_with_few_requests_is_held_or_goes_on_by_time() {
    let back = stage(10, &[0]);
    let hold = turn(&back, &automatic(), few(), at(5 * MINUTE));
    let why = "it has had fewer than 100 requests to compare".to_owned();
    assert_eq!(hold, Turn::Stays(Some(why)));
    let by_time = failback(FailbackMode::Automatic, FewSamples::GoOn);
    assert_eq!(percent(&turn(&back, &by_time, few(), at(5 * MINUTE))), Some(25));
    assert_eq!(turn(&back, &by_time, few(), at(5 * MINUTE - 1)), Turn::Stays(None));
}

#[test]
fn where_there_are_no_requests_at_all_probes_decide() {
    let told = turn(&stage(10, &[0]), &automatic(), Compared::Silent, at(5 * MINUTE));
    assert_eq!(percent(&told), Some(25));
}

#[test]
fn a_manual_one_waits_for_a_person_and_then_goes_on_by_itself() {
    let failback = failback(FailbackMode::Manual, FewSamples::Hold);
    let mut back = Return::begin(at(0), 0, None);
    let held = turn(&back, &failback, Compared::Silent, at(24 * 60 * MINUTE));
    assert_eq!(held, Turn::Stays(Some("a person has to begin it".to_owned())));
    back.go_on(10, true, at(0));
    assert_eq!(percent(&turn(&back, &failback, good(), at(5 * MINUTE))), Some(25));
}

#[test]
fn what_stands_in_the_way_holds_a_stage_and_what_is_worse_goes_back_all_the_same() {
    let failback = automatic();
    let seen = |compared| Returning {
        failback: &failback,
        stages: &STAGES,
        obstacle: Some("halted".to_owned()),
        compared,
    };
    let back = stage(25, &[0, 10]);
    let held = Turn::Stays(Some("halted".to_owned()));
    assert_eq!(back.turn(&seen(good()), at(5 * MINUTE)), held);
    assert_eq!(percent(&back.turn(&seen(worse()), at(5 * MINUTE))), Some(10));
}

#[test]
fn after_too_many_regressions_it_waits_for_a_person_who_may_bring_it_on() {
    let failback = automatic();
    let mut back = Return::begin(at(0), 0, None);
    for count in 1..=REGRESSIONS_MAX {
        back.go_on(10, false, at(0));
        assert_eq!(percent(&turn(&back, &failback, worse(), at(1))), Some(0));
        back.go_back(0, at(0));
        let told = turn(&back, &failback, Compared::Silent, at(5 * MINUTE));
        assert_eq!(percent(&told).is_some(), count < REGRESSIONS_MAX, "{count}");
    }
    back.go_on(10, true, at(0));
    assert_eq!((back.regressions, back.percent), (0, 10));
    assert_eq!(percent(&turn(&back, &failback, good(), at(5 * MINUTE))), Some(25));
}

#[test]
fn after_a_regression_to_nobody_it_waits_for_a_whole_watch() {
    let failback = automatic();
    let mut back = stage(10, &[0]);
    back.go_back(0, at(0));
    let told = |ms| turn(&back, &failback, Compared::Silent, at(ms));
    assert_eq!(told(5 * MINUTE - 1), Turn::Stays(None));
    assert_eq!(percent(&told(5 * MINUTE)), Some(10));
}

/// What may happen to a return from one look at it to the next.
#[derive(Debug, Clone)]
enum Happens {
    Look(Compared, Millis),
    Person,
}

fn happening() -> impl Strategy<Value = Happens> {
    let compared = select(vec![Compared::Silent, good(), worse(), few()]);
    prop_oneof![
        6 => (compared, 0..10 * MINUTE).prop_map(|(compared, ms)| Happens::Look(compared, ms)),
        1 => Just(Happens::Person),
    ]
}

fn rising() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::btree_set(1_u8..100, 0..6)
        .prop_map(|stages| stages.into_iter().chain([100]).collect())
}

proptest! {
    #[test]
    fn it_comes_only_to_stages_of_the_config_and_goes_back_only_to_good_ones(
        stages in rising(),
        by_time: bool,
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        let few_samples = if by_time { FewSamples::GoOn } else { FewSamples::Hold };
        let failback =
            Failback { stages, ..failback(FailbackMode::Automatic, few_samples) };
        let mut back = Return::begin(at(0), 0, None);
        let mut now = at(0);
        // Stages that were watched to their end without being found worse, and nobody at all.
        let mut passed = vec![0];
        for happens in happenings {
            match happens {
                Happens::Person => {
                    if let Some(percent) = back.next(&failback.stages) {
                        back.go_on(percent, true, now);
                    }
                }
                Happens::Look(compared, ms) => {
                    now = now.plus(ms);
                    let is_worse = compared == worse();
                    match turn(&back, &failback, compared, now) {
                        Turn::On { percent, .. } => {
                            prop_assert!(!is_worse && now >= back.watched_until(&failback));
                            prop_assert_eq!(back.next(&failback.stages), Some(percent));
                            passed.push(back.percent);
                            back.go_on(percent, false, now);
                        }
                        Turn::Back { percent, .. } => {
                            prop_assert!(is_worse && percent < back.percent);
                            prop_assert!(passed.contains(&percent), "{} {:?}", percent, passed);
                            let failed = back.percent;
                            back.go_back(percent, now);
                            passed.retain(|stage| *stage < failed);
                        }
                        Turn::Stays(_) => prop_assert!(!is_worse || back.percent == 0),
                        Turn::Over => prop_assert!(back.percent == 100 && !is_worse),
                    }
                }
            }
            prop_assert!(back.percent == 0 || failback.stages.contains(&back.percent));
            prop_assert!(back.good.iter().all(|stage| passed.contains(stage)));
        }
    }
}
