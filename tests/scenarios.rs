//! Scenarios in virtual time, as an operator plays them: the transcript, the report of each
//! incident, and what is expected of them.
//!
//! What is printed is kept under `tests/scenarios`, word for word. `POINTSMAN_UPDATE=1 cargo test
//! --test scenarios` writes it anew; read the difference before you commit it. A scenario that does
//! not hold what it expects fails in any case.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Plays a scenario under a config, both by their paths.
fn played(config: &str, scenario: &str) -> (String, Option<i32>) {
    let ended = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .args(["simulate", config, scenario])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(errors, "", "{scenario}");
    (String::from_utf8(ended.stdout).unwrap(), ended.status.code())
}

fn golden(name: &str, config: &str) {
    let scenario = format!("tests/scenarios/{name}.toml");
    let (shown, code) = played(&format!("tests/scenarios/{config}.config.toml"), &scenario);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/scenarios/{name}.out"));
    if env::var_os("POINTSMAN_UPDATE").is_some() {
        fs::write(&path, &shown).unwrap();
    }
    assert_eq!(code, Some(0), "{name} does not hold what it expects:\n{shown}");
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == expected, "{name} is\n{shown}\nand was\n{expected}");
}

/// One test for each scenario, with the config that it is played under.
macro_rules! scenarios {
    ($($test:ident: $name:literal under $config:literal,)*) => {
        $(#[test]
        fn $test() {
            golden($name, $config);
        })*

        #[test]
        fn every_scenario_is_played() {
            let played = BTreeSet::from([$($name.to_owned()),*]);
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
            let files = fs::read_dir(folder).unwrap();
            let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
            let scenarios = names.filter(|name| !name.ends_with(".config.toml"));
            let there = scenarios.filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()));
            assert_eq!(there.collect::<BTreeSet<_>>(), played);
        }
    };
}

scenarios! {
    a_region_is_lost: "region-outage" under "shop",
    a_region_is_slow: "gray-failure" under "shop",
    a_region_flaps: "flapping" under "shop",
    the_observer_is_cut_off: "observer-cut-off" under "shop",
    both_regions_are_lost: "both-regions-down" under "shop",
    the_api_asks_to_wait: "api-429" under "shop",
    cron_is_silent: "cron-silent" under "shop",
    corruption_is_declared: "corruption" under "shop",
    two_operators_act_at_once: "two-operators" under "shop",
    a_drill_moves_clients_and_a_real_outage_ends_one: "drill" under "shop",
    another_tool_moves_the_record: "other-owner" under "shop",
    a_standby_is_promoted: "promotion" under "database",
    a_standby_is_too_far_behind: "lag-above-rpo" under "database",
    a_standby_lost_contact_before: "contact-lost" under "database",
    the_old_primary_returns: "old-primary-returns" under "database",
    a_server_goes_on_in_a_history_that_others_have_left: "left-behind" under "timeline",
    clients_return_by_stages_and_some_go_back: "failback-regresses" under "returning",
}

#[test]
fn the_examples_hold_what_they_expect() {
    for scenario in ["region-outage", "bad-night"] {
        let scenario = format!("examples/scenarios/{scenario}.toml");
        let (shown, code) = played("examples/three-regions.toml", &scenario);
        assert_eq!(code, Some(0), "{shown}");
    }
}
