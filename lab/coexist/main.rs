//! `cargo run --example coexist`: other DNS tools at a record of ours.
//!
//! Each file of `trials/` runs one tool with some settings against the emulated API, where a record
//! carries our marker. Then a pass of ours looks at the account, with what it remembers, and says
//! which facts it found. A trial names the facts that it expects; the program fails where others
//! come. `install.sh` fetches the tools, in exact versions, from `PyPI`, npm and Debian.
//!
//! `COEXIST_DIR` names the folder of the tools, which is kept; words after `--` pick trials whose
//! names contain one of them.
#![expect(clippy::print_stdout, reason = "a program that prints a table")]
#![expect(clippy::indexing_slicing, reason = "an absent key of a JSON value is null")]

use anyhow::{Context as _, Result, bail};
use pointsman::cloudflare::{
    Circumstances, Desired, DesiredRecords, Next, PassInput, PassReport, Reconcile, RecordMember,
    Reply, Switch,
};
use pointsman::config::{DnsMode, RecordKind};
use pointsman::ids::{RegionId, ServiceId};
use pointsman::ordered::{Map, Set};
use pointsman::owned::OwnedRecords;
use pointsman::time::{MINUTE, Timestamp};
use pointsman_lab::api::{Api, ApiToken, Plan, World};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

const TOKEN: &str = "lab-api-token-of-forty-characters-0123456";
const NAME: &str = "files.example.com";
const OURS: &str = "192.0.2.1";
/// Longest run of one tool.
const BOUND: Duration = Duration::from_mins(2);
/// Longest installation.
const INSTALL_BOUND: Duration = Duration::from_mins(9);

/// One file of `trials/`, by what its head says.
struct Trial {
    name: String,
    script: PathBuf,
    tool: String,
    settings: String,
    expects: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/coexist");
    let tools = std::env::var_os("COEXIST_DIR").map(PathBuf::from);
    let tools = tools.unwrap_or_else(|| std::env::temp_dir().join("pointsman-coexist"));
    fs::create_dir_all(&tools)?;
    let mut install = Command::new("bash");
    install.arg(folder.join("install.sh")).env("DIR", &tools);
    run(install, INSTALL_BOUND).await.context("the tools could not be installed")?;
    let picked: Vec<String> = std::env::args().skip(1).collect();
    println!("| tool | settings | its writes | facts |\n| --- | --- | --- | --- |");
    let mut odd = Vec::new();
    for trial in trials(&folder.join("trials"))? {
        if picked.is_empty() || picked.iter().any(|word| trial.name.contains(word)) {
            odd.extend(tried(&trial, &tools).await?);
        }
    }
    if odd.is_empty() { Ok(()) } else { bail!("not as expected:\n{}", odd.join("\n")) }
}

fn trials(folder: &Path) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for entry in fs::read_dir(folder)? {
        let script = entry?.path();
        let text = fs::read_to_string(&script)?;
        let line = |key: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(&format!("# {key}: ")));
            found.map(str::to_owned).with_context(|| format!("{}: no {key}", script.display()))
        };
        let (tool, settings, expects) = (line("tool")?, line("settings")?, line("expects")?);
        let expects = expects.split_whitespace().filter(|word| *word != "nothing");
        let expects = expects.map(str::to_owned).collect();
        let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        trials.push(Trial { name, script, tool, settings, expects });
    }
    trials.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(trials)
}

/// Runs one trial and prints its row. Returns what was not as expected.
async fn tried(trial: &Trial, tools: &Path) -> Result<Option<String>> {
    let mut world = World::new(7);
    world.add_token(ApiToken::all(TOKEN));
    let zone = world.add_zone("example.com", Plan::Free);
    let record = json!({
        "name": NAME, "type": "A", "content": OURS, "ttl": 60, "comment": "pointsman:files",
    });
    world.add_record(&zone, &record).map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let api = Api::start(world).await?;
    let settled = pass(&api, &OwnedRecords::new(), 0).await?;
    api.clear_transcript();
    let work = tempfile(&trial.name)?;
    let mut command = Command::new("bash");
    command.arg(&trial.script).current_dir(&work);
    command.env("API", api.base_url()).env("PORT", api.port().to_string());
    command.env("TOKEN", TOKEN).env("ZONE", &zone).env("DIR", tools);
    let said = run(command, BOUND).await.with_context(|| trial.name.clone())?;
    let writes: Vec<String> =
        api.transcript().iter().filter(|it| it.is_write()).map(wrote).collect();
    let looked = pass(&api, &settled.owned, 10).await?.looked;
    let mut facts: Vec<String> =
        looked.facts.iter().map(|fact| fact.fact.as_str().to_owned()).collect();
    facts.sort();
    let listed = |all: &[String]| if all.is_empty() { "–".to_owned() } else { all.join(", ") };
    let Trial { name, tool, settings, .. } = trial;
    println!("| {tool} | {settings} | {} | {} |", listed(&writes), listed(&facts));
    for fact in &looked.facts {
        println!("<!-- {name}: {} instead of {} -->", fact.theirs, fact.ours);
    }
    fs::remove_dir_all(&work)?;
    let mut expects = trial.expects.clone();
    expects.sort();
    let is_odd = facts != expects;
    Ok(is_odd.then(|| format!("{name}: {facts:?} instead of {expects:?}; it said:\n{said}")))
}

/// A call that changes something, with what matters of its body.
fn wrote(exchange: &pointsman_lab::api::Exchange) -> String {
    let exchange = serde_json::to_value(exchange).unwrap_or_default();
    let body = &exchange["request"];
    let body = if body.is_string() {
        serde_json::from_str(body.as_str().unwrap_or_default()).unwrap_or_default()
    } else {
        body.clone()
    };
    let shown = ["content", "ttl", "comment"].map(|key| match &body[key] {
        Value::Null => String::new(),
        value => format!(" {key} {value}"),
    });
    format!("`{}{}`", exchange["method"].as_str().unwrap_or_default(), shown.concat())
}

fn tempfile(name: &str) -> Result<PathBuf> {
    let work =
        std::env::temp_dir().join(format!("pointsman-coexist-{}-{name}", std::process::id()));
    fs::create_dir_all(&work)?;
    Ok(work)
}

/// Runs a program to its end. Returns what it said; it may fail, for some tools do where they are
/// refused.
async fn run(mut command: Command, bound: Duration) -> Result<String> {
    command.kill_on_drop(true);
    let output =
        tokio::time::timeout(bound, command.output()).await.context("no end in time")??;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    match output.status.code() {
        // What a trial ends with where the tool is not there.
        Some(77) => bail!("the tool is not there: {said}"),
        _ => Ok(said),
    }
}

/// A look of ours at the account, with what is remembered; it writes nothing.
async fn pass(api: &Api, owned: &OwnedRecords, minute: u64) -> Result<PassReport> {
    let now = Timestamp::from_millis(minute * MINUTE);
    let circumstances = Circumstances { now, owned: owned.clone(), ..Circumstances::default() };
    let desired = Desired { records: vec![wanted()?], ..Desired::default() };
    let input = PassInput { desired, circumstances, is_dry: true, ..PassInput::default() };
    let mut reconcile = Reconcile::new(input);
    reconcile.tell_time(now);
    loop {
        match reconcile.next_step() {
            Next::Wait | Next::Done => return Ok(reconcile.finish()),
            Next::Intend { .. } => {}
            Next::Call(number, call) => {
                let url = format!("{}{}", api.base_url(), call.path);
                let asked = reqwest::Client::new().get(url).bearer_auth(TOKEN).send().await?;
                let status = asked.status().as_u16();
                let body = asked.text().await?;
                let reply = Reply::Answered { status, retry_after_s: None, body };
                reconcile.answer(number, &reply, now);
            }
        }
    }
}

/// One set without a rule over it. Two regions are up, and the first one answers.
fn wanted() -> Result<DesiredRecords> {
    let region = RegionId::parse("eu-west").map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let service = ServiceId::parse("files").map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let up = RecordMember { switch: Switch::Enable, region: region.clone() };
    let permitted = [OURS, "192.0.2.2"].map(|content| (content.to_owned(), up.clone()));
    Ok(DesiredRecords {
        zone: "example.com".to_owned(),
        name: NAME.to_owned(),
        kind: RecordKind::A,
        service,
        mode: DnsMode::Failover,
        ttl_s: 60,
        proxied: None,
        manage: false,
        adopt: false,
        answer: Some((region.clone(), Set::of([OURS.to_owned()]))),
        refuge: None,
        is_guarded: false,
        regions: vec![region],
        permitted: Map::of(permitted),
        manual: false,
        returning: Set::of([]),
        follows: None,
    })
}
