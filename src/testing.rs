//! Small worlds for unit tests: one config of three regions, and a driver that feeds it probe
//! results. `virtual_time` plays whole minutes of cron runs.

pub(crate) mod estate;
pub(crate) mod virtual_time;

use crate::config::OverrideTo;
use crate::controller::Controller;
use crate::health::{FailureKind, FailureReason, Verdict};
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::journal::{Actor, Way};
use crate::order::{Act, Order};
use crate::target::Target;
use crate::tick::{ProbeResult, RoundReply, RoundRequest};
use crate::time::Timestamp;
use crate::view::{TargetStanding, View};

/// An account id.
pub(crate) const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

/// Three regions under one monitor and no controls; `files` publishes a CNAME and the pools follow
/// `api`.
pub(crate) fn config_text() -> String {
    let region = |country: &str, host: &str| {
        serde_json::json!({
            "country": country,
            "origins": [{"id": format!("{host}-1"), "url": format!("https://{host}.example.com")}],
        })
    };
    let pool = |name: &str| serde_json::json!({"pool": {"account": ACCOUNT, "name": name}});
    serde_json::json!({
        "version": 1,
        "regions": {
            "eu-west": region("IE", "eu"),
            "us-east": region("US", "us"),
            "sa-east": region("BR", "br"),
        },
        "monitors": {"api": {"path": "/health", "interval_s": 15, "timeout_ms": 1000}},
        "observer": {"controls": []},
        "services": {
            "api": {
                "hosts": ["api.example.com"],
                "monitor": "api",
                "regions": ["eu-west", "us-east", "sa-east"],
                "publish": [pool("eu"), pool("us"), pool("br")],
            },
            "files": {
                "monitor": "api",
                "regions": ["eu-west", "us-east"],
                "publish": [{"dns": {
                    "zone": "example.com", "name": "files.example.com", "type": "CNAME",
                }}],
            },
        },
        "residency": [{
            "id": "lgpd",
            "when": {"country": "BR", "host": "api.example.com"},
            "allow": ["BR"],
            "mode": "strict",
        }],
    })
    .to_string()
}

/// The target of an origin under the only monitor.
pub(crate) fn target(origin: &str) -> Target {
    let origin = OriginId::parse(origin).unwrap();
    Target { origin, monitor: MonitorId::parse("api").unwrap() }
}

/// What the only monitor observed of an origin.
pub(crate) fn observed<'a>(view: &View<'a>, origin: &str) -> TargetStanding<'a> {
    let Target { origin, monitor } = target(origin);
    view.target(&monitor, &origin)
}

/// A person with a token.
pub(crate) fn operator(name: &str) -> Actor {
    Actor { name: name.to_owned(), way: Way::Token }
}

/// An order of ann's that is in force from the beginning of time.
pub(crate) fn order(id: u64, act: Act, until: Option<Timestamp>) -> Order {
    Order {
        id,
        act,
        who: operator("ann"),
        reason: "maintenance".to_owned(),
        at: Timestamp::default(),
        from: Timestamp::default(),
        until,
        has_begun: true,
        begins_plan: false,
    }
}

/// The act that sets one origin to something.
pub(crate) fn set_origin(origin: &str, set: OverrideTo) -> Act {
    Act::Override { origin: OriginId::parse(origin).ok(), region: None, set }
}

/// The act that drains a region, for one service or for all.
pub(crate) fn drain(region: &str, service: Option<&str>) -> Act {
    let service = service.map(|id| ServiceId::parse(id).unwrap());
    Act::Drain { region: RegionId::parse(region).unwrap(), service }
}

/// A pass.
pub(crate) fn pass() -> Verdict {
    Verdict::Pass { latency_ms: 20, lag_s: None }
}

/// A failure.
pub(crate) fn fail() -> Verdict {
    Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) }
}

/// Plays one cron run against a controller: every probe of an origin in `down` fails, every other
/// one passes. Returns the times, since the run began, at which a round of probes was made.
pub(crate) fn run(controller: &mut Controller, start: u64, down: &[&str]) -> Vec<u64> {
    let mut request =
        RoundRequest::first(Timestamp::from_millis(start), Timestamp::from_millis(start));
    let mut made = Vec::new();
    while let RoundReply::Probe { wait_ms, probes, .. } = controller.round(&request).reply {
        let now = request.now.plus(wait_ms);
        made.push(now.millis() - start);
        let verdict = |id: &str| if down.contains(&id) { fail() } else { pass() };
        request.results = probes
            .iter()
            .map(|probe| ProbeResult {
                fields: Vec::new(),
                target: probe.target.clone(),
                at: now.plus(10),
                verdict: verdict(probe.target.origin.as_str()),
                pushed_back_ms: None,
                took_ms: 0,
            })
            .collect();
        request.round += 1;
        request.now = now.plus(10);
    }
    made
}
