//! The worlds of the matrix: what is published, and what others have in the account.

use crate::testing::ACCOUNT;
use serde_json::{Value, json};

/// Pools of [`World::Pools`].
pub(super) const POOLS: usize = 6;

/// What is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum World {
    /// A CNAME that names one region.
    Name,
    /// A set of addresses, one for each region that is up.
    Set,
    /// Both, whose changes are one batch.
    Both,
    /// Five names that each name one region.
    Five,
    /// Two pools with a monitor and a load balancer.
    Balancer,
    /// Six services with a pool each, over both regions.
    Pools,
}

impl World {
    /// The config, with the countries that a strict rule over all names permits.
    pub(super) fn config(self, allow: &[&str]) -> String {
        let region = |country: &str, host: &str, ipv4: &str| {
            let url = format!("https://{host}.example.com");
            json!({"country": country,
                   "origins": [{"id": format!("{host}-1"), "url": url, "ipv4": ipv4}]})
        };
        let service = |publish: Value| {
            json!({"monitor": "api", "regions": ["eu-west", "us-east"], "publish": publish,
                   "steering": "ordered"})
        };
        let dns = |name: &str, kind: &str, mode: &str| {
            json!({"dns": {"zone": "example.com", "name": format!("{name}.example.com"),
                           "type": kind, "mode": mode, "manage": true}})
        };
        let pool = |name: &str, region: &str| {
            json!({"pool": {"account": ACCOUNT, "name": name, "regions": [region],
                            "manage": true, "monitor": true}})
        };
        let mut services = json!({});
        if matches!(self, Self::Name | Self::Both) {
            services["www"] = service(json!([dns("www", "CNAME", "failover")]));
        }
        if matches!(self, Self::Set | Self::Both) {
            services["files"] = service(json!([dns("files", "A", "members")]));
        }
        if self == Self::Five {
            let names = ["a", "b", "c", "d", "e"];
            let names = names.map(|name| dns(name, "CNAME", "failover"));
            services["www"] = service(json!(names));
        }
        if self == Self::Balancer {
            let balancer = json!({"load_balancer": {"zone": "example.com",
                                  "name": "lb.example.com", "manage": true}});
            let publish = json!([pool("eu", "eu-west"), pool("us", "us-east"), balancer]);
            services["lb"] = service(publish);
        }
        if self == Self::Pools {
            for number in 0..POOLS {
                let pool = json!({"pool": {"account": ACCOUNT, "name": format!("p{number}"),
                                  "regions": ["eu-west", "us-east"], "manage": true}});
                services[format!("s{number}")] = service(json!([pool]));
            }
        }
        json!({
            "version": 1,
            "regions": {"eu-west": region("IE", "eu", "192.0.2.1"),
                        "us-east": region("US", "us", "192.0.2.2")},
            "monitors": {"api": {"path": "/health", "interval_s": 15, "timeout_ms": 1000,
                                 "damping": {"half_life_s": 0}}},
            "services": services,
            "residency": [{"id": "here", "when": {}, "allow": allow, "mode": "strict"}],
            "guards": {"hold_down_s": 0},
        })
        .to_string()
    }
}

/// What others have in the account.
pub(super) fn of_others() -> [Vec<Value>; 4] {
    [
        vec![
            json!({"id": "t-1", "name": "www.example.net", "type": "TXT", "content": "theirs",
                   "ttl": 60, "proxied": false, "comment": null, "tags": ["theirs"]}),
            json!({"id": "t-2", "name": "other.example.com", "type": "A", "ttl": 300,
                   "content": "192.0.2.1", "proxied": false, "comment": "pointsman:other"}),
        ],
        vec![json!({"id": "p-theirs", "name": "theirs", "enabled": false, "origins": [
            {"name": "x", "address": "eu.example.com", "enabled": true, "weight": 1}]})],
        vec![json!({"id": "m-theirs", "description": "by hand", "type": "tcp"})],
        vec![json!({"id": "b-theirs", "name": "else.example.com", "default_pools": ["p-theirs"],
                    "fallback_pool": "p-theirs"})],
    ]
}
