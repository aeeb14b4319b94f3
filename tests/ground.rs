//! The ground that the Worker stands on is one: what `wrangler.toml` deploys is what the tests run.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

use pointsman::secret::OWN_SECRETS;
use pointsman_lab::edge::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS, FRONT_VARS, find_workerd};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Every platform that workerd is made for.
const PLATFORMS: [&str; 5] = ["darwin-64", "darwin-arm64", "linux-64", "linux-arm64", "windows-64"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn wrangler_toml() -> toml::Table {
    read_toml("wrangler.toml")
}

fn read_toml(file: &str) -> toml::Table {
    fs::read_to_string(root().join(file)).unwrap().parse().unwrap()
}

fn package_lock() -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(root().join("package-lock.json")).unwrap()).unwrap()
}

#[test]
fn the_lab_runs_what_wrangler_deploys() {
    let config = wrangler_toml();
    assert_eq!(config["compatibility_date"].as_str(), Some(COMPATIBILITY_DATE));
    let flags = config["compatibility_flags"].as_array().unwrap();
    let flags: Vec<_> = flags.iter().map(|flag| flag.as_str().unwrap()).collect();
    assert_eq!(flags, COMPATIBILITY_FLAGS);
}

#[test]
fn the_compatibility_date_is_that_of_the_pinned_runtime() {
    let workerd = find_workerd(root()).unwrap();
    let version = Command::new(workerd).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    assert_eq!(version.trim(), format!("workerd {COMPATIBILITY_DATE}"));
}

#[test]
fn wrangler_brings_the_workerd_that_the_tests_run_on_every_platform() {
    let lock = package_lock();
    let packages = &lock["packages"];
    let workerd = &packages["node_modules/wrangler"]["dependencies"]["workerd"];
    let released = COMPATIBILITY_DATE.replace('-', "");
    assert!(workerd.as_str().unwrap().starts_with(&format!("1.{released}.")), "{workerd}");
    // `npm install` writes a lock file without those that its registry lacks, and `npm ci` fails
    // on one that lacks any.
    for platform in PLATFORMS {
        let package = &packages[format!("node_modules/@cloudflare/workerd-{platform}")];
        assert_eq!(&package["version"], workerd, "{platform}");
    }
}

/// The lines that an operator uncomments, which nothing else reads.
#[test]
fn the_dataset_that_wrangler_toml_suggests_is_the_one_that_the_worker_writes_to() {
    let text = fs::read_to_string(root().join("wrangler.toml")).unwrap();
    let lines = text.lines().skip_while(|line| !line.contains("[[analytics_engine_datasets]]"));
    let lines: Vec<_> = lines.map_while(|line| line.strip_prefix("#     ")).collect();
    let suggested: toml::Table = lines.join("\n").parse().unwrap();
    let page = fs::read_to_string(root().join("docs/analytics.md")).unwrap();
    assert!(page.contains(&lines.join("\n")), "the page suggests another: {lines:?}");
    let [dataset] = suggested["analytics_engine_datasets"].as_array().unwrap().as_slice() else {
        panic!("{suggested:?}");
    };
    let binding = dataset["binding"].as_str().unwrap();
    let script = fs::read_to_string(root().join("src/shell/points.js")).unwrap();
    assert!(script.contains(&format!("{{ {binding} }}")), "{binding}");
    let from = format!("FROM {}\n", dataset["dataset"].as_str().unwrap());
    let others = page.matches("FROM ").count() - page.matches("FROM (\n").count();
    assert_eq!(page.matches(&from).count(), others, "a query asks another dataset");
}

#[test]
fn the_worker_for_requests_alone_runs_as_the_whole_one_and_asks_its_controller() {
    let (whole, edge) = (wrangler_toml(), read_toml("wrangler.edge.toml"));
    for key in ["compatibility_date", "compatibility_flags", "no_bundle", "workers_dev", "vars"] {
        let of_whole = match key {
            // The base of the API is for whoever calls it.
            "vars" => {
                let mut vars = whole[key].as_table().unwrap().clone();
                vars.remove("CLOUDFLARE_API_BASE").unwrap();
                vars.into()
            }
            _ => whole[key].clone(),
        };
        assert_eq!(edge[key], of_whole, "{key}");
    }
    let [controller] = edge["durable_objects"]["bindings"].as_array().unwrap().as_slice() else {
        panic!("one object is bound");
    };
    assert_eq!(controller["name"].as_str(), Some("CONTROLLER"));
    assert_eq!(controller["script_name"], whole["name"]);
    assert_eq!(edge["kv_namespaces"][0]["binding"], whole["kv_namespaces"][0]["binding"]);
    assert!(["triggers", "exports"].iter().all(|key| !edge.contains_key(*key)));
}

/// The lab gives it no more than this page tells an operator to give.
#[test]
fn the_worker_for_requests_alone_has_no_secret_but_the_key_of_cookies() {
    let text = fs::read_to_string(root().join("wrangler.edge.toml")).unwrap();
    let put = |name: &&&str| text.contains(&format!("wrangler.edge.toml {name}"));
    let put: Vec<_> = OWN_SECRETS.iter().filter(put).copied().collect();
    assert_eq!(put, ["COOKIE_KEY"]);
    let vars = read_toml("wrangler.edge.toml")["vars"].as_table().unwrap().clone();
    let mut known: Vec<_> = vars.keys().map(String::as_str).chain(put).collect();
    known.sort_unstable();
    assert_eq!(known, FRONT_VARS);
}

/// wrangler's dry run looks at neither.
#[test]
fn what_wrangler_declares_is_what_the_worker_has() {
    let config = wrangler_toml();
    let crons = &config["triggers"]["crons"];
    assert_eq!(crons.as_array().unwrap(), &[toml::Value::from("* * * * *")]);
    let objects = config["durable_objects"]["bindings"].as_array().unwrap();
    let bound: Vec<_> =
        objects.iter().map(|object| object["class_name"].as_str().unwrap()).collect();
    let declared: Vec<_> = config["exports"].as_table().unwrap().keys().collect();
    assert_eq!(bound, declared);
    let entry = fs::read_to_string(root().join("src/shell/entry.js")).unwrap();
    let exported = entry.lines().find_map(|line| line.strip_prefix("export { "));
    let exported = exported.and_then(|line| line.strip_suffix(" };")).unwrap();
    let exported: Vec<_> = exported.split(", ").collect();
    for class in declared {
        assert!(exported.contains(&class.as_str()), "{class} is not exported");
        assert_eq!(config["exports"][class]["storage"].as_str(), Some("sqlite"));
    }
}
