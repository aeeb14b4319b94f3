//! The day's writes to KV, and how they are shared out.
//!
//! The free plan has 1,000 writes a day. Once they are spent no routing table arrives any more, and
//! proxies go by an old one. So a day's writes are shared out before anything is written:
//!
//! - **The heartbeat of `routes`** has its [`HEARTBEATS`]. Whatever `routes` says that can wait
//!   goes along with it, at no cost, at most five minutes later.
//! - **News in `routes`** have one half of the rest. The last [`RESERVE_PARTS`]th of what may be
//!   saved up is only for a failover: a region takes no more clients that took them for
//!   [`SETTLED_MS`], or config or law changed. So a region that flaps cannot use up what a real
//!   outage needs.
//! - **Pages for people** have the other half, and one page at most a [`KEY_PARTS`]th of it, so a
//!   region that flaps takes little from the pages of the others. A page that is held back is
//!   written later, with what is true then.
//!
//! Each share accrues evenly and can be saved up for some hours, which is a token bucket. It is
//! kept as one instant: until when the share is spent ("generic cell rate algorithm", ITU-T I.371).
//! So no more than the day's writes are made in any 24 hours, wherever a day begins.

use crate::config::Config;
use crate::state::Spent;
use crate::time::{MINUTE, Millis, Timestamp};

/// How often `routes` is renewed when nothing changes.
pub const HEARTBEAT_MS: Millis = 5 * MINUTE;
/// A day.
pub(super) const DAY_MS: Millis = 24 * 60 * MINUTE;
/// Heartbeats of a day, and one more, since a day may begin with one.
pub(super) const HEARTBEATS: u64 = DAY_MS / HEARTBEAT_MS + 1;
/// For how long a region took clients whose loss is a failover.
pub(super) const SETTLED_MS: Millis = 60 * MINUTE;
/// Of what may be saved up for news in `routes`, so manieth a part is for failovers alone.
const RESERVE_PARTS: u64 = 3;
/// Of what accrues for pages, so manieth a part may go to one page.
const KEY_PARTS: u64 = 6;
/// Of the writes of a day, so manieth a part may be saved up.
const SAVED_PARTS: u64 = 8;

/// Writes that accrue evenly and can be saved up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// How long it takes for one write to accrue.
    every_ms: Millis,
    /// How many can be saved up.
    saved_max: u64,
}

/// All shares of a day's writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shares {
    /// News in `routes`.
    pub(super) routes: Share,
    /// All pages for people together.
    pub(super) pages: Share,
    /// Each single page.
    pub(super) page: Share,
}

impl Share {
    /// The share of so many writes in any 24 hours.
    fn of(writes: u64) -> Self {
        // Whatever is saved up can be spent within the same 24 hours, and one more accrues at each
        // end of them.
        let writes = writes.saturating_sub(1).max(2);
        let saved_max = (writes / SAVED_PARTS).max(1);
        let every_ms = DAY_MS.div_ceil(writes.saturating_sub(saved_max).max(1));
        Self { every_ms, saved_max }
    }

    /// How many writes are left at `now`, if the share is spent until `spent`.
    pub(super) fn left(self, spent: Timestamp, now: Timestamp) -> u64 {
        self.saved_max.saturating_sub(spent.since(now).div_ceil(self.every_ms))
    }

    /// Until when the share is spent after one more write.
    #[must_use]
    pub(super) fn spend(self, spent: Timestamp, now: Timestamp) -> Timestamp {
        spent.max(now).plus(self.every_ms)
    }

    /// How many of the writes that can be saved up are kept for failovers.
    pub(super) fn reserve(self) -> u64 {
        self.saved_max / RESERVE_PARTS
    }
}

impl Shares {
    /// The shares of `kv_writes_per_day`.
    pub(super) fn of(config: &Config) -> Self {
        let rest = u64::from(config.kv_writes_per_day).saturating_sub(HEARTBEATS);
        let (routes, pages) = (Share::of(rest / 2), Share::of(rest / 2));
        let page = Share {
            every_ms: pages.every_ms.saturating_mul(KEY_PARTS),
            saved_max: (pages.saved_max / 2).max(1),
        };
        Self { routes, pages, page }
    }

    /// Whether `routes` may be written with news at `now`.
    pub(super) fn affords_routes(self, spent: Spent, is_failover: bool, now: Timestamp) -> bool {
        let reserve = if is_failover { 0 } else { self.routes.reserve() };
        self.routes.left(spent.routes_until, now) > reserve
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::config_text;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn shares(writes_per_day: u32) -> Shares {
        let mut config = Config::parse(&config_text()).unwrap();
        config.kv_writes_per_day = writes_per_day;
        Shares::of(&config)
    }

    /// The most writes within any 24 hours by somebody who writes whenever he may.
    fn most_in_a_day(share: Share) -> u64 {
        let (mut spent, mut written) = (at(0), Vec::new());
        for now in (0..3 * DAY_MS).step_by(1_000).map(at) {
            while share.left(spent, now) > 0 {
                spent = share.spend(spent, now);
                written.push(now);
            }
        }
        let within = |from: &Timestamp| {
            written.iter().filter(|at| *at >= from && at.since(*from) < DAY_MS).count()
        };
        written.iter().map(within).max().unwrap().try_into().unwrap()
    }

    #[test]
    fn no_day_has_more_writes_than_the_config_allows_and_few_are_lost() {
        for writes_per_day in [400, 900, 1_000, 5_000] {
            let shares = shares(writes_per_day);
            let [routes, pages] = [shares.routes, shares.pages].map(most_in_a_day);
            let all = HEARTBEATS + routes + pages;
            let most = u64::from(writes_per_day);
            assert!(all <= most && all + 12 >= most, "{all} of {most}");
        }
    }

    #[test]
    fn what_is_saved_up_is_spent_at_once_and_accrues_again() {
        let share = Share { every_ms: 1_000, saved_max: 3 };
        let mut spent = Timestamp::default();
        let now = at(50_000);
        for left in [3, 2, 1, 0] {
            assert_eq!(share.left(spent, now), left);
            spent = share.spend(spent, now);
        }
        assert_eq!(share.left(spent, now.plus(1_999)), 0);
        assert_eq!(share.left(spent, now.plus(2_000)), 1);
        assert_eq!(share.left(spent, now.plus(60_000)), 3);
    }

    #[test]
    fn the_last_part_for_routes_is_for_failovers_alone() {
        let shares = shares(900);
        let reserve = shares.routes.reserve();
        assert!(reserve >= 10, "{reserve}");
        let mut spent = Spent::default();
        let mut writes = [0, 0];
        for (is_failover, written) in [false, true].into_iter().zip(&mut writes) {
            while shares.affords_routes(spent, is_failover, at(0)) {
                spent.routes_until = shares.routes.spend(spent.routes_until, at(0));
                *written += 1;
            }
        }
        assert_eq!(writes, [shares.routes.saved_max - reserve, reserve]);
    }
}
