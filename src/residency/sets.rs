//! Named sets of countries: law as data, with its source and its dates.
//!
//! A rule that lists thirty countries is wrong on the day when one of them joins or leaves, and
//! nobody looks. So rules name sets (`@eea`), and a set says of each member since when, until when,
//! on what condition, and by which act. What is true therefore depends on `now`, which is an
//! argument, and a membership that ends can be told beforehand ([`NamedSet::ending_soon`]).
//!
//! A set answers two questions, and errs on opposite sides:
//!
//! - **Does it permit?** ([`NamedSet::permits`], for what a rule allows.) Only a member in force
//!   whose condition is attested. The last day of a membership is already outside, because acts
//!   count days in Brussels and we in UTC: a few hours too early breaks nothing.
//! - **Does it guard?** ([`NamedSet::guards`], for whom a rule applies to.) Every country that is
//!   listed, whatever its dates and conditions, because guarding too much only narrows.
//!
//! The sets of the operator are lists of countries and of these sets. Which sets apply to whom
//! stays the operator's decision; this is a list of what acts say, not advice.

mod dataset;
mod named_set;

pub use dataset::DATASET;
pub use named_set::{Day, MemberStatus, NamedSet, SetKind, SetMember};

/// The set of a name, which is given without its `@`.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static NamedSet> {
    dataset::SETS.iter().copied().find(|set| set.name == name)
}

/// The names of all sets that this program knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    dataset::SETS.iter().map(|set| set.name)
}

#[cfg(test)]
mod tests;
