//! One decision with its reasons, for people and for programs.

use super::super::clients::status;
use super::super::text::{columns, list};
use crate::country::Country;
use crate::ids::{RegionId, RuleId, ServiceId, TenantId};
use crate::residency::{CompiledRule, Mode, RegionSet, Witness};
use crate::routes::Table;
use crate::steering::{ChosenBy, Decision, Filter, Refusal, RequestFacts};
use serde::Serialize;
use std::fmt;

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    pub(super) host: String,
    pub(super) path: String,
    pub(super) method: String,
    pub(super) country: Option<Country>,
    pub(super) service: Option<ServiceId>,
    pub(super) tenant: Option<TenantId>,
    /// What is known about the tenant.
    pub(super) tenant_standing: Option<TenantStanding>,
    /// What second witnesses tell of the client's country.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) second_witness: Vec<WitnessSaid>,
    /// The rules that guard the request.
    pub(super) rules: Vec<RuleSaid>,
    /// The service's regions in failover order.
    pub(super) candidates: Vec<RegionId>,
    /// The filters that removed or demoted regions, in order.
    pub(super) filters: Vec<FilterSaid>,
    /// The regions to try, best first.
    pub(super) regions: Vec<RegionId>,
    /// How the first one was chosen.
    pub(super) how: &'static str,
    #[serde(skip)]
    chosen: ChosenBy,
    pub(super) refusal: Option<&'static str>,
    /// The HTTP status of the refusal.
    pub(super) status: Option<u16>,
}

/// What is known about a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TenantStanding {
    /// The config or KV pins it to regions.
    Pinned,
    /// Only a rule names it.
    Unpinned,
    /// Neither config nor KV names it.
    Unknown,
}

impl TenantStanding {
    pub(super) fn of(is_pinned: bool, is_named: bool) -> Self {
        match (is_pinned, is_named) {
            (true, _) => Self::Pinned,
            (false, true) => Self::Unpinned,
            (false, false) => Self::Unknown,
        }
    }

    /// The remark about it.
    fn remark(self) -> &'static str {
        match self {
            Self::Pinned => "",
            Self::Unpinned => ", which has no pin",
            Self::Unknown => ", which is not known and has no pin",
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct RuleSaid {
    pub(super) id: RuleId,
    pub(super) mode: &'static str,
    pub(super) basis: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct FilterSaid {
    filter: &'static str,
    left: Vec<RegionId>,
    removed: Vec<RemovedSaid>,
    /// Regions that it only demotes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    behind: Vec<RegionId>,
    #[serde(skip)]
    why: &'static str,
}

#[derive(Debug, Serialize)]
struct RemovedSaid {
    region: RegionId,
    /// The strict rules that forbid it, if they are the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleId>,
}

impl Explanation {
    pub(super) fn of(
        table: &Table,
        facts: &RequestFacts<'_>,
        decision: &Decision<'_>,
        tenant_standing: Option<TenantStanding>,
    ) -> Self {
        let rules = decision.rules();
        let candidates = decision.service.iter().flat_map(|service| &service.candidates);
        let candidates = candidates.map(|candidate| candidate.entry.id.clone());
        Self {
            host: facts.host.to_owned(),
            path: facts.path.to_owned(),
            method: facts.method.to_owned(),
            country: facts.country,
            service: decision.service.map(|service| service.id.clone()),
            tenant: decision.tenant.clone(),
            tenant_standing,
            second_witness: decision.witnesses.iter().copied().map(WitnessSaid::of).collect(),
            filters: filters(table, decision, &rules),
            rules: rules.iter().map(|rule| RuleSaid::of(rule)).collect(),
            candidates: candidates.collect(),
            regions: decision.regions.iter().map(|region| region.entry.id.clone()).collect(),
            how: decision.how.as_str(),
            chosen: decision.how,
            refusal: decision.refusal.map(Refusal::as_str),
            status: decision.refusal.map(status),
        }
    }
}

/// What one witness tells.
#[derive(Debug, Serialize)]
pub(super) struct WitnessSaid {
    by: &'static str,
    /// Null if it may be any country.
    country: Option<Country>,
}

impl WitnessSaid {
    fn of(Witness { by, country }: Witness) -> Self {
        Self { by: by.as_str(), country }
    }

    fn text(&self) -> String {
        let country = self.country.map_or("any country", Country::as_str);
        format!("{country} ({})", self.by)
    }
}

impl RuleSaid {
    fn of(rule: &CompiledRule) -> Self {
        Self { id: rule.id.clone(), mode: rule.mode.as_str(), basis: rule.basis.clone() }
    }
}

fn filters(table: &Table, decision: &Decision<'_>, rules: &[&CompiledRule]) -> Vec<FilterSaid> {
    let Some(service) = decision.service else { return Vec::new() };
    let mut before = service.regions.clone();
    let names = |set: &RegionSet| -> Vec<RegionId> {
        let candidates = service.candidates.iter();
        let within = candidates.filter(|candidate| set.contains(candidate.index));
        within.map(|candidate| candidate.entry.id.clone()).collect()
    };
    let mut said = Vec::new();
    for step in &decision.steps {
        before.remove_all(&step.left);
        let removed = names(&before).into_iter().map(|region| RemovedSaid {
            rules: match step.filter {
                Filter::Rules => forbidding(table, rules, &region),
                _ => Vec::new(),
            },
            region,
        });
        let (filter, why) = (step.filter.as_str(), why(step.filter));
        let (left, removed, behind) = (names(&step.left), removed.collect(), Vec::new());
        said.push(FilterSaid { filter, left, removed, behind, why });
        before = step.left.clone();
    }
    for wish in &decision.wishes {
        let (filter, why) = (wish.filter.as_str(), why(wish.filter));
        let (left, behind) = (names(&before), names(&wish.behind));
        said.push(FilterSaid { filter, left, removed: Vec::new(), behind, why });
    }
    said
}

fn forbidding(table: &Table, rules: &[&CompiledRule], region: &RegionId) -> Vec<RuleId> {
    let index = table.region(region.as_str());
    let forbids = |rule: &&&CompiledRule| {
        rule.mode == Mode::Strict && index.is_some_and(|index| !rule.permits.contains(index))
    };
    rules.iter().filter(forbids).map(|rule| rule.id.clone()).collect()
}

/// Why a filter removes a region.
fn why(filter: Filter) -> &'static str {
    match filter {
        Filter::Rules => "",
        Filter::Tenant => "outside of the tenant's pin",
        Filter::Health => "down",
        Filter::Writes => "not the primary, which alone takes writes",
        Filter::Shed => "turns this client away",
        Filter::Breaker => "found to fail",
        Filter::Area => "cannot be reached from the client's area",
        Filter::Drain => "takes no new clients",
        Filter::Lag => "too far behind the primary, or nobody knows how far",
        Filter::Failback => "was out; other clients have returned to it so far",
        Filter::Canary => "tried out on other clients",
    }
}

/// How the first region was chosen, in words.
fn chosen(how: ChosenBy) -> &'static str {
    match how {
        ChosenBy::Nothing => "nothing was left to choose from",
        ChosenBy::Only => "the only one that is left",
        ChosenBy::Order => "the first in failover order",
        ChosenBy::Pop => "the first for the client's data center",
        ChosenBy::Country => "the first for the client's country",
        ChosenBy::LbRegion => "the first for Cloudflare's region of the client",
        ChosenBy::Nearest => "the nearest",
        ChosenBy::Fastest => "the fastest",
        ChosenBy::Share => "by its share of the clients",
        ChosenBy::LessBusy => "the less busy of two",
        ChosenBy::Spill => "by its share, since origins of an earlier one are down",
        ChosenBy::Affinity => "the client's own region",
        ChosenBy::Group => "the only one that nothing speaks against",
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, host, path, country, .. } = self;
        let country = country.map_or("an unknown country", Country::as_str);
        writeln!(f, "{method} https://{host}{path} from {country}")?;
        let Some(service) = &self.service else {
            return writeln!(f, "no service has this host\n{}", self.end());
        };
        let tenant = self.tenant.as_ref().map_or(String::new(), |id| format!(", tenant {id}"));
        let remark = self.tenant_standing.map_or("", TenantStanding::remark);
        writeln!(f, "service {service}{tenant}{remark}")?;
        if !self.second_witness.is_empty() {
            let told = self.second_witness.iter().map(WitnessSaid::text);
            writeln!(f, "second witness {}", list(told))?;
        }
        if !self.rules.is_empty() {
            f.write_str("\nrules\n")?;
            let rows = self.rules.iter().map(|rule| {
                let basis = rule.basis.clone().unwrap_or_default();
                [format!("  {}", rule.id), rule.mode.to_owned(), basis]
            });
            f.write_str(&columns(&rows.collect::<Vec<_>>()))?;
        }
        f.write_str("\nfilters\n")?;
        let start = ["  all".to_owned(), list(&self.candidates), String::new()];
        let rows = [start].into_iter().chain(self.filters.iter().map(FilterSaid::row));
        f.write_str(&columns(&rows.collect::<Vec<_>>()))?;
        writeln!(f, "\n{}", self.end())
    }
}

impl Explanation {
    fn end(&self) -> String {
        if let (Some(word), Some(status)) = (self.refusal, self.status) {
            return format!("refused: {status} {word}");
        }
        let mut regions = self.regions.iter();
        let first = regions.next().map_or("-", RegionId::as_str);
        let mut end = format!("goes to {first}: {}", chosen(self.chosen));
        let rest: Vec<&RegionId> = regions.collect();
        if !rest.is_empty() {
            end.push_str("\nthen    ");
            end.push_str(&list(rest));
        }
        end
    }
}

impl FilterSaid {
    fn row(&self) -> [String; 3] {
        let removed = self.removed.iter().map(|removed| {
            let RemovedSaid { region, rules } = removed;
            let why = if rules.is_empty() { self.why.to_owned() } else { list(rules) };
            format!("{region} ({why})")
        });
        let behind = self.behind.iter().map(|region| format!("{region} ({})", self.why));
        let said = if self.behind.is_empty() {
            format!("out: {}", list(removed))
        } else {
            format!("behind: {}", list(behind))
        };
        [format!("  {}", self.filter), list(&self.left), said]
    }
}
