//! Every rule that a config must keep beyond its shape. All mistakes are found in one pass and
//! reported together.

mod publishing;
mod services;
mod whole;

use super::diagnostic::{Code, Diagnostic};
use super::raw::{Raw, RawMonitor, RawOrigin, RawRegion, RawRule};
use super::{Config, Expect, Monitor, ORIGINS_MAX, Origin, OriginUrl, Region, StatusRange, url};
use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::ids::{BadId, MonitorId, OriginId, RegionId, RuleId};
use crate::latency::Location;
use crate::ordered::{Map, Set};
use crate::residency::{Rule, When};
use crate::time::SECOND;
use std::ops::RangeInclusive;

/// The version that this build reads.
const VERSION: u32 = 1;

/// Collects mistakes while the parts of a config are built.
#[derive(Default)]
struct Checker {
    found: Vec<Diagnostic>,
    /// Regions that are there and not sound: naming one is no second mistake.
    broken: Set<String>,
}

/// Builds the config. Errors: all mistakes, sorted by path.
pub(super) fn check(raw: &Raw, fingerprint: Fingerprint) -> Result<Config, Vec<Diagnostic>> {
    let mut checker = Checker::default();
    let config = checker.config(raw, fingerprint);
    let mut found = checker.found;
    found.sort();
    found.dedup();
    if found.is_empty() { Ok(config) } else { Err(found) }
}

impl Checker {
    fn config(&mut self, raw: &Raw, fingerprint: Fingerprint) -> Config {
        if raw.version != VERSION {
            let problem = format!("version {} is unknown", raw.version);
            self.report("version", Code::E003, problem, format!("{VERSION}"));
        }
        let regions = self.regions(&raw.regions);
        let monitors = self.monitors(&raw.monitors);
        let residency = self.rules(&raw.residency);
        let services = self.services(&raw.services, &regions, &monitors, &residency);
        let probes_per_run = raw.limits.probes_per_run;
        self.in_range("limits.probes_per_run", probes_per_run, 1..=10_000);
        let config = Config { fingerprint, regions, monitors, services, residency, probes_per_run };
        self.whole(raw, &config);
        config
    }

    fn report(
        &mut self,
        path: impl Into<String>,
        code: Code,
        problem: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let (path, problem, allowed) = (path.into(), problem.into(), allowed.into());
        self.found.push(Diagnostic { path, code, problem, allowed });
    }

    fn in_range<N>(&mut self, path: &str, value: N, range: RangeInclusive<N>)
    where
        N: Copy + PartialOrd + std::fmt::Display,
    {
        let (low, high) = range.into_inner();
        if value < low || value > high {
            let (problem, allowed) = (value.to_string(), format!("{low} to {high}"));
            self.report(path, Code::E007, problem, allowed);
        }
    }

    fn not_empty(&mut self, path: &str, len: usize) {
        if len == 0 {
            self.report(path, Code::E004, "it is empty", "at least one entry");
        }
    }

    /// The value, or `None` with a report where it is not an id.
    fn id<T>(&mut self, path: &str, parsed: Result<T, BadId>) -> Option<T> {
        parsed.map_err(|bad| self.report(path, Code::E002, bad.to_string(), "an id")).ok()
    }

    fn regions(&mut self, raw: &Map<String, RawRegion>) -> Map<RegionId, Region> {
        self.not_empty("regions", raw.len());
        let origins: usize = raw.values().map(|region| region.origins.len()).sum();
        if origins > ORIGINS_MAX {
            let allowed = format!("at most {ORIGINS_MAX}");
            self.report("regions", Code::E004, format!("{origins} origins in all"), allowed);
        }
        let mut seen = Set::new();
        let mut regions = Map::new();
        for (name, region) in raw {
            let path = format!("regions.{name}");
            let id = self.id(&path, RegionId::parse(name));
            let built = self.region(&path, region, &mut seen);
            match id.zip(built) {
                Some((id, region)) => drop(regions.insert(id, region)),
                None => drop(self.broken.insert(name.clone())),
            }
        }
        regions
    }

    fn region(&mut self, path: &str, raw: &RawRegion, seen: &mut Set<OriginId>) -> Option<Region> {
        let country = self.country(&format!("{path}.country"), &raw.country);
        let location = raw.location.and_then(|degrees| {
            Location::try_from(degrees)
                .map_err(|bad| {
                    let path = format!("{path}.location");
                    let problem = format!("{}: {bad}", serde_json::Value::from(degrees.to_vec()));
                    self.report(path, Code::E007, problem, "[latitude, longitude]");
                })
                .ok()
        });
        let origins_path = format!("{path}.origins");
        self.not_empty(&origins_path, raw.origins.len());
        let mut origins = Vec::new();
        for (index, origin) in raw.origins.iter().enumerate() {
            origins.extend(self.origin(&format!("{origins_path}[{index}]"), origin, seen));
        }
        Some(Region { country: country?, location, origins })
    }

    fn origin(&mut self, path: &str, raw: &RawOrigin, seen: &mut Set<OriginId>) -> Option<Origin> {
        let id = self.id(&format!("{path}.id"), OriginId::parse(&raw.id));
        if let Some(id) = id.as_ref().filter(|id| !seen.insert((*id).clone())) {
            let problem = format!("`{id}` is used twice");
            self.report(format!("{path}.id"), Code::E005, problem, "an id of its own");
        }
        let url = OriginUrl::parse(&raw.url)
            .map_err(|bad| {
                let problem = format!("`{}`: {bad}", raw.url);
                let allowed = "`https://` and a host name, with a port if need be";
                self.report(format!("{path}.url"), Code::E008, problem, allowed);
            })
            .ok();
        Some(Origin { id: id?, url: url?, ipv4: raw.ipv4, ipv6: raw.ipv6 })
    }

    fn country(&mut self, path: &str, text: &str) -> Option<Country> {
        Country::parse(text)
            .map_err(|bad| {
                self.report(path, Code::E002, bad.to_string(), "a code of ISO 3166-1 alpha-2");
            })
            .ok()
    }

    fn monitors(&mut self, raw: &Map<String, RawMonitor>) -> Map<MonitorId, Monitor> {
        self.not_empty("monitors", raw.len());
        let mut monitors = Map::new();
        for (name, monitor) in raw {
            let path = format!("monitors.{name}");
            let id = self.id(&path, MonitorId::parse(name));
            let built = self.monitor(&path, monitor);
            monitors.extend(id.map(|id| (id, built)));
        }
        monitors
    }

    fn monitor(&mut self, path: &str, raw: &RawMonitor) -> Monitor {
        let at = |key: &str| format!("{path}.{key}");
        if !raw.path.starts_with('/') || raw.path.contains(['#', ' ']) {
            let problem = format!("`{}`", raw.path);
            self.report(at("path"), Code::E002, problem, "a path that begins with `/`");
        }
        self.in_range(&at("interval_s"), raw.interval_s, 5..=3_600);
        self.in_range(&at("timeout_ms"), raw.timeout_ms, 100..=10_000);
        self.in_range(&at("rise"), raw.rise, 1..=10);
        self.in_range(&at("fall"), raw.fall, 1..=10);
        self.in_range(&at("forgive"), raw.forgive, 1..=10);
        self.in_range(&at("window_s"), raw.window_s, 10..=3_600);
        Monitor {
            path: raw.path.clone(),
            interval_ms: u64::from(raw.interval_s) * SECOND,
            timeout_ms: u64::from(raw.timeout_ms),
            rise: raw.rise,
            fall: raw.fall,
            window_ms: u64::from(raw.window_s) * SECOND,
            forgive: raw.forgive,
            expect: Expect {
                status: self.statuses(&at("expect.status"), &raw.expect.status),
                body_contains: raw.expect.body_contains.clone().filter(|text| !text.is_empty()),
            },
        }
    }

    fn statuses(&mut self, path: &str, raw: &[String]) -> Vec<StatusRange> {
        self.not_empty(path, raw.len());
        let mut ranges = Vec::new();
        for (index, text) in raw.iter().enumerate() {
            match StatusRange::parse(text) {
                Some(range) => ranges.push(range),
                None => self.report(
                    format!("{path}[{index}]"),
                    Code::E002,
                    format!("`{text}` is not a status"),
                    "a status such as `200` or a class such as `2xx`",
                ),
            }
        }
        ranges
    }

    fn rules(&mut self, raw: &[RawRule]) -> Vec<Rule> {
        let mut seen = Set::new();
        let mut rules = Vec::new();
        for (index, rule) in raw.iter().enumerate() {
            let path = format!("residency[{index}]");
            let built = self.rule(&path, rule);
            if let Some(twice) = built.as_ref().filter(|rule| !seen.insert(rule.id.clone())) {
                let problem = format!("`{}` is used twice", twice.id);
                self.report(format!("{path}.id"), Code::E005, problem, "an id of its own");
            }
            rules.extend(built);
        }
        rules
    }

    fn rule(&mut self, path: &str, raw: &RawRule) -> Option<Rule> {
        let id = self.id(&format!("{path}.id"), RuleId::parse(&raw.id));
        let country = raw
            .when
            .country
            .as_ref()
            .map(|codes| self.countries(&format!("{path}.when.country"), codes.as_slice()));
        let host = raw
            .when
            .host
            .as_ref()
            .map(|names| self.guarded_hosts(&format!("{path}.when.host"), names.as_slice()));
        let allow_path = format!("{path}.allow");
        self.not_empty(&allow_path, raw.allow.len());
        let allow = self.countries(&allow_path, &raw.allow);
        let host = host.map(Set::of);
        let basis = raw.basis.clone();
        Some(Rule { id: id?, when: When { country, host }, allow, basis })
    }

    fn countries(&mut self, path: &str, codes: &[String]) -> Set<Country> {
        self.not_empty(path, codes.len());
        Set::of(codes.iter().filter_map(|code| self.country(path, code)))
    }

    fn guarded_hosts(&mut self, path: &str, names: &[String]) -> Vec<String> {
        self.not_empty(path, names.len());
        self.hosts(path, names)
    }

    fn hosts(&mut self, path: &str, names: &[String]) -> Vec<String> {
        names.iter().filter_map(|name| self.dns_name(path, name)).collect()
    }

    fn dns_name(&mut self, path: &str, text: &str) -> Option<String> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.contains('.') && url::is_dns_name(&name) {
            return Some(name);
        }
        self.report(
            path,
            Code::E009,
            format!("`{text}`"),
            "a full DNS name, in Punycode if need be",
        );
        None
    }
}
