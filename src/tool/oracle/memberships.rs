//! What an `allow` permits, and the sets that pins in KV may name.

use crate::config::{Config, Region};
use crate::residency::{Allow, AllowedCountry, RegionSet, sets};
use crate::time::Timestamp;
use std::borrow::Cow;

/// Which memberships count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// Those that have begun by then, and have not ended.
    pub(super) now: Timestamp,
    /// Of these only those without an end.
    pub(super) lasting: bool,
}

pub(super) fn permitted(config: &Config, counts: Counts, allow: &Allow) -> RegionSet {
    let all = config.regions.iter().enumerate();
    let permitted = all.filter(|(_, (id, region))| {
        allow.everywhere
            || allow.members.iter().any(|member| holds(member, region, counts))
            || allow.regions.iter().any(|named| named == *id)
    });
    permitted.map(|(index, _)| index).collect()
}

/// When the first membership ends by which a region is permitted.
pub(super) fn first_end(config: &Config, counts: Counts, allow: &Allow) -> Option<Timestamp> {
    let members = allow.members.iter().filter(|member| {
        let mut regions = config.regions.values();
        regions.any(|region| holds(member, region, counts))
    });
    members.filter_map(|member| member.expires).min()
}

/// Whether a membership permits a region.
fn holds(member: &AllowedCountry, region: &Region, counts: Counts) -> bool {
    let has_begun = member.effective_from.is_none_or(|from| counts.now >= from);
    let has_ended = member.expires.is_some_and(|end| counts.lasting || counts.now >= end);
    let is_attested = match &member.requires {
        Some(word) => region.attest.iter().any(|attested| attested == word),
        None => true,
    };
    member.country == region.country && has_begun && !has_ended && is_attested
}

/// The sets that a pin in KV may name, if any service reads pins there.
pub(super) fn named_sets(config: &Config) -> Vec<(&str, Cow<'_, Allow>)> {
    let mut services = config.services.values();
    if !services.any(|it| it.steering.tenancy.as_ref().is_some_and(|tenancy| tenancy.kv)) {
        return Vec::new();
    }
    let own = config.sets.iter().map(|(name, allow)| (name.as_str(), Cow::Borrowed(allow)));
    let builtin = sets::names().filter_map(sets::builtin).map(|set| {
        let members = set.members().map(Into::into);
        (set.name, Cow::Owned(Allow::of(members)))
    });
    own.chain(builtin).collect()
}
