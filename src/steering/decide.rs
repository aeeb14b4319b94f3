//! Applies the chain of filters to one request.

use super::chain::Chain;
use super::decision::{Decision, Filter, Refusal, Wish};
use super::policy;
use super::request::{Evidence, RequestFacts};
use super::stable_hash::StableHash;
use super::tenant::{self, Tenanted};
use super::witness::witnesses;
use crate::config::Affinity;
use crate::residency::{RegionSet, RuleFacts, Ruling, Witness};
use crate::routes::{Candidate, Serving, Table};

/// Decides where one request goes. Depends on nothing but its arguments.
#[must_use]
pub fn decide<'t>(
    table: &'t Table,
    request: &RequestFacts<'t>,
    evidence: &Evidence<'_>,
) -> Decision<'t> {
    decide_first(table, request, evidence, usize::MAX)
}

/// The same, where no more than so many regions are `wanted` in order: the rest is in
/// [`Decision::regions`] behind them, as it comes.
#[must_use]
pub fn decide_first<'t>(
    table: &'t Table,
    request: &RequestFacts<'t>,
    evidence: &Evidence<'_>,
    wanted: usize,
) -> Decision<'t> {
    let Some(service) = table.service(request.host) else {
        return Decision::refused(None, Refusal::UnknownHost);
    };
    let (tenant, refusal) = tenant::identify(table, service, request);
    if let Some(refusal) = refusal {
        return Decision::refused(Some(service), refusal);
    }
    let witnesses = witnesses(service, request, &tenant);
    let facts = facts(request, &tenant, &witnesses);
    let ruling = table.book(request.now).law.judge(&facts);
    let key = sharing_key(service, request, &tenant);
    let mut chain = Chain::new(service.regions.clone());
    let refusal = lawful(&mut chain, &ruling, &tenant)
        .or_else(|| usable(&mut chain, service, request))
        .or_else(|| admitted(&mut chain, service, key));
    let (left, steps) = chain.into_parts();
    let wishes = wishes(service, &left, request, evidence, key);
    let choice = policy::Choice {
        service,
        left: &left,
        wishes: &wishes,
        ruling: &ruling,
        request,
        evidence,
        key,
    };
    let (regions, how) = policy::order(&choice, wanted);
    let (regions, refusal) = match refusal {
        None if service.frozen => frozen(regions),
        refusal => (regions, refusal),
    };
    Decision {
        service: Some(service),
        tenant: tenant.id,
        witnesses,
        ruling: Some(ruling),
        steps,
        wishes,
        regions,
        how,
        refusal,
    }
}

/// While data may be corrupt nobody is moved: the first region serves the request or nobody does.
fn frozen(mut regions: Vec<&Candidate>) -> (Vec<&Candidate>, Option<Refusal>) {
    regions.truncate(1);
    regions.retain(|region| !region.entry.lost);
    let refusal = regions.is_empty().then_some(Refusal::NoUsableRegion);
    (regions, refusal)
}

fn facts<'a>(
    request: &RequestFacts<'a>,
    tenant: &'a Tenanted<'_>,
    witnesses: &'a [Witness],
) -> RuleFacts<'a> {
    RuleFacts {
        country: request.country,
        witnesses,
        host: request.host,
        path: request.path,
        method: request.method,
        tenant: tenant.id.as_ref(),
        header: request.header,
    }
}

/// The key that decides which share of the clients this one is in. The same client has the same key
/// as long as something identifies it: the header or tenant that the affinity names, or else its
/// address. Without any of them the key is the request's random number.
fn sharing_key(service: &Serving, request: &RequestFacts<'_>, tenant: &Tenanted<'_>) -> StableHash {
    let named = match &service.steering.affinity {
        Affinity::Header(name) => {
            (request.header)(name).map(|value| StableHash::of("header", &value))
        }
        Affinity::Tenant => tenant.id.as_ref().map(|id| StableHash::of("tenant", id.as_str())),
        Affinity::None | Affinity::Cookie | Affinity::Client => None,
    };
    named.or(request.client).unwrap_or_else(|| StableHash::of_number("request", request.seed))
}

/// Keeps what rules and pin permit. It comes first and sees no health.
fn lawful(chain: &mut Chain, ruling: &Ruling<'_>, tenant: &Tenanted<'_>) -> Option<Refusal> {
    chain.keep(Filter::Rules, &ruling.permitted);
    if let Some(pin) = tenant.pin {
        chain.keep(Filter::Tenant, pin);
    }
    chain.is_empty().then_some(Refusal::NoPermittedRegion)
}

/// Keeps what can serve the request: regions that are not down, and for a write only the primary.
fn usable(chain: &mut Chain, service: &Serving, request: &RequestFacts<'_>) -> Option<Refusal> {
    let primary = service.primary.filter(|_| !request.is_safe());
    if let Some(primary) = primary.filter(|primary| !chain.left().contains(*primary)) {
        // The law comes before health: no region that returns could take this write.
        chain.keep(Filter::Writes, &only(primary));
        return Some(Refusal::NoPermittedRegion);
    }
    chain.remove(Filter::Health, &service.down);
    if chain.is_empty() {
        return Some(Refusal::NoUsableRegion);
    }
    let primary = primary?;
    let takes = if service.no_writer { RegionSet::default() } else { only(primary) };
    chain.keep(Filter::Writes, &takes);
    chain.is_empty().then_some(Refusal::NoPrimary)
}

/// Keeps what accepts this client. A region that sheds load turns a share of the clients away.
fn admitted(chain: &mut Chain, service: &Serving, key: StableHash) -> Option<Refusal> {
    let turned_away = |region: &&Candidate| {
        let entry = &region.entry;
        entry.shed > 0 && is_within("shed", key, entry.id.as_str(), entry.shed)
    };
    chain.remove(Filter::Shed, &those_of(service, &service.odd.shedding, turned_away));
    chain.is_empty().then_some(Refusal::Shed)
}

/// The wishes: regions that should serve this client only if no other can. They are put behind the
/// rest and never removed, since an old response, or one from a canary, beats none.
fn wishes(
    service: &Serving,
    left: &RegionSet,
    request: &RequestFacts<'_>,
    evidence: &Evidence<'_>,
    key: StableHash,
) -> Vec<Wish> {
    // In a frozen service what one isolate has seen moves nobody.
    let is_left_alone = |region: &&Candidate| {
        !service.frozen && evidence.of(region).is_some_and(|seen| seen.breaker.is_open())
    };
    let left_alone = if evidence.seen.is_empty() {
        RegionSet::none()
    } else {
        set_of(service.candidates.iter().filter(is_left_alone))
    };
    let mut draining = service.draining.clone();
    if let Some(pinned) = request.pinned_candidate(service) {
        // Clients that are pinned to a draining region may stay.
        draining.remove_all(&only(pinned.index));
    }
    let unreached = unreached(service, request);
    let lagging = service.primary.map(|primary| lagging(service, primary, request));
    let beyond_canary = |region: &&Candidate| {
        let entry = &region.entry;
        service.preferred != Some(region.index)
            && entry
                .canary
                .is_some_and(|percent| !is_within("canary", key, entry.id.as_str(), percent))
    };
    let tried_out = those_of(service, &service.odd.canaries, beyond_canary);
    let not_yet_back = |region: &&Candidate| {
        let entry = &region.entry;
        service.preferred != Some(region.index)
            && entry
                .returned
                .is_some_and(|percent| !is_within("failback", key, entry.id.as_str(), percent))
    };
    let awaited = those_of(service, &service.odd.returning, not_yet_back);
    [
        (Filter::Breaker, left_alone),
        (Filter::Area, unreached),
        (Filter::Drain, draining),
        (Filter::Lag, lagging.unwrap_or_else(RegionSet::none)),
        (Filter::Failback, awaited),
        (Filter::Canary, tried_out),
    ]
    .into_iter()
    .map(|(filter, unwanted)| Wish { filter, behind: unwanted.intersection(left) })
    .filter(|wish| !wish.behind.is_empty())
    .collect()
}

/// Regions that cannot be reached from the client's area. In a frozen service nobody is moved.
fn unreached(service: &Serving, request: &RequestFacts<'_>) -> RegionSet {
    let away = &service.odd.away;
    if away.is_empty() || service.frozen {
        return RegionSet::none();
    }
    let Some(area) = request.area() else { return RegionSet::none() };
    those_of(service, away, |it| it.entry.away.contains(&area))
}

/// Replicas that lag too far behind to be read from, or whose lag is unknown. All replicas, if the
/// client has just written.
fn lagging(service: &Serving, primary: usize, request: &RequestFacts<'_>) -> RegionSet {
    let lag_max = service.steering.max_lag_s;
    let is_fresh = |lag: Option<u64>| !request.wrote_just_now && lag.is_some_and(|s| s <= lag_max);
    let lags = |region: &&Candidate| region.index != primary && !is_fresh(region.entry.lag_s);
    set_of(service.candidates.iter().filter(lags))
}

/// Whether a client is among the first `percent` of all for a region. Each purpose and region has
/// its own order, so the same clients do not come first everywhere.
fn is_within(purpose: &str, key: StableHash, region: &str, percent: u32) -> bool {
    let order = StableHash::of(purpose, region).value();
    let percent = u8::try_from(percent).unwrap_or(100);
    StableHash::of_number("client", key.value() ^ order).admitted(percent)
}

fn only(index: usize) -> RegionSet {
    let mut set = RegionSet::none();
    set.insert(index);
    set
}

/// Those of a set for which something holds. Where the set is empty nothing is asked.
fn those_of(service: &Serving, set: &RegionSet, holds: impl Fn(&&Candidate) -> bool) -> RegionSet {
    if set.is_empty() {
        return RegionSet::none();
    }
    let those = service.candidates.iter().filter(|it| set.contains(it.index));
    set_of(those.filter(holds))
}

fn set_of<'c>(candidates: impl Iterator<Item = &'c Candidate>) -> RegionSet {
    let mut set = RegionSet::none();
    candidates.for_each(|candidate| set.insert(candidate.index));
    set
}
