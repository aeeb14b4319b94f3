//! Code that is wrong in one way, by chance.

use super::super::random::{CHANGE, Random, changed};
use super::super::*;
use super::carried;
use super::worlds::World;
use crate::residency::RegionSet;
use std::cell::Cell;

thread_local! {
    /// By which chance the mutants of decisions and of desired states are wrong.
    static CHANCE: Cell<u64> = const { Cell::new(0) };
}

/// What is wrong with the code under proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutant {
    /// Nothing.
    None,
    /// The routing table has one change.
    Table(u64),
    /// It has one change of another kind: see [`carried::otherwise`].
    Carried(u64),
    /// Some requests are decided otherwise.
    Decision(u64),
    /// Something else is desired at Cloudflare.
    Desired(u64),
    /// The plan disables whatever is down.
    Plan,
}

impl Mutant {
    pub(super) fn of(world: &World, seed: u64) -> Vec<Self> {
        let mut all = vec![
            Self::None,
            Self::Table(2 * seed + 1),
            Self::Table(2 * seed + 2),
            Self::Carried(2 * seed + 1),
            Self::Carried(2 * seed + 2),
            Self::Decision(seed),
        ];
        if !world.service().publish.is_empty() {
            all.extend([Self::Desired(seed), Self::Plan]);
        }
        all
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Table(_) => "table",
            Self::Carried(_) => "carried",
            Self::Decision(_) => "decision",
            Self::Desired(_) => "desired",
            Self::Plan => "plan",
        }
    }

    /// Whether it is wrong in what no part of a table shows. Then each kind must be decided.
    pub(super) fn is_in_decisions(self) -> bool {
        matches!(self, Self::Decision(_))
    }

    /// The code with this mutant, until the next one is asked for.
    pub(super) fn subject(self) -> Subject {
        CHANGE.set(if let Self::Table(seed) = self { seed } else { 0 });
        if let Self::Carried(seed) | Self::Decision(seed) | Self::Desired(seed) = self {
            CHANCE.set(seed);
        }
        let sound = Subject { routes: changed, ..Subject::default() };
        match self {
            Self::None | Self::Table(_) => sound,
            Self::Carried(_) => Subject { routes: carried, ..sound },
            Self::Decision(_) => Subject { decide: decided, ..sound },
            Self::Desired(_) => Subject { desired: wanted, ..sound },
            Self::Plan => Subject { plan: unguarded, ..sound },
        }
    }
}

/// A set of regions by chance.
fn any_set(random: &mut Random, regions: usize) -> RegionSet {
    (0..regions).filter(|_| random.percent(50)).collect()
}

fn carried(view: &View<'_>) -> Routes {
    carried::otherwise(&mut Random(CHANCE.get()), routes(view))
}

fn decided<'t>(
    table: &'t Table,
    request: &RequestFacts<'t>,
    evidence: &Evidence<'_>,
) -> Decision<'t> {
    let mut random = Random(CHANCE.get());
    let sound = || decide(table, request, evidence);
    match random.below(7) {
        0 => fails_open(sound(), &any_set(&mut random, table.regions().len())),
        1 => decide(table, &RequestFacts { method: "GET", ..*request }, evidence),
        2 => {
            let codes = Country::all().collect::<Vec<_>>();
            let (from, to) = (random.one(&codes), random.one(&codes));
            let country = request.country.map(|it| if it == from { to } else { it });
            decide(table, &RequestFacts { country, ..*request }, evidence)
        }
        3 => {
            let path = if request.path.contains(['%', '.']) { "/" } else { request.path };
            decide(table, &RequestFacts { path, ..*request }, evidence)
        }
        4 => {
            let host = random.one(&["api.example.com", "x.app.example.com"]);
            let host = if table.service(host).is_some() { host } else { request.host };
            decide(table, &RequestFacts { host, ..*request }, evidence)
        }
        5 => {
            let country = request.country.or(Country::parse("US").ok());
            decide(table, &RequestFacts { country, ..*request }, evidence)
        }
        _ => {
            let mut decision = sound();
            decision.refusal = decision.refusal.map(|refusal| match refusal {
                Refusal::NoPermittedRegion => Refusal::NoUsableRegion,
                other => other,
            });
            decision
        }
    }
}

/// All regions are tried while exactly these are down.
fn fails_open<'t>(mut decision: Decision<'t>, odd: &RegionSet) -> Decision<'t> {
    if let Some(service) = decision.service.filter(|service| service.down == *odd) {
        decision.regions = service.candidates.iter().collect();
        decision.refusal = None;
    }
    decision
}

fn wanted(view: &View<'_>) -> Desired {
    let mut desired = desired(view);
    let mut random = Random(CHANCE.get());
    let regions = view.config.regions.iter().collect::<Vec<_>>();
    let (id, region) = random.one(&regions);
    let host = region.origins[0].url.host().to_owned();
    let odd = any_set(&mut random, regions.len());
    let is_odd = random.percent(50);
    let found = routes(view).services.values().next().map(|service| {
        let down = service.regions.iter().filter(|region| region.health == Health::Down);
        down.map(|it| it.id.clone()).collect::<Vec<_>>()
    });
    let is_down = |at: usize| found.iter().flatten().any(|down| down == regions[at].0);
    // Half of them are wrong while exactly some regions are down.
    if is_odd && (0..regions.len()).any(|at| odd.contains(at) != is_down(at)) {
        return desired;
    }
    let kind = random.below(6);
    for records in &mut desired.records {
        let said = || Some((id.clone(), Set::from([host.clone()])));
        match kind {
            0 => records.answer = said(),
            1 => records.refuge = said(),
            2 => records.answer = None,
            _ => {
                let member = RecordMember { switch: Switch::Leave, region: id.clone() };
                records.permitted.insert(host.clone(), member);
            }
        }
    }
    let country = random.one(&Country::all().collect::<Vec<_>>()).to_string();
    let list = || vec![id.to_string()];
    let at = |code: &str| Some(crate::ordered::Map::of([(code.to_owned(), list())]));
    for fields in desired.balancers.iter_mut().filter_map(|one| one.fields.as_mut()) {
        match kind {
            0 => fields.default_pools = Some(list()),
            1 => fields.fallback_pool = Some(id.to_string()),
            2 => fields.region_pools = at("ENAM"),
            _ => fields.country_pools = at(&country),
        }
    }
    desired
}
