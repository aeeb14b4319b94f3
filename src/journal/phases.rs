//! The phases of an incident: how far it has come, and when.

use crate::json::{fields, words};
use crate::time::{Millis, Timestamp};

words! {
    /// How far an incident has come. They come in this order; some may be left out.
    pub enum Phase {
        /// The first probe failed that counts, or an operator said so.
        Seen = "seen",
        /// Enough probes failed.
        Confirmed = "confirmed",
        /// The first routing table or comparison with Cloudflare was made from it.
        Decided = "decided",
        /// The first change was acknowledged, by Cloudflare's API or by KV.
        FirstChange = "first_change",
        /// The last change was, before the return.
        LastChange = "last_change",
        /// The service answered through its public name after that.
        Verified = "verified",
        /// The region is up again.
        Up = "up",
        /// Its traffic is back.
        Back = "back",
    }
}

impl Phase {
    /// Its short name: `t0` to `t7`.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Seen => "t0",
            Self::Confirmed => "t1",
            Self::Decided => "t2",
            Self::FirstChange => "t3",
            Self::LastChange => "t4",
            Self::Verified => "t5",
            Self::Up => "t6",
            Self::Back => "t7",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Seen => "fault seen",
            Self::Confirmed => "confirmed",
            Self::Decided => "decided",
            Self::FirstChange => "first change acknowledged",
            Self::LastChange => "last change acknowledged",
            Self::Verified => "verified through the public name",
            Self::Up => "up again",
            Self::Back => "traffic back",
        }
    }
}

/// When each phase was reached.
///
/// **Invariant.** None is earlier than one before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phases {
    seen: Option<Timestamp>,
    confirmed: Option<Timestamp>,
    decided: Option<Timestamp>,
    first_change: Option<Timestamp>,
    last_change: Option<Timestamp>,
    verified: Option<Timestamp>,
    up: Option<Timestamp>,
    back: Option<Timestamp>,
}

fields!(Phases { seen, confirmed, decided, first_change, last_change, verified, up, back });

impl Phases {
    /// The phases of a fault that was seen at one instant and confirmed at another.
    #[must_use]
    pub fn begin(seen: Timestamp, confirmed: Timestamp) -> Self {
        let mut phases = Self::default();
        phases.reach(Phase::Seen, seen.min(confirmed));
        phases.reach(Phase::Confirmed, confirmed);
        phases
    }

    /// When a phase was reached.
    #[must_use]
    pub fn at(&self, phase: Phase) -> Option<Timestamp> {
        match phase {
            Phase::Seen => self.seen,
            Phase::Confirmed => self.confirmed,
            Phase::Decided => self.decided,
            Phase::FirstChange => self.first_change,
            Phase::LastChange => self.last_change,
            Phase::Verified => self.verified,
            Phase::Up => self.up,
            Phase::Back => self.back,
        }
    }

    /// Whether it was reached.
    #[must_use]
    pub fn has(&self, phase: Phase) -> bool {
        self.at(phase).is_some()
    }

    /// Notes that a phase was reached: not before those that come before it, and not after those
    /// that come after it. A later change has to be verified anew.
    pub fn reach(&mut self, phase: Phase, at: Timestamp) {
        let is_undone = |other: Phase| phase == Phase::LastChange && other == Phase::Verified;
        let others = Phase::ALL.iter().filter_map(|other| Some((*other, self.at(*other)?)));
        let others: Vec<_> = others.filter(|(other, _)| !is_undone(*other)).collect();
        let earlier = others.iter().filter(|(other, _)| *other < phase);
        let least = earlier.map(|(_, at)| *at).max().unwrap_or_default();
        let later = others.iter().filter(|(other, _)| *other > phase).map(|(_, at)| *at).min();
        let at = later.map_or(at, |later| at.min(later)).max(least);
        *self.slot(phase) = Some(at);
        if phase == Phase::LastChange {
            self.verified = self.verified.filter(|verified| *verified >= at);
        }
    }

    /// Notes that it is no longer so.
    pub fn forget(&mut self, phase: Phase) {
        *self.slot(phase) = None;
    }

    /// Those that were reached, with how long each took since the one before it.
    pub fn reached(&self) -> impl Iterator<Item = (Phase, Timestamp, Millis)> + '_ {
        let mut before = self.seen;
        Phase::ALL.iter().filter_map(move |phase| {
            let at = self.at(*phase)?;
            let took_ms = before.map_or(0, |before| at.since(before));
            before = Some(at);
            Some((*phase, at, took_ms))
        })
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let mut least = Timestamp::default();
        for phase in Phase::ALL {
            let slot = self.slot(*phase);
            *slot = slot.map(|at| at.unless_ahead(now).max(least));
            least = slot.unwrap_or(least);
        }
    }

    fn slot(&mut self, phase: Phase) -> &mut Option<Timestamp> {
        match phase {
            Phase::Seen => &mut self.seen,
            Phase::Confirmed => &mut self.confirmed,
            Phase::Decided => &mut self.decided,
            Phase::FirstChange => &mut self.first_change,
            Phase::LastChange => &mut self.last_change,
            Phase::Verified => &mut self.verified,
            Phase::Up => &mut self.up,
            Phase::Back => &mut self.back,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn no_phase_is_reached_before_an_earlier_one() {
        let mut phases = Phases::begin(at(5_000), at(3_000));
        assert_eq!(phases.at(Phase::Seen), Some(at(3_000)));
        phases.reach(Phase::LastChange, at(9_000));
        phases.reach(Phase::Verified, at(8_000));
        assert_eq!(phases.at(Phase::Verified), Some(at(9_000)));
        let told: Vec<_> = phases.reached().map(|(phase, _, took)| (phase, took)).collect();
        let all = [
            (Phase::Seen, 0),
            (Phase::Confirmed, 0),
            (Phase::LastChange, 6_000),
            (Phase::Verified, 0),
        ];
        assert_eq!(told, all);
    }

    #[test]
    fn what_was_verified_before_a_later_change_is_not_verified() {
        let mut phases = Phases::begin(at(1), at(2));
        phases.reach(Phase::LastChange, at(10));
        phases.reach(Phase::Verified, at(20));
        phases.reach(Phase::LastChange, at(20));
        assert!(phases.has(Phase::Verified));
        phases.reach(Phase::LastChange, at(21));
        assert!(!phases.has(Phase::Verified));
    }

    #[test]
    fn no_phase_is_reached_after_a_later_one() {
        let mut phases = Phases::begin(at(1), at(2));
        phases.reach(Phase::Up, at(10));
        phases.reach(Phase::Decided, at(20));
        assert_eq!(phases.at(Phase::Decided), Some(at(10)));
        assert_eq!(phases.at(Phase::Up), Some(at(10)));
    }

    #[test]
    fn a_clock_that_was_ahead_leaves_their_order() {
        let mut phases = Phases::begin(at(4_000), at(6_000));
        phases.reach(Phase::Decided, at(60_000));
        phases.forget_the_future(at(0));
        let told: Vec<_> = phases.reached().map(|(_, at, _)| at).collect();
        assert_eq!(told, [at(4_000); 3], "six seconds ahead is too far, four are not");
    }
}
