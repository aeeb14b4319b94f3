//! Cases of which somebody else has the table: those of a simulation.

use super::case::Case;
use super::explainer::explained;
use crate::config::Config;
use crate::routes::Table;
use crate::time::Timestamp;

/// A case and what it expects, in a few words.
pub(in crate::tool) fn told(case: &Case) -> String {
    let method = case.method.as_deref().unwrap_or("GET");
    let host = case.host.as_deref().unwrap_or("the only host");
    let country = case.country.as_deref();
    let from = country.map(|country| format!(" from {country}")).unwrap_or_default();
    let expected = case.expect.as_ref().map(super::expect::Expectation::words);
    format!("{method} {host}{from}: {}", expected.unwrap_or_default())
}

/// Errors: it expects nothing, or names what is not there.
pub(in crate::tool) fn check(case: &Case, config: &Config) -> Result<(), String> {
    match &case.expect {
        Some(expected) => expected.check(config),
        None => Err("the request has no `expect`".to_owned()),
    }
}

/// What is not as expected, if the request is decided by this table. Errors: it is invalid.
pub(in crate::tool) fn mismatches(
    config: &Config,
    table: &Table,
    case: &Case,
    now: Timestamp,
) -> Result<Vec<String>, String> {
    let explanation = explained(config, table, case, now)?;
    Ok(case.expect.as_ref().map(|it| it.mismatches(&explanation)).unwrap_or_default())
}
