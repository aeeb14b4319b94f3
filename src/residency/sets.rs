//! Named sets of countries: law as data, with sources and dates.
//!
//! A rule that lists thirty countries becomes wrong on the day when one of them joins or leaves. So
//! rules name sets (`@eea`), and a set says for each member since when, until when, on what
//! condition and by which act it counts. Whether a member counts depends on `now`, and an end is
//! known in advance ([`NamedSet::ending_soon`]).
//!
//! A set answers two questions, and errs on opposite sides:
//!
//! - **Does it permit?** ([`NamedSet::permits`], for what a rule allows.) Only a member in force
//!   whose condition is attested. `expires` is the first day outside, in UTC although acts count
//!   days in Brussels: ending a few hours early breaks nothing.
//! - **Does it guard?** ([`NamedSet::guards`], for whom a rule applies to.) Every listed country,
//!   whatever its dates and conditions, because guarding too much only narrows.
//!
//! Operators can define sets of their own from countries and these sets. Which set applies to whom
//! is the operator's decision; this is a list of what acts say, not legal advice.

mod dataset;
mod named_set;

pub use dataset::{DATASET, EFTA_STATES, NOT_YET_IN_THE_EEA};
pub use named_set::{Day, MemberStatus, NamedSet, SetKind, SetMember};

/// The built-in set of this name, without its `@`.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static NamedSet> {
    dataset::SETS.iter().copied().find(|set| set.name == name)
}

/// The names of all built-in sets.
pub fn names() -> impl Iterator<Item = &'static str> {
    dataset::SETS.iter().map(|set| set.name)
}

#[cfg(test)]
mod tests;
