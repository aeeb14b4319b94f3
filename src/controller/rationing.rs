//! Which documents may be written now, out of the day's writes.
//!
//! `spending` says how the writes of a day are shared out; here the shares are spent. What is not
//! allowed stays due and is looked at again with each round. The page that waits longest goes
//! first, so none is forgotten.

use super::spending::{SETTLED_MS, Shares};
use crate::fingerprint::Fingerprint;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use crate::routes::{self, Routes};
use crate::state::Spent;
use crate::time::{MINUTE, Millis, Timestamp};

/// How long it is not told again that documents are held back.
const TOLD_MS: Millis = 60 * MINUTE;

/// What was written lately, and what waits.
#[derive(Debug, Default)]
pub(super) struct Rations {
    urgency: Urgency,
    /// Whether the last `routes` that was sent is not known to have arrived. To send it again costs
    /// nothing more.
    is_unconfirmed: bool,
    /// Until when what accrues for each page is spent. A restart forgets it; the share of all pages
    /// together is in the state.
    page_spent: Map<String, Timestamp>,
    /// Since when each document waits that would be written if there were more writes.
    held: Map<String, Timestamp>,
    /// When it was last told that documents wait, and whether they still do.
    told: Option<(Timestamp, bool)>,
}

/// What may be spent at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purse {
    pub(super) shares: Shares,
    pub(super) spent: Spent,
    /// Whether `routes` would be written without any news.
    pub(super) is_heartbeat: bool,
    pub(super) now: Timestamp,
}

/// What the log should say about documents that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// These do.
    Held(Vec<String>),
    /// None does any more.
    Over,
}

impl Rations {
    /// Looks at the table that is to be written.
    pub(super) fn look(&mut self, routes: &Routes, now: Timestamp) {
        self.urgency.look(routes, now);
    }

    /// Of the documents that are due, in their order, those that may be written. The others are
    /// held back.
    pub(super) fn allow(&mut self, due: &[String], purse: &Purse) -> Set<String> {
        let Purse { shares, spent, now, .. } = *purse;
        let mut left = shares.pages.left(spent.pages_until, now);
        let (tables, mut pages): (Vec<_>, Vec<_>) = due.iter().partition(|key| *key == routes::KEY);
        // The sort is stable, so of those that are new the order stays.
        pages.sort_by_key(|key| self.held.get(*key).copied().unwrap_or(now));
        let mut allowed = Set::new();
        if self.allows_routes(purse) {
            allowed.extend(tables.into_iter().cloned());
        }
        for key in pages {
            let page_spent = self.page_spent.get(key).copied().unwrap_or_default();
            if left > 0 && shares.page.left(page_spent, now) > 0 {
                left = left.saturating_sub(1);
                allowed.insert(key.clone());
            }
        }
        let held = due.iter().filter(|key| !allowed.contains(*key));
        let since = |key: &String| self.held.get(key).copied().unwrap_or(now);
        self.held = Map::of(held.map(|key| (key.clone(), since(key))));
        allowed
    }

    fn allows_routes(&self, purse: &Purse) -> bool {
        self.is_free(purse)
            || purse.shares.affords_routes(purse.spent, self.urgency.is_failover, purse.now)
    }

    /// Whether `routes` costs nothing now.
    fn is_free(&self, purse: &Purse) -> bool {
        purse.is_heartbeat || self.is_unconfirmed
    }

    /// Notes that a document is sent. Returns what is spent then.
    pub(super) fn sending(&mut self, key: &str, purse: &Purse) -> Spent {
        let Purse { shares, mut spent, now, .. } = *purse;
        if key == routes::KEY {
            if !self.is_free(purse) {
                spent.routes_until = shares.routes.spend(spent.routes_until, now);
            }
            self.is_unconfirmed = true;
            self.urgency.is_failover = false;
            return spent;
        }
        spent.pages_until = shares.pages.spend(spent.pages_until, now);
        let before = self.page_spent.get(key).copied().unwrap_or_default();
        self.page_spent.insert(key.to_owned(), shares.page.spend(before, now));
        self.page_spent.retain(|_, until| now < *until);
        spent
    }

    /// Notes that a document has arrived.
    pub(super) fn arrived(&mut self, key: &str) {
        if key == routes::KEY {
            self.is_unconfirmed = false;
        }
    }

    /// The documents that wait.
    pub(super) fn held(&self) -> impl Iterator<Item = &String> {
        self.held.keys()
    }

    /// What the log should say that it has not said.
    pub(super) fn news(&mut self, now: Timestamp) -> Option<Told> {
        let is_held = !self.held.is_empty();
        match self.told {
            Some((at, true)) if !is_held => {
                self.told = Some((at, false));
                Some(Told::Over)
            }
            Some((at, is_told)) if is_told || now.since(at) < TOLD_MS => None,
            _ if is_held => {
                self.told = Some((now, true));
                Some(Told::Held(self.held.keys().cloned().collect()))
            }
            _ => None,
        }
    }

    /// Forgets what a clock that was wrong put ahead of `now`.
    pub(super) fn forget_the_future(&mut self, now: Timestamp) {
        for at in self.held.values_mut() {
            *at = at.unless_ahead(now);
        }
        self.told = self.told.map(|(at, is_told)| (at.unless_ahead(now), is_told));
        self.page_spent = Map::new();
        self.urgency.forget_the_future(now);
    }
}

/// Whether the table has news that proxies must not wait for.
#[derive(Debug, Default)]
struct Urgency {
    /// Whether each region of a service takes clients, and since when; of one that is new, and
    /// after a restart, since ever.
    regions: Map<(ServiceId, RegionId), (bool, Timestamp)>,
    /// Config and law of the last table.
    basis: Option<(Fingerprint, Fingerprint)>,
    /// Whether there was a failover since the last table was sent.
    is_failover: bool,
}

impl Urgency {
    fn look(&mut self, routes: &Routes, now: Timestamp) {
        let basis = Some((routes.config, routes.law));
        self.is_failover |= self.basis != basis;
        self.basis = basis;
        let mut regions = Vec::new();
        for (service, entry) in &routes.services {
            for region in &entry.regions {
                let takes = region.health == Health::Up && !region.draining;
                let key = (service.clone(), region.id.clone());
                let before = self.regions.get(&key).copied();
                let (took, since) = before.unwrap_or((takes, Timestamp::default()));
                self.is_failover |= took && !takes && now.since(since) >= SETTLED_MS;
                regions.push((key, (takes, if took == takes { since } else { now })));
            }
        }
        self.regions = Map::of(regions);
    }

    fn forget_the_future(&mut self, now: Timestamp) {
        for (_, since) in self.regions.values_mut() {
            *since = since.unless_ahead(now);
        }
    }
}
