use super::*;
use crate::config::Hook;
use crate::health::Passed;
use crate::ids::RegionId;
use crate::time::MINUTE;
use proptest::prelude::*;

mod truth;

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

fn promote(unknown: UnknownLoss) -> Promote {
    let url = "https://hooks.example.net/promote".to_owned();
    Promote {
        hook: Hook { url, secret: None, timeout_ms: MINUTE },
        max_lag_s: 300,
        lag_pointer: "/lag_s".to_owned(),
        contact_age_pointer: Some("/contact_age_s".to_owned()),
        max_contact_age_s: 60,
        position_pointer: Some("/position".to_owned()),
        unknown,
        fence: None,
    }
}

fn number(json: &str) -> Field {
    Field::Number(json.parse().unwrap())
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

/// A position that was read in so many milliseconds' time before now, and first so long ago.
fn position(value: Field, first_ago_ms: Millis, last_ago_ms: Millis) -> Seen {
    let (at, since) = (NOW.minus(last_ago_ms), NOW.minus(first_ago_ms));
    Seen { value, at, since, took_ms: 0 }
}

/// A standby that was 0.5 s behind and had heard from its primary 1.5 s before it was read, a
/// minute ago; then the primary failed, and half a minute ago it was fenced.
fn evidence() -> Evidence {
    let mut memory = StandbyMemory::of(RegionId::parse("eu-west").unwrap());
    let asked = NOW.minus(MINUTE);
    let reading = Reading {
        asked,
        at: asked.plus(40),
        lag: number("0.5"),
        contact_age: number("1.5"),
        position: Some(text("0/3000060")),
    };
    memory.take(Some(reading), Passed { asked: asked.plus(50), at: asked.plus(80) });
    Evidence {
        memory: Some(memory),
        positions: vec![position(text("0/3000100"), 50 * SECOND, 5 * SECOND)],
        heard_at: Some(NOW.minus(5 * SECOND)),
        silent_ms: 35 * SECOND,
        primary_passed_at: Some(asked),
        is_primary_up: false,
        fenced_at: Some(NOW.minus(30 * SECOND)),
        is_unconfirmed: false,
    }
}

fn told(evidence: &Evidence) -> GateVerdict {
    judge(evidence, &promote(UnknownLoss::Refuse), Some(120), NOW)
}

/// What it says of a standby that told these two numbers.
fn refusal(lag: Field, contact_age: Field) -> String {
    let mut evidence = evidence();
    let last = evidence.memory.as_mut().unwrap().last.as_mut().unwrap();
    (last.lag, last.contact_age) = (lag, contact_age);
    match told(&evidence) {
        GateVerdict::Refuse { why } => why,
        other => panic!("{other:?}"),
    }
}

fn waiting(evidence: &Evidence) -> String {
    match told(evidence) {
        GateVerdict::Wait { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_loss_is_the_lag_and_the_time_from_the_last_contact_to_the_fence() {
    // 0.5 s behind, 1.5 s since the contact, 30 s until the fence, 5 s for clocks that differ.
    assert_eq!(told(&evidence()), GateVerdict::Pass { loss_bound_s: 37 });
    let unfenced = Evidence { fenced_at: None, ..evidence() };
    assert_eq!(told(&unfenced), GateVerdict::Pass { loss_bound_s: 67 });
}

#[test]
fn a_loss_may_be_as_large_as_the_contract_allows_and_no_larger() {
    let judged = |rpo_s| judge(&evidence(), &promote(UnknownLoss::Refuse), Some(rpo_s), NOW);
    assert_eq!(judged(37), GateVerdict::Pass { loss_bound_s: 37 });
    let why = "up to 37 s of writes would be lost, and `rpo_s` allows 36 s".to_owned();
    assert_eq!(judged(36), GateVerdict::Refuse { why: why.clone() });
    let asked = judge(&evidence(), &promote(UnknownLoss::Ask), Some(36), NOW);
    assert_eq!(asked, GateVerdict::Ask { why, loss_bound_s: Some(37) });
    let lax = Promote { max_lag_s: 36, ..promote(UnknownLoss::Refuse) };
    let without = judge(&evidence(), &lax, None, NOW);
    let why = "up to 37 s of writes would be lost, and `max_lag_s` allows 36 s".to_owned();
    assert_eq!(without, GateVerdict::Refuse { why });
}

#[test]
fn a_standby_that_heard_from_its_fenced_primary_has_everything() {
    let mut evidence = evidence();
    evidence.fenced_at = Some(NOW.minus(80 * SECOND));
    assert_eq!(told(&evidence), GateVerdict::Pass { loss_bound_s: 0 });
}

#[test]
fn each_thing_that_is_unknown_is_refused_in_its_own_words() {
    let fine = || number("0.5");
    let lag = "its lag is unknown: ";
    let contact = "when it last heard from the primary is unknown: ";
    for (field, words) in [
        (Field::Null {}, "it is null"),
        (Field::Missing {}, "it is missing"),
        (number("-1"), "it is -1, which is below 0"),
        (text("0.5"), "it is the text \"0.5\", and no number of seconds"),
        (text("2026-11-29 10:00:00"), "it is the time \"2026-11-29 10:00:00\", which has no zone"),
        (Field::NotJson {}, "the answer is no JSON document"),
    ] {
        assert_eq!(refusal(field.clone(), fine()), format!("{lag}{words}"));
        assert_eq!(refusal(fine(), field), format!("{contact}{words}"));
    }
    let nothing = Evidence { memory: None, ..evidence() };
    let why = "its loss is unknown: it told nothing while the primary was up".to_owned();
    assert_eq!(told(&nothing), GateVerdict::Refuse { why: why.clone() });
    let asked = judge(&nothing, &promote(UnknownLoss::Ask), Some(120), NOW);
    assert_eq!(asked, GateVerdict::Ask { why, loss_bound_s: None });
}

#[test]
fn a_contact_that_was_old_while_the_primary_was_up_is_not_fit_before_and_after() {
    let mut evidence = evidence();
    evidence.fenced_at = Some(NOW.minus(MINUTE));
    for (age, fits) in [("60.0", true), ("60.01", false)] {
        evidence.memory.as_mut().unwrap().last.as_mut().unwrap().contact_age = number(age);
        let before = unfit(evidence.memory.as_ref(), &promote(UnknownLoss::Refuse));
        assert_eq!(before.is_none(), fits, "{age}");
        assert_eq!(matches!(told(&evidence), GateVerdict::Pass { .. }), fits, "{age}");
    }
    let why = unfit(evidence.memory.as_ref(), &promote(UnknownLoss::Refuse)).unwrap();
    let words = "while the primary was up it had not heard from it for 61 s, and \
                 `max_contact_age_s` allows 60 s";
    assert_eq!(why, words);
}

#[test]
fn a_lag_above_its_own_limit_is_not_fit_whatever_the_contract_allows() {
    for (lag, fits) in [("300.0", true), ("300.1", false)] {
        let mut evidence = evidence();
        evidence.memory.as_mut().unwrap().last.as_mut().unwrap().lag = number(lag);
        let verdict = judge(&evidence, &promote(UnknownLoss::Refuse), Some(3_600), NOW);
        assert_eq!(matches!(verdict, GateVerdict::Pass { .. }), fits, "{verdict:?}");
    }
}

#[test]
fn while_the_position_moves_the_primary_is_not_dead_whoever_accepts_which_loss() {
    let mut moving = evidence();
    moving.positions = vec![position(text("0/3000200"), 7 * SECOND, 2 * SECOND)];
    let words =
        "its position, the text \"0/3000200\", still moved 7 s ago: the primary is not dead";
    assert_eq!(waiting(&moving), words);
    let asks = judge(&moving, &promote(UnknownLoss::Ask), None, NOW);
    assert!(matches!(asks, GateVerdict::Wait { .. }), "{asks:?}");
    for (still_ms, passes) in [(STILL_MS - 1, false), (STILL_MS, true)] {
        moving.positions = vec![position(number("17"), 2 * SECOND + still_ms, 2 * SECOND)];
        let verdict = told(&moving);
        assert_eq!(matches!(verdict, GateVerdict::Pass { .. }), passes, "{verdict:?}");
    }
}

#[test]
fn one_origin_whose_position_moves_is_enough() {
    let mut one = evidence();
    one.positions.push(position(text("0/3000300"), 3 * SECOND, 3 * SECOND));
    assert!(waiting(&one).contains("0/3000300"));
}

#[test]
fn it_has_to_stand_still_since_the_primary_was_last_alive_and_be_read_after_the_fence() {
    let mut early = evidence();
    early.primary_passed_at = Some(NOW.minus(14 * SECOND));
    early.positions = vec![position(text("0/3000100"), 900 * SECOND, 5 * SECOND)];
    let words = "its position, the text \"0/3000100\", has not stood still for 10 s yet";
    assert_eq!(waiting(&early), words);
    let mut unread = evidence();
    unread.fenced_at = Some(NOW.minus(4 * SECOND));
    assert_eq!(waiting(&unread), "its position was not read since the fence");
}

#[test]
fn a_primary_that_is_up_has_to_be_fenced_first() {
    let mut up = Evidence { is_primary_up: true, fenced_at: None, ..evidence() };
    up.primary_passed_at = Some(NOW.minus(SECOND));
    assert_eq!(waiting(&up), "the primary is up, and nothing keeps it from taking writes");
    up.fenced_at = Some(NOW.minus(20 * SECOND));
    assert_eq!(told(&up), GateVerdict::Pass { loss_bound_s: 47 });
    up.fenced_at = Some(NOW.minus(14 * SECOND));
    assert!(waiting(&up).contains("has not stood still"), "it is still for 9 s since the fence");
}

#[test]
fn a_position_that_is_unknown_or_went_back_is_never_taken_for_still() {
    for (value, words) in [
        (Field::Null {}, "its position is unknown: it is null"),
        (Field::Missing {}, "its position is unknown: it is missing"),
        (text(""), "its position is unknown: it is the text \"\""),
        (
            text("0/300005F"),
            "its position went back from the text \"0/3000060\" to the text \"0/300005F\": it has \
             lost what it had",
        ),
    ] {
        let mut evidence = evidence();
        evidence.positions = vec![position(value, 50 * SECOND, 5 * SECOND)];
        assert_eq!(told(&evidence), GateVerdict::Refuse { why: words.to_owned() });
    }
    let mut long = evidence();
    long.positions = vec![position(text(&"x".repeat(FIELD_BYTES_MAX)), 50 * SECOND, 5 * SECOND)];
    assert!(matches!(told(&long), GateVerdict::Refuse { .. }), "the rest was cut off");
    let none = Evidence { positions: Vec::new(), ..evidence() };
    assert!(matches!(told(&none), GateVerdict::Refuse { .. }));
}

#[test]
fn positions_are_in_order_as_numbers_and_as_places_in_a_log() {
    for (a, b, before) in [
        (number("9"), number("10"), true),
        (number("18446744073709551614"), number("18446744073709551615"), true),
        (number("10"), number("9"), false),
        (text("0/FFFFFFFF"), text("1/0"), true),
        (text("16/B374D848"), text("9/0"), false),
        (text("a"), text("b"), false),
        (text("0-1-17"), text("0-1-9"), false),
        (number("1"), text("0/2"), false),
    ] {
        assert_eq!(is_before(&a, &b), before, "{a:?} {b:?}");
    }
}

#[test]
fn a_standby_that_is_silent_or_unconfirmed_is_not_promoted() {
    let mut silent = Evidence { heard_at: Some(NOW.minus(35 * SECOND)), ..evidence() };
    assert!(matches!(told(&silent), GateVerdict::Pass { .. }));
    silent.heard_at = Some(NOW.minus(35 * SECOND + 1));
    assert_eq!(waiting(&silent), "it has not answered for 35 s");
    silent.heard_at = None;
    assert_eq!(waiting(&silent), "it has never answered a probe with its numbers");
    let back = Evidence { is_unconfirmed: true, ..evidence() };
    let asked = judge(&back, &promote(UnknownLoss::Ask), None, NOW);
    assert!(matches!(asked, GateVerdict::Refuse { .. }), "{asked:?}");
}

/// Any field that is no length of time.
fn untold() -> impl Strategy<Value = Field> {
    prop_oneof![
        Just(Field::Null {}),
        Just(Field::Missing {}),
        Just(Field::Other {}),
        Just(Field::NotJson {}),
        any::<bool>().prop_map(Field::Flag),
        "[ -~]{0,20}".prop_map(Field::Text),
        (i64::MIN..0).prop_map(|below| Field::Number(below.into())),
        (-1e9..-1e-9)
            .prop_map(|below| { Field::Number(serde_json::Number::from_f64(below).unwrap()) }),
    ]
}

proptest! {
    #[test]
    fn what_is_unknown_never_passes(
        unknown in untold(),
        is_lag in any::<bool>(),
        rpo_s in any::<Option<u32>>(),
        asks in any::<bool>(),
    ) {
        let mut evidence = evidence();
        let last = evidence.memory.as_mut().unwrap().last.as_mut().unwrap();
        *(if is_lag { &mut last.lag } else { &mut last.contact_age }) = unknown;
        let promote = promote(if asks { UnknownLoss::Ask } else { UnknownLoss::Refuse });
        match judge(&evidence, &promote, rpo_s, NOW) {
            GateVerdict::Ask { loss_bound_s: None, .. } => prop_assert!(asks),
            GateVerdict::Refuse { .. } => prop_assert!(!asks),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
