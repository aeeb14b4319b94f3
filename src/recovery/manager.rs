//! What a failover manager says about the primary, and how much of it is believed.
//!
//! Pointsman promotes nothing where a manager does. It follows the manager's documents, and of
//! these believes only what they can know:
//!
//! - **A lock is no server.** All that the config expects of a primary has to be there, such as a
//!   role *and* a state.
//! - **One primary.** If two regions say that they are it, neither is believed, and writes stay
//!   where they are. Galera is the exception: there each node of the primary component takes them.
//! - **A lost witness opens nothing.** A document of Patroni that has not seen its store for long,
//!   or does not say when, or says that nobody holds the lock, or is on an older timeline than
//!   another one, is in doubt.
//! - **Once is never.** A region has to say it for a while: a node that thawed says for seconds
//!   what it believed before it froze.

use crate::config::{
    CLUSTER_UNLOCKED, DCS_AGE_MS_MAX, DCS_LAST_SEEN, ExpectedJson, Follow, Manager, TIMELINE,
};
use crate::health::{Field, Seen};
use crate::ids::RegionId;
use crate::ordered::Map;
use crate::time::{Millis, SECOND, SKEW_MS_MAX, Timestamp};
use serde_json::Value;

/// How long a region has to say that it is the primary, in two answers at least, until writes go
/// there. A thawed node of Galera is wrong for 6 s, a thawed Redis under Sentinel for 10 s.
pub const STEADY_MS: Millis = 15 * SECOND;

/// What one document says about its region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the primary.
    Primary {
        /// Whether it has said so for a while.
        is_steady: bool,
    },
    /// It says that it is, and may be wrong.
    Doubted {
        /// Why.
        why: String,
    },
    /// It is not.
    Standby,
    /// It says nothing.
    Silent,
}

/// What follows from all that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Belief {
    /// The primary is where it is taken to be, or nothing is certain yet.
    Stays,
    /// Another region is the primary.
    Moves(RegionId),
    /// Nobody is believed, and writes stay where they are.
    Nobody {
        /// Why.
        why: String,
    },
}

/// The fields of one document.
pub type Document = Map<String, Seen>;

/// What the documents of one region say, of which those that are older than `silent_ms` count for
/// nothing. `timeline` is the latest of the service.
#[must_use]
pub fn claim<'d>(
    documents: impl Iterator<Item = &'d Document>,
    follow: &Follow,
    timeline: Option<u64>,
    (silent_ms, now): (Millis, Timestamp),
) -> Claim {
    let claims = documents.map(|document| {
        let is_new = |seen: &Seen| now.since(seen.at) <= silent_ms;
        let mut said = follow.primary.iter().map(|(pointer, _)| document.get(pointer));
        if !said.all(|seen| seen.is_some_and(is_new)) {
            return Claim::Silent;
        }
        claim_of(document, follow, timeline)
    });
    let rank = |claim: &Claim| match claim {
        Claim::Primary { is_steady: true } => 4,
        Claim::Primary { is_steady: false } => 3,
        Claim::Doubted { .. } => 2,
        Claim::Standby => 1,
        Claim::Silent => 0,
    };
    claims.max_by_key(rank).unwrap_or(Claim::Silent)
}

fn claim_of(document: &Document, follow: &Follow, timeline: Option<u64>) -> Claim {
    let said = follow.primary.iter().filter_map(|(pointer, it)| Some((document.get(pointer)?, it)));
    let said: Vec<_> = said.collect();
    if !said.iter().all(|(seen, expected)| is_as_expected(&seen.value, expected)) {
        return Claim::Standby;
    }
    if let Some(why) = doubt(document, follow.manager, timeline) {
        return Claim::Doubted { why };
    }
    let since = said.iter().map(|(seen, _)| seen.since).max().unwrap_or_default();
    let asked = said.iter().map(|(seen, _)| seen.asked()).min().unwrap_or_default();
    Claim::Primary { is_steady: asked.since(since) >= STEADY_MS }
}

/// Why a document may be stale, or from a leader that was left behind.
fn doubt(document: &Document, manager: Manager, latest: Option<u64>) -> Option<String> {
    if manager != Manager::Patroni {
        return None;
    }
    let field = |pointer: &str| document.get(pointer).map(|seen| &seen.value);
    if field(CLUSTER_UNLOCKED) == Some(&Field::Flag(true)) {
        return Some("nobody holds the lock of the leader".to_owned());
    }
    let (Some(Field::Number(seconds)), Some(read)) =
        (field(DCS_LAST_SEEN), document.get(DCS_LAST_SEEN))
    else {
        return Some(format!("`{DCS_LAST_SEEN}` does not say when it last saw its store"));
    };
    let seen_at = Timestamp::from_millis(seconds.as_u64().unwrap_or(0).saturating_mul(SECOND));
    let age_ms = read.at.since(seen_at);
    if age_ms > DCS_AGE_MS_MAX + SKEW_MS_MAX {
        return Some(format!("it has not seen its store for {} s", age_ms / SECOND));
    }
    let own = field(TIMELINE).and_then(timeline_of);
    (own < latest).then(|| "another region is on a later timeline".to_owned())
}

/// The latest timeline that any document tells.
pub fn latest_timeline<'d>(documents: impl Iterator<Item = &'d Document>) -> Option<u64> {
    documents.filter_map(|document| timeline_of(&document.get(TIMELINE)?.value)).max()
}

fn timeline_of(field: &Field) -> Option<u64> {
    match field {
        Field::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn is_as_expected(field: &Field, expected: &ExpectedJson) -> bool {
    match (field, expected) {
        (Field::Text(text), ExpectedJson::Equals(Value::String(wanted))) => text == wanted,
        (Field::Flag(flag), ExpectedJson::Equals(Value::Bool(wanted))) => flag == wanted,
        (Field::Number(number), ExpectedJson::Equals(Value::Number(wanted))) => {
            number.as_f64() == wanted.as_f64()
        }
        (Field::Number(number), ExpectedJson::Bounds { min, max, .. }) => {
            let Some(number) = number.as_f64() else { return false };
            let least = min.as_ref().and_then(serde_json::Number::as_f64);
            let most = max.as_ref().and_then(serde_json::Number::as_f64);
            least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
        }
        _ => false,
    }
}

/// Which region is the primary, by what each says of itself; in failover order.
#[must_use]
pub fn believe(current: Option<&RegionId>, said: &[(&RegionId, Claim)], has_many: bool) -> Belief {
    let primaries = || said.iter().filter(|(_, claim)| matches!(claim, Claim::Primary { .. }));
    let is_current = |region: &RegionId| Some(region) == current;
    let nobody = |why: String| Belief::Nobody { why };
    if has_many && primaries().any(|(region, _)| is_current(region)) {
        return Belief::Stays;
    }
    let count = if has_many { primaries().count().min(1) } else { primaries().count() };
    match (count, primaries().next()) {
        (1, Some((region, _))) if is_current(region) => Belief::Stays,
        (1, Some(_)) => {
            let steady = |claim: &Claim| matches!(claim, Claim::Primary { is_steady: true });
            let mut steady = primaries().filter(|(_, claim)| steady(claim));
            steady.next().map_or(Belief::Stays, |(region, _)| Belief::Moves((*region).clone()))
        }
        (2.., _) => {
            let names: Vec<_> = primaries().map(|(region, _)| format!("`{region}`")).collect();
            nobody(format!("{} all say that they are the primary", names.join(" and ")))
        }
        _ => {
            let doubted = said.iter().find_map(|(region, claim)| match claim {
                Claim::Doubted { why } => Some(format!("`{region}` says so, but {why}")),
                _ => None,
            });
            nobody(doubted.unwrap_or_else(|| "no region says that it is the primary".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests;
