//! Which regions serve whom if one region fails, and who loses service.
//!
//! Classes of clients that may use the same regions are served alike, so where a service has many
//! of them, one row stands for all. Rows about a failure are listed only if it leaves something
//! else than the other regions.

use super::clients::{self, ClassKey, ClientClass, Clients, Does, Routing};
use super::oracle::{Form, Oracle, SampleRequest, SecondOpinion};
use super::promotion::Promotion;
use super::published::{Object, Published, Unserved, published};
use super::requests::{self, Kinds};
use super::{scenario, text};
use crate::cloudflare::desired;
use crate::config::{Config, Service};
use crate::controller::routes;
use crate::country::Country;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::routes::{BadRoutes, Table};
use crate::time::Timestamp;
use crate::view::View;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Most lines of text output; JSON has all.
const LINES_MAX: usize = 200;
/// Most classes of clients of one service that have rows of their own.
const CLASSES_MAX: usize = 50;

/// What happens to a class of clients if one region is down.
#[derive(Debug, Clone, Serialize)]
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
    /// How their writes are taken again, if only another primary helps.
    promotion: Option<Promotion>,
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
        /// How many more classes may use the same regions.
        #[serde(skip_serializing_if = "is_zero")]
        alike: usize,
    },
    /// Clients of an object at Cloudflare.
    #[serde(untagged)]
    Published(Object),
}

/// The table, and the services for which it may be incomplete.
#[derive(Debug, Serialize)]
pub(super) struct Survivors {
    /// For each class a row without failures, and one for each region that serves it and without
    /// which it is served by anything else than its other regions.
    rows: Vec<SurvivorRow>,
    /// Services with so many kinds of requests that a class may be missing.
    capped: Vec<ServiceId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Clients that have the same rows, and these rows.
struct RowsOf<'c> {
    id: &'c ServiceId,
    service: &'c Service,
    form: Form,
    method: String,
    country: Option<Country>,
    rows: Vec<SurvivorRow>,
}

/// Examines the failure of each region. Errors: this build cannot read its own table.
pub(super) fn survivors(config: &Config, now: Timestamp) -> Result<Survivors, BadRoutes> {
    let config = clients::for_everybody(config);
    let oracle = Oracle::new(&config, now);
    let mut table = clients::table(&config, now, &[])?;
    let mut capped = Vec::new();
    let mut all: Vec<RowsOf<'_>> = Vec::new();
    for (id, service) in &config.services {
        let kinds = requests::kinds(&oracle, service);
        capped.extend(clients::are_too_many(&kinds).then(|| id.clone()));
        for (who, SampleRequest { form, method, country }) in classes(&oracle, service, &kinds) {
            let (form, method) = (form.clone(), method.to_owned());
            let mut of = RowsOf { id, service, form, method, country, rows: Vec::new() };
            of.add(who, None, of.routing(&table, now), None);
            all.push(of);
        }
    }
    // The law of a table does not follow from health, and reading it anew takes long.
    let lawless = Config {
        residency: Vec::new(),
        tenants: Map::new(),
        tenant_countries: Map::new(),
        ..config.clone()
    };
    for down in config.regions.keys() {
        let (world, state) = scenario::with(&lawless, now, std::slice::from_ref(down), &[]);
        for (id, entry) in routes(&View::new(&world, &state, now)).services {
            table.serve(&id, entry)?;
        }
        let view = View::new(&config, &state, now);
        for of in &mut all {
            of.without(down, &view, &table);
        }
    }
    let published = of_published(&oracle, now);
    let mut rows = Vec::new();
    for id in config.services.keys() {
        let proxied = all.iter_mut().filter(|of| of.id == id);
        proxied.for_each(|of| rows.append(&mut of.rows));
        rows.extend(published.iter().filter(|row| row.service == *id).cloned());
    }
    Ok(Survivors { rows, capped })
}

/// The classes of a service, with one request of each.
fn classes<'k>(
    oracle: &Oracle<'_>,
    service: &Service,
    kinds: &'k [Kinds],
) -> Vec<(Who, SampleRequest<'k>)> {
    let each = clients::keys(oracle, service, kinds);
    let each = if each.len() > CLASSES_MAX {
        folded(oracle, service, each)
    } else {
        each.into_iter().map(|clients| (clients, 0)).collect()
    };
    let classes = each.into_iter().filter_map(|(Clients { class, requests }, alike)| {
        let sample = *requests.values().next()?;
        let unknown_country = requests.contains_key(&None);
        let countries = requests.into_keys().flatten().collect();
        let class = class.named(oracle);
        Some((Who::Class { class, countries, unknown_country, alike }, sample))
    });
    classes.collect()
}

/// Classes that may use the same regions, as one: the one with the fewest rules, the clients of
/// all, and how many others there are.
fn folded<'k>(
    oracle: &Oracle<'_>,
    service: &Service,
    mut classes: Vec<Clients<'k, ClassKey>>,
) -> Vec<(Clients<'k, ClassKey>, usize)> {
    classes.sort_by_key(|clients| clients.class.rules());
    let regions = oracle.regions_of(service);
    let mut places: BTreeMap<(Does, Result<Vec<usize>, &str>), usize> = BTreeMap::new();
    let mut folded: Vec<(Clients<'k, ClassKey>, usize)> = Vec::new();
    for clients in classes {
        let Some(sample) = clients.requests.values().next() else { continue };
        let claim = match oracle.opinion(service, &regions, sample) {
            SecondOpinion::Permit(regions) => Ok(regions.iter().collect()),
            SecondOpinion::Refuse(refusal) => Err(refusal.as_str()),
        };
        let place = *places.entry((clients.class.does, claim)).or_insert(folded.len());
        if let Some((first, alike)) = folded.get_mut(place) {
            *alike += 1;
            for (country, sample) in clients.requests {
                first.requests.entry(country).or_insert(sample);
            }
        } else {
            folded.push((clients, 0));
        }
    }
    folded
}

impl RowsOf<'_> {
    fn routing(&self, table: &Table, now: Timestamp) -> Routing {
        let Self { form, method, country, .. } = self;
        clients::routing(table, &SampleRequest { form, method, country: *country }, now)
    }

    fn add(
        &mut self,
        who: Who,
        down: Option<&RegionId>,
        routing: Routing,
        promotion: Option<Promotion>,
    ) {
        let position = |region: &RegionId| self.service.regions.iter().position(|id| id == region);
        let mut served_by = routing.regions;
        served_by.sort_by_key(position);
        let row = SurvivorRow {
            service: self.id.clone(),
            clients: who,
            down: down.cloned(),
            served_by,
            refusal: routing.refusal,
            status: routing.status,
            reason: None,
            promotion,
            loses_service: false,
        };
        add(&mut self.rows, row);
    }

    /// Adds what happens in a world in which this region is down.
    fn without(&mut self, down: &RegionId, view: &View<'_>, table: &Table) {
        let first = self.rows.first().filter(|first| first.served_by.contains(down));
        if let Some(who) = first.map(|first| first.clients.clone()) {
            let routing = self.routing(table, view.now);
            let helps = Promotion::helps(routing.refusal);
            let promotion = helps.then(|| Promotion::of(view, self.id)).flatten();
            self.add(who, Some(down), routing, promotion);
        }
    }
}

/// Adds a row about a failure, if it tells anything.
fn add(rows: &mut Vec<SurvivorRow>, mut row: SurvivorRow) {
    if let Some(first) = rows.first() {
        let serves = |down: &RegionId| first.served_by.contains(down);
        if !row.down.as_ref().is_some_and(serves) {
            return;
        }
        row.loses_service = row.served_by.is_empty();
        let others = first.served_by.iter().filter(|id| Some(*id) != row.down.as_ref());
        if !row.loses_service && others.eq(&row.served_by) {
            return;
        }
    }
    rows.push(row);
}

/// The rows of everything that services publish.
fn of_published(oracle: &Oracle<'_>, now: Timestamp) -> Vec<SurvivorRow> {
    let config = oracle.config;
    if config.services.values().all(|service| service.publish.is_empty()) {
        return Vec::new();
    }
    let mut of_object: BTreeMap<(usize, usize), Vec<SurvivorRow>> = BTreeMap::new();
    for down in [None].into_iter().chain(config.regions.keys().map(Some)) {
        let regions: Vec<RegionId> = down.into_iter().cloned().collect();
        let (world, state) = scenario::with(config, now, &regions, &[]);
        let desired = desired(&View::new(&world, &state, now));
        for (at, (id, service)) in config.services.iter().enumerate() {
            let objects = published(oracle, id, service, &desired, &regions);
            for (index, Published { object, served_by, reason }) in objects.into_iter().enumerate()
            {
                let row = SurvivorRow {
                    service: id.clone(),
                    clients: Who::Published(object),
                    down: down.cloned(),
                    served_by,
                    refusal: None,
                    status: None,
                    reason,
                    promotion: None,
                    loses_service: false,
                };
                add(of_object.entry((at, index)).or_default(), row);
            }
        }
    }
    of_object.into_values().flatten().collect()
}

impl Survivors {
    /// A summary in one line.
    fn verdict(&self) -> String {
        if self.rows.is_empty() {
            return "nobody is served: no service has `hosts` or `publish`".to_owned();
        }
        let lost: Vec<&SurvivorRow> = self.rows.iter().filter(|row| row.loses_service).collect();
        let is_never = |row: &&SurvivorRow| row.down.is_none() && row.served_by.is_empty();
        let never = self.rows.iter().filter(is_never).count();
        let mut verdict = match lost.len() {
            0 => "nobody loses service".to_owned(),
            some => format!("service is lost in {}", text::count(some, "case")),
        };
        verdict.push_str(&until_promoted(&lost));
        if never > 0 {
            let classes = if never == 1 { "class of clients is" } else { "classes of clients are" };
            let _ = write!(verdict, "; {never} {classes} never served");
        }
        verdict
    }
}

/// How many losses end with a promotion, as the end of a sentence.
fn until_promoted(lost: &[&SurvivorRow]) -> String {
    let ends = |row: &&&SurvivorRow| row.promotion.as_ref().is_some_and(Promotion::is_possible);
    match lost.iter().filter(ends).count() {
        0 => String::new(),
        all if all == lost.len() => ", until another region is promoted".to_owned(),
        some => format!(", in {some} until another region is promoted"),
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

/// The failures that leave a class with anything else than its other regions, which alone have
/// rows.
fn then(first: &SurvivorRow, failures: &[SurvivorRow]) -> String {
    let told = failures.iter().map(|row| {
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
            (Some((word, status)), ..) => {
                let promotion = self.promotion.iter().map(|it| format!(", {it}"));
                format!("{status} {word}{}", promotion.collect::<String>())
            }
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
            Self::Class { class, countries, unknown_country, alike } => {
                let unknown = unknown_country.then_some(None);
                let all: Vec<_> = countries.iter().copied().map(Some).chain(unknown).collect();
                write!(f, "{class}")?;
                if *alike > 0 {
                    write!(f, " and {alike} more alike")?;
                }
                write!(f, ": {}", clients::country_list(&all))
            }
        }
    }
}
