//! Whole days in virtual time.

mod phases;
mod scripts;

use super::*;
use crate::time::Timestamp;

/// A config and a scenario, played.
fn played(config: &str, scenario: &str) -> Outcome {
    let valid = load::load("config", config, Timestamp::default(), false);
    let valid = valid.valid.unwrap_or_else(|| panic!("{}", valid.rendered));
    play(&valid, &read(scenario).unwrap()).unwrap()
}

/// What is told of these words, with its time.
fn told(outcome: &Outcome, words: &[&str]) -> Vec<String> {
    let lines = outcome.transcript.to_string();
    let of = |line: &&str| line.split_whitespace().nth(1).is_some_and(|word| words.contains(&word));
    lines.lines().filter(of).map(|line| line.trim().to_owned()).collect()
}

#[track_caller]
fn assert_holds(outcome: &Outcome) {
    let mut text = Vec::new();
    outcome.write(false, &mut text).unwrap();
    assert!(outcome.holds(), "{}", String::from_utf8_lossy(&text));
}
