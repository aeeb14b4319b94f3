//! The rules that a config must obey beyond its format. All mistakes are found in one pass and
//! reported together with those of format.

mod acceptances;
mod addresses;
mod admin;
mod alerts;
mod allow;
mod asking;
mod balancers;
mod bonds;
mod components;
mod composites;
mod contract;
mod drills;
mod host_headers;
mod known;
mod monitors;
mod otlp;
mod pairs;
mod promotion;
mod publishing;
mod recovery;
mod regions;
mod residency;
mod secrets;
mod services;
mod steering;
#[cfg(test)]
mod tests;
mod whole;
mod witness;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use services::how_to_attest;

use super::diagnostic::{Code, DIAGNOSTICS_LISTED_MAX, Diagnostic, Diagnostics, is_at_or_below};
use super::host::numeric;
use super::raw::{Raw, RawGuards};
use super::url;
use super::{Config, Estate, Guards, Monitor};
use crate::fingerprint::Fingerprint;
use crate::json::{Lost, Within, nearest};
use crate::ordered::Set;
use crate::time::{Millis, SECOND};
use serde_json::Value;

/// The version that this build reads.
const VERSION: u64 = 1;
/// What is allowed where the name of a secret belongs, and how to set the secret.
const SECRET_BY_NAME: (&str, &str) = (
    "the name of a secret, made of A-Z, 0-9 and `_`",
    "set it with `wrangler secret put NAME`, and write NAME here",
);
/// Most entries of a list of countries, regions, areas or attestations: more than there are.
const ENTRIES_MAX: usize = 500;
/// Most names that a message lists.
const NAMES_SHOWN_MAX: usize = 12;

/// Collects mistakes while the parts of a config are built.
struct Checker<'d> {
    document: &'d Value,
    /// The mistakes so far; at most [`DIAGNOSTICS_LISTED_MAX`].
    found: Vec<Diagnostic>,
    /// How many mistakes were found beyond these.
    unlisted: usize,
    lost: Lost,
    /// Names of entries that exist but have mistakes. Using one is not a second mistake.
    broken: Set<String>,
}

/// Builds the config. `found` are the mistakes of format, and `lost` is what is missing from `raw`
/// because of them. Errors: all mistakes, sorted by path.
pub(super) fn check(
    document: &Value,
    raw: Option<&Raw>,
    found: Vec<Diagnostic>,
    mut lost: Lost,
    fingerprint: Fingerprint,
) -> Result<Config, Diagnostics> {
    let broken = Set::of(lost.keys());
    let unlisted = lost.unlisted();
    let mut checker = Checker { document, found, unlisted, lost, broken };
    if let Some(version) = other_version(document) {
        // Nothing can be checked in a config of another version.
        checker.found.clear();
        checker.report("version", Code::E003, format!("version {version} is not supported"), "1");
        return Err(Diagnostics::of(Vec::new(), checker.found, 0));
    }
    // If mistakes of form alone are too many to list, what was read is not complete enough to say
    // more about it.
    let raw = raw.filter(|_| checker.unlisted == 0);
    let config = raw.map(|raw| checker.config(raw, fingerprint));
    let secrets = checker.secrets();
    match config.filter(|_| checker.found.is_empty() && secrets.is_empty()) {
        Some(config) => Ok(config),
        None => Err(Diagnostics::of(secrets, checker.found, checker.unlisted)),
    }
}

fn other_version(document: &Value) -> Option<u64> {
    document.get("version")?.as_u64().filter(|version| *version != VERSION)
}

/// The path of a key of the table at `path`. A call is less code than a `format!` each time.
fn under(path: &str, key: &str) -> String {
    [path, ".", key].concat()
}

/// The path of an item of the list at `path`.
fn item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// Where standbys are promoted, their monitors tell the lag that the gate reads, unless they expect
/// one at the place of their own: reads and the way back go by it, too.
fn tell_lags(config: &mut Config) {
    let promoting = config.services.values().filter_map(|service| {
        let pointer = service.failover.promote.as_ref()?.lag_pointer.clone();
        Some((config.leaves(&service.monitor), pointer))
    });
    for (leaves, pointer) in promoting.collect::<Vec<_>>() {
        for leaf in leaves {
            if let Some(monitor) = config.monitors.get_mut(&leaf) {
                monitor.lag_pointer.get_or_insert_with(|| pointer.clone());
            }
        }
    }
}

fn guards(raw: &RawGuards) -> Guards {
    Guards {
        halted: raw.halted,
        hold_down_ms: u64::from(raw.hold_down_s.get()) * SECOND,
        changes_per_hour: raw.changes_per_hour.get(),
        regions_away: raw.regions_away.map(Within::get),
        zone_percent: raw.zone_percent.get(),
    }
}

/// A failure counts as long as the operator says, and at least until it is confirmed: time in which
/// the observer was busy with other targets must not clear an origin.
fn lasting_ms(monitor: &Monitor, estate: &Estate) -> Millis {
    monitor.window_ms.max(estate.detection(monitor).confirming_ms())
}

impl Checker<'_> {
    fn config(&mut self, raw: &Raw, fingerprint: Fingerprint) -> Config {
        let regions = self.regions(&raw.regions);
        let areas = self.areas(&raw.areas.names);
        let (monitors, composites) = self.monitors(&raw.monitors, areas.len());
        let sets = self.own_sets(&raw.sets);
        let names = allow::Nameable { sets: &sets, regions: &regions };
        let residency = self.rules(&raw.residency, names);
        let tenants = self.tenants(&raw.tenants, names);
        let known = known::Known {
            regions: &regions,
            monitors: &monitors,
            composites: &composites,
            rules: &residency,
            tenants: &tenants,
        };
        let services = self.services(&raw.services, &known);
        let overrides = self.overrides(&raw.overrides, &regions);
        let alerts = self.alerts(&raw.alerts, &services);
        let watchdog = self.watchdog(&raw.watchdog, &alerts);
        let drills = self.drills(&raw.drills, &services);
        let mut config = Config {
            fingerprint,
            monitors,
            composites,
            services,
            residency,
            sets,
            tenants,
            tenant_countries: residency::countries_of(&raw.tenants),
            overrides,
            controls: self.controls(&raw.observer.controls),
            accepted: self.acceptances(&raw.check.accept),
            areas,
            alerts,
            watchdog,
            otlp: raw.otlp.as_ref().map(|otlp| self.otlp(otlp)),
            drills,
            blocked: self.blocked(&raw.blocked),
            admin: raw.admin.as_ref().map(|admin| self.admin(admin)),
            probes_per_run: raw.limits.probes_per_run.get(),
            guards: guards(&raw.guards),
            api_calls_per_pass: raw.limits.api_calls_per_pass.get(),
            api_calls_per_5_min: raw.limits.api_calls_per_5_min.get(),
            compare_every_ms: u64::from(raw.limits.compare_every_s.get()) * SECOND,
            kv_writes_per_day: raw.limits.kv_writes_per_day.get(),
            regions,
        };
        tell_lags(&mut config);
        let estate = Estate::of(&config);
        for monitor in config.monitors.values_mut() {
            monitor.window_ms = lasting_ms(monitor, &estate);
        }
        self.whole(raw, &config);
        self.recovery_times(raw, &config, &estate);
        config
    }

    /// Whether no more mistakes are kept. What compares each entry with all others, or looks for
    /// the nearest name, ends then.
    fn is_full(&self) -> bool {
        self.found.len() >= DIAGNOSTICS_LISTED_MAX
    }

    #[cfg_attr(test, track_caller)]
    fn report(
        &mut self,
        path: impl Into<String>,
        code: Code,
        problem: impl Into<String>,
        allowed: &str,
    ) {
        self.report_with(path.into(), code, problem.into(), allowed.to_owned(), None);
    }

    #[cfg_attr(test, track_caller)]
    fn report_with(
        &mut self,
        path: String,
        code: Code,
        problem: String,
        allowed: String,
        hint: Option<String>,
    ) {
        #[cfg(test)]
        tests::reached();
        if self.is_full() {
            self.unlisted += 1;
            return;
        }
        let path = self.lost.as_written(path);
        self.found.push(Diagnostic { path, code, problem, allowed, hint });
    }

    /// Reports a name that refers to nothing, unless it refers to an entry with mistakes.
    #[cfg_attr(test, track_caller)]
    fn unknown<'k>(
        &mut self,
        path: &str,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'k str>,
    ) {
        self.unknown_among(path, what, name, &known.collect::<Vec<_>>());
    }

    #[cfg_attr(test, track_caller)]
    fn unknown_among(&mut self, path: &str, what: &str, name: &str, known: &[&str]) {
        if self.broken.contains(name) {
            return;
        }
        let near = nearest(name, known.iter().copied().filter(|_| !self.is_full()));
        let hint = near.map(|near| format!("write `{near}`"));
        let mut allowed = known.get(..NAMES_SHOWN_MAX).unwrap_or(known).join(", ");
        if known.len() > NAMES_SHOWN_MAX {
            allowed.push_str(", …");
        }
        let problem = format!("`{name}` is not {what}");
        self.report_with(path.to_owned(), Code::E006, problem, allowed, hint);
    }

    #[cfg_attr(test, track_caller)]
    fn twice(&mut self, path: String, name: &str) {
        self.report(path, Code::E005, format!("`{name}` is listed twice"), "each entry once");
    }

    #[cfg_attr(test, track_caller)]
    fn at_most(&mut self, path: &str, len: usize, max: usize) {
        if len > max {
            self.report(
                path,
                Code::E004,
                format!("there are {len} entries"),
                &format!("at most {max}"),
            );
        }
    }

    /// The entries with their indexes, up to `max`; more are a mistake, and are not looked at.
    /// Each entry is compared with those before it, so an endless list would take for ever.
    fn bounded<'e, T>(
        &mut self,
        path: &str,
        entries: &'e [T],
        max: usize,
    ) -> impl Iterator<Item = (usize, &'e T)> + use<'e, T> {
        self.at_most(path, entries.len(), max);
        entries.iter().take(max).enumerate()
    }

    #[cfg_attr(test, track_caller)]
    fn not_empty(&mut self, path: &str, len: usize) {
        if len == 0 && !self.lost.is_from(path) {
            self.report(path, Code::E004, "this is empty", "at least one entry");
        }
    }

    /// Whether a mistake was found at this path or below it so far.
    fn has_mistake(&self, path: &str) -> bool {
        let path = self.lost.as_written(path.to_owned());
        self.found.iter().any(|found| is_at_or_below(&found.path, &path))
    }

    /// Whether the author wrote this key, for keys that have a default.
    fn is_written(&self, path: &str) -> bool {
        let pointer = format!("/{}", path.replace('.', "/"));
        self.document.pointer(&pointer).is_some_and(|value| !value.is_null())
    }

    /// A full DNS name in lower case, or a report.
    fn dns_name(&mut self, path: &str, text: &str) -> Option<String> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_v6 = name.parse::<std::net::Ipv6Addr>().is_ok();
        let is_address = is_v6 || numeric(&name).is_some();
        if name.contains('.') && url::is_dns_name(&name) && !is_address {
            return Some(name);
        }
        let (problem, allowed) = if is_address {
            (
                format!("`{text}` is read as an IP address"),
                "a full DNS name, such as `www.example.com`",
            )
        } else {
            (
                format!("`{text}` is not a full DNS name"),
                "a full DNS name such as `www.example.com`, in Punycode if it is not ASCII",
            )
        };
        self.report(path, Code::E009, problem, allowed);
        None
    }

    /// A host that clients use: a DNS name, or one with `*` for its first label.
    fn host(&mut self, path: &str, text: &str) -> Option<String> {
        match text.strip_prefix("*.") {
            Some(parent) => self.dns_name(path, parent).map(|parent| format!("*.{parent}")),
            None => self.dns_name(path, text),
        }
    }

    /// A record's or balancer's name and zone, both full DNS names, or a report.
    pub(super) fn name_in_zone(
        &mut self,
        path: &str,
        name: &str,
        zone: &str,
    ) -> Option<(String, String)> {
        if name.starts_with("*.") {
            let problem =
                format!("`{name}` is a wildcard, and an object is published for one name");
            let allowed = "one full name, such as `www.example.com`, in each entry of `publish`";
            self.report(under(path, "name"), Code::E009, problem, allowed);
            return None;
        }
        let zone = self.dns_name(&under(path, "zone"), zone)?;
        let name = self.dns_name(&under(path, "name"), name)?;
        if name != zone && !name.ends_with(&format!(".{zone}")) {
            let problem = format!("`{name}` is not in the zone `{zone}`");
            self.report(under(path, "name"), Code::E009, problem, "a name inside the zone");
        }
        Some((name, zone))
    }
}
