//! Well-known endpoints of failover managers that do not mean what they seem to.

use super::{AdviceCode, Adviser};
use crate::config::{Manager, Monitor};
use crate::ids::MonitorId;

/// Paths of Patroni that follow the lock of the leader, and not the server. Source: Patroni's REST
/// API, "Health check endpoints"; measured: 200 for 312 s in which every connection was refused.
const BY_LOCK: [&str; 7] = [
    "/primary",
    "/master",
    "/leader",
    "/read-write",
    "/read-only",
    "/readiness",
    "/standby-leader",
];
/// Units that Patroni reads in `lag`. Any other is no limit at all, in silence.
const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];

impl Adviser<'_> {
    pub(super) fn managers(&mut self) {
        let config = self.config;
        for (id, monitor) in &config.monitors {
            self.lag_limit(id, monitor);
        }
        for (id, service) in &config.services {
            let Some(follow) = &service.failover.follow else { continue };
            if follow.manager != Manager::Patroni {
                continue;
            }
            self.is_told_by_document(&follow.monitor);
            for leaf in config.leaves(&service.monitor) {
                self.looks_at_state(id.as_str(), &leaf);
            }
        }
    }

    /// A standby answers with 503 there, so its monitor is down for ever.
    fn is_told_by_document(&mut self, id: &MonitorId) {
        let Some(monitor) = self.config.monitors.get(id) else { return };
        let path = bare(&monitor.path);
        if path == "/" || BY_LOCK.contains(&path) {
            let problem = format!("`{path}` is 503 at every standby");
            let why = "its document is read all the same, but the monitor is down there, and is \
                       probed less often";
            let hint = "ask `/patroni`, which is 200 everywhere and has the same document";
            let path = format!("monitors.{id}.path");
            self.advise_with(&path, AdviceCode::W154, problem, why, Some(hint));
        }
    }

    /// Whether a status stands for a server that takes connections.
    fn looks_at_state(&mut self, service: &str, id: &MonitorId) {
        let Some(monitor) = self.config.monitors.get(id) else { return };
        let path = bare(&monitor.path);
        let looks = monitor.expect.json.iter().any(|(pointer, _)| pointer == "/state");
        if BY_LOCK.contains(&path) && !looks {
            let problem = format!("`{service}` goes by the status of `{path}`");
            let why = "it is 200 for whoever holds the lock, also while its server recovers from a \
                       crash and refuses every connection";
            let hint = "add `expect.json = { \"/state\" = \"running\" }`, or ask `/health`";
            let path = format!("monitors.{id}.path");
            self.advise_with(&path, AdviceCode::W154, problem, why, Some(hint));
        }
    }

    /// A limit that is not read, or that opens when its witness is lost.
    fn lag_limit(&mut self, id: &MonitorId, monitor: &Monitor) {
        let Some((path, query)) = monitor.path.split_once('?') else { return };
        if !["/replica", "/async", "/asynchronous", "/read-only"].contains(&path) {
            return;
        }
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            if !name.eq_ignore_ascii_case("lag") {
                continue;
            }
            let unit = value.trim_start_matches(|letter: char| letter.is_ascii_digit());
            let is_read = name == "lag" && (unit.is_empty() || UNITS.contains(&unit));
            let (problem, hint) = if is_read {
                (
                    format!("`{name}={value}` is no limit once Patroni has lost its store"),
                    "judge fields instead: `expect.json` on `/replication_state` and `/timeline`",
                )
            } else {
                let units = "write `lag` in small letters, in bytes, kB, MB, GB or TB";
                (format!("Patroni does not read `{name}={value}`, and sets no limit"), units)
            };
            let why = "a replica that is any distance behind passes";
            let path = format!("monitors.{id}.path");
            self.advise_with(&path, AdviceCode::W154, problem, why, Some(hint));
        }
    }
}

/// A path without its query.
fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
