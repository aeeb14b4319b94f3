//! Random configs that are accepted, for what must hold under each of them.

use crate::config::Config;
use crate::steering::stable_hash::StableHash;
use crate::testing::virtual_time::region;
use serde_json::{Map, Value, json};

/// Numbers that look random and are the same for one seed.
pub(crate) struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// From `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.drawn += 1;
        let key = self.seed.wrapping_mul(1_000_003).wrapping_add(self.drawn);
        least + StableHash::of_number("chance", key).value() % (most - least + 1)
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.between(0, len as u64 - 1)).unwrap()
    }

    pub(crate) fn one_of(&mut self, of: &[u64]) -> u64 {
        of[self.index(of.len())]
    }

    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }
}

/// A random config: one to six regions, one to forty-five origins, one to three monitors, most
/// probes of a run from the least that suffices up. `None` if it is refused.
pub(crate) fn random(chance: &mut Chance) -> Option<Config> {
    let count = usize::try_from(chance.between(1, 6)).unwrap();
    let most = chance.one_of(&[1, 1, 2, 3, 7]);
    let regions: Map<String, Value> =
        (0..count).map(|at| region(at, chance.between(1, most))).collect();
    let monitor = |at: u64, chance: &mut Chance| {
        let interval_s = chance.one_of(&[5, 5, 10, 15, 15, 20, 30, 30, 60, 60, 90]);
        let timeout_ms = chance.one_of(&[250, 1_000, 2_000, 5_000, 5_000, 7_500, 10_000]);
        let monitor = json!({
            "path": format!("/m{at}"),
            "interval_s": interval_s,
            "down_interval_s": interval_s * chance.between(1, 3),
            "timeout_ms": timeout_ms,
            "fall": chance.one_of(&[1, 2, 3, 3, 3, 4, 5, 10]),
            "rise": chance.between(1, 3),
            "forgive": chance.between(1, 4),
            "window_s": chance.one_of(&[30, 60, 120, 120, 300, 900]),
        });
        (format!("m{at}"), monitor)
    };
    let several = chance.one_of(&[1, 1, 2, 3]);
    let mut monitors: Map<String, Value> = (0..several).map(|at| monitor(at, chance)).collect();
    let names: Vec<_> = regions.keys().cloned().collect();
    let service = |at: u64, chance: &mut Chance| {
        let mut of = names.clone();
        while of.len() > 1 && at > 0 && chance.percent(30) {
            of.remove(chance.index(of.len()));
        }
        let hosts = [format!("s{at}.example.net")];
        (format!("s{at}"), json!({"hosts": hosts, "monitor": format!("m{at}"), "regions": of}))
    };
    let mut services: Map<String, Value> = (0..several).map(|at| service(at, chance)).collect();
    if several > 1 && chance.percent(30) {
        monitors.insert("both".to_owned(), json!({"all": ["m0", "m1"]}));
        services["s0"]["monitor"] = json!("both");
    }
    let controls = ["https://one.example.org/", "https://two.example.org/"];
    let probes = chance.one_of(&[10, 20, 45, 45, 45, 50, 100, 500]);
    let config = json!({
        "version": 1,
        "regions": regions,
        "monitors": monitors,
        "services": services,
        "observer": {"controls": controls},
        "limits": {"probes_per_run": probes},
    });
    Config::parse(&config.to_string()).ok()
}
