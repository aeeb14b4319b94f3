//! Random wishes over random accounts.

use super::model::Account;
use super::*;
use crate::cloudflare::desired::{DesiredBalancer, DesiredMonitor, Jurisdiction};
use crate::cloudflare::endpoint::Endpoint;
use crate::cloudflare::marker;
use crate::cloudflare::observed::Weight;
use crate::ids::MonitorId;
use crate::json;
use proptest::prelude::*;
use proptest::sample::select;

/// What is wanted, what there is, and what is held.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) desired: Desired,
    pub(super) account: Account,
    pub(super) holds: Set<Hold>,
}

const ZONE_NAME: &str = "example.com";
const NAMES: [&str; 2] = ["files.example.com", "www.example.com"];
const BALANCER: &str = "lb.example.com";
pub(super) const OURS: &str = "pointsman:files";

fn monitor_name() -> String {
    marker::of_monitor(&MonitorId::parse("api").unwrap())
}

fn switch() -> impl Strategy<Value = Switch> {
    select(vec![Switch::Enable, Switch::Leave, Switch::Disable])
}

fn maybe(of: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::of(select(of))
}

/// A subset of some pools' names, in any order.
fn list(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of.to_vec(), 1..=of.len()).prop_shuffle()
}

prop_compose! {
    /// One record set over four addresses, two in each region.
    fn set(name: &'static str)(
        switches in proptest::collection::vec(proptest::option::weighted(0.8, switch()), 4),
        mode in select(vec![DnsMode::Failover, DnsMode::Members]),
        ttl_s in select(vec![60, 300]),
        proxied in proptest::option::of(any::<bool>()),
        (manage, adopt, manual) in any::<(bool, bool, bool)>(),
    ) -> DesiredRecords {
        let at = |index: usize| region(if index < 2 { "eu" } else { "us" });
        let members = switches.into_iter().enumerate().filter_map(|(index, switch)| {
            let member = RecordMember { switch: switch?, region: at(index) };
            Some((format!("192.0.2.{index}"), member))
        });
        let permitted: Map<String, RecordMember> = members.collect();
        let contents = |of: &RegionId, up: bool| -> Set<String> {
            let fit = permitted.iter().filter(|(_, member)| {
                member.region == *of && (!up || member.switch == Switch::Enable)
            });
            fit.map(|(content, _)| content.clone()).collect()
        };
        let first = |up: bool| {
            let all = ["eu", "us"].map(|id| (region(id), contents(&region(id), up)));
            all.into_iter().find(|(_, contents)| !contents.is_empty())
        };
        DesiredRecords {
            is_guarded: true,
            regions: Vec::new(),
            zone: ZONE_NAME.to_owned(),
            name: name.to_owned(),
            kind: RecordKind::A,
            service: service("files"),
            mode,
            ttl_s,
            proxied,
            manage,
            adopt,
            answer: first(true).filter(|_| !manual),
            refuge: first(false),
            permitted,
            manual,
            follows: None,
            returning: Set::new(),
        }
    }
}

/// Records of one name, ours and others'. The API has no two that are the same.
fn rows(name: &'static str) -> impl Strategy<Value = Vec<Value>> {
    let comments = maybe(&[OURS, OURS, "pointsman:files since May", "by hand", "pointsman:other"]);
    let kinds = select(vec!["A", "A", "A", "TXT"]);
    let one = (0..7_u8, comments, any::<bool>(), select(vec![60, 300, 3_600]), kinds);
    proptest::collection::vec(one, 0..5).prop_map(move |rows| {
        let mut seen = Set::new();
        let mut made = Vec::new();
        for (index, (number, comment, proxied, ttl, kind)) in rows.into_iter().enumerate() {
            let is_ours = comment.is_some_and(|comment| comment.starts_with(OURS));
            let network = if is_ours && kind == "A" { "192.0.2" } else { "198.51.100" };
            let content = format!("{network}.{number}");
            if seen.insert((kind, content.clone())) {
                made.push(json!({
                    "id": format!("{name}-{index}"), "name": name, "type": kind,
                    "content": content, "proxied": proxied, "comment": comment,
                    "ttl": if proxied { 1 } else { ttl }, "tags": ["theirs"],
                }));
            }
        }
        made
    })
}

prop_compose! {
    fn wanted_pool(name: &'static str)(
        switches in proptest::collection::vec(proptest::option::weighted(0.8, switch()), 2),
        weight in proptest::option::of(select(vec![0, 33, 100])),
        switched in select(vec![PoolSwitch::Origins, PoolSwitch::Origins, PoolSwitch::Pool]),
        (manage, monitor) in any::<(bool, bool)>(),
    ) -> DesiredPool {
        let origins = switches.into_iter().enumerate().filter_map(|(index, switch)| {
            let at = format!("{name}{index}.example.com");
            let member = PoolMember {
                switch: switch?,
                region: region(name),
                endpoint: Endpoint::at(&at),
                id: OriginId::parse(&format!("{name}-{index}")).unwrap(),
                weight: weight.map(Weight::of_hundredths),
                host_header: None,
            };
            Some((at, member))
        });
        DesiredPool {
            account: "acc".to_owned(),
            name: name.to_owned(),
            service: service("files"),
            origins: origins.collect(),
            is_whole: manage,
            switched,
            monitor: monitor.then(monitor_name),
            unmonitored: None,
            manage,
        }
    }
}

fn origin(address: String) -> impl Strategy<Value = Option<Value>> {
    let enabled = proptest::option::of(any::<bool>());
    let weight = proptest::option::of(select(vec![0.0, 0.333, 1.0]));
    let made = (enabled, weight, any::<bool>()).prop_map(move |(enabled, weight, loud)| {
        let written = if loud { address.to_uppercase() } else { address.clone() };
        let mut origin = json!({"address": written, "header": {"Host": ["kept"]}, "port": 0});
        if let Some(enabled) = enabled {
            origin["enabled"] = json!(enabled);
        }
        if enabled == Some(false) {
            origin["disabled_at"] = json!("2026-08-01T00:00:00Z");
        }
        if let Some(weight) = weight {
            origin["weight"] = json!(weight);
        }
        origin
    });
    proptest::option::weighted(0.8, made)
}

prop_compose! {
    fn seen_pool(name: &'static str)(
        origins in [
            origin(format!("{name}0.example.com")),
            origin(format!("{name}1.example.com")),
            origin("stranger.example.net".to_owned()),
        ],
        description in maybe(&[OURS, OURS, "by hand", "pointsman:other"]),
        enabled in proptest::option::of(proptest::bool::weighted(0.7)),
        monitor in maybe(&["m-ours", "m-theirs"]),
    ) -> Value {
        let origins: Vec<Value> = origins.into_iter().flatten().collect();
        let mut pool = json!({
            "id": format!("p-{name}"), "name": name, "description": description,
            "monitor": monitor, "origins": origins, "minimum_origins": 1,
            "notification_email": "x@example.com",
        });
        if let Some(enabled) = enabled {
            pool["enabled"] = json!(enabled);
        }
        if enabled == Some(false) {
            pool["disabled_at"] = json!("2026-08-01T00:00:00Z");
        }
        pool
    }
}

const POOL_NAMES: &[&str] = &["eu", "us"];
const POOL_IDS: &[&str] = &["p-eu", "p-us", "p-gone"];

fn pools_by_location(of: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let lists = proptest::collection::btree_map(select(vec!["BR", "DE", "US"]), list(of), 0..3);
    lists.prop_map(|lists| json!(lists))
}

prop_compose! {
    fn lists()(
        default in list(POOL_NAMES),
        countries in pools_by_location(POOL_NAMES),
        policy in select(vec!["off", "geo", "random"]),
        weights in proptest::option::of(select(vec![0.1, 1.0])),
        affinity in maybe(&["none", "cookie"]),
        proxied in proptest::option::of(any::<bool>()),
    ) -> Value {
        let steering = weights
            .map(|weight| json!({"default_weight": 1, "pool_weights": {"eu": weight, "us": 1}}));
        json!({
            "default_pools": default, "fallback_pool": default[0], "country_pools": countries,
            "region_pools": {}, "pop_pools": {}, "pool_sets": [], "steering_policy": policy,
            "random_steering": steering, "session_affinity": affinity, "proxied": proxied,
        })
    }
}

fn wanted_balancer() -> impl Strategy<Value = DesiredBalancer> {
    let down = proptest::sample::subsequence(POOL_NAMES.to_vec(), 0..=2);
    let fields = proptest::option::weighted(0.9, lists());
    (fields, down, any::<(bool, bool, bool)>()).prop_map(
        |(fields, down, (guarded, manage, manual))| DesiredBalancer {
            zone: ZONE_NAME.to_owned(),
            name: BALANCER.to_owned(),
            service: service("files"),
            account: "acc".to_owned(),
            pools: Map::of(POOL_NAMES.iter().map(|name| ((*name).to_owned(), vec![region(name)]))),
            down: down.into_iter().map(str::to_owned).collect(),
            is_guarded: guarded,
            fields: fields.map(|fields| json::read(&fields.to_string()).unwrap()),
            manage,
            manual,
        },
    )
}

/// A balancer with the API's defaults left out, null or spelt out.
fn seen_balancer() -> impl Strategy<Value = Value> {
    let spelt = |values: Vec<Value>| proptest::option::of(select(values));
    let fields = (
        list(POOL_IDS),
        proptest::option::of(pools_by_location(POOL_IDS)),
        spelt(vec![json!(""), json!("off"), json!("geo")]),
        spelt(vec![Value::Null, json!({"default_weight": 1, "pool_weights": {"p-eu": 0.1}})]),
        spelt(vec![Value::Null, json!(""), json!("cookie")]),
        spelt(vec![Value::Null, json!(true), json!(false)]),
        spelt(vec![Value::Null, json!([]), json!([{"match": {"default": true}}])]),
        maybe(&[OURS, "by hand", "pointsman:other"]),
    );
    fields.prop_map(|(pools, countries, policy, steering, affinity, proxied, sets, description)| {
        let mut balancer = json!({
            "id": "b-lb", "name": BALANCER, "description": description, "default_pools": pools,
            "fallback_pool": pools[0], "enabled": false, "adaptive_routing": {"kept": true},
        });
        let optional = [
            ("country_pools", countries),
            ("steering_policy", policy),
            ("random_steering", steering),
            ("session_affinity", affinity),
            ("proxied", proxied),
            ("pool_sets", sets),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                balancer[key] = value;
            }
        }
        balancer
    })
}

fn seen_monitors() -> impl Strategy<Value = Vec<Value>> {
    let interval = select(vec![60, 300]);
    proptest::option::of(interval).prop_map(|interval| {
        let ours = interval.map(|interval| {
            json!({"id": "m-ours", "description": monitor_name(), "interval": interval,
                   "header": {"Host": ["kept"]}})
        });
        let theirs = json!({"id": "m-theirs", "description": "by hand", "type": "tcp"});
        ours.into_iter().chain([theirs]).collect()
    })
}

/// The holds that go with disabled origins and pools, of which a person disabled some.
fn holds_of(pools: &[Value]) -> Vec<Hold> {
    let hold = |pool: &Value, address: &Value| Hold {
        account: "acc".to_owned(),
        pool: pool["name"].as_str().unwrap().to_owned(),
        address: address.as_str().unwrap().to_owned(),
    };
    let of_pool = |pool: &Value| {
        let origins = pool["origins"].as_array().unwrap().clone();
        let off = origins.into_iter().filter(|origin| origin["enabled"] == json!(false));
        let whole = (pool["enabled"] == json!(false)).then(|| hold(pool, &json!("*")));
        off.map(|origin| hold(pool, &origin["address"])).chain(whole).collect::<Vec<_>>()
    };
    pools.iter().flat_map(of_pool).collect()
}

fn account() -> impl Strategy<Value = Account> {
    let records = [NAMES[0], NAMES[1], "others.example.com"].map(|name| rows(name).boxed());
    let pools = [Just("eu"), Just("us"), Just("theirs")].map(|name| {
        name.prop_flat_map(|name| proptest::option::weighted(0.8, seen_pool(name)).boxed())
    });
    let balancers = proptest::option::weighted(0.7, seen_balancer()).boxed();
    (records, pools, seen_monitors(), balancers).prop_map(|(records, pools, monitors, balancer)| {
        let foreign = json!({"id": "b-else", "name": "else.example.com", "default_pools": ["p-us"],
                             "fallback_pool": "p-us"});
        Account {
            records: records.concat(),
            pools: pools.into_iter().flatten().collect(),
            monitors,
            balancers: balancer.into_iter().chain([foreign]).collect(),
            ..Account::default()
        }
    })
}

fn desired() -> impl Strategy<Value = Desired> {
    let pools = (wanted_pool("eu").boxed(), wanted_pool("us").boxed());
    let parts = (
        set(NAMES[0]).boxed(),
        set(NAMES[1]).boxed(),
        pools,
        wanted_balancer().boxed(),
        any::<[bool; 4]>(),
    );
    parts.prop_map(
        |(files, www, (eu, us), balancer, [with_records, with_pools, with_lb, ruled])| {
            let pools = if with_pools { vec![eu, us] } else { Vec::new() };
            let all = pools.iter().flat_map(|pool: &DesiredPool| pool.origins.keys().cloned());
            let of_eu = pools.first().map(|pool| pool.origins.keys().cloned().collect());
            let of_rule = of_eu.filter(|_| ruled);
            let under = |under: Option<&str>, origins: Set<String>| Jurisdiction {
                service: service("files"),
                under: under.map(str::to_owned),
                origins,
            };
            let jurisdictions = [under(None, all.collect())]
                .into_iter()
                .chain(of_rule.map(|addresses| under(Some("rule `eu`"), addresses)))
                .collect();
            let monitor = DesiredMonitor {
                account: "acc".to_owned(),
                name: monitor_name(),
                fields: json::read("{}").unwrap(),
            };
            let is_monitored = pools.iter().any(|pool| pool.monitor.is_some());
            Desired {
                records: if with_records { vec![files, www] } else { Vec::new() },
                monitors: is_monitored.then_some(monitor).into_iter().collect(),
                balancers: (with_pools && with_lb).then_some(balancer).into_iter().collect(),
                pools,
                jurisdictions,
                ..Desired::default()
            }
        },
    )
}

pub(super) fn world() -> impl Strategy<Value = World> {
    (desired().boxed(), account().boxed()).prop_flat_map(|(desired, account)| {
        let holds = holds_of(&account.pools);
        let most = holds.len();
        let held = proptest::sample::subsequence(holds, 0..=most);
        held.prop_map(move |holds| World {
            desired: desired.clone(),
            account: account.clone(),
            holds: Set::of(holds),
        })
    })
}
