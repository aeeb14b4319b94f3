//! Combinations of the headers that rules look at.

use crate::residency::{Rule, When};
use std::collections::{BTreeMap, BTreeSet};

/// Most combinations of headers. Beyond that, each header is tried alone.
const COMBINATIONS_MAX: usize = 64;

pub(super) struct Headers {
    pub(super) combinations: Vec<Vec<(String, String)>>,
    /// Whether each header is tried alone.
    pub(super) are_alone: bool,
}

/// Each header that conditions look at, with each value that they ask for, and another one.
pub(super) fn values<'w>(whens: impl Iterator<Item = &'w When>) -> Vec<(String, Vec<String>)> {
    let mut texts: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, asked) in whens.flat_map(|when| &when.headers) {
        texts.entry(name).or_default().extend(asked.iter().cloned());
    }
    let said = texts.into_iter().map(|(name, mut asked)| {
        asked.insert(other_than(&asked));
        (name.to_owned(), asked.into_iter().collect())
    });
    said.collect()
}

/// For every header: each value that a condition asks for, another value, and no header, in every
/// combination. If those are too many, each header alone and all of them together are enough to
/// find a forbidden region, because conditions only narrow.
pub(super) fn combinations(rules: &[&Rule]) -> Headers {
    let said = values(rules.iter().map(|rule| &rule.when));
    let product = said.iter().fold(1_usize, |all, (_, t)| all.saturating_mul(t.len() + 1));
    let are_alone = product > COMBINATIONS_MAX;
    let combinations = if are_alone { alone(&said) } else { all(&said) };
    Headers { combinations, are_alone }
}

/// A value that no condition asks for.
fn other_than(asked: &BTreeSet<String>) -> String {
    let mut other = "other".to_owned();
    while asked.contains(&other) {
        other.push('x');
    }
    other
}

fn all(said: &[(String, Vec<String>)]) -> Vec<Vec<(String, String)>> {
    let mut combinations = vec![Vec::new()];
    for (name, texts) in said {
        let without = combinations.clone();
        for text in texts {
            combinations.extend(without.iter().map(|combination: &Vec<_>| {
                let mut with = combination.clone();
                with.push((name.clone(), text.clone()));
                with
            }));
        }
    }
    combinations
}

fn alone(said: &[(String, Vec<String>)]) -> Vec<Vec<(String, String)>> {
    let pair = |name: &str, text: &String| (name.to_owned(), text.clone());
    let together = said.iter().filter_map(|(name, t)| t.first().map(|text| pair(name, text)));
    let mut combinations = vec![Vec::new(), together.collect()];
    for (name, texts) in said {
        combinations.extend(texts.iter().map(|text| vec![pair(name, text)]));
    }
    combinations
}
