//! What is written about the families, held against them.

use super::families;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::{env, fs};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    fs::read_to_string(format!("{ROOT}/docs/{path}")).unwrap()
}

/// The table of all families, as Markdown.
fn table() -> String {
    let mut table =
        "\n| name | kind | labels | what it says |\n| --- | --- | --- | --- |\n".to_owned();
    for family in families() {
        let labels: Vec<String> = family.labels().map(|label| format!("`{label}`")).collect();
        let (name, kind, labels, help) = (family.name, family.kind, labels.join(", "), family.help);
        writeln!(table, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
    }
    table + "\n"
}

#[test]
fn the_page_about_metrics_has_a_row_for_each_family() {
    const MARKS: (&str, &str) = ("<!-- families -->", "<!-- /families -->");
    let page = read("metrics.md");
    let (before, rest) = page.split_once(MARKS.0).unwrap();
    let (committed, behind) = rest.split_once(MARKS.1).unwrap();
    let made = table();
    if env::var_os("POINTSMAN_UPDATE").is_some() {
        let page = [before, MARKS.0, &made, MARKS.1, behind].concat();
        fs::write(format!("{ROOT}/docs/metrics.md"), page).unwrap();
        return;
    }
    assert_eq!(committed, made, "run this test with POINTSMAN_UPDATE=1");
}

/// The names of ours in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c: char| !is_part(c) && c != ':' && !c.is_ascii_digit());
    words.filter(|word| word.starts_with("pointsman_")).collect()
}

#[test]
fn rules_and_dashboard_name_families_that_there_are() {
    let dashboard: Value = serde_json::from_str(&read("grafana/pointsman.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let expressions: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(expressions.len() > 30, "{expressions:?}");
    let texts =
        [read("prometheus/rules.yml"), read("prometheus/rules.test.yml"), expressions.join("\n")];
    let all: BTreeSet<String> = families().map(|family| family.name).collect();
    for text in &texts {
        let named = named(text);
        assert!(named.len() > 20, "{named:?}");
        for name in named.iter().filter(|name| **name != "pointsman_metrics_left_out") {
            let base = name.strip_suffix("_bucket").unwrap_or(name);
            assert!(all.contains(base), "{name}");
        }
    }
}

#[test]
fn each_alert_is_tried_out() {
    let (rules, tests) = (read("prometheus/rules.yml"), read("prometheus/rules.test.yml"));
    let alerts: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 20, "{alerts:?}");
    for alert in alerts {
        assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert}");
    }
}
