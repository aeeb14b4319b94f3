//! What people read about contracts.

use super::super::Controller;
use super::reading::{Reading, read};
use crate::config::{Component, Service};
use crate::contract::Promises;
use crate::contract::burn::{self, Speed};
use crate::documents::{
    AvailabilityPage, BurnPage, ComponentPage, ComponentState, ContractsPage, DrillLine,
    DrillPromise, RegionTraffic, ServicePromises,
};
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use crate::traffic::{Counts, Sum};
use crate::view::View;

/// The window of live traffic of a service without a trigger.
const WINDOW_MS_DEFAULT: Millis = 5 * MINUTE;

impl Controller {
    /// What services promise, and whether they keep it.
    #[must_use]
    pub fn contracts(&self, now: Timestamp) -> ContractsPage {
        let services = self.view(now).map(|view| {
            let all = view.config.services.iter();
            let told = all.filter_map(|(id, it)| Some((id.clone(), of_service(&view, id, it)?)));
            Map::of(told.collect::<Vec<_>>())
        });
        let counts_refused = self.state.traffic.refused;
        ContractsPage { as_of: now, services: services.unwrap_or_default(), counts_refused }
    }
}

/// One service; `None` where there is nothing to say.
fn of_service(view: &View<'_>, id: &ServiceId, service: &Service) -> Option<ServicePromises> {
    let nothing = Promises::default();
    let promises = view.state.promises.get(id).unwrap_or(&nothing);
    let contract = service.contract;
    let of_100_000 = contract.and_then(|it| it.availability_of_100_000);
    let of_100_000 = of_100_000.filter(|_| !service.hosts.is_empty());
    let components = service.components.iter().map(|(name, component)| {
        let since = promises.broken.get(name).map(|broken| broken.since);
        (name.clone(), of_component(view, id, component, since))
    });
    let regions = service.regions.iter().filter_map(|region| {
        Some((region.clone(), of_region(view, (id, service), region, promises)?))
    });
    let ended = view.state.drills.drills.iter().filter(|drill| !drill.is_under_way());
    let last_drill = ended.rev().find(|drill| drill.service == *id);
    let page = ServicePromises {
        rto_s: contract.and_then(|it| it.rto_ms).map(|ms| ms / SECOND),
        rpo_s: contract.and_then(|it| it.rpo_s),
        availability: of_100_000.map(|of_100_000| availability(view, id, of_100_000, promises)),
        drill: contract.and_then(|it| it.drill_every_days).map(|every_days| DrillPromise {
            every_days,
            last: view.state.drills.succeeded.get(id).copied(),
            overdue_since: promises.drill_overdue,
        }),
        last_drill: last_drill.map(DrillLine::of),
        components: Map::of(components.collect::<Vec<_>>()),
        regions: Map::of(regions.collect::<Vec<_>>()),
    };
    (contract.is_some() || !page.regions.is_empty()).then_some(page)
}

fn of_component(
    view: &View<'_>,
    id: &ServiceId,
    component: &Component,
    broken_since: Option<Timestamp>,
) -> ComponentPage {
    let (state, causes) = match read(view, id, component) {
        Reading::Kept => (ComponentState::Kept, Vec::new()),
        Reading::Broken(causes) => (ComponentState::Broken, causes),
        Reading::Unknown => (ComponentState::Unknown, Vec::new()),
    };
    ComponentPage {
        kind: component.kind,
        at: component.at,
        state,
        broken_since,
        causes,
        rto_s: component.rto_ms.map(|ms| ms / SECOND),
        rpo_s: component.rpo_s,
    }
}

fn availability(
    view: &View<'_>,
    id: &ServiceId,
    of_100_000: u32,
    promises: &Promises,
) -> AvailabilityPage {
    let counts = |window_ms| view.state.traffic.window(id, None, window_ms, view.now);
    let month = counts(burn::MONTH_MS);
    let since = view.state.traffic.counted_since(id);
    let burns = Speed::ALL.iter().map(|speed| {
        let burn = BurnPage {
            rate: burn::rate_tenths(of_100_000, &counts(speed.windows_ms().0)).map(tenths),
            limit: tenths(speed.tenths()),
            since: promises.burns_since(*speed),
        };
        (speed.as_str().to_owned(), burn)
    });
    AvailabilityPage {
        promised: thousandths(u64::from(of_100_000)),
        measured: measured(&month),
        requests: month.requests,
        failures: month.failures,
        counted_since: since.filter(|since| view.now.since(*since) < burn::MONTH_MS),
        budget_left: burn::left_of_1000(of_100_000, &month).map(|left| left.div_euclid(10)),
        burns: Map::of(burns),
    }
}

fn of_region(
    view: &View<'_>,
    (id, service): (&ServiceId, &Service),
    region: &RegionId,
    promises: &Promises,
) -> Option<RegionTraffic> {
    let window_ms = service.failover.trigger.map_or(WINDOW_MS_DEFAULT, |it| it.window_ms);
    let counts = view.state.traffic.window(id, Some(region), window_ms, view.now);
    let failing_since = promises.errors.get(region).copied();
    let is_known = !counts.is_empty() || failing_since.is_some();
    let Counts { requests, failures, unanswered, .. } = counts;
    let live = view.live_latencies(id, region);
    is_known.then(|| RegionTraffic {
        window_s: window_ms / SECOND,
        requests,
        failures,
        unanswered,
        latency_ms: counts.mean_latency_ms(),
        area_latency_ms: Map::of(live.iter().map(|(area, live)| (*area, live.mean_ms))),
        area_latency_p95_ms: Map::of(
            live.iter().filter_map(|(area, live)| Some((*area, live.p95_ms?))),
        ),
        failing_since,
    })
}

/// Percent of the requests that did not fail, rounded down.
fn measured(counts: &Counts) -> Option<String> {
    let well = counts.requests.saturating_sub(counts.failures);
    well.saturating_mul(100_000).checked_div(counts.requests).map(thousandths)
}

/// Thousandths of a percent as percent, without zeros at the end.
fn thousandths(thousandths: u64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Tenths, without a zero at the end.
pub(super) fn tenths(tenths: u64) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_no_more_digits_than_it_needs() {
        for (parts, told) in [(99_900, "99.9"), (100_000, "100"), (99_999, "99.999"), (5, "0.005")]
        {
            assert_eq!(thousandths(parts), told);
        }
        let counts = Counts { requests: 3, failures: 1, ..Counts::default() };
        assert_eq!(measured(&counts).as_deref(), Some("66.666"));
        assert_eq!((tenths(144), tenths(60)), ("14.4".to_owned(), "6".to_owned()));
    }
}
