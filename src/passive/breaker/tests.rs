use super::*;
use proptest::prelude::*;

/// The longest time in which a trial may pass.
const TRY_MS: Millis = 800;
const LIMITS: BreakerLimits = BreakerLimits { failures: 5, success_percent: 50 };

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

/// A request that took a millisecond.
fn observe(breaker: &mut Breaker, outcome: TryOutcome, ms: u64) {
    breaker.observe(outcome, at(ms), at(ms + 1), LIMITS);
}

/// Opened at 1 by a request into silence.
fn opened() -> Breaker {
    let mut breaker = Breaker::default();
    observe(&mut breaker, TryOutcome::Silent, 0);
    assert!(breaker.is_open());
    breaker
}

#[test]
fn the_first_silence_opens() {
    assert_eq!(opened().open_until(), Some(at(1 + BACKOFF_MS_MIN)));
}

#[test]
fn silence_opens_nothing_where_somebody_was_answered_meanwhile() {
    let mut breaker = Breaker::default();
    breaker.observe(TryOutcome::Served, at(100), at(150), LIMITS);
    breaker.observe(TryOutcome::Silent, at(120), at(5_120), LIMITS);
    assert!(!breaker.is_open());
    breaker.observe(TryOutcome::Silent, at(151), at(5_151), LIMITS);
    assert!(breaker.is_open());
}

#[test]
fn failures_in_a_row_open_at_the_limit_and_not_before() {
    let mut breaker = Breaker::default();
    for ms in 0..4 {
        observe(&mut breaker, TryOutcome::Failed, ms);
        assert!(!breaker.is_open());
    }
    observe(&mut breaker, TryOutcome::Failed, 4);
    assert!(breaker.is_open());
}

#[test]
fn every_second_failure_opens_by_its_share() {
    let mut breaker = Breaker::default();
    for ms in 0..20 {
        let outcome = if ms % 3 == 0 { TryOutcome::Served } else { TryOutcome::Failed };
        observe(&mut breaker, outcome, ms);
        assert_eq!(breaker.is_open(), ms >= 10, "{ms}");
    }
}

#[test]
fn one_client_over_its_limit_opens_nothing_and_a_storm_does() {
    let mut breaker = Breaker::default();
    (0..9).for_each(|ms| observe(&mut breaker, TryOutcome::PushedBack(Some(30_000)), ms));
    assert!(!breaker.is_open());
    observe(&mut breaker, TryOutcome::PushedBack(Some(30_000)), 9);
    assert_eq!(breaker.open_until(), Some(at(10 + 30_000)), "for as long as it asked");
    let mut mixed = Breaker::default();
    for ms in 0..1_000 {
        observe(&mut mixed, TryOutcome::Served, ms);
        observe(&mut mixed, TryOutcome::PushedBack(None), ms);
        assert!(!mixed.is_open());
    }
}

#[test]
fn nobody_may_ask_for_more_than_a_minute() {
    let mut breaker = Breaker::default();
    (0..10).for_each(|ms| observe(&mut breaker, TryOutcome::PushedBack(Some(u64::MAX)), ms));
    assert_eq!(breaker.open_until(), Some(at(10 + BACKOFF_MS_MAX)));
}

#[test]
fn after_the_wait_there_is_one_trial_and_it_decides() {
    let mut breaker = opened();
    assert!(!breaker.begins_trial(TRY_MS, at(BACKOFF_MS_MIN)));
    assert!(breaker.begins_trial(TRY_MS, at(BACKOFF_MS_MIN + 1)));
    assert!(!breaker.begins_trial(TRY_MS, at(BACKOFF_MS_MIN + 2)), "one is enough");
    let mut healed = breaker;
    healed.trial_ended(true, at(2_000));
    assert!(!healed.is_open());
    breaker.trial_ended(false, at(2_000));
    assert_eq!(breaker.open_until(), Some(at(2_000 + 2 * BACKOFF_MS_MIN)));
}

#[test]
fn a_trial_that_is_lost_is_made_again_a_second_after_it_could_still_have_passed() {
    for (passes_within_ms, lost_after_ms) in
        [(0, SECOND), (TRY_MS, 1_800), (5_000, TRIAL_MS_MAX), (60_000, TRIAL_MS_MAX)]
    {
        let mut breaker = opened();
        assert!(breaker.begins_trial(passes_within_ms, at(1_001)));
        assert!(!breaker.begins_trial(passes_within_ms, at(1_000 + lost_after_ms)));
        assert!(breaker.begins_trial(passes_within_ms, at(1_001 + lost_after_ms)));
    }
}

#[test]
fn the_report_of_a_trial_that_counted_as_lost_does_not_double_the_wait_twice() {
    let mut breaker = opened();
    assert!(breaker.begins_trial(TRY_MS, at(1_001)));
    assert!(breaker.begins_trial(TRY_MS, at(2_801)));
    breaker.trial_ended(false, at(3_000));
    breaker.trial_ended(false, at(3_001));
    assert_eq!(breaker.open_until(), Some(at(3_000 + 2 * BACKOFF_MS_MIN)));
}

#[test]
fn a_good_answer_of_a_region_that_is_left_counts_until_the_next_bad_one() {
    let mut breaker = opened();
    assert!(!breaker.answers());
    breaker.observe(TryOutcome::Served, at(0), at(10), LIMITS);
    assert!(!breaker.answers(), "it was sent before the breaker opened");
    observe(&mut breaker, TryOutcome::Served, 20);
    assert!(breaker.answers() && breaker.is_open());
    for outcome in [TryOutcome::Failed, TryOutcome::Silent, TryOutcome::PushedBack(None)] {
        let mut worse = breaker;
        observe(&mut worse, outcome, 30);
        assert!(!worse.answers(), "{outcome:?}");
    }
    let mut tried = breaker;
    tried.trial_ended(false, at(30));
    assert!(!tried.answers());
    breaker.trial_ended(true, at(30));
    assert!(!breaker.answers(), "it is closed, like any other");
}

#[test]
fn a_failure_is_one_since_then_and_not_since_later() {
    let mut breaker = Breaker::default();
    assert!(!breaker.has_failed_since(at(0)));
    observe(&mut breaker, TryOutcome::Failed, 5);
    assert!(breaker.has_failed_since(at(6)));
    assert!(!breaker.has_failed_since(at(7)));
    breaker.trial_ended(false, at(50));
    assert!(!breaker.has_failed_since(at(7)), "no breaker is open, so the trial says nothing");
    let mut breaker = opened();
    breaker.trial_ended(false, at(50));
    assert!(breaker.has_failed_since(at(50)));
}

#[test]
fn the_wait_doubles_up_to_a_minute() {
    let mut breaker = opened();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let until = breaker.open_until().unwrap();
        assert!(breaker.begins_trial(TRY_MS, until));
        breaker.trial_ended(false, until);
        waits.push(breaker.open_until().unwrap().since(until) / SECOND);
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn it_begins_anew_after_a_quiet_minute_and_goes_on_doubling_before() {
    for (later_ms, wait_ms) in [(59_000, 2 * BACKOFF_MS_MIN), (62_000, BACKOFF_MS_MIN)] {
        let mut breaker = opened();
        breaker.trial_ended(true, at(1_500));
        observe(&mut breaker, TryOutcome::Silent, later_ms);
        assert_eq!(breaker.open_until(), Some(at(later_ms + 1 + wait_ms)));
    }
}

#[test]
fn an_answer_to_somebody_who_had_no_choice_closes_only_after_the_wait() {
    let mut breaker = opened();
    observe(&mut breaker, TryOutcome::Served, 500);
    assert!(breaker.is_open());
    observe(&mut breaker, TryOutcome::Served, BACKOFF_MS_MIN);
    assert!(!breaker.is_open());
}

#[test]
fn an_answer_to_a_request_from_before_says_nothing_of_now() {
    let mut breaker = Breaker::default();
    observe(&mut breaker, TryOutcome::Silent, 100);
    breaker.observe(TryOutcome::Served, at(50), at(5_000), LIMITS);
    assert!(breaker.is_open());
}

fn outcomes() -> impl Strategy<Value = TryOutcome> {
    prop_oneof![
        4 => Just(TryOutcome::Served),
        1 => Just(TryOutcome::Failed),
        1 => Just(TryOutcome::Silent),
        1 => proptest::option::of(any::<u64>()).prop_map(TryOutcome::PushedBack),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_next_look_is_never_more_than_a_minute_away(
        steps in proptest::collection::vec(
            (outcomes(), 0u64..20_000, 0u64..5_000, any::<bool>()), 1..200,
        ),
    ) {
        let (mut breaker, mut now) = (Breaker::default(), 0);
        for (outcome, wait, took, passes) in steps {
            now += wait;
            breaker.observe(outcome, at(now), at(now + took), LIMITS);
            now += took;
            if let Some(until) = breaker.open_until() {
                prop_assert!(until <= at(now + BACKOFF_MS_MAX));
            }
            if breaker.begins_trial(TRY_MS, at(now)) {
                prop_assert!(breaker.is_open());
                breaker.trial_ended(passes, at(now));
                prop_assert_eq!(breaker.is_open(), !passes);
            }
        }
    }

    #[test]
    fn good_answers_alone_never_open(times in proptest::collection::vec(0u64..60_000, 1..200)) {
        let mut breaker = Breaker::default();
        for ms in times {
            observe(&mut breaker, TryOutcome::Served, ms);
            prop_assert!(!breaker.is_open());
        }
    }
}
