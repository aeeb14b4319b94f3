//! `pointsman whatif`: who moves where if regions go down, who loses service, and how much capacity
//! is left.
//!
//! The clients of one country may go to different regions. Where weights decide, or in which half
//! of a country that Cloudflare splits they are, all of these regions are named. Where the client's
//! location decides, failover order is used.

use super::args::WhatifArgs;
use super::clients::{self, ClientClass, Clients, Routing};
use super::oracle::Oracle;
use super::promotion::Promotion;
use super::published::{Object, Published, Unserved, published};
use super::scenario;
use super::terminal::{CommandFailure, Exit, Terminal};
use super::text::{columns, count, list, some, write_json};
use super::{check, requests};
use crate::cloudflare::{Desired, desired};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::ids::{RegionId, ServiceId};
use crate::routes::Table;
use crate::time::Timestamp;
use crate::view::View;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct WhatifReport {
    now: Timestamp,
    down: Vec<RegionId>,
    services: Vec<ServiceReport>,
}

#[derive(Debug, Serialize)]
struct ServiceReport {
    service: ServiceId,
    moves: Vec<Move>,
    /// Number of groups of clients for which nothing changes.
    unchanged: usize,
    records: Vec<RecordMove>,
    /// Pools and load balancers whose clients move.
    objects: Vec<ObjectMove>,
    capacity: Option<Capacity>,
}

/// Clients of one class that move.
#[derive(Debug, Serialize)]
struct Move {
    clients: ClientClass,
    countries: Vec<Country>,
    unknown_country: bool,
    from: Destination,
    to: Destination,
    /// How their writes are taken again, if only another primary helps.
    promotion: Option<Promotion>,
    loses_service: bool,
}

/// Where clients go first; several regions if they share the clients.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Destination {
    regions: Vec<RegionId>,
    refusal: Option<&'static str>,
    status: Option<u16>,
}

#[derive(Debug, Serialize)]
struct RecordMove {
    name: String,
    from: Option<RegionId>,
    /// `None` if the record stays as it is, although what it names is down.
    to: Option<RegionId>,
    reason: Option<Unserved>,
}

#[derive(Debug, Serialize)]
struct ObjectMove {
    #[serde(flatten)]
    object: Object,
    from: Vec<RegionId>,
    /// Empty if nobody serves its clients any more.
    to: Vec<RegionId>,
    reason: Option<Unserved>,
}

/// The capacity of a service's regions.
#[derive(Debug, Serialize)]
struct Capacity {
    all_rps: u64,
    left_rps: u64,
    /// Remaining regions without a configured capacity.
    untold: Vec<RegionId>,
}

/// Routing and objects at Cloudflare before or after.
struct Situation {
    table: Table,
    desired: Desired,
    down: Vec<RegionId>,
}

pub(super) fn run(args: &WhatifArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let now = args.common.now.unwrap_or_else(terminal.clock);
    let config = match check::valid_config(&args.file, now, args.common.json, terminal)? {
        Ok(valid) => valid.config,
        Err(exit) => return Ok(exit),
    };
    let down = regions(&config, &args.down).map_err(CommandFailure::usage)?;
    let report = report(&config, now, down)?;
    if args.common.json {
        write_json(terminal.out, &report)?;
    } else {
        report.write(terminal.out)?;
    }
    Ok(Exit::Fine)
}

/// The regions with these names. Errors: one of them is not a region.
pub(super) fn regions(config: &Config, names: &[String]) -> Result<Vec<RegionId>, String> {
    let find = |name: &String| {
        let found = config.regions.keys().find(|id| id.as_str() == name).cloned();
        found.ok_or_else(|| {
            format!("`{name}` is no region; there are {}", list(config.regions.keys()))
        })
    };
    let mut found = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    found.sort();
    found.dedup();
    Ok(found)
}

fn report(
    config: &Config,
    now: Timestamp,
    down: Vec<RegionId>,
) -> Result<WhatifReport, CommandFailure> {
    let config = clients::for_everybody(config);
    let oracle = Oracle::new(&config, now);
    let before = situation(&config, now, &[])?;
    let after = situation(&config, now, &down)?;
    let (told, state) = scenario::with(&config, now, &down, &[]);
    let view = View::new(&told, &state, now);
    let services = config.services.iter();
    let services = services.map(|(id, service)| {
        let (mut moves, unchanged) = moves(&oracle, service, &before, &after, now);
        let promotion = Promotion::of(&view, id);
        for waiting in moves.iter_mut().filter(|it| Promotion::helps(it.to.refusal)) {
            waiting.promotion.clone_from(&promotion);
        }
        let (records, objects) = objects(&oracle, id, service, &before, &after);
        ServiceReport {
            service: id.clone(),
            moves,
            unchanged,
            records,
            objects,
            capacity: capacity(&config, service, &down),
        }
    });
    let services = services.collect();
    Ok(WhatifReport { now, down, services })
}

fn situation(
    config: &Config,
    now: Timestamp,
    down: &[RegionId],
) -> Result<Situation, CommandFailure> {
    let (told, state) = scenario::with(config, now, down, &[]);
    let table = clients::table(config, now, down).map_err(CommandFailure::usage)?;
    let desired = desired(&View::new(&told, &state, now));
    Ok(Situation { table, desired, down: down.to_vec() })
}

fn moves(
    oracle: &Oracle<'_>,
    service: &Service,
    before: &Situation,
    after: &Situation,
    now: Timestamp,
) -> (Vec<Move>, usize) {
    let kinds = requests::kinds(oracle, service);
    let (mut moves, mut unchanged) = (Vec::new(), 0);
    for Clients { class, requests } in clients::classes(oracle, service, &kinds) {
        let mut ways: BTreeMap<(Destination, Destination), Vec<Option<Country>>> = BTreeMap::new();
        for (country, sample) in &requests {
            let [from, to] = [before, after].map(|situation| {
                Destination::of(clients::routing(&situation.table, sample, now), service)
            });
            ways.entry((from, to)).or_default().push(*country);
        }
        for ((from, to), countries) in ways {
            if from == to {
                unchanged += 1;
                continue;
            }
            moves.push(Move {
                clients: class.clone(),
                countries: countries.iter().flatten().copied().collect(),
                unknown_country: countries.contains(&None),
                loses_service: to.regions.is_empty(),
                promotion: None,
                from,
                to,
            });
        }
    }
    (moves, unchanged)
}

impl Destination {
    fn of(routing: Routing, service: &Service) -> Self {
        let Routing { first: mut regions, refusal, status, .. } = routing;
        regions.sort_by_key(|id| service.regions.iter().position(|region| region == id));
        Self { regions, refusal, status }
    }
}

/// What changes for the clients of records, and of pools and load balancers.
fn objects(
    oracle: &Oracle<'_>,
    id: &ServiceId,
    service: &Service,
    before: &Situation,
    after: &Situation,
) -> (Vec<RecordMove>, Vec<ObjectMove>) {
    let of =
        |situation: &Situation| published(oracle, id, service, &situation.desired, &situation.down);
    let (mut records, mut objects) = (Vec::new(), Vec::new());
    for (before, after) in of(before).into_iter().zip(of(after)) {
        let Published { object, served_by: from, .. } = before;
        let Published { served_by: to, reason, .. } = after;
        if from == to {
            continue;
        }
        match object {
            Object::Record(name) => {
                let (from, to) = (from.into_iter().next(), to.into_iter().next());
                records.push(RecordMove { name, from, to, reason });
            }
            object => objects.push(ObjectMove { object, from, to, reason }),
        }
    }
    (records, objects)
}

/// `None` if no capacity is configured or none is lost.
fn capacity(config: &Config, service: &Service, down: &[RegionId]) -> Option<Capacity> {
    if !service.regions.iter().any(|id| down.contains(id)) {
        return None;
    }
    let rps = |id: &RegionId| config.regions.get(id).and_then(|region| region.capacity_rps);
    let left = || service.regions.iter().filter(|id| !down.contains(id));
    let all_rps: u64 = service.regions.iter().filter_map(rps).map(u64::from).sum();
    (all_rps > 0).then(|| Capacity {
        all_rps,
        left_rps: left().filter_map(rps).map(u64::from).sum(),
        untold: left().filter(|id| rps(id).is_none()).cloned().collect(),
    })
}

impl WhatifReport {
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "down: {}", list(&self.down))?;
        for service in &self.services {
            service.write(out)?;
        }
        Ok(())
    }
}

impl ServiceReport {
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let changes = self.moves.len() + self.records.len() + self.objects.len();
        if changes == 0 {
            return writeln!(out, "\n{}: nothing changes", self.service);
        }
        let losses = self.moves.iter().filter(|one| one.loses_service).count()
            + self.records.iter().filter(|one| one.to.is_none()).count()
            + self.objects.iter().filter(|one| one.to.is_empty()).count();
        let lost =
            if losses == 0 { String::new() } else { format!(", {losses} with loss of service") };
        writeln!(out, "\n{}: {}{lost}", self.service, count(changes, "change"))?;
        let mut rows = vec![["  clients", "from", "to", "countries"].map(str::to_owned)];
        rows.extend(self.moves.iter().map(Move::row));
        rows.extend(self.records.iter().map(RecordMove::row));
        rows.extend(self.objects.iter().map(ObjectMove::row));
        write!(out, "{}", columns(&rows))?;
        if self.unchanged > 0 {
            let others = count(self.unchanged, "other kind");
            writeln!(out, "  nothing changes for {others} of clients")?;
        }
        self.capacity.iter().try_for_each(|capacity| capacity.write(out))
    }
}

impl Move {
    fn row(&self) -> [String; 4] {
        let unknown = self.unknown_country.then_some(None);
        let all: Vec<_> = self.countries.iter().copied().map(Some).chain(unknown).collect();
        let mut countries = clients::country_list(&all);
        // A count alone does not say which countries are affected.
        if (5..crate::country::COUNTRIES).contains(&self.countries.len()) {
            countries = format!("{countries}: {}", some(&self.countries));
        }
        let promotion = self.promotion.iter().map(|it| format!(", {it}"));
        let to: String = std::iter::once(self.to.text()).chain(promotion).collect();
        [format!("  {}", self.clients), self.from.text(), to, countries]
    }
}

impl Destination {
    fn text(&self) -> String {
        let Some((status, word)) = self.status.zip(self.refusal) else {
            let regions: Vec<&str> = self.regions.iter().map(RegionId::as_str).collect();
            return regions.join(" + ");
        };
        format!("NOWHERE: {status} {word}")
    }
}

impl RecordMove {
    fn row(&self) -> [String; 4] {
        let Self { name, from, to, reason } = self;
        row(&Object::Record(name.clone()), from.as_slice(), to.as_slice(), *reason)
    }
}

impl ObjectMove {
    fn row(&self) -> [String; 4] {
        row(&self.object, &self.from, &self.to, self.reason)
    }
}

fn row(
    object: &Object,
    from: &[RegionId],
    to: &[RegionId],
    reason: Option<Unserved>,
) -> [String; 4] {
    let shared = |regions: &[RegionId]| match (regions, reason) {
        ([], Some(reason)) => format!("NOWHERE: {}", reason.text(object)),
        ([], None) => "nowhere".to_owned(),
        _ => regions.iter().map(RegionId::as_str).collect::<Vec<_>>().join(" + "),
    };
    [format!("  {}", object.text()), shared(from), shared(to), "everybody".to_owned()]
}

impl Capacity {
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Self { all_rps, left_rps, untold } = self;
        let [all, left] = [all_rps, left_rps].map(|rps| super::text::grouped(*rps));
        let percent = left_rps * 100 / all_rps;
        write!(out, "  capacity left: {left} of {all} rps ({percent} %)")?;
        if !untold.is_empty() {
            write!(out, ", not counting {}, whose capacity is not configured", list(untold))?;
        }
        writeln!(out)
    }
}
