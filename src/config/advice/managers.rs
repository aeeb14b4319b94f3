//! Well-known endpoints of failover managers that do not mean what they seem to.

use super::{AdviceCode, Adviser};
use crate::config::{CLUSTER_UNLOCKED, DCS_LAST_SEEN, Manager, Monitor};
use crate::ids::MonitorId;
use crate::ordered::{Map, Set};

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
/// Those of them that no other program is known for, and the documents that have its words.
const OF_PATRONI_ALONE: [&str; 5] =
    ["/primary", "/read-write", "/read-only", "/standby-leader", "/patroni"];
/// Fields that Patroni's documents have, and others have not.
const ITS_FIELDS: [&str; 4] = ["/patroni", DCS_LAST_SEEN, CLUSTER_UNLOCKED, "/replication_state"];
/// The port of Patroni's own. Source: its `restapi.listen`.
const ITS_PORT: u16 = 8008;
/// How many probes that hang at one Patroni make its other answers hang too.
const HANGS_FROM: usize = 5;
/// Paths that tell of the whole cluster, or of little more than that something listens, whichever
/// server is asked; with what is asked instead. Measured with Patroni 4.1.5 and `RabbitMQ` 3.10.
const OF_THE_CLUSTER: [(&str, Option<Manager>, &str); 6] = [
    ("/cluster", Some(Manager::Patroni), "ask `/patroni`, which tells of this server"),
    ("/history", Some(Manager::Patroni), "ask `/patroni`, which tells of this server"),
    ("/config", Some(Manager::Patroni), "ask `/patroni`, which tells of this server"),
    ("/api/overview", None, "ask `/api/nodes/<name>` of each node for its alarms and partitions"),
    (
        "/api/aliveness-test",
        None,
        "ask `/api/nodes/<name>` of each node for its alarms and partitions",
    ),
    (
        "/api/healthchecks",
        None,
        "ask `/api/nodes/<name>` of each node for its alarms and partitions",
    ),
];
/// Units that Patroni reads in `lag`. Any other is no limit at all, in silence.
const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];

impl Adviser<'_> {
    pub(super) fn managers(&mut self) {
        let config = self.config;
        for (id, monitor) in &config.monitors {
            self.lag_limit(id, monitor);
            self.of_the_cluster(id, monitor);
        }
        for (id, service) in &config.services {
            let follow = service.failover.follow.as_ref();
            let follow = follow.filter(|follow| follow.manager == Manager::Patroni);
            if let Some(follow) = follow {
                self.is_told_by_document(&follow.monitor);
            }
            for leaf in config.leaves(&service.monitor) {
                if follow.is_some() || self.is_patroni(&leaf) {
                    self.looks_at_state(id.as_str(), &leaf);
                }
            }
        }
        self.one_at_a_time();
    }

    /// Whether a monitor asks Patroni, by what it is called, asks and expects.
    fn is_patroni(&self, id: &MonitorId) -> bool {
        let Some(monitor) = self.config.monitors.get(id) else { return false };
        let mut services = self.config.services.values();
        let follows = services.any(|service| {
            let follow = service.failover.follow.as_ref();
            follow.is_some_and(|it| it.manager == Manager::Patroni && it.monitor == *id)
        });
        let mut expected = monitor.expect.json.iter();
        follows
            || id.as_str().contains("patroni")
            || monitor.asking.port == Some(ITS_PORT)
            || OF_PATRONI_ALONE.contains(&bare(&monitor.path))
            || expected.any(|(pointer, _)| ITS_FIELDS.contains(&pointer.as_str()))
            || self.addresses_of(id).any(|(_, port)| port == Some(ITS_PORT))
    }

    /// The host and the port of each origin that a monitor asks.
    fn addresses_of(&self, id: &MonitorId) -> impl Iterator<Item = (&str, Option<u16>)> {
        let asks = self.config.monitors.get(id).and_then(|monitor| monitor.asking.port);
        let targets = self.config.targets().filter(move |target| target.monitor == *id);
        targets.filter_map(move |target| {
            let (_, origin) = self.config.origin(&target.origin)?;
            Some((origin.url.host(), asks.or(origin.url.port())))
        })
    }

    /// Probes that hang use up what Patroni can do at once, and then `/liveness` hangs too.
    fn one_at_a_time(&mut self) {
        let config = self.config;
        let mut asked: Map<(String, Option<u16>), Vec<&MonitorId>> = Map::new();
        for id in config.monitors.keys().filter(|id| self.is_patroni(id)) {
            for (host, port) in self.addresses_of(id) {
                let at = (host.to_owned(), port);
                asked.insert_if_absent(at.clone(), Vec::new());
                asked.get_mut(&at).into_iter().for_each(|all| all.push(id));
            }
        }
        let areas = config.areas.len().max(1);
        let mut told = Set::new();
        for ((host, _), ids) in &asked {
            let Some(last) = ids.last() else { continue };
            let at_once = ids.len() * areas;
            if (ids.len() < 2 && at_once < HANGS_FROM) || !told.insert((*last).clone()) {
                continue;
            }
            let (monitors, from) = (ids.len(), plural(areas, "place"));
            let problem = format!(
                "the Patroni at `{host}` gets {at_once} probes at a time: {} from {from}",
                plural(monitors, "monitor")
            );
            let why = "five that hang make its `/liveness` hang too, so a slow store looks like a \
                       dead server";
            let hint =
                "ask one document, `/patroni`, by one monitor, and judge all its fields there";
            let path = format!("monitors.{last}");
            self.advise_with(&path, AdviceCode::W162, problem, why, Some(hint));
        }
    }

    /// A path that answers alike at every server.
    fn of_the_cluster(&mut self, id: &MonitorId, monitor: &Monitor) {
        let path = bare(&monitor.path);
        let is_it = |(known, manager, _): &&(&str, Option<Manager>, &str)| match manager {
            Some(_) => path == *known && self.is_patroni(id),
            None => path.strip_prefix(known).is_some_and(|it| it.is_empty() || it.starts_with('/')),
        };
        let Some((_, _, hint)) = OF_THE_CLUSTER.iter().find(is_it) else { return };
        let problem = format!("`{path}` does not tell of the server that is asked");
        let why = "it looks well while this server takes no writes, or is cut off from the others";
        let path = format!("monitors.{id}.path");
        self.advise_with(&path, AdviceCode::W163, problem, why, Some(hint));
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

fn plural(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

/// A path without its query.
fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
