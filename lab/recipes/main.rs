//! `cargo run --example recipes`: the recipes of `examples/recipes`, beside the real systems.
//!
//! `systems/*.sh` starts each system on loopback and brings it into the good state and into those
//! where its usual endpoint lies. In each state the origins are fetched, and judged as the Worker
//! judges them: by the core's own verdict with the bounds of the recipe, and by one round of its
//! observer, which compares origins with each other. The program prints a table, and fails where
//! one says something else than is written in the script.
//!
//! `lab/install.sh` fetches the systems from Debian and PyPI; `POINTSMAN_RECIPES_DIR` names their
//! folder, which is kept. Names as arguments take these systems alone.
#![expect(clippy::print_stdout, reason = "a program that prints a table")]
#![expect(clippy::disallowed_methods, reason = "a program that waits for real processes")]
#![expect(clippy::doc_markdown, reason = "names of products")]

use anyhow::{Context as _, Result, bail, ensure};
use pointsman::config::{Config, ProbeHeader};
use pointsman::fingerprint::Fingerprint;
use pointsman::health::{
    BODY_BYTES_MAX, FailureReason, ProbeOutcome, ProbeResponse, Verdict, classify, fields_of,
};
use pointsman::state::State;
use pointsman::target::Target;
use pointsman::tick::{ProbeResult, RoundRequest, take_in};
use pointsman::time::Timestamp;
use pointsman::tool::Source;
use pointsman_lab::packages;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Longest wait for the next state of a system.
const STATE_BOUND: Duration = Duration::from_mins(4);
/// The user of RabbitMQ's own, in the form of a header.
const RABBITMQ_AUTH: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";
/// What stands for a pass.
const PASS: &str = "pass";

#[tokio::main]
async fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(programs) = packages::fetch("recipes", &["patroni"])? else { return Ok(()) };
    let wanted: BTreeSet<String> = std::env::args().skip(1).collect();
    println!("| system | state | usual probe | expected | seen |\n| --- | --- | --- | --- | --- |");
    let (mut odd, mut played) = (Vec::new(), 0);
    for name in names(root)? {
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        played += 1;
        if let Err(error) = play(root, &programs, &name, &mut odd).await {
            odd.push(format!("{name}: {error:#}"));
        }
    }
    ensure!(played > 0, "there is no recipe of that name");
    if odd.is_empty() { Ok(()) } else { bail!("not as expected:\n{}", odd.join("\n")) }
}

/// The recipes, each of which has a script.
fn names(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("examples/recipes"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "toml") {
            let name = path.file_stem().context("a file without a name")?;
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn recipe(root: &Path, name: &str) -> Result<Config> {
    let path = root.join("examples/recipes").join(name).with_extension("toml");
    let text = std::fs::read_to_string(&path)?;
    let source = Source::read(&path.to_string_lossy(), &text);
    let source = source.map_err(|_| anyhow::anyhow!("{} is no TOML", path.display()))?;
    Config::read(&source.value, Fingerprint::of(b""))
        .map_err(|problems| anyhow::anyhow!("{}: {problems:?}", path.display()))
}

/// A script, which waits at each of its states.
struct Script {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Script {
    fn start(root: &Path, programs: &Path, name: &str, work: &Path) -> Result<Self> {
        let scripts = root.join("lab/recipes");
        let system = scripts.join("systems").join(name).with_extension("sh");
        let both = format!(". {}; . {}", scripts.join("common.sh").display(), system.display());
        let mut command = Command::new("bash");
        command.arg("-c").arg(both).env("DIR", programs).env("WORK", work).env_remove("TRY");
        command.env("RECIPES", root.join("examples/recipes"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    /// The next state; `None` at the end.
    async fn next(&mut self) -> Result<Option<Told>> {
        loop {
            let line = tokio::time::timeout(STATE_BOUND, self.lines.next_line()).await;
            let Some(line) = line.context("no next state in time")?? else { return Ok(None) };
            // Some programs say more than they should.
            if let Some(state) = Told::read(&line) {
                return Ok(Some(state));
            }
        }
    }

    async fn go_on(&mut self) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("no input")?;
        Ok(stdin.write_all(b"\n").await?)
    }

    /// Waits for its end. One that is still at work loses its input, and ends by itself: it has
    /// processes of its own to end.
    async fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = tokio::time::timeout(STATE_BOUND, self.child.wait()).await??;
        ensure!(status.success(), "its script ended with {status}");
        Ok(())
    }
}

/// A state of a system, as its script tells it.
struct Told {
    about: String,
    /// `pass`, or kinds of failures of which one is seen.
    expected: Vec<String>,
    usual: String,
    /// Where the origins are; the first one is judged.
    ports: Vec<u16>,
}

impl Told {
    fn read(line: &str) -> Option<Self> {
        let [about, expected, usual, ports] = line.split('\t').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(Self {
            about: about.to_owned(),
            expected: expected.split(' ').map(str::to_owned).collect(),
            usual: usual.to_owned(),
            ports: ports.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?,
        })
    }
}

async fn play(root: &Path, programs: &Path, name: &str, odd: &mut Vec<String>) -> Result<()> {
    let config = recipe(root, name)?;
    let work = std::env::temp_dir().join(format!("pointsman-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&work)?;
    let mut script = Script::start(root, programs, name, &work)?;
    let mut states = 0;
    while let Some(state) = script.next().await? {
        states += 1;
        let seen = judged(&config, &state.ports).await?;
        let kind = seen.map_or(PASS, |reason| reason.kind.as_str());
        let words = seen.map_or_else(|| PASS.to_owned(), |reason| reason.to_string());
        let expected = state.expected.join(" or ");
        println!("| {name} | {} | {} | {expected} | {words} |", state.about, state.usual);
        if !state.expected.iter().any(|it| it == kind) {
            odd.push(format!("{name}, {}: expected {expected}, seen {words}", state.about));
        }
        script.go_on().await?;
    }
    script.end().await?;
    ensure!(states > 1, "its script tells {states} states");
    Ok(std::fs::remove_dir_all(&work)?)
}

/// Why the first of these origins fails; `None`: it passes. All are asked in one round.
async fn judged(config: &Config, ports: &[u16]) -> Result<Option<FailureReason>> {
    let mut state = State::default();
    state.follow(config);
    let run = now()?;
    let first = RoundRequest::first(run, run);
    take_in(&mut state, config, &first).map_err(|done| anyhow::anyhow!("{done:?}"))?;
    let origins = config.regions.values().flat_map(|region| &region.origins);
    let mut results = Vec::new();
    for (origin, port) in origins.zip(ports) {
        for (id, monitor) in &config.monitors {
            let target = Target { origin: origin.id.clone(), monitor: id.clone() };
            results.push(probed(config, target, monitor, *port).await?);
        }
    }
    let judged = results.first().map(|result| result.target.origin.clone());
    let judged = judged.context("no origin")?;
    let request = RoundRequest { round: 1, now: now()?, results, ..first };
    take_in(&mut state, config, &request).map_err(|done| anyhow::anyhow!("{done:?}"))?;
    let mut targets = state.targets.iter().filter(|(target, _)| target.origin == judged);
    Ok(targets.find_map(|(_, known)| known.memory.reason))
}

/// What a probe of an origin finds at a port of this machine.
async fn probed(
    config: &Config,
    target: Target,
    monitor: &pointsman::config::Monitor,
    port: u16,
) -> Result<ProbeResult> {
    let began = Instant::now();
    let url = format!("http://127.0.0.1:{port}{}", monitor.path);
    let timeout = Duration::from_millis(monitor.timeout_ms);
    let client = reqwest::Client::builder().no_proxy().timeout(timeout).build()?;
    let mut request = client.get(url);
    for (name, value) in &monitor.asking.request.headers {
        let value = match value {
            ProbeHeader::Text(text) => text.as_str(),
            ProbeHeader::Secret(_) => RABBITMQ_AUTH,
        };
        request = request.header(name, value);
    }
    let answered = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.bytes().await?))
    };
    let outcome = match answered.await {
        Ok((status, body)) => {
            let read = body.get(..BODY_BYTES_MAX.min(body.len())).unwrap_or_default();
            ProbeOutcome::Answered(ProbeResponse {
                status,
                body: Ok(String::from_utf8_lossy(read).into_owned()),
                is_cut: body.len() > BODY_BYTES_MAX,
                at: now()?,
                ..ProbeResponse::default()
            })
        }
        Err(error) if error.is_timeout() => ProbeOutcome::TimedOut,
        Err(error) => ProbeOutcome::NoConnection(error.to_string()),
    };
    let verdict = classify(&outcome, &monitor.expect, monitor.lag_pointer.as_deref());
    if let Verdict::Inconclusive { note } = &verdict {
        bail!("{note}");
    }
    let fields = fields_of(&outcome, &config.fields_of(&target.monitor));
    let took_ms = u64::try_from(began.elapsed().as_millis())?;
    Ok(ProbeResult { target, at: now()?, verdict, pushed_back_ms: None, took_ms, fields })
}

fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(u64::try_from(since.as_millis())?))
}
