use super::*;
use crate::config::OverrideTo;
use crate::health::FailureKind;
use crate::health::{Damping, effective};

const PASS: Verdict = Verdict::Pass { latency_ms: 1, lag_s: None };
const THRESHOLDS: Thresholds = Thresholds { rise: 2, fall: 3, forgive: 3, window_ms: 60_000 };

/// Plays a story, one letter a second: `p` a pass, `f` a failure, `i` inconclusive, `.` nothing.
/// Returns the health after each step, as a letter of `u` (Unknown), `U` (Up), `D` (Down).
fn story(steps: &str) -> String {
    let mut memory = Hysteresis::default();
    let mut told = String::new();
    for (second, step) in (0u64..).zip(steps.chars()) {
        let now = Timestamp::from_millis(second * 1_000);
        let verdict = match step {
            'p' => PASS,
            'f' => Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) },
            _ => Verdict::Inconclusive { note: String::new() },
        };
        if step != '.' {
            let before = memory.health;
            let transition = memory.observe(&verdict, THRESHOLDS, now);
            assert_eq!(transition.is_some(), before != memory.health, "step {second} of {steps}");
        }
        told.push(match memory.health {
            Health::Unknown => 'u',
            Health::Up => 'U',
            Health::Down => 'D',
        });
    }
    told
}

#[test]
fn the_first_probe_is_not_the_truth() {
    assert_eq!(story("p"), "u");
    assert_eq!(story("f"), "u");
}

#[test]
fn rise_passes_in_a_row_make_an_origin_up() {
    assert_eq!(story("pp"), "uU");
    assert_eq!(story("pfpp"), "uuuU");
}

#[test]
fn stays_up_through_fall_minus_one_failures() {
    assert_eq!(story("ppff"), "uUUU");
    assert_eq!(story("ppfff"), "uUUUD");
}

#[test]
fn failures_between_passes_add_up() {
    assert_eq!(story("ppfpfpf"), "uUUUUUD");
}

#[test]
fn only_forgive_passes_in_a_row_clear_them() {
    assert_eq!(story("ppffppf"), "uUUUUUD");
    assert_eq!(story("ppffpppff"), "uUUUUUUUU");
}

#[test]
fn a_failure_outside_the_window_no_longer_counts() {
    let quiet = ".".repeat(61);
    let told = story(&format!("ppff{quiet}f"));
    assert!(told.ends_with('U'), "{told}");
    let told = story(&format!("ppff{}f", ".".repeat(58)));
    assert!(told.ends_with('D'), "{told}");
}

#[test]
fn a_down_origin_needs_rise_passes_in_a_row() {
    assert_eq!(story("fffpfpp"), "uuDDDDU");
}

#[test]
fn a_probe_that_says_nothing_changes_nothing() {
    assert_eq!(story("pip"), "uuU");
    assert_eq!(story("ppfifif"), "uUUUUUD");
}

#[test]
fn a_transition_tells_when_the_first_sign_was_seen_and_why() {
    let mut memory = Hysteresis::default();
    let mut last = None;
    for (ms, verdict) in [
        (0, PASS),
        (1_000, PASS),
        (5_000, Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) }),
        (6_000, Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) }),
        (7_000, Verdict::Fail { reason: FailureReason::of(FailureKind::ResponseCodeMismatch) }),
    ] {
        last = memory.observe(&verdict, THRESHOLDS, Timestamp::from_millis(ms));
    }
    let at = |ms| Timestamp::from_millis(ms);
    assert_eq!(
        last,
        Some(Transition {
            from: Health::Up,
            to: Health::Down,
            at: at(7_000),
            first_sign: at(5_000),
            reason: Some(FailureReason::of(FailureKind::ResponseCodeMismatch)),
        })
    );
}

#[test]
fn only_what_could_change_soon_is_unsettled() {
    let after = |steps: &str| {
        let mut memory = Hysteresis::default();
        for step in steps.chars() {
            let verdict = match step {
                'p' => PASS,
                _ => Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) },
            };
            memory.observe(&verdict, THRESHOLDS, Timestamp::from_millis(0));
        }
        memory.is_unsettled()
    };
    assert!(after("") && after("p") && after("ppf") && after("fffp"));
    assert!(!after("pp") && !after("fff") && !after("ppfppp"));
}

/// The state in short, such as `up 1p 2f`: passes in a row and failures that count.
fn short(memory: &Hysteresis) -> String {
    format!("{} {}p {}f", memory.health.as_str(), memory.passes, memory.failures.len())
}

/// Every state that can be reached within the window, with what each verdict makes of it.
fn transition_table() -> String {
    let now = Timestamp::from_millis(0);
    let verdicts = [
        ("pass", PASS),
        ("fail", Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) }),
        ("inconclusive", Verdict::Inconclusive { note: String::new() }),
    ];
    let mut known = std::collections::BTreeMap::new();
    let mut waiting = vec![Hysteresis::default()];
    while let Some(memory) = waiting.pop() {
        let mut cells = vec![format!("{:<14}", short(&memory))];
        if known.contains_key(&short(&memory)) {
            continue;
        }
        for (name, verdict) in &verdicts {
            let mut next = memory.clone();
            let tipped = next.observe(verdict, THRESHOLDS, now).is_some();
            let arrow = if tipped { "=>" } else { "->" };
            cells.push(format!("  {name} {arrow} {:<14}", short(&next)));
            waiting.push(next);
        }
        known.insert(short(&memory), cells.concat().trim_end().to_owned());
    }
    let lines: Vec<String> = known.into_values().collect();
    format!("rise 2, fall 3, forgive 3; => is a transition\n{}\n", lines.join("\n"))
}

/// What traffic takes an origin for, whatever was observed and stands over it.
fn traffic_table() -> String {
    let columns = [
        ("no override", None),
        ("override up", Some(OverrideTo::Up)),
        ("override down", Some(OverrideTo::Down)),
        ("override drain", Some(OverrideTo::Drain)),
    ];
    let row = |name: &str, cells: Vec<String>| {
        let cells: Vec<_> = cells.iter().map(|cell| format!("  {cell:<15}")).collect();
        format!("{name:<14}{}", cells.concat()).trim_end().to_owned()
    };
    let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut lines = vec![row("for traffic", names)];
    for observed in [Health::Down, Health::Unknown, Health::Up] {
        for (words, believed) in [("", observed), (" damped", Damping::withhold(observed))] {
            let cell = |set: &Option<OverrideTo>| {
                let (health, drained) = effective(believed, *set);
                format!("{}{}", health.as_str(), if drained { " drained" } else { "" })
            };
            let cells = columns.iter().map(|(_, set)| cell(set)).collect();
            lines.push(row(&format!("{}{words}", observed.as_str()), cells));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_whole_transition_table_is_as_it_was_reviewed() {
    let reviewed = include_str!("../../../docs/health-transitions.txt");
    let now = format!("{}\n{}", transition_table(), traffic_table());
    assert_eq!(now, reviewed, "\n{now}");
}

#[test]
fn every_reason_to_fail_counts_alike() {
    let fall = |reason| {
        let mut memory = Hysteresis::default();
        let seen = [PASS, PASS, Verdict::Fail { reason }, PASS, Verdict::Fail { reason }];
        for verdict in seen.into_iter().chain([Verdict::Fail { reason }]) {
            memory.observe(&verdict, THRESHOLDS, Timestamp::from_millis(0));
        }
        (memory.health, memory.reason)
    };
    for reason in FailureKind::ALL.iter().map(|kind| FailureReason::told_by(*kind, 503)) {
        assert_eq!(fall(reason), (Health::Down, Some(reason)));
    }
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_changes_before_its_threshold(steps in "[pfi]{0,40}") {
            let told = story(&steps);
            let probes: Vec<char> = steps.chars().collect();
            for (index, pair) in told.as_bytes().windows(2).enumerate() {
                let seen = &probes[..index + 2];
                if pair == b"UD" {
                    prop_assert!(seen.iter().filter(|p| **p == 'f').count() >= 3);
                    prop_assert_eq!(seen.last(), Some(&'f'));
                }
                if pair == b"DU" || pair == b"uU" {
                    let conclusive: Vec<_> = seen.iter().filter(|p| **p != 'i').collect();
                    prop_assert!(conclusive.ends_with(&[&'p', &'p']));
                }
                prop_assert!(pair[1] != b'u' || pair[0] == b'u', "nothing becomes unknown again");
            }
        }
    }
}
