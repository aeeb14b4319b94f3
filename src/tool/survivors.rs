//! Which regions serve whom if one region fails, and who loses service.

use super::clients::{self, ClientClass, Clients};
use super::oracle::Oracle;
use super::published::{Object, Published, Unserved, published};
use super::requests::{self, Kinds};
use super::{scenario, text};
use crate::cloudflare::{Desired, desired};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::ids::{RegionId, ServiceId};
use crate::routes::{BadRoutes, Table};
use crate::time::Timestamp;
use crate::view::View;
use serde::Serialize;
use std::fmt::{self, Write as _};

/// Most lines of text output; JSON has all.
const LINES_MAX: usize = 200;

/// What happens to a class of clients if one region is down.
#[derive(Debug, Serialize)]
struct SurvivorRow {
    service: ServiceId,
    clients: Who,
    /// The region that is down; `None` in the first row of a class.
    down: Option<RegionId>,
    /// In failover order.
    served_by: Vec<RegionId>,
    refusal: Option<&'static str>,
    status: Option<u16>,
    /// Why nobody serves the clients of an object at Cloudflare.
    reason: Option<Unserved>,
    /// Whether they are served only while this region is up.
    loses_service: bool,
}

/// The clients of a row.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
enum Who {
    /// Clients of the proxy.
    Class {
        #[serde(flatten)]
        class: ClientClass,
        countries: Vec<Country>,
        unknown_country: bool,
    },
    /// Clients of an object at Cloudflare.
    #[serde(untagged)]
    Published(Object),
}

/// The table, and the services for which it may be incomplete.
#[derive(Debug, Serialize)]
pub(super) struct Survivors {
    /// For each class a row without failures, and one for each region that serves it.
    rows: Vec<SurvivorRow>,
    /// Services with so many kinds of requests that a class may be missing.
    capped: Vec<ServiceId>,
}

/// The failure of one region, or of none, and its consequences.
struct RegionFailure {
    down: Option<RegionId>,
    table: Table,
    desired: Desired,
}

/// Examines the failure of each region. Errors: this build cannot read its own table.
pub(super) fn survivors(config: &Config, now: Timestamp) -> Result<Survivors, BadRoutes> {
    let config = clients::for_everybody(config);
    let oracle = Oracle::new(&config, now);
    let downs = [None].into_iter().chain(config.regions.keys().cloned().map(Some));
    let failures = downs.map(|down| failure(&config, now, down)).collect::<Result<Vec<_>, _>>()?;
    let (mut rows, mut capped) = (Vec::new(), Vec::new());
    for (id, service) in &config.services {
        let kinds: Vec<Kinds> = requests::kinds(&oracle, service);
        capped.extend(clients::are_too_many(&kinds).then(|| id.clone()));
        for clients in clients::classes(&oracle, service, &kinds) {
            rows.extend(of_class(id, service, &clients, &failures, now));
        }
        rows.extend(of_published(&oracle, id, service, &failures));
    }
    Ok(Survivors { rows, capped })
}

fn failure(
    config: &Config,
    now: Timestamp,
    down: Option<RegionId>,
) -> Result<RegionFailure, BadRoutes> {
    let regions: Vec<RegionId> = down.iter().cloned().collect();
    let (world, state) = scenario::with(config, now, &regions, &[]);
    let table = clients::table(config, now, &regions)?;
    Ok(RegionFailure { down, table, desired: desired(&View::new(&world, &state, now)) })
}

fn of_class(
    id: &ServiceId,
    service: &Service,
    clients: &Clients<'_>,
    failures: &[RegionFailure],
    now: Timestamp,
) -> Vec<SurvivorRow> {
    let Some(sample) = clients.requests.values().next() else { return Vec::new() };
    let countries: Vec<Option<Country>> = clients.requests.keys().copied().collect();
    let who = Who::Class {
        class: clients.class.clone(),
        countries: countries.iter().flatten().copied().collect(),
        unknown_country: countries.contains(&None),
    };
    rows(failures.iter().map(|failure| {
        let routing = clients::routing(&failure.table, sample, now);
        let position = |region: &RegionId| service.regions.iter().position(|id| id == region);
        let mut served_by = routing.regions;
        served_by.sort_by_key(position);
        SurvivorRow {
            service: id.clone(),
            clients: who.clone(),
            down: failure.down.clone(),
            served_by,
            refusal: routing.refusal,
            status: routing.status,
            reason: None,
            loses_service: false,
        }
    }))
}

fn of_published(
    oracle: &Oracle<'_>,
    id: &ServiceId,
    service: &Service,
    failures: &[RegionFailure],
) -> Vec<SurvivorRow> {
    let each = failures.iter().map(|failure| {
        let down: Vec<RegionId> = failure.down.iter().cloned().collect();
        published(oracle, id, service, &failure.desired, &down)
    });
    let each: Vec<Vec<Published>> = each.collect();
    let objects = each.first().map_or(0, Vec::len);
    let of_object = |index: usize| {
        let found = failures.iter().zip(&each);
        let found = found.filter_map(|(failure, all)| {
            let Published { object, served_by, reason } = all.get(index)?;
            Some(SurvivorRow {
                service: id.clone(),
                clients: Who::Published(object.clone()),
                down: failure.down.clone(),
                served_by: served_by.clone(),
                refusal: None,
                status: None,
                reason: *reason,
                loses_service: false,
            })
        });
        rows(found)
    };
    (0..objects).flat_map(of_object).collect()
}

/// The rows of one class: the first without failures, then one for each region that serves it in
/// the first.
fn rows(of_failures: impl Iterator<Item = SurvivorRow>) -> Vec<SurvivorRow> {
    let mut rows: Vec<SurvivorRow> = Vec::new();
    for mut row in of_failures {
        if let Some(first) = rows.first() {
            let serves = |down: &RegionId| first.served_by.contains(down);
            if !row.down.as_ref().is_some_and(serves) {
                continue;
            }
            row.loses_service = row.served_by.is_empty();
        }
        rows.push(row);
    }
    rows
}

impl Survivors {
    /// A summary in one line.
    fn verdict(&self) -> String {
        if self.rows.is_empty() {
            return "nobody is served: no service has `hosts` or `publish`".to_owned();
        }
        let losses = self.rows.iter().filter(|row| row.loses_service).count();
        let is_never = |row: &&SurvivorRow| row.down.is_none() && row.served_by.is_empty();
        let never = self.rows.iter().filter(is_never).count();
        let mut verdict = match losses {
            0 => "nobody loses service".to_owned(),
            some => format!("service is lost in {}", text::count(some, "case")),
        };
        if never > 0 {
            let classes = if never == 1 { "class of clients is" } else { "classes of clients are" };
            let _ = write!(verdict, "; {never} {classes} never served");
        }
        verdict
    }
}

/// One line per class.
impl fmt::Display for Survivors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "if one region fails: {}", self.verdict())?;
        let header = ["service", "clients", "served by", "if one of them fails"];
        let mut lines = vec![header.map(str::to_owned)];
        let classes: Vec<&[SurvivorRow]> =
            self.rows.chunk_by(|_, row| row.down.is_some()).collect();
        for class in classes.iter().take(LINES_MAX) {
            let Some((first, failures)) = class.split_first() else { continue };
            let (service, clients) = (first.service.to_string(), first.clients.to_string());
            lines.push([service, clients, first.served(), then(first, failures)]);
        }
        f.write_str(&text::columns(&lines))?;
        if let Some(more @ 1..) = classes.len().checked_sub(LINES_MAX) {
            writeln!(f, "{} more with --json", text::count(more, "line"))?;
        }
        if !self.capped.is_empty() {
            writeln!(
                f,
                "capped: some classes of clients may be missing for {}",
                text::list(&self.capped)
            )?;
        }
        Ok(())
    }
}

/// The failures that leave a class with anything else than its other regions.
fn then(first: &SurvivorRow, failures: &[SurvivorRow]) -> String {
    let remarkable = failures.iter().filter(|row| {
        let others = first.served_by.iter().filter(|id| Some(*id) != row.down.as_ref());
        row.served_by.is_empty() || !others.eq(&row.served_by)
    });
    let told = remarkable.map(|row| {
        let down = row.down.as_ref().map_or("-", RegionId::as_str);
        format!("without {down}: {}", row.served())
    });
    let told: Vec<String> = told.collect();
    match (first.served_by.is_empty(), told.is_empty()) {
        (true, _) => String::new(),
        (false, true) => "the others".to_owned(),
        (false, false) => told.join("; "),
    }
}

impl SurvivorRow {
    fn served(&self) -> String {
        let refusal = self.refusal.zip(self.status);
        let why = match (refusal, &self.clients, self.reason) {
            (Some((word, status)), ..) => format!("{status} {word}"),
            (None, Who::Published(object), Some(reason)) => reason.text(object).to_owned(),
            (None, ..) => "nobody serves them".to_owned(),
        };
        match (self.served_by.is_empty(), self.loses_service) {
            (false, _) => text::first_few(self.served_by.iter()),
            (true, true) => format!("LOSES SERVICE, {why}"),
            (true, false) => format!("NOBODY, {why}"),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Published(object) => f.write_str(&object.text()),
            Self::Class { class, countries, unknown_country } => {
                let unknown = unknown_country.then_some(None);
                let all: Vec<_> = countries.iter().copied().map(Some).chain(unknown).collect();
                write!(f, "{class}: {}", clients::country_list(&all))
            }
        }
    }
}
