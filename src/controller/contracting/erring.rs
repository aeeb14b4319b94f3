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
        for (id, service) in &view.config.services {
            let Some(errors) = promises.get_mut(id).map(|it| &mut it.errors) else { continue };
            let Some(trigger) = &service.failover.trigger else {
                errors.retain(|_, _| false);
                continue;
            };
            let standing = view.service(id, service);
            errors.retain(|region, _| standing.service.regions.contains(region));
            let mut led_away = standing.regions.iter().filter(|it| it.is_draining).count();
            let tries = Tries::of(view, &standing, trigger);
            for (region, counts) in &tries.of {
                let (tries, counts) = (&tries, *counts);
                let case =
                    Failing { view, standing: &standing, trigger, tries, region, counts, led_away };
                let follows = case.follow(errors, told);
                led_away = led_away.saturating_add(usize::from(follows.is_some()));
                wanted.extend(follows);
            }
        }
        wanted
    }
}

/// The tries of one service in the window of its trigger, added up once.
struct Tries<'a> {
    trigger: &'a Trigger,
    /// By region, in failover order.
    of: Vec<(&'a RegionId, Counts)>,
    /// How many of [`OF`] failed in each region that has enough tries, in order.
    rates: Vec<u64>,
}

impl<'a> Tries<'a> {
    fn of(view: &View<'_>, standing: &ServiceStanding<'a>, trigger: &'a Trigger) -> Self {
        let traffic = &view.state.traffic;
        let counts = |region: &'a RegionId| {
            (region, traffic.window(standing.id, Some(region), trigger.window_ms, view.now))
        };
        let of = standing.service.regions.iter().map(counts).collect();
        let mut tries = Self { trigger, of, rates: Vec::new() };
        tries.rates = tries.of.iter().filter_map(|(_, counts)| tries.rate(counts)).collect();
        tries.rates.sort_unstable();
        tries
    }

    fn is_enough(&self, counts: &Counts) -> bool {
        counts.requests >= u64::from(self.trigger.min_samples)
    }

    /// How many of [`OF`] tries failed; `None` where there are too few to say.
    fn rate(&self, counts: &Counts) -> Option<u64> {
        counts.failures_of(OF).filter(|_| self.is_enough(counts))
    }

    fn is_erring(&self, counts: &Counts) -> bool {
        self.is_enough(counts)
            && (self.is_erring_by_itself(counts)
                || self.too_much(counts).is_some_and(|too_much| fails(counts, too_much)))
    }

    /// Whether tries fail too often, whatever the peers show.
    fn is_erring_by_itself(&self, counts: &Counts) -> bool {
        fails(counts, u64::from(self.trigger.error_rate_percent) * OF_PERCENT)
    }

    /// How many of [`OF`] tries are too many beside the peers; `None` where too few of them have
    /// enough tries.
    fn too_much(&self, counts: &Counts) -> Option<u64> {
        let excess = u64::from(self.trigger.peers?.excess_percent) * OF_PERCENT;
        Some(self.of_peers(counts)?.saturating_add(excess))
    }

    /// How many of [`OF`] tries fail in the middle one of the peers of a region with these counts.
    fn of_peers(&self, counts: &Counts) -> Option<u64> {
        let least = usize::from(self.trigger.peers?.min_peers);
        middle_of_others(&self.rates, self.rate(counts), least)
    }
}

/// The middle one of `all` but `own`, which is one of them if there is one. `all` is in order. Of
/// an even number it is the lower one of the two in the middle. `None` with fewer others than
/// `least`.
fn middle_of_others(all: &[u64], own: Option<u64>, least: usize) -> Option<u64> {
    let others = all.len().checked_sub(usize::from(own.is_some()))?;
    let middle = others.checked_sub(1)? / 2;
    let is_behind = own.is_some_and(|own| all.partition_point(|it| *it < own) <= middle);
    let place = middle.saturating_add(usize::from(is_behind));
    all.get(place).copied().filter(|_| others >= least)
}

struct Failing<'a> {
    view: &'a View<'a>,
    standing: &'a ServiceStanding<'a>,
    trigger: &'a Trigger,
    tries: &'a Tries<'a>,
    region: &'a RegionId,
    /// Its own tries.
    counts: Counts,
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
        let Counts { requests, failures, unanswered, .. } = self.counts;
        let since = errors.get(*region).copied();
        let mut tell = |kind, text| {
            told.push(Event::new(kind, text, now).about(Some(standing.id), Some(*region)));
        };
        let rate = self.counts.failures_of(100).unwrap_or_default();
        match (self.tries.is_erring(&self.counts), since) {
            (true, None) => {
                let beside = self.beside_peers();
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

    /// What is said of the peers of a region that errs only beside them.
    fn beside_peers(&self) -> String {
        let rate = self.tries.of_peers(&self.counts);
        match rate.filter(|_| !self.tries.is_erring_by_itself(&self.counts)) {
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
        let is_erring = |id: &RegionId| {
            let mut tries = self.tries.of.iter();
            tries.any(|(region, counts)| *region == id && self.tries.is_erring(counts))
        };
        if usable.all(|other| is_erring(other.id)) {
            return refused("tries fail in the other regions too");
        }
        let (service, region) = (Some(standing.id.clone()), (*region).clone());
        let rate = self.counts.failures_of(100).unwrap_or_default();
        let reason = format!("{rate} % of its live traffic fails");
        let until = view.now.plus(trigger.for_ms);
        Ok(Wanted { act: Act::Drain { region, service }, reason, until })
    }
}

/// Whether at least so many of [`OF`] tries failed.
fn fails(counts: &Counts, of: u64) -> bool {
    counts.failures.saturating_mul(OF) >= counts.requests.saturating_mul(of)
}

#[cfg(test)]
mod tests {
    use super::middle_of_others;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_middle_one_of_the_peers_is_that_of_all_others(
            rates in proptest::collection::vec(0u64..8, 1..9),
            own in 0usize..9,
            least in 0usize..9,
        ) {
            let mut others = rates.clone();
            let own = (own < rates.len()).then(|| others.remove(own));
            others.sort_unstable();
            let middle = others.len().checked_sub(1).map(|last| others[last / 2]);
            let mut all = rates;
            all.sort_unstable();
            let told = middle_of_others(&all, own, least);
            prop_assert_eq!(told, middle.filter(|_| others.len() >= least));
        }
    }
}
