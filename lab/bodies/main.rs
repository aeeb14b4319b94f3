//! `cargo run --example bodies`: what three probers read of one health page.
//!
//! The same origin has a page in every form in which servers send one. Our Worker on workerd,
//! `HAProxy` and `blackbox_exporter` look for the same text in each, each as well set up for it as
//! it can be. The program prints a table, and fails where one says something else than is written
//! here. `lab/install.sh` fetches the two from Debian; `POINTSMAN_BODIES_DIR` names their folder,
//! which is kept. The Worker has to be built: `cargo xtask build`.
#![expect(clippy::print_stdout, reason = "a program that prints a table")]
#![expect(clippy::indexing_slicing, reason = "an absent key of a JSON value is null")]
#![expect(clippy::disallowed_methods, reason = "a program that waits for real processes")]
#![expect(clippy::doc_markdown, reason = "names of products")]

use anyhow::{Context as _, Result, bail, ensure};
use pointsman_lab::bodies::{self, Asks, Case, TIMEOUT_MS};
use pointsman_lab::deployment::{bundle, now_ms};
use pointsman_lab::edge::{Edge, EdgeOptions, find_workerd};
use pointsman_lab::packages;
use serde_json::Value;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Pages that HAProxy does not pass, although ours does; and the other way round.
const HAPROXY_FAILS: [&str; 8] =
    ["latin-1", "json-utf-16", "gzip", "gzip-capitals", "x-gzip", "br", "deflate", "deflate-raw"];
const HAPROXY_PASSES: [&str; 10] = [
    "charset-unknown",
    "json-lines",
    "html",
    "zstd",
    "gzip-not",
    "stream-json",
    "long-split",
    "long-behind",
    "long-json",
    "cut",
];
/// The same of blackbox_exporter.
const BLACKBOX_FAILS: [&str; 6] =
    ["latin-1", "json-utf-16", "gzip-capitals", "x-gzip", "deflate", "stream"];
const BLACKBOX_PASSES: [&str; 8] = [
    "charset-unknown",
    "json-lines",
    "html",
    "zstd",
    "gzip-not",
    "long-split",
    "long-behind",
    "long-json",
];

/// Longest wait for a program.
const BOUND: Duration = Duration::from_secs(20);

/// A running program, and the port where it tells what it found.
struct Tool {
    _process: Child,
    port: u16,
}

#[tokio::main]
async fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(tools) = packages::fetch("bodies", &[])? else { return Ok(()) };

    let origin = bodies::start().await?;
    let mut options = EdgeOptions::new(find_workerd(root)?, bundle());
    options.direct = true;
    options.kv.insert("config".to_owned(), bodies::config(origin.port()).to_string());
    let edge = Edge::start(options).await?;
    let haproxy = haproxy(&tools, origin.port())?;
    let blackbox = blackbox(&tools)?;
    edge.run_cron(now_ms()).await?;

    println!("| page | Pointsman | HAProxy | blackbox_exporter |\n| --- | --- | --- | --- |");
    let mut odd = Vec::new();
    for case in bodies::cases() {
        let ours = ours(&edge, &case).await?;
        let theirs = [
            (
                "HAProxy",
                by_haproxy(&haproxy, &case).await?,
                &HAPROXY_FAILS[..],
                &HAPROXY_PASSES[..],
            ),
            (
                "blackbox_exporter",
                by_blackbox(&blackbox, origin.port(), &case).await?,
                &BLACKBOX_FAILS[..],
                &BLACKBOX_PASSES[..],
            ),
        ];
        println!(
            "| {} | {} | {} | {} |",
            case.about,
            ours.as_deref().unwrap_or("pass"),
            word(theirs[0].1),
            word(theirs[1].1)
        );
        if ours.as_deref() != case.fails {
            odd.push(format!("{}: ours says {ours:?}", case.name));
        }
        for (tool, passes, fails_alone, passes_alone) in theirs {
            let expected = if fails_alone.contains(&case.name) {
                false
            } else {
                case.fails.is_none() || passes_alone.contains(&case.name)
            };
            if passes != expected {
                odd.push(format!("{}: {tool} says {}", case.name, word(passes)));
            }
        }
    }
    if odd.is_empty() { Ok(()) } else { bail!("not as expected:\n{}", odd.join("\n")) }
}

fn word(passes: bool) -> &'static str {
    if passes { "pass" } else { "fail" }
}

/// Why ours fails; `None`: it passes.
async fn ours(edge: &Edge, case: &Case) -> Result<Option<String>> {
    let began = Instant::now();
    loop {
        let page = edge.kv_get("region:eu").await?.unwrap_or_default();
        let page: Value = serde_json::from_str(&page).unwrap_or_default();
        let seen = &page["origins"]["eu-1"]["monitors"][case.name];
        match (seen["health"].as_str(), seen["reason"].as_str()) {
            (Some("up"), _) => return Ok(None),
            (Some("down"), Some(reason)) => return Ok(Some(reason.to_owned())),
            _ => ensure!(began.elapsed() < BOUND, "{}: {seen}", case.name),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The text that both look for.
fn wanted(case: &Case) -> String {
    match case.asks {
        Asks::Text(text) => format!("(?i){text}"),
        Asks::Json(_) => format!("(?i){}", bodies::WORD),
    }
}

/// A free port.
fn port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// HAProxy with one backend for each page.
fn haproxy(tools: &Path, origin: u16) -> Result<Tool> {
    let stats = port()?;
    let mut config = format!(
        "defaults\n mode http\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n \
         timeout check {TIMEOUT_MS}ms\nfrontend stats\n bind 127.0.0.1:{stats}\n stats enable\n \
         stats uri /\n"
    );
    for case in bodies::cases() {
        let (name, wanted) = (case.name, wanted(&case));
        write!(
            config,
            "backend {name}\n option httpchk\n \
             http-check send meth GET uri /{name} ver HTTP/1.1 hdr Host localhost\n \
             http-check expect rstring {wanted}\n \
             server s 127.0.0.1:{origin} check inter 1s fall 1 rise 1\n"
        )?;
    }
    let file = tools.join("haproxy.cfg");
    std::fs::write(&file, config)?;
    let libraries = tools.join("root/usr/lib/x86_64-linux-gnu");
    let mut command = Command::new(tools.join("root/usr/sbin/haproxy"));
    command.arg("-db").arg("-f").arg(&file).env("LD_LIBRARY_PATH", libraries);
    Ok(Tool { _process: started(command)?, port: stats })
}

/// blackbox_exporter, with one module for each page.
fn blackbox(tools: &Path) -> Result<Tool> {
    let port = port()?;
    let mut config = "modules:\n".to_owned();
    for case in bodies::cases() {
        let (name, wanted) = (case.name, wanted(&case));
        let packed = ["gzip", "br", "deflate"].into_iter().find(|it| *it == name);
        let packed = packed.or_else(|| (name == "deflate-raw").then_some("deflate"));
        let packed = packed.map(|it| format!("compression: {it}, ")).unwrap_or_default();
        writeln!(
            config,
            "  {name}: {{prober: http, timeout: {TIMEOUT_MS}ms, http: {{{packed}\
             preferred_ip_protocol: ip4, fail_if_body_not_matches_regexp: ['{wanted}']}}}}"
        )?;
    }
    let file = tools.join("blackbox.yml");
    std::fs::write(&file, config)?;
    let mut command = Command::new(tools.join("root/usr/bin/prometheus-blackbox-exporter"));
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    Ok(Tool { _process: started(command)?, port })
}

fn started(mut command: Command) -> Result<Child> {
    command.kill_on_drop(true).stderr(std::process::Stdio::null());
    command.stdout(std::process::Stdio::null()).spawn().context("a program does not start")
}

/// Whether HAProxy's last check of a page passed. One that did not end in time has failed.
async fn by_haproxy(haproxy: &Tool, case: &Case) -> Result<bool> {
    let began = Instant::now();
    loop {
        let page = fetched(&format!("http://127.0.0.1:{}/;csv", haproxy.port)).await;
        let rows = page.unwrap_or_default();
        let mut rows = rows.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let head = rows.next().unwrap_or_default();
        let column = head.iter().position(|name| *name == "check_status");
        let row = rows.find(|row| row.first() == Some(&case.name) && row.get(1) == Some(&"s"));
        match column.zip(row).and_then(|(column, row)| row.get(column).copied()) {
            Some("L7OK") => return Ok(true),
            Some(status) if status.starts_with("L7") => return Ok(false),
            _ => ensure!(began.elapsed() < BOUND, "HAProxy does not tell of {}", case.name),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether a probe of a page by blackbox_exporter passed.
async fn by_blackbox(blackbox: &Tool, origin: u16, case: &Case) -> Result<bool> {
    let target = format!("http://127.0.0.1:{origin}/{}", case.name);
    let url =
        format!("http://127.0.0.1:{}/probe?module={}&target={target}", blackbox.port, case.name);
    let began = Instant::now();
    loop {
        let page = fetched(&url).await.unwrap_or_default();
        match page.lines().find_map(|line| line.strip_prefix("probe_success ")) {
            Some(success) => return Ok(success == "1"),
            None => ensure!(began.elapsed() < BOUND, "blackbox_exporter does not tell: {page}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn fetched(url: &str) -> Result<String> {
    let client = reqwest::Client::builder().no_proxy().timeout(BOUND).build()?;
    Ok(client.get(url).send().await?.text().await?)
}
