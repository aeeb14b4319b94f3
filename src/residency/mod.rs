//! Where data may go. Rules are constraints, not routes.
//!
//! Every strict rule that guards a request applies, and what they allow **intersects**: the order
//! of rules has no meaning, and one more rule can only narrow what is permitted. A "first match
//! wins" list reads well and leaks: the rule that somebody puts on top for one customer silently
//! switches off the law below it. Preferred rules rank what is left; a tenant's pin is one more
//! constraint.
//!
//! A country that is unknown matches every rule that a country condition guards, because the client
//! may well be from there. Nobody is healthy enough to break a rule: this module never sees health
//! at all.
//!
//! Which law a client is under is not for software to say. Rules are what the operator's lawyers
//! decided; this module only never forgets them.

mod allow;
mod country_set;
mod law;
mod path;
mod region_set;
mod rule;
pub mod sets;
mod tenant;

pub use allow::{Allow, AllowedCountry};
pub use country_set::CountrySet;
pub use law::{CompiledRule, Law, Ruling};
pub use path::{
    BadPattern, PATH_BYTES_MAX, PATTERN_BYTES_MAX, Pattern, normalise, representatives,
};
pub use region_set::{REGIONS_MAX, RegionSet};
pub use rule::{Mode, Rule, RuleFacts, When, strict_rules_over, wildcard_of};
pub(crate) use tenant::cookie_values;
pub use tenant::{COOKIE_BYTES_MAX, TenantClaim, TenantSource};
