//! Where data may go. Rules are constraints, not routes.
//!
//! Every rule that matches a request applies, and their allowed countries **intersect**: the order
//! of rules has no meaning, and one more rule can only narrow what is permitted. A "first match
//! wins" list reads well and leaks: the rule that somebody puts on top for one customer silently
//! switches off the law below it.
//!
//! A country that is unknown matches every rule that a country condition guards, because the client
//! may well be from there. Nobody is healthy enough to break a rule: this module never sees health
//! at all.
//!
//! Which law a client is under is not for software to say. Rules are what the operator's lawyers
//! decided; this module only never forgets them.

mod rule;

pub use rule::{Facts, Rule, When, permits, rules_over_name, rules_that_match};
