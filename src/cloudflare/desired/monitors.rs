//! Cloudflare's own monitors, matched to ours as far as possible: they check neither JSON nor
//! response headers, and count in whole seconds.

use super::DesiredMonitor;
use crate::cloudflare::endpoint::Endpoint;
use crate::cloudflare::marker;
use crate::cloudflare::observed::MonitorFields;
use crate::config::{Config, Monitor, Origin, PoolTarget, Service, StatusRange};
use crate::ordered::Map;
use crate::time::{Millis, SECOND};
use crate::view::ServiceStanding;

/// Cloudflare's bounds on the interval. The lowest depends on the plan, which the API enforces.
/// Source: developers.cloudflare.com/load-balancing/reference/limitations.
const INTERVAL_S: (u64, u64) = (10, 3_600);
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
    if let Some(other) = origins.find(|other| where_checked(other) != where_checked(first)) {
        let refused = format!(
            "a monitor of Cloudflare's checks one port by one scheme, and its origins have several \
             (`{}`, `{}`); publish a pool for each, or leave `monitor` out",
            first.url, other.url
        );
        return PoolMonitor { wanted: None, refused: Some(refused) };
    }
    let told = first.told_by(service);
    let mut fields = fields(monitor, first.url.is_https(), first.url.port());
    fields.header = told.map(|host| Map::of([("Host".to_owned(), vec![host.to_owned()])]));
    let wanted =
        DesiredMonitor { account: target.account.clone(), name: name(service, first), fields };
    PoolMonitor { wanted: Some(wanted), refused: None }
}

/// The scheme and port of an origin's checks.
fn where_checked(origin: &Origin) -> (bool, u16) {
    (origin.url.is_https(), Endpoint::of(origin).real_port())
}

/// The marker of the monitor for an origin. Cloudflare's monitors have one scheme, port and `Host`,
/// so pools that differ in these get separate monitors.
fn name(service: &Service, origin: &Origin) -> String {
    let scheme = if origin.url.is_https() { "" } else { ":http" };
    let port = origin.url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let told = origin.told_by(service).map(|host| format!(":{host}")).unwrap_or_default();
    [&marker::of_monitor(&service.monitor), scheme, &port, &told].concat()
}

fn fields(monitor: &Monitor, is_https: bool, port: Option<u16>) -> MonitorFields {
    let mut codes = Vec::new();
    for range in &monitor.expect.status {
        add_codes(&mut codes, *range);
    }
    let interval_s = whole_seconds(monitor.interval_ms).clamp(INTERVAL_S.0, INTERVAL_S.1);
    MonitorFields {
        kind: if is_https { "https" } else { "http" }.to_owned(),
        method: "GET".to_owned(),
        path: monitor.path.clone(),
        port: port.unwrap_or(0),
        interval: u32::try_from(interval_s).unwrap_or(u32::MAX),
        timeout: u32::try_from(whole_seconds(monitor.timeout_ms)).unwrap_or(u32::MAX),
        // `consecutive_down` counts failures already; an immediate retry would add another count.
        retries: 0,
        consecutive_up: monitor.rise.into(),
        consecutive_down: monitor.fall.into(),
        expected_codes: codes.join(","),
        expected_body: monitor.expect.body_contains.clone().unwrap_or_default(),
        follow_redirects: false,
        header: None,
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
