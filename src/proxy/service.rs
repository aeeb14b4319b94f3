//! What an isolate has seen of one service.

use super::asked::{Asked, Body};
use super::outcome::{Said, Why};
use super::ways::{Token, Way, way, ways};
use crate::config::Proxying;
use crate::country::Country;
use crate::health::Health;
use crate::http::may_be_tried_again;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::passive::{BreakerLimits, RetryBudget, Seen};
use crate::routes::{Candidate, Serving};
use crate::steering::Evidence;
use crate::time::Timestamp;

/// One service, as this isolate has seen it.
#[derive(Debug)]
pub(super) struct SeenService {
    pub(super) id: ServiceId,
    pub(super) regions: Vec<RegionId>,
    /// Each region, in the order of the table.
    pub(super) seen: Vec<Seen>,
    pub(super) budget: RetryBudget,
    /// The region that was chosen last, by country of the client.
    pub(super) incumbents: Map<Option<Country>, usize>,
}

impl SeenService {
    /// The service in a new table, with what was seen of those of its regions that were `known`.
    pub(super) fn of(service: &Serving, known: Option<&Self>) -> Self {
        let seen = |region: &Candidate| {
            let known = known?;
            let place = known.regions.iter().position(|id| *id == region.entry.id)?;
            known.seen.get(place).copied()
        };
        Self {
            id: service.id.clone(),
            regions: service.candidates.iter().map(|region| region.entry.id.clone()).collect(),
            seen: service
                .candidates
                .iter()
                .map(|region| seen(region).unwrap_or_default())
                .collect(),
            budget: known.map(|known| known.budget).unwrap_or_default(),
            // Indexes mean other regions now.
            incumbents: Map::new(),
        }
    }

    /// Has regions looked at that were not up in the old table and are in the new one: the
    /// Controller has seen them return, and nobody need wait for a breaker's time to pass.
    pub(super) fn look_at_returned(&mut self, old: &Serving, new: &Serving, now: Timestamp) {
        for (region, seen) in new.candidates.iter().zip(&mut self.seen) {
            let before = old.candidates.iter().find(|before| before.entry.id == region.entry.id);
            let was_up = before.is_none_or(|before| before.entry.health == Health::Up);
            if region.entry.health == Health::Up && !was_up {
                seen.breaker.look_now(now);
            }
        }
    }

    /// What a decision for a client from this country goes by.
    pub(super) fn evidence(&self, service: &Serving, country: Option<Country>) -> Evidence<'_> {
        // Where regions share a band, a client keeps to one by its hash, and not because the last
        // client went there.
        let by_band = service.steering.band_ms > 0;
        let incumbent = self.incumbents.get(&country).copied().filter(|_| !by_band);
        Evidence { seen: &self.seen, incumbent }
    }

    /// The ways that a request may still go, in order.
    pub(super) fn ways_left<'t>(
        &self,
        service: &Serving,
        asked: &Asked<'_>,
        said: &Said<'_>,
        regions: &[&'t Candidate],
    ) -> Vec<Way<'t>> {
        let again = may_be_tried_again(asked.method, asked.body != Body::None);
        let attempts = if again { service.proxy.attempts.get() } else { 1 };
        let most = usize::try_from(attempts).unwrap_or(1).saturating_sub(said.tries());
        ways(regions, &self.seen, said.trail, most)
    }

    /// Whether a region was found to fail.
    pub(super) fn is_left_alone(&self, place: usize) -> bool {
        self.seen.get(place).is_some_and(|seen| seen.breaker.is_open())
    }

    /// Whether a request may go this way. The first try always may.
    pub(super) fn may_go(
        &mut self,
        said: &Said<'_>,
        service: &Serving,
        way: &Way<'_>,
        now: Timestamp,
    ) -> bool {
        if said.why == Why::First {
            self.budget.first(now);
            return true;
        }
        let would_wait = self.is_left_alone(way.region.failover_index);
        let has_left =
            last_tried(said.trail, service).is_some_and(|place| self.is_left_alone(place));
        let may = match said.why {
            // With an answer in hand, or one to come, nobody waits for a region that fails.
            Why::Failed | Why::Late => !would_wait,
            // One client over its limit is told so; a storm is left.
            Why::PushedBack => !would_wait && has_left,
            Why::First | Why::Unreachable | Why::TimedOut => true,
            Why::Invalid => false,
        };
        // Whoever asked a region in the moment of its death is sent where everybody goes from now
        // on. That makes no brown-out worse, however many they are.
        let is_moved = has_left && !would_wait && said.why != Why::Late;
        may && (is_moved || self.budget.grants(service.proxy.retry_budget_percent.get(), now))
    }

    /// A region to look at, behind the request, and where.
    pub(super) fn trial(
        &mut self,
        service: &Serving,
        table: u32,
        now: Timestamp,
    ) -> Option<(Token, String)> {
        let place = self.seen.iter_mut().position(|seen| seen.breaker.begins_trial(now))?;
        let way = way(service.candidates.get(place)?, self.seen.get(place), 0)?;
        Some((Token::of(table, service, &way), [way.origin, &service.trial_path].concat()))
    }
}

/// The place of the region that was tried last.
fn last_tried(trail: &str, service: &Serving) -> Option<usize> {
    let origin = trail.split_ascii_whitespace().next_back()?;
    let mut regions = service.candidates.iter();
    regions.position(|region| region.entry.origins.iter().any(|known| known == origin))
}

/// When a breaker of this service opens.
pub(super) fn limits(proxy: &Proxying) -> BreakerLimits {
    BreakerLimits {
        failures: proxy.breaker_failures.get(),
        success_percent: proxy.breaker_success_percent.get(),
    }
}
