//! `cargo run --example metrics`: the metrics, beside the real Prometheus and its promtool.
//!
//! 1. promtool checks the rules of `docs/prometheus`, plays their tests, and parses every
//!    expression of the dashboard.
//! 2. `day`: a day of thirty isolates that come and go, and of a Controller that begins anew, in
//!    virtual time; promtool takes rates of what the Controller told.
//! 3. `live`: the built Worker on workerd, with three isolates behind one address and a crash of
//!    all of them; Prometheus scrapes it as `docs/prometheus/scrape.yml` says.
//!
//! In 2 and 3 the true rate is known, and `rate()` has to be within 10 % of it.
//!
//! `install.sh` fetches Prometheus from Debian; `POINTSMAN_METRICS_DIR` names its folder, which is
//! kept. Names as arguments take these parts alone: `rules`, `day`, `live`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that tells what it sees")]
#![expect(clippy::disallowed_methods, reason = "a program that waits for real processes")]
#![expect(clippy::indexing_slicing, reason = "JSON without a key has null there")]

mod day;
mod live;
mod programs;

use anyhow::{Context as _, Result, ensure};
use programs::Programs;
use serde_json::{Value, json};
use std::path::Path;

/// How far a rate may be off, as a part of the truth.
const TOLERANCE: f64 = 0.1;

#[tokio::main]
async fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(programs) = Programs::installed(root).await? else { return Ok(()) };
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|it| it == part);
    let mut played = 0;
    if is_wanted("rules") {
        rules(root, &programs).await?;
        played += 1;
    }
    if is_wanted("day") {
        day::play(&programs).await?;
        played += 1;
    }
    if is_wanted("live") {
        live::play(root, &programs).await?;
        played += 1;
    }
    ensure!(played > 0, "there is no such part");
    Ok(())
}

/// The rules, their tests, and the expressions of the dashboard.
async fn rules(root: &Path, programs: &Programs) -> Result<()> {
    let folder = root.join("docs/prometheus");
    let path = |name: &str| folder.join(name).display().to_string();
    programs.promtool(&["check", "rules", &path("rules.yml")], "").await?;
    programs.promtool(&["test", "rules", &path("rules.test.yml")], "").await?;
    let dashboard = std::fs::read_to_string(root.join("docs/grafana/pointsman.json"))?;
    let dashboard: Value = serde_json::from_str(&dashboard)?;
    let panels = dashboard["panels"].as_array().context("no panels")?.iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let mut records = Vec::new();
    for (number, target) in targets.enumerate() {
        let expression = target["expr"].as_str().context("a target without an expression")?;
        let expression = expression.replace("$service", ".*");
        records.push(json!({"record": format!("dashboard:{number}"), "expr": expression}));
    }
    let count = records.len();
    let file = programs.work().join("dashboard.yml");
    // JSON is YAML.
    std::fs::write(&file, json!({"groups": [{"name": "g", "rules": records}]}).to_string())?;
    programs.promtool(&["check", "rules", &file.display().to_string()], "").await?;
    println!("promtool takes the rules, their tests, and {count} expressions of the dashboard");
    Ok(())
}

/// Whether a rate is near enough to the truth.
fn is_near(rate: f64, truth: f64) -> bool {
    (rate / truth - 1.0).abs() <= TOLERANCE
}
