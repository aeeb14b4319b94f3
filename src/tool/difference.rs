//! What changes between two configs: their contents, what residency permits to whom, and who is
//! served where.
//!
//! Requests of both configs are asked, each under both. What residency permits is told by the
//! second opinion, which reads the rules one by one, and where clients go by the edge's decisions
//! with all regions up.

use super::clients::{self, ClientClass, Clients, Routing};
use super::oracle::{Oracle, SampleRequest, SecondOpinion};
use super::published::published;
use super::text::{columns, count, some};
use super::{requests, scenario};
use crate::cloudflare::{Desired, desired};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::ids::{RegionId, RuleId, ServiceId};
use crate::residency::{RegionSet, Rule};
use crate::routes::{BadRoutes, Table};
use crate::time::Timestamp;
use crate::view::View;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Most places of the text that are named.
const PLACES_MAX: usize = 40;
/// Most lines about clients; `--json` has all.
const ROWS_MAX: usize = 100;
/// Up to so many countries are named.
const NAMED_MAX: usize = 12;

/// What changes.
#[derive(Debug, Default, Serialize)]
pub(super) struct Difference {
    /// Places of the text, by path, with what is done to each.
    places: Vec<Place>,
    /// Rules that are added, removed or changed.
    rules: Vec<RuleChange>,
    /// Whose set of permitted regions changes.
    law: Vec<ClientsChange>,
    /// Who is served elsewhere with all regions up.
    served: Vec<ClientsChange>,
    /// Records, pools and load balancers that name other regions.
    objects: Vec<ObjectChange>,
}

#[derive(Debug, Serialize)]
struct Place {
    path: String,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Added,
    Removed,
    Changed,
}

#[derive(Debug, Serialize)]
struct RuleChange {
    rule: RuleId,
    change: Change,
}

/// Clients for whom something changes.
#[derive(Debug, Serialize)]
struct ClientsChange {
    service: ServiceId,
    clients: String,
    from: String,
    to: String,
    countries: Vec<Country>,
    unknown_country: bool,
}

#[derive(Debug, Serialize)]
struct ObjectChange {
    service: ServiceId,
    object: String,
    from: Vec<RegionId>,
    to: Vec<RegionId>,
}

/// One of the two configs, ready to be asked.
struct Side<'c> {
    config: &'c Config,
    oracle: Oracle<'c>,
    table: Table,
    desired: Desired,
    now: Timestamp,
}

/// What is grouped: whose, from where, to where; and the countries.
type Groups = BTreeMap<(ServiceId, String, String, String), BTreeSet<Option<Country>>>;

/// A config and its canonical text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'v> {
    pub(super) config: &'v Config,
    pub(super) text: &'v str,
}

impl Difference {
    /// What changes from one config to another. Errors: this build cannot read its own table.
    pub(super) fn of(
        old: Version<'_>,
        new: Version<'_>,
        now: Timestamp,
    ) -> Result<Self, BadRoutes> {
        let mut difference = Self { places: places(old.text, new.text), ..Self::default() };
        difference.rules = rules(&old.config.residency, &new.config.residency);
        let [old, new] = [old, new].map(|version| clients::for_everybody(version.config));
        let (old, new) = (Side::of(&old, now)?, Side::of(&new, now)?);
        let (mut law, mut served) = (Groups::new(), Groups::new());
        let names: BTreeSet<&ServiceId> =
            old.config.services.keys().chain(new.config.services.keys()).collect();
        for id in names {
            for side in [&old, &new] {
                let Some(service) = side.config.services.get(id) else { continue };
                let kinds = requests::kinds(&side.oracle, service);
                for Clients { requests, .. } in clients::classes(&side.oracle, service, &kinds) {
                    for (country, sample) in requests {
                        compare(id, [&old, &new], &sample, country, (&mut law, &mut served));
                    }
                }
            }
            difference.objects.extend(objects(id, &old, &new));
        }
        difference.law = changes(law);
        difference.served = changes(served);
        Ok(difference)
    }

    /// Whether anything changes.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_empty() {
            return writeln!(out, "nothing changes");
        }
        writeln!(out, "changes in the config: {}", self.places.len())?;
        for Place { path, change } in self.places.iter().take(PLACES_MAX) {
            writeln!(out, "  {} {path}", change.sign())?;
        }
        more(out, self.places.len(), PLACES_MAX)?;
        self.write_law(out)?;
        let heading = ["  service", "clients", "served by", "from now on by", "countries"];
        write_clients(out, "who is served where, all regions up", &self.served, heading)?;
        if !self.objects.is_empty() {
            writeln!(out, "\nwhat Cloudflare's objects name:")?;
            let mut rows = vec![["  service", "object", "now", "from now on"].map(str::to_owned)];
            rows.extend(self.objects.iter().map(ObjectChange::row));
            write!(out, "{}", columns(&rows))?;
        }
        Ok(())
    }

    fn write_law(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.rules.is_empty() {
            writeln!(out, "\nresidency rules: {}", count(self.rules.len(), "change"))?;
        }
        for RuleChange { rule, change } in &self.rules {
            writeln!(out, "  {} {rule}", change.sign())?;
        }
        let heading = ["  service", "clients", "permitted", "from now on", "countries"];
        write_clients(out, "where residency permits their data", &self.law, heading)
    }
}

impl Change {
    fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

impl<'c> Side<'c> {
    fn of(config: &'c Config, now: Timestamp) -> Result<Self, BadRoutes> {
        let (told, state) = scenario::with(config, now, &[], &[]);
        let desired = desired(&View::new(&told, &state, now));
        let (oracle, table) = (Oracle::new(config, now), clients::table(config, now, &[])?);
        Ok(Self { config, oracle, table, desired, now })
    }

    /// Whose request it is.
    fn class(&self, service: &Service, sample: &SampleRequest<'_>) -> ClientClass {
        clients::class(&self.oracle, service, sample)
    }

    /// Where residency permits it.
    fn permitted(&self, id: &ServiceId, sample: &SampleRequest<'_>) -> String {
        let Some(service) = self.config.services.get(id) else { return "no such service".into() };
        let all = self.oracle.regions_of(service);
        match self.oracle.opinion(service, &all, sample) {
            SecondOpinion::Refuse(why) => why.as_str().to_owned(),
            SecondOpinion::Permit(regions) => self.names(&regions),
        }
    }

    fn names(&self, regions: &RegionSet) -> String {
        let all = self.config.regions.keys().enumerate();
        let names = all.filter(|(index, _)| regions.contains(*index)).map(|(_, id)| id.as_str());
        let names: Vec<&str> = names.collect();
        if names.is_empty() { "NOWHERE".to_owned() } else { names.join(" ") }
    }

    /// Where it goes.
    fn goes(&self, id: &ServiceId, sample: &SampleRequest<'_>) -> String {
        if self.config.services.get(id).is_none() {
            return "no such service".to_owned();
        }
        let Routing { mut first, refusal, status, .. } =
            clients::routing(&self.table, sample, self.now);
        first.sort();
        match status.zip(refusal) {
            Some((status, why)) => format!("NOWHERE: {status} {why}"),
            None => first.iter().map(RegionId::as_str).collect::<Vec<_>>().join(" + "),
        }
    }
}

/// Asks both about one request, and notes what differs.
fn compare(
    id: &ServiceId,
    sides: [&Side<'_>; 2],
    sample: &SampleRequest<'_>,
    country: Option<Country>,
    (law, served): (&mut Groups, &mut Groups),
) {
    let classes = sides.map(|side| {
        let service = side.config.services.get(id);
        service.map(|service| side.class(service, sample).to_string())
    });
    let whose = match classes {
        [Some(old), Some(new)] if old != new => format!("{old} → {new}"),
        [Some(one), _] | [None, Some(one)] => one,
        [None, None] => return,
    };
    let ask = |tell: &dyn Fn(&Side<'_>) -> String, groups: &mut Groups| {
        let [from, to] = sides.map(tell);
        if from != to {
            let key = (id.clone(), whose.clone(), from, to);
            groups.entry(key).or_default().insert(country);
        }
    };
    ask(&|side| side.permitted(id, sample), law);
    ask(&|side| side.goes(id, sample), served);
}

fn changes(groups: Groups) -> Vec<ClientsChange> {
    let change = |((service, clients, from, to), countries): (_, BTreeSet<Option<Country>>)| {
        let unknown_country = countries.contains(&None);
        let countries = countries.into_iter().flatten().collect();
        ClientsChange { service, clients, from, to, countries, unknown_country }
    };
    groups.into_iter().map(change).collect()
}

fn objects(id: &ServiceId, old: &Side<'_>, new: &Side<'_>) -> Vec<ObjectChange> {
    let of = |side: &Side<'_>| -> BTreeMap<String, Vec<RegionId>> {
        let Some(service) = side.config.services.get(id) else { return BTreeMap::new() };
        let all = published(&side.oracle, id, service, &side.desired, &[]);
        all.into_iter().map(|it| (it.object.text(), it.served_by)).collect()
    };
    let [mut before, after] = [of(old), of(new)];
    let mut changes = Vec::new();
    for (object, to) in after {
        let from = before.remove(&object).unwrap_or_default();
        if from != to {
            changes.push(ObjectChange { service: id.clone(), object, from, to });
        }
    }
    let gone = before.into_iter().map(|(object, from)| ObjectChange {
        service: id.clone(),
        object,
        from,
        to: Vec::new(),
    });
    changes.extend(gone);
    changes
}

fn rules(old: &[Rule], new: &[Rule]) -> Vec<RuleChange> {
    let by_id = |rules: &'_ [Rule]| -> BTreeMap<RuleId, Rule> {
        rules.iter().map(|rule| (rule.id.clone(), rule.clone())).collect()
    };
    let (mut before, after) = (by_id(old), by_id(new));
    let mut changes = Vec::new();
    for (rule, new) in after {
        match before.remove(&rule) {
            None => changes.push(RuleChange { rule, change: Change::Added }),
            Some(old) if old != new => changes.push(RuleChange { rule, change: Change::Changed }),
            Some(_) => {}
        }
    }
    changes.extend(before.into_keys().map(|rule| RuleChange { rule, change: Change::Removed }));
    changes.sort_by(|a, b| a.rule.cmp(&b.rule));
    changes
}

/// The places at which two documents differ.
fn places(old: &str, new: &str) -> Vec<Place> {
    let read = |text: &str| crate::json::parse(crate::json::without_bom(text)).unwrap_or_default();
    let mut places = Vec::new();
    differ(String::new(), Some(&read(old)), Some(&read(new)), &mut places);
    places
}

fn differ(path: String, old: Option<&Value>, new: Option<&Value>, places: &mut Vec<Place>) {
    let change = match (old, new) {
        (Some(old), Some(new)) if old == new => return,
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let dot = if path.is_empty() { "" } else { "." };
                let inner = format!("{path}{dot}{key}");
                differ(inner, old.get(key), new.get(key), places);
            }
            return;
        }
        (Some(_), Some(_)) => Change::Changed,
        (None, Some(_)) => Change::Added,
        (Some(_), None) => Change::Removed,
        (None, None) => return,
    };
    places.push(Place { path, change });
}

fn write_clients(
    out: &mut dyn Write,
    title: &str,
    changes: &[ClientsChange],
    heading: [&str; 5],
) -> io::Result<()> {
    if changes.is_empty() {
        return writeln!(out, "\n{title}: nothing changes");
    }
    writeln!(out, "\n{title}:")?;
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(changes.iter().take(ROWS_MAX).map(ClientsChange::row));
    write!(out, "{}", columns(&rows))?;
    more(out, changes.len(), ROWS_MAX)
}

fn more(out: &mut dyn Write, all: usize, shown: usize) -> io::Result<()> {
    match all.checked_sub(shown) {
        Some(more @ 1..) => writeln!(out, "  and {more} more, see --json"),
        _ => Ok(()),
    }
}

impl ClientsChange {
    fn row(&self) -> [String; 5] {
        let unknown = self.unknown_country.then_some(None);
        let all: Vec<_> = self.countries.iter().copied().map(Some).chain(unknown).collect();
        let mut countries = clients::country_list(&all);
        // A count alone does not say which.
        if (5..=NAMED_MAX).contains(&self.countries.len()) {
            countries = format!("{countries}: {}", some(&self.countries));
        }
        let service = format!("  {}", self.service);
        [service, self.clients.clone(), self.from.clone(), self.to.clone(), countries]
    }
}

impl ObjectChange {
    fn row(&self) -> [String; 4] {
        let named = |regions: &[RegionId]| {
            let names: Vec<&str> = regions.iter().map(RegionId::as_str).collect();
            if names.is_empty() { "-".to_owned() } else { names.join(" + ") }
        };
        let service = format!("  {}", self.service);
        [service, self.object.clone(), named(&self.from), named(&self.to)]
    }
}

#[cfg(test)]
mod tests;
