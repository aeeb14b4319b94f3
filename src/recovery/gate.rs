//! May this standby be promoted, and how much would be lost?
//!
//! What is lost is bounded by the last good lag plus the time since the last proof of contact, both
//! kept from the time when the primary was up ([`StandbyMemory`]). The bound is never below what is
//! lost in truth, as long as the document says what `docs/promotion.md` asks of it. Three rules
//! stand above it:
//!
//! - **What is unknown is not small.** Null, a negative number, a text, nothing: none of them
//!   passes.
//! - **The dead may live.** A primary that answers no probe may still take writes. While the
//!   position of the standby moves, its primary is not dead, and nothing is promoted.
//! - **A standby that lost data is no standby.** One whose position went back since the primary was
//!   up has been restarted without what it had.

use super::standby::{Reading, StandbyMemory, Told, UnknownPart};
use crate::config::{Promote, UnknownLoss};
use crate::health::{FIELD_BYTES_MAX, Field, Seen};
use crate::time::{Millis, SECOND, SKEW_MS_MAX, Timestamp};
use serde_json::Number;
use std::cmp::Ordering;

/// How long the position of a standby has to stand still, in at least two readings, before its
/// primary may be dead.
pub const STILL_MS: Millis = 10 * SECOND;

/// What is known of a standby and its primary when the gate is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What the standby said while the primary was up.
    pub memory: Option<StandbyMemory>,
    /// The positions that its origins told last; empty where the config does not say where.
    pub positions: Vec<Seen>,
    /// When the last probe was begun that it answered with its fields.
    pub heard_at: Option<Timestamp>,
    /// How long it may be silent.
    pub silent_ms: Millis,
    /// When the last probe was begun that the primary passed.
    pub primary_passed_at: Option<Timestamp>,
    /// Whether the primary is up, as far as probes tell.
    pub is_primary_up: bool,
    /// Since when a fence keeps the primary from taking writes.
    pub fenced_at: Option<Timestamp>,
    /// Whether it was the primary once, and nobody has confirmed since that its data are in sync.
    pub is_unconfirmed: bool,
}

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateVerdict {
    /// It may be promoted.
    Pass {
        /// The most seconds of writes that are lost.
        loss_bound_s: u64,
    },
    /// Not now. Nobody's word changes that: it has to become so.
    Wait {
        /// What is waited for.
        why: String,
    },
    /// If a person accepts the loss.
    Ask {
        /// Why it does not pass by itself.
        why: String,
        /// The most seconds of writes that are lost; absent where that is unknown.
        loss_bound_s: Option<u64>,
    },
    /// No.
    Refuse {
        /// Why.
        why: String,
    },
}

/// Why a standby does not pass, and the loss, where it is known.
struct Objection {
    why: String,
    loss_bound_s: Option<u64>,
}

/// Judges a standby. Without a contract the loss may be as large as `promote.max_lag_s`.
#[must_use]
pub fn judge(
    evidence: &Evidence,
    promote: &Promote,
    rpo_s: Option<u32>,
    now: Timestamp,
) -> GateVerdict {
    if evidence.is_unconfirmed {
        let why = "it was the primary, and nobody has confirmed that its data are in sync";
        return GateVerdict::Refuse { why: why.to_owned() };
    }
    if let Some(why) = waits_for(evidence, now) {
        return GateVerdict::Wait { why };
    }
    match loss(evidence, promote, rpo_s, now) {
        Ok(loss_bound_s) => GateVerdict::Pass { loss_bound_s },
        Err(Objection { why, loss_bound_s }) => match promote.unknown {
            UnknownLoss::Refuse => GateVerdict::Refuse { why },
            UnknownLoss::Ask => GateVerdict::Ask { why, loss_bound_s },
        },
    }
}

/// Why a standby could not be promoted if its primary failed now; `None` if it could be.
#[must_use]
pub fn unfit(memory: Option<&StandbyMemory>, promote: &Promote) -> Option<String> {
    fit(memory, promote).err()
}

/// Why a standby would not pass if its primary failed now, and the fence held at once; `None` if it
/// would. That the primary is up, and that its position moves, is as it should be.
#[must_use]
pub fn foreseen(
    evidence: &Evidence,
    promote: &Promote,
    rpo_s: Option<u32>,
    now: Timestamp,
) -> Option<String> {
    let of_failure = Evidence {
        is_primary_up: false,
        fenced_at: None,
        positions: Vec::new(),
        ..evidence.clone()
    };
    // Where its position is read at all, it has to be one.
    let lost = promote.position_pointer.as_ref().and_then(|_| {
        let (reading, _) = counted(evidence.memory.as_ref()).ok()?;
        went_on(reading, &evidence.positions).err()
    });
    let without = Promote { position_pointer: None, ..promote.clone() };
    match judge(&of_failure, &without, rpo_s, now) {
        GateVerdict::Pass { .. } => lost,
        GateVerdict::Ask { why, .. } => Some(format!("a person would have to accept that {why}")),
        GateVerdict::Wait { why } | GateVerdict::Refuse { why } => Some(why),
    }
}

/// What has to become true first, whoever accepts which loss.
fn waits_for(evidence: &Evidence, now: Timestamp) -> Option<String> {
    let Some(heard_at) = evidence.heard_at else {
        return Some("it has never answered a probe with its numbers".to_owned());
    };
    let silent_ms = now.since(heard_at);
    if silent_ms > evidence.silent_ms {
        return Some(format!("it has not answered for {} s", silent_ms / SECOND));
    }
    if evidence.is_primary_up && evidence.fenced_at.is_none() {
        return Some("the primary is up, and nothing keeps it from taking writes".to_owned());
    }
    evidence.positions.iter().find_map(|position| moves(position, evidence, now))
}

/// Whether a position may still be moving: it has to stand still since the primary was last alive,
/// and it has to be read again after the fence.
fn moves(position: &Seen, evidence: &Evidence, now: Timestamp) -> Option<String> {
    let passed_at = evidence.primary_passed_at.filter(|_| !evidence.is_primary_up);
    // A primary that is fenced and goes on to answer is no longer a witness of its own.
    let alive = passed_at.or(evidence.fenced_at).unwrap_or_default();
    let (read, since) = (position.asked(), position.since);
    if evidence.fenced_at.is_some_and(|fenced_at| read < fenced_at) {
        return Some("its position was not read since the fence".to_owned());
    }
    if read.since(since.max(alive)) >= STILL_MS {
        return None;
    }
    let words = position.value.words();
    Some(if since > alive {
        let moved_s = now.since(since) / SECOND;
        format!("its position, {words}, still moved {moved_s} s ago: the primary is not dead")
    } else {
        let still_s = STILL_MS / SECOND;
        format!("its position, {words}, has not stood still for {still_s} s yet")
    })
}

/// The most seconds of writes that would be lost. Errors: it is unknown, or too large.
fn loss(
    evidence: &Evidence,
    promote: &Promote,
    rpo_s: Option<u32>,
    now: Timestamp,
) -> Result<u64, Objection> {
    let unknown = |why: String| Objection { why, loss_bound_s: None };
    let memory = evidence.memory.as_ref();
    let (reading, told) = counted(memory).map_err(unknown)?;
    if promote.position_pointer.is_some() {
        went_on(reading, &evidence.positions).map_err(unknown)?;
    }
    let loss_bound_s = bound_s(told, evidence.fenced_at.unwrap_or(now));
    let too_much = |why: String| Objection { why, loss_bound_s: Some(loss_bound_s) };
    fit(memory, promote).map_err(too_much)?;
    let (limit_s, name) = match rpo_s {
        Some(rpo_s) => (rpo_s, "rpo_s"),
        None => (promote.max_lag_s, "max_lag_s"),
    };
    if loss_bound_s > u64::from(limit_s) {
        let why = format!(
            "up to {loss_bound_s} s of writes would be lost, and `{name}` allows {limit_s} s",
        );
        return Err(too_much(why));
    }
    Ok(loss_bound_s)
}

/// Writes that the primary took after what the standby has. The instants may be from clocks that
/// differ.
fn bound_s(told: Told, until: Timestamp) -> u64 {
    until.plus(SKEW_MS_MAX).since(told.has_until).div_ceil(SECOND)
}

/// The last reading that counts, with its numbers.
fn counted(memory: Option<&StandbyMemory>) -> Result<(&Reading, Told), String> {
    let last = memory.and_then(|memory| memory.last.as_ref());
    let reading = last.ok_or_else(|| {
        "its loss is unknown: it told nothing while the primary was up".to_owned()
    })?;
    let told = reading.told().map_err(|unknown| match unknown {
        UnknownPart::Lag(why) => format!("its lag is unknown: {why}"),
        UnknownPart::ContactAge(why) => {
            format!("when it last heard from the primary is unknown: {why}")
        }
    })?;
    Ok((reading, told))
}

fn fit(memory: Option<&StandbyMemory>, promote: &Promote) -> Result<(), String> {
    let (_, told) = counted(memory)?;
    let (lag_s, age_s) = (told.lag.ms.div_ceil(SECOND), told.contact_age.ms.div_ceil(SECOND));
    if age_s > u64::from(promote.max_contact_age_s) {
        return Err(format!(
            "while the primary was up it had not heard from it for {age_s} s, and \
             `max_contact_age_s` allows {} s",
            promote.max_contact_age_s
        ));
    }
    if lag_s > u64::from(promote.max_lag_s) {
        let max_s = promote.max_lag_s;
        return Err(format!("it was {lag_s} s behind, and `max_lag_s` allows {max_s} s"));
    }
    Ok(())
}

/// Whether no position is unknown or before the one that was read while the primary was up.
fn went_on(reading: &Reading, positions: &[Seen]) -> Result<(), String> {
    if positions.is_empty() {
        return Err("its position is unknown: nobody has read it".to_owned());
    }
    for Seen { value, .. } in positions {
        if !is_position(value) {
            return Err(format!("its position is unknown: it is {}", value.words()));
        }
        let before = reading.position.as_ref();
        if let Some(before) = before.filter(|before| is_before(value, before)) {
            return Err(format!(
                "its position went back from {} to {}: it has lost what it had",
                before.words(),
                value.words()
            ));
        }
    }
    Ok(())
}

/// A number or a text that was not cut off: two long texts could differ in what is gone.
fn is_position(value: &Field) -> bool {
    const CUT_BYTES: usize = FIELD_BYTES_MAX - 4;
    match value {
        Field::Number(_) => true,
        Field::Text(text) => !text.is_empty() && text.len() < CUT_BYTES,
        _ => false,
    }
}

/// Whether a position is before another one, for forms whose order is known.
fn is_before(a: &Field, b: &Field) -> bool {
    let order = match (a, b) {
        (Field::Number(a), Field::Number(b)) => compare(a, b),
        (Field::Text(a), Field::Text(b)) => wal(a).zip(wal(b)).map(|(a, b)| a.cmp(&b)),
        _ => None,
    };
    order == Some(Ordering::Less)
}

/// The one of two positions that is before the other; the first, where nobody knows.
pub(crate) fn least_position(a: Field, b: Field) -> Field {
    if is_before(&b, &a) { b } else { a }
}

/// Compares whole numbers as integers.
fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// A position in a write-ahead log, such as `0/3000060`. Source: `pg_lsn` in the manual of
/// `PostgreSQL`, section 8.20.
fn wal(text: &str) -> Option<(u32, u32)> {
    let (high, low) = text.split_once('/')?;
    let half = |text: &str| u32::from_str_radix(text, 16).ok();
    Some((half(high)?, half(low)?))
}

#[cfg(test)]
mod tests;
