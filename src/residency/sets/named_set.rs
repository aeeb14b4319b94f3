//! A named set: its members, since when and until when each counts, and on what condition.

use crate::country::Country;
use crate::time::{Millis, Timestamp};

pub(super) const DAY: Millis = 24 * 60 * crate::time::MINUTE;

/// A calendar day, from 00:00 UTC: days since 1970-01-01, which reaches the year 2149.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub(super) u16);

impl Day {
    /// The first instant of the day.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(u64::from(self.0) * DAY)
    }
}

/// What kind of act a set states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// The law itself applies there.
    Membership,
    /// An authority has decided that the law there is adequate.
    Adequacy,
}

impl SetKind {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Membership => "membership",
            Self::Adequacy => "adequacy",
        }
    }
}

/// A country in a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetMember {
    /// The country.
    pub country: Country,
    /// The first day on which it is a member.
    pub effective_from: Day,
    /// The first day on which it no longer is; `None` if no end is set.
    pub expires: Option<Day>,
    /// What a region there must attest to count, such as `dpf_certified`.
    pub requires: Option<&'static str>,
    /// The act.
    pub source: &'static str,
}

/// Whether a member counts, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// It counts.
    Member,
    /// It counts only if the region attests this.
    NeedsAttestation(&'static str),
    /// It counts from this instant.
    NotYet(Timestamp),
    /// It has not counted since this instant.
    Expired(Timestamp),
}

impl SetMember {
    /// Whether the member counts at `now`, for a region with these attestations.
    #[must_use]
    pub fn status(&self, attestations: &[String], now: Timestamp) -> MemberStatus {
        let from = self.effective_from.start();
        if now < from {
            return MemberStatus::NotYet(from);
        }
        if let Some(at) = self.expires.map(Day::start).filter(|at| *at <= now) {
            return MemberStatus::Expired(at);
        }
        match self.requires {
            Some(needed) if !attestations.iter().any(|said| said == needed) => {
                MemberStatus::NeedsAttestation(needed)
            }
            _ => MemberStatus::Member,
        }
    }

    /// Whether the membership is in force at `now` and ends within `within`.
    fn ends_soon(&self, now: Timestamp, within: Millis) -> bool {
        let in_force = self.effective_from.start() <= now;
        let end = self.expires.map(Day::start);
        in_force && end.is_some_and(|at| now < at && at <= now.plus(within))
    }

    fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let dates = [Some(self.effective_from), self.expires];
        dates.into_iter().flatten().map(Day::start).find(|at| *at > now)
    }
}

/// A built-in set.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedSet {
    /// Its name, without the `@`.
    pub name: &'static str,
    /// What kind of act it states.
    pub kind: SetKind,
    /// Where its members are published.
    pub source: &'static str,
    pub(super) own: &'static [SetMember],
    /// A set whose members are all members of this one.
    pub(super) base: Option<&'static NamedSet>,
}

impl NamedSet {
    /// The members, whatever their dates and conditions. No country is listed twice.
    pub fn members(&self) -> impl Iterator<Item = &'static SetMember> + use<> {
        let base = self.base.map_or(&[][..], |base| base.own);
        base.iter().chain(self.own)
    }

    /// Whether the country counts at `now`; `None` if it is not listed.
    #[must_use]
    pub fn status(
        &self,
        country: Country,
        attestations: &[String],
        now: Timestamp,
    ) -> Option<MemberStatus> {
        let member = self.members().find(|member| member.country == country)?;
        Some(member.status(attestations, now))
    }

    /// Whether a region in the country, with these attestations, is inside the set at `now`.
    #[must_use]
    pub fn permits(&self, country: Country, attestations: &[String], now: Timestamp) -> bool {
        self.status(country, attestations, now) == Some(MemberStatus::Member)
    }

    /// Whether a condition on the set holds for the country: it is listed, whatever its dates.
    #[must_use]
    pub fn guards(&self, country: Country) -> bool {
        self.members().any(|member| member.country == country)
    }

    /// The next instant at which any member joins or leaves.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.members().filter_map(|member| member.next_change(now)).min()
    }

    /// The members that are in force at `now` and end within `within`.
    pub fn ending_soon(
        &self,
        now: Timestamp,
        within: Millis,
    ) -> impl Iterator<Item = &'static SetMember> + use<> {
        self.members().filter(move |member| member.ends_soon(now, within))
    }
}
