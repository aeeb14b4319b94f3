//! The built Worker on workerd, with three isolates behind one address, under a real Prometheus.

use crate::is_near;
use crate::programs::Programs;
use anyhow::{Context as _, Result, ensure};
use pointsman_lab::deployment::{
    ADMIN_HOST, ADMIN_TOKEN, BERLIN, Deployment, HOST, bundle, example_config, now_ms,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use url::form_urlencoded;

/// Clients send a request this often.
const EVERY: Duration = Duration::from_millis(100);
/// An isolate tells every half minute, or every minute, so the first counts come after that.
const WARM_UP: Duration = Duration::from_secs(75);
/// The least window that the rate is taken of.
const WINDOW_MIN: Duration = Duration::from_mins(4);
/// When in it all isolates and the Controller crash, or soon after.
const CRASH_AFTER: Duration = Duration::from_secs(80);
/// What isolates have counted and not told is lost in a crash. That is said in the docs, and is not
/// what is measured here: so a crash, and each end of the window, waits for a moment in which so
/// few of the requests are untold, and for no longer than this.
const UNTOLD_MAX: u64 = 60;
const UNTOLD_BOUND: Duration = Duration::from_secs(130);
const SCRAPE: Duration = Duration::from_secs(5);
const ISOLATES: usize = 3;
/// Longest wait for anything else that should happen.
const BOUND: Duration = Duration::from_secs(30);

/// Requests of clients that were answered with 200, and the others.
#[derive(Default)]
struct Load {
    answered: AtomicU64,
    failed: AtomicU64,
    is_over: AtomicBool,
}

/// Plays it.
pub(crate) async fn play(root: &Path, programs: &Programs) -> Result<()> {
    let mut config = example_config()?;
    config["monitors"]["api"]["interval_s"] = json!(60);
    let isolates = |options: &mut pointsman_lab::edge::EdgeOptions| options.isolates = ISOLATES;
    let deployment = Arc::new(Deployment::start_with(&bundle(), &config, isolates).await?);
    deployment.edge().run_cron(now_ms()).await?;
    page(&deployment, programs).await?;
    let port = free_port()?;
    let prometheus = programs.prometheus(&scrape_config(root, programs, &deployment)?, port)?;
    let load = Arc::new(Load::default());
    let clients = tokio::spawn(clients(deployment.clone(), load.clone()));
    let cron = tokio::spawn(cron(deployment.clone(), load.clone()));
    let watched = watched(&deployment, &load, port).await;
    load.is_over.store(true, Ordering::Relaxed);
    clients.await?;
    cron.await?;
    drop(prometheus);
    watched
}

/// promtool is content with a page, and strangers get none.
async fn page(deployment: &Deployment, programs: &Programs) -> Result<()> {
    let ask = |method, host, path| deployment.edge().request(method, host, path, None);
    let path = "/.pointsman/metrics";
    let answer = ask(Method::GET, ADMIN_HOST, path).bearer_auth(ADMIN_TOKEN).send().await?;
    let header = |name: &str| answer.headers().get(name).and_then(|it| it.to_str().ok());
    ensure!(
        header("content-type") == Some("text/plain; version=0.0.4; charset=utf-8"),
        "{answer:?}"
    );
    ensure!(header("cache-control") == Some("no-store"), "{answer:?}");
    let text = answer.error_for_status()?.text().await?;
    programs.promtool(&["check", "metrics"], &text).await?;
    let series: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let names = series.iter().filter_map(|line| line.rsplit_once(' ')).map(|(name, _)| name);
    ensure!(names.collect::<BTreeSet<_>>().len() == series.len(), "a series is there twice");
    for (method, host, token, status) in [
        (Method::GET, ADMIN_HOST, "wrong", 401),
        (Method::POST, ADMIN_HOST, ADMIN_TOKEN, 405),
        (Method::GET, HOST, ADMIN_TOKEN, 404),
    ] {
        let answer = ask(method.clone(), host, path).bearer_auth(token).send().await?;
        ensure!(answer.status() == status, "{method} {host}: {}", answer.status());
    }
    println!("promtool takes a page of {} series and {} bytes", series.len(), text.len());
    Ok(())
}

/// `docs/prometheus/scrape.yml`, for this deployment.
fn scrape_config(root: &Path, programs: &Programs, deployment: &Deployment) -> Result<PathBuf> {
    let documented = std::fs::read_to_string(root.join("docs/prometheus/scrape.yml"))?;
    let work = programs.work();
    let token = work.join("token");
    std::fs::write(&token, ADMIN_TOKEN)?;
    let rules = root.join("docs/prometheus/rules.yml");
    let target = format!("127.0.0.1:{}", deployment.edge().port());
    let mut text = documented;
    for (from, to) in [
        ("scheme: https", "scheme: http"),
        ("scrape_interval: 30s", "scrape_interval: 5s"),
        ("scrape_timeout: 10s", "scrape_timeout: 5s"),
        ("/etc/prometheus/pointsman.token", &token.display().to_string()),
        ("ops.example.com", &target),
        ("[rules.yml]", &format!("[{}]", rules.display())),
    ] {
        ensure!(text.contains(from), "scrape.yml does not say {from}");
        text = text.replace(from, to);
    }
    let path = work.join("prometheus.yml");
    std::fs::write(&path, text)?;
    Ok(path)
}

async fn watched(deployment: &Deployment, load: &Load, port: u16) -> Result<()> {
    let up = r#"up{job="pointsman"}"#;
    let began = Instant::now();
    while value(port, up).await.ok().flatten() != Some(1.0) {
        ensure!(began.elapsed() < BOUND, "Prometheus does not get the page");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    tokio::time::sleep(WARM_UP).await;
    let heard = value(port, "max(pointsman_isolates_heard)").await?;
    ensure!(heard == Some(3.0), "{heard:?} isolates have told");
    until_told(deployment, load, 0).await?;
    let (answered, failed) = counts(load);
    let window = Instant::now();
    tokio::time::sleep(CRASH_AFTER).await;
    let untold = until_told(deployment, load, 0).await?;
    // What is told has to be scraped, too.
    tokio::time::sleep(SCRAPE).await;
    let (begun_anew, _) = counts(load);
    deployment.edge().restart().await?;
    println!("all crash, and with them more than {untold} requests that nobody was told of");
    tokio::time::sleep(WINDOW_MIN.saturating_sub(window.elapsed())).await;
    until_told(deployment, load, begun_anew).await?;
    tokio::time::sleep(SCRAPE).await;
    let (after, failed_after) = counts(load);
    let window_s = window.elapsed().as_secs();
    #[expect(clippy::cast_precision_loss, reason = "they are thousands")]
    let truth = (after - answered) as f64 / window.elapsed().as_secs_f64();
    println!(
        "{} requests in {} s were answered, {} were not, over a crash: {truth:.2} a second",
        after - answered,
        window_s,
        failed_after - failed,
    );
    let resets =
        value(port, &format!(r#"sum(resets(pointsman_runs_total{{by="cron"}}[{window_s}s]))"#))
            .await?;
    ensure!(resets.is_some_and(|resets| resets >= 1.0), "the Controller did not begin anew");
    for counter in [
        r#"pointsman_requests_total{service="api",outcome="answered"}"#,
        r#"pointsman_tries_total{service="api",outcome="answered"}"#,
        r#"pointsman_decisions_total{service="api"}"#,
        r#"pointsman_request_duration_seconds_count{service="api"}"#,
    ] {
        let rate = format!("sum(rate({counter}[{window_s}s]))");
        let rate = value(port, &rate).await?.with_context(|| format!("no {counter}"))?;
        println!("{counter}: {rate:.2} a second");
        ensure!(is_near(rate, truth), "{counter}: {rate:.2} a second, and not {truth:.2}");
    }
    Ok(())
}

/// Waits until few of the requests are untold that were answered after the first so many. Returns
/// how many are untold.
async fn until_told(deployment: &Deployment, load: &Load, after: u64) -> Result<u64> {
    const SERIES: &str = r#"pointsman_requests_total{service="api",outcome="answered"}"#;
    let began = Instant::now();
    loop {
        let (answered, _) = counts(load);
        let request =
            deployment.edge().request(Method::GET, ADMIN_HOST, "/.pointsman/metrics", None);
        let answer = request.bearer_auth(ADMIN_TOKEN).send().await?.error_for_status()?;
        let text = answer.text().await?;
        let told = text.lines().find_map(|line| line.strip_prefix(SERIES));
        let told: u64 = told.context("the series is missing")?.trim().parse()?;
        let untold = answered.saturating_sub(after).saturating_sub(told);
        if untold <= UNTOLD_MAX || began.elapsed() > UNTOLD_BOUND {
            return Ok(untold);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn counts(load: &Load) -> (u64, u64) {
    (load.answered.load(Ordering::Relaxed), load.failed.load(Ordering::Relaxed))
}

/// A client every so often. One that takes long holds up no other.
async fn clients(deployment: Arc<Deployment>, load: Arc<Load>) {
    let mut ticks = tokio::time::interval(EVERY);
    while !load.is_over.load(Ordering::Relaxed) {
        ticks.tick().await;
        let (deployment, load) = (deployment.clone(), load.clone());
        tokio::spawn(async move {
            let answer = tokio::time::timeout(BOUND, deployment.get(BERLIN, "/x")).await;
            let is_well = answer.is_ok_and(|it| it.is_ok_and(|it| it.status == 200));
            let count = if is_well { &load.answered } else { &load.failed };
            count.fetch_add(1, Ordering::Relaxed);
        });
    }
}

/// A run each minute, as cron makes them.
async fn cron(deployment: Arc<Deployment>, load: Arc<Load>) {
    let mut next = Instant::now() + Duration::from_mins(1);
    while !load.is_over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if Instant::now() >= next {
            next += Duration::from_mins(1);
            // One that meets the crash fails, as it would.
            drop(deployment.edge().run_cron(now_ms()).await);
        }
    }
}

/// The value of an expression now; `None` without a series.
async fn value(port: u16, expression: &str) -> Result<Option<f64>> {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("query", expression).finish();
    let client = reqwest::Client::builder().no_proxy().timeout(BOUND).build()?;
    let url = format!("http://127.0.0.1:{port}/api/v1/query?{query}");
    let text = client.get(url).send().await?.text().await?;
    let answer: Value = serde_json::from_str(&text)?;
    ensure!(answer["status"] == "success", "{expression}: {answer}");
    let sample = answer["data"]["result"][0]["value"][1].as_str();
    Ok(sample.map(str::parse).transpose()?)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
