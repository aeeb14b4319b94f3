//! What remains of the advice after the operator's acceptances, with like ones told once.
//!
//! Each piece of advice is found by itself, without regard to the others. Here those that the
//! config accepts are set apart, and of many that differ in an id alone one is told: 3,000 tenants
//! that are pinned to one region are one thing to mend, not 3,000.

use super::{Advice, AdviceCode};
use crate::config::diagnostic::is_at_or_below;
use crate::config::{Acceptance, Config};
use crate::ids::RegionId;
use crate::time::{MINUTE, Millis, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many like ones are told one by one. From one more on, one is told for all.
pub(super) const ALIKE_MAX: usize = 3;
/// How many other paths the one for all names.
pub(super) const ALSO_SHOWN_MAX: usize = 2;
/// How long before its end an acceptance is reported.
pub(super) const ACCEPTANCE_ENDS_SOON: Millis = 30 * 24 * 60 * MINUTE;
/// Tables whose keys are ids.
const BY_ID: [&str; 5] = ["monitors", "regions", "services", "sets", "tenants"];

/// All advice about a config at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Advised {
    /// What the operator should know, sorted by path.
    pub given: Vec<Advice>,
    /// What the operator knows and accepts, in the order of the acceptances.
    pub accepted: Vec<AcceptedAdvice>,
}

/// A piece of advice that the config accepts.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct AcceptedAdvice {
    /// What is accepted.
    #[serde(flatten)]
    pub advice: Advice,
    /// Why, in the operator's words.
    pub reason: String,
    /// When it counts again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Sets apart what is accepted, adds what is to be said of the acceptances, and joins like ones.
pub(super) fn settle(config: &Config, now: Timestamp, found: Vec<Advice>) -> Advised {
    let accepts = &config.accepted;
    let mut given = Vec::new();
    let mut accepted: Vec<Vec<Advice>> = accepts.iter().map(|_| Vec::new()).collect();
    for advice in found {
        let path = by_id(config, &advice.path);
        let covering = accepts.iter().zip(&mut accepted);
        let mut in_force = covering.filter(|(accept, _)| {
            accept.code == format!("{:?}", advice.code)
                && accept.covers(&path)
                && !accept.is_over(now)
        });
        match in_force.next() {
            Some((_, accepted)) => accepted.push(advice),
            None => given.push(advice),
        }
    }
    for (index, (accept, accepted)) in accepts.iter().zip(&accepted).enumerate() {
        given.extend(about(index, accept, !accepted.is_empty(), now));
    }
    let accepted = accepts.iter().zip(accepted).flat_map(|(accept, advice)| {
        joined(config, advice).into_iter().map(|advice| AcceptedAdvice {
            advice,
            reason: accept.reason.clone(),
            until: accept.until,
        })
    });
    Advised { accepted: accepted.collect(), given: joined(config, given) }
}

impl Acceptance {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether it is about this path, or about one that contains it.
    fn covers(&self, path: &str) -> bool {
        is_at_or_below(path, &self.path)
    }
}

/// What is to be said of an acceptance. None of it can be accepted in its turn.
fn about(index: usize, accept: &Acceptance, is_used: bool, now: Timestamp) -> Option<Advice> {
    let Acceptance { code, path, until, .. } = accept;
    let over = until.filter(|_| accept.is_over(now));
    let ends_soon = until.filter(|until| until.since(now) <= ACCEPTANCE_ENDS_SOON);
    let (about, problem, why, hint) = match (over, is_used, ends_soon) {
        (Some(until), ..) => (
            AdviceCode::W128,
            format!("the acceptance of {code} at `{path}` ended at {until}"),
            "the warning counts again",
            Some("mend what it warns of, or decide anew and set a later `until`"),
        ),
        (None, false, _) => (
            AdviceCode::W128,
            format!("there is no {code} at `{path}` to accept"),
            "what was accepted is mended, or the path is misspelt",
            Some("take the acceptance out, or correct its path"),
        ),
        (None, true, Some(until)) => (
            AdviceCode::W129,
            format!("the acceptance of {code} at `{path}` ends at {until}"),
            "from then on the warning counts again",
            None,
        ),
        (None, true, None) => return None,
    };
    Some(Advice {
        path: format!("check.accept[{index}]"),
        code: about,
        problem,
        why: why.to_owned(),
        hint: hint.map(str::to_owned),
        also: Vec::new(),
        more: 0,
    })
}

/// The path with ids in the place of positions, so that it says the same when items are added or
/// change places.
fn by_id(config: &Config, path: &str) -> String {
    let named = |list: &str, rest: &str| {
        let (index, rest) = rest.split_once(']')?;
        let index: usize = index.parse().ok()?;
        let id = match list.strip_suffix(".origins").and_then(|list| list.strip_prefix("regions."))
        {
            Some(region) => {
                let region = config.regions.get(&RegionId::parse(region).ok()?)?;
                region.origins.get(index)?.id.as_str()
            }
            None if list == "residency" => config.residency.get(index)?.id.as_str(),
            None => return None,
        };
        Some(format!("{list}[{id}]{rest}"))
    };
    let found = path.split_once('[').and_then(|(list, rest)| named(list, rest));
    found.unwrap_or_else(|| path.to_owned())
}

/// The ids in a path.
fn ids(path: &str) -> Vec<&str> {
    let (table, rest) = path.split_once('.').unwrap_or_default();
    let key = rest.split(['.', '[']).next().filter(|_| BY_ID.contains(&table));
    let items = path.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    key.into_iter().chain(items).collect()
}

/// What like pieces of advice have in common: everything but the ids.
fn kind(config: &Config, advice: &Advice) -> (AdviceCode, [String; 4]) {
    let path = by_id(config, &advice.path);
    let (mut shape, mut problem) = (path.clone(), advice.problem.clone());
    for id in ids(&path) {
        shape = shape.replacen(&format!(".{id}"), ".*", 1).replacen(&format!("[{id}]"), "[*]", 1);
        problem = problem.replace(&format!("`{id}`"), "`*`");
    }
    (advice.code, [shape, problem, advice.why.clone(), advice.hint.clone().unwrap_or_default()])
}

/// The advice sorted and each once; of more than [`ALIKE_MAX`] like ones the first stays, and says
/// where the others are.
fn joined(config: &Config, mut all: Vec<Advice>) -> Vec<Advice> {
    all.sort();
    all.dedup();
    let mut kinds: BTreeMap<_, Vec<Advice>> = BTreeMap::new();
    for advice in all {
        kinds.entry(kind(config, &advice)).or_default().push(advice);
    }
    let mut told = Vec::new();
    for alike in kinds.into_values() {
        if alike.len() <= ALIKE_MAX {
            told.extend(alike);
            continue;
        }
        let more = alike.len().saturating_sub(1 + ALSO_SHOWN_MAX);
        let mut alike = alike.into_iter();
        told.extend(alike.next().map(|first| Advice {
            also: alike.take(ALSO_SHOWN_MAX).map(|other| other.path).collect(),
            more,
            ..first
        }));
    }
    told.sort();
    told
}
