//! How long recovery takes at most, beside what is promised: `pointsman check` prints it for each
//! service that promises a time.
//!
//! One number would not be true for all clients. New look-ups follow within the worst case that the
//! contract is held against. Programs with caches of their own follow later, and open connections
//! to a silent region last as long as their programs let them.

use super::text::count;
use crate::config::{Config, Estate, OPEN_CONNECTION_S, OWN_CACHE_S, RecoveryTime};
use crate::ids::ServiceId;
use crate::time::SECOND;
use serde::Serialize;
use std::fmt;

/// The recovery of each service that promises a time.
#[derive(Debug, Serialize)]
pub(super) struct RecoveryTimes(Vec<OfService>);

/// The recovery of one service.
#[derive(Debug, Serialize)]
struct OfService {
    service: ServiceId,
    /// What the strictest contract promises.
    rto_s: u64,
    /// The longest time until new clients are served elsewhere.
    new_clients_s: u64,
    detection_s: u64,
    own_steps_s: u64,
    /// Whether a person may be asked, for which there is no bound.
    asks_a_person: bool,
    fence_s: u64,
    gate_s: u64,
    promote_s: u64,
    decision_and_api_s: u64,
    live_ttl_s: u64,
    proxies_s: u64,
    /// How much later programs follow that keep addresses on their own; absent where no name moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_caches_s: Option<(u64, u64)>,
    /// How long an open connection to a silent region can hang; absent where no name moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_connections_s: Option<u64>,
    #[serde(skip)]
    words: String,
}

/// The recovery times of a config.
pub(super) fn recovery_times(config: &Config) -> RecoveryTimes {
    let estate = Estate::of(config);
    let of_service = |(id, service): (&ServiceId, &crate::config::Service)| {
        let of_whole = service.contract.and_then(|contract| contract.rto_ms);
        let of_parts = service.components.values().filter_map(|component| component.rto_ms);
        let rto_ms = of_whole.into_iter().chain(of_parts).min()?;
        Some(OfService::of(id, rto_ms, &RecoveryTime::of(config, &estate, service)?))
    };
    RecoveryTimes(config.services.iter().filter_map(of_service).collect())
}

impl OfService {
    fn of(id: &ServiceId, rto_ms: u64, worst: &RecoveryTime) -> Self {
        let seconds = |ms: u64| ms.div_ceil(SECOND);
        let detection_s = seconds(worst.detection.total_ms());
        let moves = worst.moves_a_name();
        Self {
            service: id.clone(),
            rto_s: rto_ms / SECOND,
            new_clients_s: seconds(worst.total_ms()),
            detection_s,
            own_steps_s: seconds(worst.steps_ms),
            asks_a_person: worst.asks,
            fence_s: seconds(worst.fence_ms),
            gate_s: seconds(worst.gate_ms),
            promote_s: seconds(worst.promote_ms),
            decision_and_api_s: seconds(worst.actuation_ms),
            live_ttl_s: seconds(worst.ttl_ms),
            proxies_s: seconds(worst.kv_ms),
            own_caches_s: moves.then_some(OWN_CACHE_S),
            open_connections_s: moves.then_some(OPEN_CONNECTION_S),
            words: worst.words(&format!("{detection_s} s")),
        }
    }
}

impl RecoveryTimes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for RecoveryTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "recovery times: {} with a contract", count(self.0.len(), "service"))?;
        for it in &self.0 {
            writeln!(f, "  {}: RTO {} s", it.service, it.rto_s)?;
            writeln!(f, "    new clients: at most {} s: {}", it.new_clients_s, it.words)?;
            if it.asks_a_person {
                writeln!(
                    f,
                    "    a person may be asked first: that has no bound, and is not in it"
                )?;
            }
            let (Some((least, most)), Some(open_s)) = (it.own_caches_s, it.open_connections_s)
            else {
                writeln!(f, "    no name moves: clients stay connected to the proxy")?;
                continue;
            };
            writeln!(
                f,
                "    programs with caches of their own: {least} to {most} s later, whatever the \
                 TTL"
            )?;
            writeln!(
                f,
                "    open connections to a silent region: until the client's own time-out, up to \
                 about {} min",
                open_s / 60
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::config_text;
    use serde_json::{Value, json};

    fn times(change: impl FnOnce(&mut Value)) -> RecoveryTimes {
        let mut config: Value = serde_json::from_str(&config_text()).unwrap();
        config["services"]["files"]["contract"] = json!({"rto_s": 600});
        config["services"]["api"]["contract"] = json!({"components": {
            "front": {"kind": "api", "rto_s": 900},
            "search": {"kind": "api", "rto_s": 700},
        }});
        change(&mut config["services"]);
        recovery_times(&Config::parse(&config.to_string()).unwrap())
    }

    #[test]
    fn what_clients_do_when_a_name_moves_is_told_beside_the_worst_case() {
        let told = times(|_| ()).to_string();
        for line in [
            "recovery times: 2 services with a contract",
            "  api: RTO 700 s",
            "    no name moves: clients stay connected to the proxy",
            "  files: RTO 600 s",
            "decision and API 12 s, spread to clients 60 s",
            "    programs with caches of their own: 10 to 60 s later, whatever the TTL",
            "    open connections to a silent region: until the client's own time-out, up to about \
             15 min",
        ] {
            assert!(told.contains(line), "{line}\n{told}");
        }
    }

    #[test]
    fn the_steps_of_a_promotion_are_part_of_the_worst_case() {
        let of_files = |times: &RecoveryTimes| {
            let it = times.0.iter().find(|it| it.service.as_str() == "files").unwrap();
            (it.new_clients_s, it.fence_s + it.gate_s + it.promote_s, it.words.clone())
        };
        let (without, none, words) = of_files(&times(|_| ()));
        assert_eq!(none, 0);
        assert!(!words.contains("promotion"), "{words}");
        let (with, promotion, words) = of_files(&times(|services| {
            services["files"]["writes"] = "primary".into();
            services["files"]["failover"] = json!({"promote": {
                "url": "https://ops.example.org/promote",
                "timeout_s": 30,
                "unknown": "ask",
                "fence": {"url": "https://ops.example.org/fence", "timeout_s": 20},
            }});
            services["files"]["contract"] = json!({"rto_s": 900});
        }));
        assert_eq!(with, without + promotion);
        assert!(promotion > 50, "the gate takes its time too");
        // What is begun in the last moment may take ten seconds more.
        assert!(words.contains("(fence 30, gate"), "{words}");
    }

    #[test]
    fn own_steps_are_part_of_the_worst_case_and_a_person_who_is_asked_is_not() {
        let change = |services: &mut Value| {
            services["files"]["writes"] = "primary".into();
            services["files"]["failover"] = json!({
                "promote": {
                    "url": "https://ops.example.org/promote", "unknown": "ask",
                    "fence": {"url": "https://ops.example.org/fence"},
                },
                "steps": [{"name": "scale", "url": "https://ops.example.org/s", "timeout_s": 90}],
            });
            services["files"]["contract"] = json!({"rto_s": 900});
        };
        let told = times(change).to_string();
        assert!(told.contains("own steps 100 s, promotion"), "{told}");
        assert!(told.contains("a person may be asked first: that has no bound"), "{told}");
        assert!(!times(|_| ()).to_string().contains("a person"));
    }
}
