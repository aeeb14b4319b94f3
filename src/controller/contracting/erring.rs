//! Regions against which live traffic speaks: too many of their tries fail.
//!
//! A person is called. Where the config says `fail_over`, clients are led elsewhere too: by a drain
//! of this service and region that the system orders, with an end. A drain is a wish, so the law
//! stands above it, and so does health: clients stay where no other region may serve them.
//!
//! A **gray failure** is too small for a rate of its own, and still more than what the peers show
//! at the same time. Where the config says `peers`, a region also errs that lies so far above the
//! middle one of them. Below the least of tries and of peers nothing is said, and only so many
//! regions are led away from at once: what takes more than that is not one region's fault.

use super::super::Controller;
use crate::config::{Trigger, TriggerAct};
use crate::contract::Promises;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind};
use crate::order::Act;
use crate::ordered::Map;
use crate::time::{SECOND, Timestamp};
use crate::traffic::Counts;
use crate::view::{ServiceStanding, View};

/// Of so many tries failures are counted where regions are compared.
const OF: u64 = 100 * OF_PERCENT;
/// So many of them are one percent.
const OF_PERCENT: u64 = 1_000;

/// An order that the system gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::controller) struct Wanted {
    pub(in crate::controller) act: Act,
    pub(in crate::controller) reason: String,
    pub(in crate::controller) until: Timestamp,
}

impl Controller {
    /// Tells where live traffic begins and ends to fail. Returns the orders that follow.
    pub(super) fn erring(
        view: &View<'_>,
        promises: &mut Map<ServiceId, Promises>,
        told: &mut Vec<Event>,
    ) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for standing in view.services() {
            let Some(errors) = promises.get_mut(standing.id).map(|it| &mut it.errors) else {
                continue;
            };
            let Some(trigger) = &standing.service.failover.trigger else {
                errors.retain(|_, _| false);
                continue;
            };
            errors.retain(|region, _| standing.service.regions.contains(region));
            let mut led_away = standing.regions.iter().filter(|it| it.is_draining).count();
            for region in &standing.service.regions {
                let case = Failing { view, standing: &standing, trigger, region, led_away };
                let follows = case.follow(errors, told);
                led_away = led_away.saturating_add(usize::from(follows.is_some()));
                wanted.extend(follows);
            }
        }
        wanted
    }
}

struct Failing<'a> {
    view: &'a View<'a>,
    standing: &'a ServiceStanding<'a>,
    trigger: &'a Trigger,
    region: &'a RegionId,
    /// How many regions of the service clients are led away from.
    led_away: usize,
}

impl Failing<'_> {
    fn follow(
        &self,
        errors: &mut Map<RegionId, Timestamp>,
        told: &mut Vec<Event>,
    ) -> Option<Wanted> {
        let Self { view, standing, trigger, region, .. } = self;
        let (now, window_s) = (view.now, trigger.window_ms / SECOND);
        let counts = self.counts(region);
        let Counts { requests, failures, unanswered, .. } = counts;
        let since = errors.get(*region).copied();
        let mut tell = |kind, text| {
            told.push(Event::new(kind, text, now).about(Some(standing.id), Some(*region)));
        };
        let rate = counts.failures_of(100).unwrap_or_default();
        match (self.is_erring(region), since) {
            (true, None) => {
                let beside = self.beside_peers(region, &counts);
                let wanted = self.leads_elsewhere();
                let follows = match &wanted {
                    Ok(wanted) => format!("; its clients are led elsewhere until {}", wanted.until),
                    Err(None) => String::new(),
                    Err(Some(why)) => format!("; its clients stay: {why}"),
                };
                let text = format!(
                    "{}: {failures} of {requests} tries at {region} in {window_s} s failed \
                     ({rate} %){beside}, {unanswered} of them without an answer{follows}",
                    standing.id
                );
                errors.insert((*region).clone(), now);
                tell(EventKind::Errors, text);
                wanted.ok()
            }
            (false, Some(since)) => {
                errors.remove(*region);
                let text = format!(
                    "{}: {failures} of {requests} tries at {region} in {window_s} s failed, no \
                     longer too many; it was so since {since}",
                    standing.id
                );
                tell(EventKind::ErrorsOver, text);
                None
            }
            _ => None,
        }
    }

    fn counts(&self, region: &RegionId) -> Counts {
        let Self { view, standing, trigger, .. } = self;
        view.state.traffic.window(standing.id, Some(region), trigger.window_ms, view.now)
    }

    fn is_erring(&self, region: &RegionId) -> bool {
        let counts = self.counts(region);
        self.is_enough(&counts)
            && (fails(&counts, u64::from(self.trigger.error_rate_percent) * OF_PERCENT)
                || self.too_much(region).is_some_and(|too_much| fails(&counts, too_much)))
    }

    fn is_enough(&self, counts: &Counts) -> bool {
        counts.requests >= u64::from(self.trigger.min_samples)
    }

    /// How many of [`OF`] tries at a region are too many beside its peers; `None` where too few of
    /// them have enough tries.
    fn too_much(&self, region: &RegionId) -> Option<u64> {
        let excess = u64::from(self.trigger.peers?.excess_percent) * OF_PERCENT;
        Some(self.of_peers(region)?.saturating_add(excess))
    }

    /// How many of [`OF`] tries fail in the middle one of the peers of a region. Of an even number
    /// it is the lower one of the two in the middle.
    fn of_peers(&self, region: &RegionId) -> Option<u64> {
        let rule = self.trigger.peers?;
        let peers = self.standing.regions.iter().filter(|other| other.id != region);
        let counts = peers.map(|other| self.counts(other.id)).filter(|it| self.is_enough(it));
        let mut rates: Vec<u64> = counts.filter_map(|it| it.failures_of(OF)).collect();
        if rates.len() < usize::from(rule.min_peers) {
            return None;
        }
        let middle = rates.len().checked_sub(1)? / 2;
        let (_, rate, _) = rates.select_nth_unstable(middle);
        Some(*rate)
    }

    /// What is said of the peers of a region that errs only beside them.
    fn beside_peers(&self, region: &RegionId, counts: &Counts) -> String {
        let of_its_own = u64::from(self.trigger.error_rate_percent) * OF_PERCENT;
        match self.of_peers(region).filter(|_| !fails(counts, of_its_own)) {
            Some(rate) => {
                format!(", beside {} % in the middle one of its peers", rate / OF_PERCENT)
            }
            None => String::new(),
        }
    }

    /// Whether one more region may be led away from.
    fn may_eject_one_more(&self) -> bool {
        let Some(rule) = self.trigger.peers else { return true };
        let (led_away, all) = (self.led_away.saturating_add(1), self.standing.regions.len());
        led_away.saturating_mul(100) <= all.saturating_mul(usize::from(rule.max_ejected_percent))
    }

    /// The order that leads clients elsewhere. Errors: why there is none; nothing where the config
    /// asks for none.
    fn leads_elsewhere(&self) -> Result<Wanted, Option<String>> {
        let Self { view, standing, trigger, region, .. } = self;
        if trigger.act != TriggerAct::FailOver {
            return Err(None);
        }
        let refused = |why: &str| Err(Some(why.to_owned()));
        if view.state.doubted_since.is_some() {
            return refused("the observer doubts itself");
        }
        if view.orders().halt(Some(standing.id)).is_some() {
            return refused("a person halted it");
        }
        if standing.primary.is_some_and(|primary| primary.region == *region)
            && standing.service.failover.promote.is_some()
        {
            return refused("only a plan moves its primary");
        }
        if !self.may_eject_one_more() {
            return refused("as many regions as may be are led away from");
        }
        let others = standing.regions.iter().filter(|other| other.id != *region);
        let mut usable = others.filter(|it| it.health == Health::Up && !it.is_draining);
        if !usable.clone().any(|_| true) {
            return refused("no other region is up and takes new clients");
        }
        // What fails everywhere is no region's fault, and no region is better.
        if usable.all(|other| self.is_erring(other.id)) {
            return refused("tries fail in the other regions too");
        }
        let (service, region) = (Some(standing.id.clone()), (*region).clone());
        let rate = self.counts(&region).failures_of(100).unwrap_or_default();
        let reason = format!("{rate} % of its live traffic fails");
        let until = view.now.plus(trigger.for_ms);
        Ok(Wanted { act: Act::Drain { region, service }, reason, until })
    }
}

/// Whether at least so many of [`OF`] tries failed.
fn fails(counts: &Counts, of: u64) -> bool {
    counts.failures.saturating_mul(OF) >= counts.requests.saturating_mul(of)
}
