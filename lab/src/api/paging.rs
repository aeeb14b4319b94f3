//! Pages of long lists.
use std::ops::RangeInclusive;

use serde_json::Value;

use super::envelope::{Failure, PageInfo, Reply};

/// Decoded query parameters in the order sent.
pub(crate) type Query = [(String, String)];

/// The value of a query parameter.
pub(crate) fn value_of<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Refuses parameters that the lab does not emulate. If it ignored them, a client would get more
/// than it asked for.
pub(crate) fn only(query: &Query, emulated: &[&str]) -> Result<(), Failure> {
    match query.iter().find(|(name, _)| !emulated.contains(&name.as_str())) {
        Some((name, _)) => Err(not_emulated(name)),
        None => Ok(()),
    }
}

/// The refusal of a parameter that is not emulated, whether the real API knows it or not.
pub(crate) fn not_emulated(parameter: &str) -> Failure {
    Failure::new(400, 1004, format!("the filter {parameter} is not emulated"))
}

/// The requested page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    page: usize,
    per_page: usize,
}

impl Paging {
    /// Reads `page` and `per_page`.
    ///
    /// **Errors**: 400 for a page that is not a number from 1, and for a `per_page` outside of its
    /// range.
    pub(crate) fn read(
        query: &Query,
        per_page_default: usize,
        per_page_range: RangeInclusive<usize>,
    ) -> Result<Self, Failure> {
        let number = |name: &str, default: usize, range: RangeInclusive<usize>| {
            let Some(text) = value_of(query, name) else { return Ok(default) };
            let parsed = text.parse().ok().filter(|number| range.contains(number));
            parsed.ok_or_else(|| {
                let (min, max) = range.into_inner();
                Failure::new(400, 1004, format!("{name} must be from {min} to {max}"))
            })
        };
        Ok(Self {
            page: number("page", 1, 1..=usize::MAX)?,
            per_page: number("per_page", per_page_default, per_page_range)?,
        })
    }

    /// Returns this page of the whole list.
    pub(crate) fn reply(self, rows: Vec<Value>) -> Reply {
        let total = rows.len();
        let skipped = (self.page - 1).saturating_mul(self.per_page);
        let rows: Vec<Value> = rows.into_iter().skip(skipped).take(self.per_page).collect();
        let info = PageInfo { page: self.page, per_page: self.per_page, count: rows.len(), total };
        Reply::page(&rows, info)
    }
}
