//! Where data may go. Residency rules are constraints, not routes.
//!
//! Every strict rule that matches a request applies, and what they allow **intersects**. So the
//! order of rules has no meaning, and another rule can only narrow what is permitted. With "first
//! match wins", a rule put on top for one customer would silently switch off the rules below it.
//! Preferred rules rank what is left. A tenant's pin is one more constraint.
//!
//! An unknown country matches every condition on the country, because the client may be from there.
//! A second witness of the country can only narrow.
//! Health never overrides a rule: this module does not see health.
//!
//! Software cannot say which law applies to a client. The rules are what the operator's lawyers
//! decided; this module enforces them.

mod allow;
mod country_set;
mod law;
mod path;
mod place;
mod region_set;
mod rule;
pub mod sets;
mod tenant;
mod witness;

pub use allow::{Allow, AllowedCountry};
pub use country_set::CountrySet;
pub use law::{CompiledRule, Law, Ruling};
#[cfg(not(target_arch = "wasm32"))]
pub use law::{Filed, FiledClass};
pub use path::{
    BadPattern, PATH_BYTES_MAX, PATTERN_BYTES_MAX, Pattern, normalise, representatives,
};
pub use place::{AllowEntry, Place};
pub use region_set::{REGIONS_MAX, RegionSet};
pub use rule::{Mode, Rule, RuleFacts, When, strict_rules_over, wildcard_of};
pub(crate) use tenant::cookie_values;
pub use tenant::{COOKIE_BYTES_MAX, TenantClaim, TenantSource};
pub use witness::{Testimony, Witness, WitnessKind};
