//! What a panic leaves in the log. The Worker that ships has no way to be made to panic, so these
//! play another build of the same sources, in which each part panics where it is asked to
//! (`src/shell/provoke.rs`).

use crate::support::{config, until};
use pointsman_lab::deployment::{ADMIN_TOKEN, BERLIN, Deployment, HOST, now_ms, root};
use reqwest::Method;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The instant for which a run is scheduled that panics.
const RUN_THAT_PANICS_MS: i64 = 13;

/// `cargo xtask build --provoking` makes it, as `cargo xtask test` does.
fn bundle() -> PathBuf {
    let named = std::env::var_os("POINTSMAN_PROVOKING_BUNDLE").map(PathBuf::from);
    named.unwrap_or_else(|| root().join("target/provoking/bundle"))
}

async fn started() -> Deployment {
    let deployment = Deployment::start(&bundle(), &config()).await.unwrap();
    deployment.edge().run_cron(now_ms()).await.unwrap();
    is_served(&deployment).await;
    deployment
}

/// Waits for a line that has the message of a panic, and the file and the line of its cause.
async fn logged(deployment: &Deployment, message: &str) {
    let is_told = |log: &[String]| {
        let said = log.iter().position(|line| line.contains(message));
        // A message of several lines is logged as several.
        said.is_some_and(|at| log[at.saturating_sub(1)..=at].iter().any(|line| has_place(line)))
    };
    until(&format!("`{message}` in the log"), async || is_told(&deployment.edge().log())).await;
}

/// Whether `src/….rs:LINE` stands in the line.
fn has_place(line: &str) -> bool {
    let Some((_, place)) = line.split_once("panicked at src/shell/provoke.rs:") else {
        return false;
    };
    place.starts_with(|c: char| c.is_ascii_digit())
}

async fn is_served(deployment: &Deployment) {
    let answer = deployment.get(BERLIN, "/after").await.unwrap();
    assert_eq!((answer.status, answer.region.as_deref()), (200, Some("eu-west")));
}

#[test]
fn what_is_deployed_has_no_way_to_be_made_to_panic() {
    let says = |folder: &Path| {
        let wasm = std::fs::read(folder.join("index_bg.wasm")).unwrap();
        let word = b"provoke";
        wasm.windows(word.len()).any(|window| window == word)
    };
    assert!(says(&bundle()), "the word stands where it should");
    assert!(!says(&pointsman_lab::deployment::bundle()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_request_is_logged_with_its_place_and_the_next_request_is_served() {
    let deployment = started().await;
    let answer = deployment.get(BERLIN, "/provoke-a-panic").await.unwrap();
    assert_eq!((answer.status, answer.region), (500, None));
    logged(&deployment, "provoked in a request").await;
    is_served(&deployment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_run_is_logged_with_its_place_and_the_next_run_is_made() {
    let deployment = started().await;
    let edge = deployment.edge();
    // How it ends is the runtime's matter.
    let run = tokio::spawn(async move { edge.run_cron(RUN_THAT_PANICS_MS).await });
    logged(&deployment, "provoked in a run").await;
    run.abort();
    deployment.edge().run_cron(now_ms() + 60_000).await.unwrap();
    is_served(&deployment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_controller_is_logged_with_its_place_and_the_next_run_is_made() {
    let deployment = started().await;
    let request = deployment.edge().request(Method::POST, HOST, "/.pointsman/compare", None);
    let asked = tokio::spawn(request.bearer_auth(ADMIN_TOKEN).send());
    logged(&deployment, "index out of bounds: the len is 3 but the index is 7").await;
    asked.abort();
    deployment.edge().run_cron(now_ms() + 60_000).await.unwrap();
    is_served(&deployment).await;
}

/// Two areas answer, and the vantage point of the third one hangs in this build.
#[tokio::test(flavor = "multi_thread")]
async fn a_vantage_point_that_hangs_costs_its_own_results_of_that_round_and_no_more() {
    let mut config = config();
    config["areas"] = json!({"use": ["weur", "enam", "oc"]});
    let deployment = Deployment::start(&bundle(), &config).await.unwrap();
    deployment.edge().run_cron(now_ms()).await.unwrap();
    let status = deployment.status().await.unwrap();
    for region in ["eu-west", "us-east", "sa-east"] {
        assert_eq!(status["services"]["api"][region], "up", "{}", status["services"]);
    }
    let answers = |area: &str| status["areas"][area]["answers"].clone();
    assert_eq!([answers("weur"), answers("enam"), answers("oc")], [true, true, false]);
    logged_line(&deployment, "area oc: ").await;
    is_served(&deployment).await;
}

/// Waits for a line of the log.
async fn logged_line(deployment: &Deployment, text: &str) {
    until(&format!("`{text}` in the log"), async || {
        deployment.edge().log().iter().any(|line| line.contains(text))
    })
    .await;
}
