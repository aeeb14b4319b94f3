//! Cloudflare's own monitors, matched to ours as far as possible: they check neither JSON nor
//! response headers, and count in whole seconds. They repeat a check that had no answer in time;
//! ours repeats any other failure.

use super::DesiredMonitor;
use crate::cloudflare::marker;
use crate::cloudflare::observed::MonitorFields;
use crate::config::{
    Config, Monitor, MonitorKind, Origin, PoolTarget, ProbeHeader, ProbeScheme, Service,
    StatusRange,
};
use crate::ordered::Map;
use crate::time::{Millis, SECOND};
use crate::view::ServiceStanding;

/// Cloudflare's bounds on the interval. The lowest depends on the plan, which the API enforces.
/// Source: developers.cloudflare.com/load-balancing/reference/limitations.
const INTERVAL_S: (u64, u64) = (10, 3_600);
/// What the API calls the method of a monitor that only connects.
const CONNECTION: &str = "connection_established";
/// Status codes in one class.
const CLASS: u16 = 100;

/// The monitor of a pool, if the config asks for one.
#[derive(Default)]
pub(super) struct PoolMonitor {
    pub(super) wanted: Option<DesiredMonitor>,
    /// Why it cannot have one, in words.
    pub(super) refused: Option<String>,
}

/// The monitor of a pool. One of Cloudflare's monitors checks one port by one scheme, so origins
/// that differ in these cannot share a pool's monitor: it would pass or fail on the wrong server.
pub(super) fn monitor(
    config: &Config,
    standing: &ServiceStanding<'_>,
    target: &PoolTarget,
) -> PoolMonitor {
    let service = standing.service;
    let monitor = config.monitors.get(&service.monitor).filter(|_| target.monitor);
    let origins = standing.regions_of(&target.regions).flat_map(|region| &region.origins);
    let mut origins = origins.map(|origin| origin.origin);
    let (Some(monitor), Some(first)) = (monitor, origins.next()) else {
        return PoolMonitor::default();
    };
    let differs = |other: &&Origin| where_checked(monitor, other) != where_checked(monitor, first);
    if let Some(other) = origins.find(differs) {
        let refused = format!(
            "a monitor of Cloudflare's checks one port by one scheme, and its origins have several \
             (`{}`, `{}`); publish a pool for each, or leave `monitor` out",
            first.url, other.url
        );
        return PoolMonitor { wanted: None, refused: Some(refused) };
    }
    let told = first.told_by(service);
    let name = name(service, monitor, first, told);
    let fields = fields(monitor, first, told);
    let wanted = DesiredMonitor { account: target.account.clone(), name, fields };
    PoolMonitor { wanted: Some(wanted), refused: None }
}

/// The scheme and port of an origin's checks.
fn where_checked(monitor: &Monitor, origin: &Origin) -> (ProbeScheme, u16) {
    (monitor.scheme_at(origin), monitor.port_at(origin))
}

/// The marker of the monitor for an origin. Cloudflare's monitors have one scheme, port and `Host`,
/// so pools that differ in these get separate monitors.
fn name(service: &Service, monitor: &Monitor, origin: &Origin, told: Option<&str>) -> String {
    let scheme = match (monitor.asking.kind, monitor.scheme_at(origin)) {
        (MonitorKind::Http, ProbeScheme::Http) => ":http",
        (MonitorKind::Http, ProbeScheme::Https) | (MonitorKind::Tcp, _) => "",
    };
    let port = port(monitor, origin).map(|port| format!(":{port}")).unwrap_or_default();
    let told = told.map(|host| format!(":{host}")).unwrap_or_default();
    [&marker::of_monitor(&service.monitor), scheme, &port, &told].concat()
}

/// The port that the API is told. Without HTTP there is no default.
fn port(monitor: &Monitor, origin: &Origin) -> Option<u16> {
    match monitor.asking.kind {
        MonitorKind::Http => monitor.written_port_at(origin),
        MonitorKind::Tcp => Some(monitor.port_at(origin)),
    }
}

/// The headers of its checks. Secrets do not leave the Worker, so none of them is there; the config
/// refuses such a monitor for a pool.
fn header(monitor: &Monitor, told: Option<&str>) -> Option<Map<String, Vec<String>>> {
    let texts = monitor.asking.request.headers.iter().filter_map(|(name, value)| match value {
        ProbeHeader::Text(text) => Some((name.as_str(), text.as_str())),
        ProbeHeader::Secret(_) => None,
    });
    let all = told.map(|host| ("Host", host)).into_iter().chain(texts);
    let all: Vec<_> = all.map(|(name, text)| (name.to_owned(), vec![text.to_owned()])).collect();
    (!all.is_empty()).then(|| all.into_iter().collect())
}

fn fields(monitor: &Monitor, origin: &Origin, told: Option<&str>) -> MonitorFields {
    let asking = &monitor.asking;
    let is_http = asking.kind == MonitorKind::Http;
    let mut codes = Vec::new();
    for range in monitor.expect.status.iter().filter(|_| is_http) {
        add_codes(&mut codes, *range);
    }
    let interval_s = whole_seconds(monitor.interval_ms).clamp(INTERVAL_S.0, INTERVAL_S.1);
    MonitorFields {
        kind: if is_http { monitor.scheme_at(origin).as_str() } else { "tcp" }.to_owned(),
        method: if is_http { asking.request.method.as_str() } else { CONNECTION }.to_owned(),
        path: monitor.path.clone(),
        port: port(monitor, origin).unwrap_or(0),
        interval: u32::try_from(interval_s).unwrap_or(u32::MAX),
        timeout: u32::try_from(whole_seconds(monitor.timeout_ms)).unwrap_or(u32::MAX),
        retries: asking.request.retries.into(),
        consecutive_up: monitor.rise.into(),
        consecutive_down: monitor.fall.into(),
        expected_codes: codes.join(","),
        expected_body: monitor.expect.body_contains.clone().unwrap_or_default(),
        follow_redirects: asking.request.redirects > 0,
        header: header(monitor, told),
    }
}

/// Writes a range as classes such as `2xx`, and as single codes where it covers a class in part:
/// the API has no other ranges.
fn add_codes(codes: &mut Vec<String>, range: StatusRange) {
    let (mut next, last) = range.bounds();
    while next <= last {
        let is_class = next % CLASS == 0 && next + CLASS <= last + 1;
        codes.push(if is_class { format!("{}xx", next / CLASS) } else { next.to_string() });
        next += if is_class { CLASS } else { 1 };
    }
}

fn whole_seconds(ms: Millis) -> u64 {
    ms.div_ceil(SECOND)
}
