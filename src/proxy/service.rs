//! What one isolate has seen of one service, and what it may do about a failed try.

use super::body::Body;
use super::progress::{AskReason, Progress};
use super::question::Question;
use super::upstream::{Token, Upstream, upstream, upstreams};
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

/// One service as this isolate has seen it.
#[derive(Debug)]
pub(super) struct SeenService {
    pub(super) id: ServiceId,
    pub(super) regions: Vec<RegionId>,
    /// Each region, in the order of the table.
    pub(super) seen: Vec<Seen>,
    pub(super) budget: RetryBudget,
    /// The region that was chosen last, by the client's country.
    pub(super) incumbents: Map<Option<Country>, usize>,
}

impl SeenService {
    /// The service of a new table. What was `known` of its regions stays.
    pub(super) fn of(service: &Serving, known: Option<&Self>) -> Self {
        let seen = |region: &Candidate| {
            let known = known?;
            let index = known.regions.iter().position(|id| *id == region.entry.id)?;
            known.seen.get(index).copied()
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
            // The old indexes may stand for other regions now.
            incumbents: Map::new(),
        }
    }

    /// Tries out at once each region that is up in the new table and was not in the old one. The
    /// Controller has seen it return, so its breaker need not wait.
    pub(super) fn look_at_returned(&mut self, old: &Serving, new: &Serving, now: Timestamp) {
        for (region, seen) in new.candidates.iter().zip(&mut self.seen) {
            let before = old.candidates.iter().find(|before| before.entry.id == region.entry.id);
            let was_up = before.is_none_or(|before| before.entry.health == Health::Up);
            if region.entry.health == Health::Up && !was_up {
                seen.breaker.look_now(now);
            }
        }
    }

    /// The evidence for a decision about a client from this country.
    pub(super) fn evidence(&self, service: &Serving, country: Option<Country>) -> Evidence<'_> {
        // Within a band a client's hash chooses the region, not the last client's choice.
        let by_band = service.steering.band_ms > 0;
        let incumbent = self.incumbents.get(&country).copied().filter(|_| !by_band);
        Evidence { seen: &self.seen, incumbent }
    }

    /// The origins that a request may still be sent to, in order.
    pub(super) fn upstreams_left<'t>(
        &self,
        service: &Serving,
        question: &Question<'_>,
        regions: &[&'t Candidate],
    ) -> Vec<Upstream<'t>> {
        let progress = &question.progress;
        let again = may_be_tried_again(question.method, question.body != Body::None);
        let attempts = if again { service.proxy.attempts.get() } else { 1 };
        let most = usize::try_from(attempts).unwrap_or(1).saturating_sub(progress.tries());
        upstreams(regions, &self.seen, progress.trail, most)
    }

    /// Whether the breaker of a region is open.
    pub(super) fn is_left_alone(&self, region: usize) -> bool {
        self.seen.get(region).is_some_and(|seen| seen.breaker.is_open())
    }

    /// Whether a request may be sent there. The first try always may.
    pub(super) fn may_send(
        &mut self,
        progress: &Progress<'_>,
        service: &Serving,
        upstream: &Upstream<'_>,
        now: Timestamp,
    ) -> bool {
        if progress.reason == AskReason::First {
            self.budget.first(now);
            return true;
        }
        let would_wait = self.is_left_alone(upstream.region.failover_index);
        let has_left =
            last_tried(progress.trail, service).is_some_and(|region| self.is_left_alone(region));
        let may = match progress.reason {
            // There is a response already, or one to come, so a failing region is not worth the
            // wait.
            AskReason::Failed | AskReason::Late => !would_wait,
            // One client over its limit gets the 429. If the region turns everyone away, its
            // breaker is open, and clients go elsewhere.
            AskReason::PushedBack => !would_wait && has_left,
            AskReason::First
            | AskReason::Unreachable
            | AskReason::TimedOut
            | AskReason::BadStatus => true,
            AskReason::Invalid => false,
        };
        // The region has just failed, and every new request goes elsewhere by now. The requests
        // that were under way follow them, outside the budget: that adds no load to a brown-out.
        let is_moved = has_left && !would_wait && progress.reason != AskReason::Late;
        may && (is_moved || self.budget.grants(service.proxy.retry_budget_percent.get(), now))
    }

    /// A region to try out behind the request, and the URL to ask.
    pub(super) fn trial(
        &mut self,
        service: &Serving,
        table: u32,
        now: Timestamp,
    ) -> Option<(Token, String)> {
        let region = self.seen.iter_mut().position(|seen| seen.breaker.begins_trial(now))?;
        let upstream = upstream(service.candidates.get(region)?, self.seen.get(region), 0)?;
        let url = [upstream.origin, &service.trial_path].concat();
        Some((Token::of(table, service, &upstream), url))
    }
}

/// The index of the region that was tried last.
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
