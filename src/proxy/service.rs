//! What one isolate has seen of one service, and what it may do about a failed try.

use super::happenings::Happenings;
use super::progress::{AskReason, Progress};
use super::question::Question;
use super::replay::tries_max;
use super::resume::Downloads;
use super::token::{Numbers, Token, next_revision};
use super::upstream::{Upstream, upstream, upstreams};
use crate::config::{Asked, Proxying};
use crate::country::Country;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::passive::{BACKOFF_MS_MIN, BreakerLimits, OriginFailures, RetryBudget, Seen};
use crate::routes::{Candidate, Serving};
use crate::steering::Evidence;
use crate::time::{Millis, Timestamp};
use crate::traffic::Requests;

/// One service as this isolate has seen it.
#[derive(Debug)]
pub(super) struct SeenService {
    pub(super) id: ServiceId,
    /// Its number, in each table that has it.
    pub(super) number: u32,
    pub(super) regions: Vec<KnownRegion>,
    /// Each region, in the order of the table.
    pub(super) seen: Vec<Seen>,
    pub(super) budget: RetryBudget,
    /// The region that was chosen last, by the client's country.
    pub(super) incumbents: Map<Option<Country>, usize>,
    /// Where downloads began, if the service asks.
    pub(super) downloads: Downloads,
    /// How often something was learned by which a decision may come out otherwise.
    pub(super) learned: u64,
    /// Answers to clients in this minute.
    pub(super) answers: Requests,
    /// What else happened to requests in this minute.
    pub(super) happenings: Happenings,
}

/// Whether a request is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permit {
    /// It is.
    Granted,
    /// Another try would not help it, or not be right.
    Unwanted,
    /// The retry budget is spent.
    OverBudget,
}

/// The soonest that a request can count as late; the clock is too coarse for less.
const LATE_MS_MIN: Millis = 5;

/// Who a region of a service is, whatever table it stands in.
#[derive(Debug, Clone)]
pub(super) struct KnownRegion {
    pub(super) id: RegionId,
    pub(super) number: u32,
    /// Grows with each change of its list of origins.
    revision: u32,
    /// Tries of this minute.
    pub(super) tries: Requests,
}

impl SeenService {
    /// The service of a new table. What was seen of it and its regions `before`, in the table
    /// before, stays.
    pub(super) fn of(
        service: &Serving,
        before: Option<(&Self, &Serving)>,
        numbers: &mut Numbers,
    ) -> Self {
        let (known, old) = before.unzip();
        let mut regions = Vec::with_capacity(service.candidates.len());
        let mut all_seen = Vec::with_capacity(service.candidates.len());
        for new in &service.candidates {
            let stays = before.and_then(|(known, old)| known.region_in(old, new));
            let (region, seen) = stays.unwrap_or_else(|| {
                let id = new.entry.id.clone();
                let (number, tries) = (numbers.region(), Requests::default());
                (KnownRegion { id, number, revision: 0, tries }, Seen::default())
            });
            regions.push(region);
            all_seen.push(seen);
        }
        Self {
            id: service.id.clone(),
            number: known.map_or_else(|| numbers.service(), |known| known.number),
            regions,
            seen: all_seen,
            budget: known.map(|known| known.budget).unwrap_or_default(),
            incumbents: match (known, old) {
                (Some(known), Some(old)) => moved(&known.incumbents, old, service),
                _ => Map::new(),
            },
            downloads: known.map(|known| known.downloads_in(service)).unwrap_or_default(),
            learned: 0,
            answers: Requests::default(),
            happenings: Happenings::default(),
        }
    }

    /// What is known of a region that stands in a new table, if it stood in the `old` one.
    fn region_in(&self, old: &Serving, new: &Candidate) -> Option<(KnownRegion, Seen)> {
        let index = self.regions.iter().position(|known| known.id == new.entry.id)?;
        let (mut region, mut seen) = (self.regions.get(index)?.clone(), *self.seen.get(index)?);
        let (before, now) = (&old.candidates.get(index)?.entry.origins, &new.entry.origins);
        if before != now {
            region.revision = next_revision(region.revision);
            // What was silent is an origin, wherever the list has it now.
            let silent = seen.silent_origin.and_then(|index| before.get(index));
            seen.failures = OriginFailures::default();
            seen.silent_origin =
                silent.and_then(|silent| now.iter().position(|origin| origin == silent));
        }
        Some((region, seen))
    }

    /// What a try or a trial of this origin is reported by.
    pub(super) fn token(&self, upstream: &Upstream<'_>) -> Option<Token> {
        let region = self.regions.get(upstream.region.failover_index)?;
        Some(Token {
            service: self.number,
            region: region.number,
            revision: region.revision,
            origin: upstream.index,
        })
    }

    /// What was seen of the region that a token names, and the index of its origin. `None` if the
    /// service has the region no more; no index if the region has other origins by now.
    pub(super) fn named_by(&mut self, token: Token) -> Option<(&mut Seen, Option<usize>)> {
        let index = self.regions.iter().position(|region| region.number == token.region)?;
        let is_same = self.regions.get(index)?.revision == token.revision;
        Some((self.seen.get_mut(index)?, is_same.then_some(token.origin)))
    }

    /// The index of the region that a token names, in failover order.
    pub(super) fn region_of(&self, token: Token) -> Option<usize> {
        self.regions.iter().position(|region| region.number == token.region)
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

    /// Where downloads began, by the indexes of a new table.
    fn downloads_in(&self, service: &Serving) -> Downloads {
        self.downloads.renumbered(|old| {
            let region = self.regions.get(old)?;
            service.candidates.iter().position(|new| new.entry.id == region.id)
        })
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
        let tries_max = tries_max(question, &service.proxy);
        let tries_max = if progress.reason == AskReason::Misdirected { 0 } else { tries_max };
        let most = tries_max.saturating_sub(progress.tries());
        upstreams(regions, &self.seen, progress.trail, most)
    }

    /// Whether the breaker of a region is open.
    pub(super) fn is_left_alone(&self, region: usize) -> bool {
        self.seen.get(region).is_some_and(|seen| seen.breaker.is_open())
    }

    /// Whether a request may be sent there. The first try always may.
    pub(super) fn permit(
        &mut self,
        progress: &Progress<'_>,
        service: &Serving,
        upstream: &Upstream<'_>,
        now: Timestamp,
    ) -> Permit {
        let reason = progress.reason;
        if reason == AskReason::First {
            self.budget.first(now);
            return Permit::Granted;
        }
        let would_wait = self.is_left_alone(upstream.region.failover_index);
        let last_tried = last_tried(progress.trail, service);
        let has_left = last_tried.is_some_and(|region| self.is_left_alone(region));
        let is_wanted = match reason {
            // The late try goes on, so a failing region beside it is not worth a request.
            AskReason::Late => !would_wait,
            // One client over its limit gets the 429. If the region turns everyone away, its
            // breaker is open, and clients go elsewhere.
            AskReason::PushedBack => has_left,
            AskReason::Invalid | AskReason::ClientSilent | AskReason::Misdirected => false,
            AskReason::First
            | AskReason::Unreachable
            | AskReason::TimedOut
            | AskReason::BadStatus
            | AskReason::Unsent
            | AskReason::Failed => true,
        };
        if !is_wanted {
            return Permit::Unwanted;
        }
        // The region has just failed, and every new request goes elsewhere by now. The requests
        // that were under way follow them, outside the budget: that adds no load to a brown-out.
        let is_moved = has_left && reason != AskReason::Late;
        // Where only a region is left whose breaker is open, what it did before this request says
        // little: it may be well again. Only if it has failed since does the budget decide.
        let lately_ms = progress.elapsed_ms.max(BACKOFF_MS_MIN);
        let since = Timestamp::from_millis(now.millis().saturating_sub(lately_ms));
        let is_same_region = last_tried == Some(upstream.region.failover_index);
        let has_failed = self.has_failed_since(upstream, is_same_region, since);
        let may_be_well = !reason.has_response() && !has_failed;
        let is_free = is_moved && (!would_wait || may_be_well);
        if is_free || self.budget.grants(service.proxy.retry_budget_percent.get(), now) {
            Permit::Granted
        } else {
            Permit::OverBudget
        }
    }

    /// Whether the next try would go where one has failed since then. In the region whose one
    /// origin has just failed, that is a matter of the origin.
    fn has_failed_since(
        &self,
        upstream: &Upstream<'_>,
        is_same_region: bool,
        since: Timestamp,
    ) -> bool {
        let seen = self.seen.get(upstream.region.failover_index);
        seen.is_some_and(|seen| {
            if is_same_region {
                seen.failures.has_failed_since(upstream.index, since)
            } else {
                seen.breaker.has_failed_since(since)
            }
        })
    }

    /// How long to wait for the next try, which goes to the first of the origins that are `left`.
    ///
    /// The last one gets all the time there is. Any other gets no more than a try, however little
    /// is hoped of those behind it: an open breaker may delay a region, never forbid the only other
    /// way. Who has an answer in hand does not wait longer than that for a region that fails.
    pub(super) fn wait_ms(
        &self,
        progress: &Progress<'_>,
        service: &Serving,
        left: &[Upstream<'_>],
    ) -> Millis {
        let left_ms = service.timeout_ms.saturating_sub(progress.elapsed_ms);
        let [last] = left else { return service.try_timeout_ms.min(left_ms) };
        let would_wait = self.is_left_alone(last.region.failover_index);
        if progress.reason.has_response() && would_wait {
            return service.try_timeout_ms.min(left_ms);
        }
        left_ms
    }

    /// When a try that is waited for so long is late enough to be sent to the next region as well.
    /// `None` if there is none that does not fail, or if the service does not hedge.
    pub(super) fn late_ms(
        &self,
        service: &Serving,
        left: &[Upstream<'_>],
        wait_ms: Millis,
    ) -> Option<Millis> {
        let (first, others) = left.split_first()?;
        let mut others = others.iter();
        let has_other = others.any(|next| !self.is_left_alone(next.region.failover_index));
        let late_after = self.seen.get(first.region.failover_index)?.late_after;
        let late_ms = late_after.millis().filter(|_| service.proxy.hedge && has_other)?;
        Some(late_ms.max(LATE_MS_MIN)).filter(|ms| *ms < wait_ms)
    }

    /// A region to try out behind the request, and what to ask for.
    pub(super) fn trial(&mut self, service: &Serving, now: Timestamp) -> Option<(Token, Asked)> {
        let within_ms = service.try_timeout_ms;
        let mut seen = self.seen.iter_mut();
        let region = seen.position(|seen| seen.breaker.begins_trial(within_ms, now))?;
        let upstream = upstream(service.candidates.get(region)?, self.seen.get(region), 0)?;
        Some((self.token(&upstream)?, upstream.asked(&service.trial_path)))
    }
}

/// The region that was chosen last for clients of each country, by its index in the new table.
fn moved(
    incumbents: &Map<Option<Country>, usize>,
    old: &Serving,
    new: &Serving,
) -> Map<Option<Country>, usize> {
    let mut moved = Map::new();
    for (country, index) in incumbents.iter() {
        let id = old.candidates.iter().find(|region| region.index == *index);
        let id = id.map(|region| &region.entry.id);
        let stays = new.candidates.iter().find(|region| Some(&region.entry.id) == id);
        if let Some(region) = stays {
            moved.insert(*country, region.index);
        }
    }
    moved
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
