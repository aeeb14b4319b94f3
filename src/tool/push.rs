//! `pointsman push` and `pointsman config`: puts a config into force at the deployed Worker.
//!
//! The file is checked and proved here first. Then the config in use is fetched, and what would
//! change is shown before anything is asked. The Worker refuses a config that was made from another
//! one than the one in use.

use super::difference::{Difference, Version};
use super::load::{self, ValidConfig};
use super::proof::{Subject, prove};
use super::remote::{Deed, Remote, RemoteArgs};
use super::terminal::{CommandFailure, Exit, Terminal};
use super::text::{columns, count, write_json};
use crate::config::Config;
use crate::fingerprint::Fingerprint;
use crate::json;
use crate::order::{Act, Acted};
use clap::{Args, Subcommand};
use serde_json::Value;

/// What stands for a reason where nothing is done.
const DRY_REASON: &str = "a dry run";

/// Checks and proves a config, shows what it changes, and puts it into force.
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// The fingerprint of the config that the file was made from [default: the one in use]
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint)]
    base: Option<Fingerprint>,
    /// Print the difference as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    doing: DoingArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// How something is done at the Worker.
#[derive(Debug, Args)]
pub(super) struct DoingArgs {
    /// Why; it is kept in the audit chain, so name no person
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before it is done
    #[arg(long, short)]
    yes: bool,
}

/// The configs of the deployed Worker.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check and prove a config, show what it changes, and put it into force
    Push(Box<PushArgs>),
    /// List the configs that were in use
    History(HistoryArgs),
    /// Print the text of a config: of a revision, or of the one in use
    Show(ShowArgs),
    /// Put an earlier config into force again
    Rollback(RollbackArgs),
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The revision [default: the one in use]
    #[arg(value_name = "REVISION")]
    revision: Option<u64>,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// The revision to go back to
    #[arg(value_name = "REVISION")]
    revision: u64,
    #[command(flatten)]
    doing: DoingArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// A config as the Worker tells it.
struct Told {
    revision: u64,
    fingerprint: Fingerprint,
    text: Option<String>,
}

pub(super) fn config(
    command: &ConfigCommand,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    match command {
        ConfigCommand::Push(args) => push(args, terminal),
        ConfigCommand::History(args) => history(args, terminal),
        ConfigCommand::Show(args) => show(args, terminal),
        ConfigCommand::Rollback(args) => roll_back(args, terminal),
    }
}

pub(super) fn push(args: &PushArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    if args.file == "-" && !args.doing.yes && !args.doing.dry_run {
        let problem = "the config is on standard input, so nothing can be asked: use --yes";
        return Err(CommandFailure::usage(problem));
    }
    let remote = Remote::of(&args.remote, terminal)?;
    let valid = match proved(&args.file, terminal)? {
        Ok(valid) => valid,
        Err(exit) => return Ok(exit),
    };
    let in_use = told(&remote, "config")?;
    let base = in_use.as_ref().map(|told| told.fingerprint);
    if let (Some(told), Some(made_from)) = (&in_use, args.base)
        && told.fingerprint != made_from
    {
        return Err(CommandFailure::usage(format!(
            "the file was made from {made_from}, and {} (revision {}) is in use now: see \
             `pointsman config show`, and make it from that",
            told.fingerprint, told.revision
        )));
    }
    if base == Some(valid.config.fingerprint) {
        writeln!(terminal.out, "{} is in use already", valid.config.fingerprint)?;
        return Ok(Exit::Fine);
    }
    let to = Version { config: &valid.config, text: &valid.canonical };
    let now = (terminal.clock)();
    match in_use.as_ref().and_then(Told::config) {
        Some((config, text)) => {
            let from = Version { config: &config, text: &text };
            let difference = Difference::of(from, to, now).map_err(CommandFailure::usage)?;
            if args.json {
                write_json(terminal.out, &difference)?;
            } else {
                let [from, to] = [from, to].map(|version| version.config.fingerprint);
                writeln!(terminal.out, "from {from} to {to}")?;
                difference.write(terminal.out)?;
            }
        }
        None => writeln!(terminal.out, "{}", unknown(in_use.as_ref()))?,
    }
    let act = Act::PushConfig { text: valid.canonical, base };
    do_it(&remote, &act, &args.doing, terminal)
}

/// Says that it cannot be shown what changes.
fn unknown(in_use: Option<&Told>) -> String {
    match in_use {
        None => "no config is in use: this is the first one".to_owned(),
        Some(told) => format!(
            "what changes cannot be shown: the text of {} (revision {}) is lost, or another \
             version of Pointsman wrote it",
            told.fingerprint, told.revision
        ),
    }
}

/// The config of a file, once it is checked and proved.
fn proved(
    file: &str,
    terminal: &mut Terminal<'_>,
) -> Result<Result<ValidConfig, Exit>, CommandFailure> {
    let now = (terminal.clock)();
    let text = load::text(file, terminal).map_err(CommandFailure::usage)?;
    let loaded = load::load(load::name(file), &text, now, terminal.colour);
    terminal.err.write_all(loaded.rendered.as_bytes())?;
    let Some(valid) = loaded.valid else { return Ok(Err(Exit::Findings)) };
    let proof = prove(&valid.config, now, &Subject::default());
    if !proof.holds {
        write!(terminal.err, "{proof}")?;
        writeln!(terminal.err, "error: the proof does not hold: nothing is changed")?;
        return Ok(Err(Exit::Findings));
    }
    let warnings = count(loaded.findings.len(), "finding");
    writeln!(terminal.out, "{}: valid, {warnings}; the proof holds", load::name(file))?;
    Ok(Ok(valid))
}

fn roll_back(args: &RollbackArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let remote = Remote::of(&args.remote, terminal)?;
    let revision = args.revision;
    let in_use = told(&remote, "config")?;
    let Some(to) = told(&remote, &format!("config/{revision}"))? else {
        return Err(CommandFailure::usage(format!(
            "there is no revision {revision}; `pointsman config history` lists them"
        )));
    };
    let from = in_use.as_ref().and_then(Told::config);
    match (from, to.config()) {
        (Some((old, old_text)), Some((new, new_text))) => {
            let from = Version { config: &old, text: &old_text };
            let to = Version { config: &new, text: &new_text };
            let now = (terminal.clock)();
            let difference = Difference::of(from, to, now).map_err(CommandFailure::usage)?;
            let [from, to] = [from, to].map(|version| version.config.fingerprint);
            writeln!(terminal.out, "from {from} back to {to}, revision {revision}")?;
            difference.write(terminal.out)?;
        }
        _ => writeln!(terminal.out, "{}", unknown(Some(&to)))?,
    }
    do_it(&remote, &Act::RollBack { revision }, &args.doing, terminal)
}

fn history(args: &HistoryArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let answer = Remote::of(&args.remote, terminal)?.get("config/history")?;
    if args.json {
        write_json(terminal.out, &answer)?;
        return Ok(Exit::Fine);
    }
    let revisions = answer.get("revisions").and_then(Value::as_array);
    let mut rows =
        vec![["", "revision", "config", "since", "by", "text", "why"].map(str::to_owned)];
    for it in revisions.into_iter().flatten() {
        let is_in_use = it.get("revision") == answer.get("in_use");
        let kept = it.get("has_text").and_then(Value::as_bool).unwrap_or_default();
        rows.push([
            if is_in_use { "*".to_owned() } else { String::new() },
            it.get("revision").map(Value::to_string).unwrap_or_default(),
            word(it, "fingerprint"),
            word(it, "at"),
            it.get("who").map(|who| word(who, "name")).unwrap_or_default(),
            if kept { "kept".to_owned() } else { "gone".to_owned() },
            word(it, "why"),
        ]);
    }
    write!(terminal.out, "{}", columns(&rows))?;
    if let Some(kv) = answer.get("kv").and_then(Value::as_str) {
        writeln!(terminal.out, "{kv}")?;
    }
    Ok(Exit::Fine)
}

fn show(args: &ShowArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let remote = Remote::of(&args.remote, terminal)?;
    let path = args.revision.map_or("config".to_owned(), |number| format!("config/{number}"));
    let Some(told) = told(&remote, &path)? else {
        let none = args.revision.map_or_else(
            || "there is no config yet".to_owned(),
            |number| {
                format!("there is no revision {number}; `pointsman config history` lists them")
            },
        );
        return Err(CommandFailure::usage(none));
    };
    let Some(text) = told.text else {
        let problem = format!("the text of revision {} is not kept any more", told.revision);
        return Err(CommandFailure::usage(problem));
    };
    match json::parse(json::without_bom(&text)) {
        Ok(value) => writeln!(terminal.out, "{value:#}")?,
        Err(_) => writeln!(terminal.out, "{text}")?,
    }
    Ok(Exit::Fine)
}

/// Asks, unless it need not, and does it.
fn do_it(
    remote: &Remote,
    act: &Act,
    doing: &DoingArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let reason = doing.reason.as_deref().unwrap_or(DRY_REASON);
    let deed = Deed { act, reason, from: None, until: None, is_dry: doing.dry_run };
    if doing.dry_run {
        let acted = remote.act(&deed)?;
        writeln!(terminal.out, "\na dry run: nothing is changed")?;
        tell(&acted, remote, terminal)?;
        return Ok(Exit::Fine);
    }
    if !doing.yes && !terminal.agrees("\nput it into force?")? {
        writeln!(terminal.out, "nothing is changed")?;
        return Ok(Exit::Findings);
    }
    let acted = remote.act(&deed)?;
    tell(&acted, remote, terminal)?;
    Ok(Exit::Fine)
}

fn tell(acted: &Acted, remote: &Remote, terminal: &mut Terminal<'_>) -> Result<(), CommandFailure> {
    for text in &acted.changes {
        writeln!(terminal.out, "{}", remote.redact(text))?;
    }
    for text in &acted.notes {
        writeln!(terminal.out, "note: {}", remote.redact(text))?;
    }
    Ok(())
}

/// The config under a path; `None` where there is none.
fn told(remote: &Remote, path: &str) -> Result<Option<Told>, CommandFailure> {
    let answer = match remote.get(path) {
        Err(error) if error.says_that_there_is_none() => return Ok(None),
        answer => answer?,
    };
    let fingerprint = answer.get("fingerprint").and_then(Value::as_str);
    let fingerprint = fingerprint.and_then(|text| Fingerprint::try_from(text.to_owned()).ok());
    let revision = answer.get("revision").and_then(Value::as_u64);
    let (Some(fingerprint), Some(revision)) = (fingerprint, revision) else {
        return Err(CommandFailure::usage("the Worker tells a config without a fingerprint"));
    };
    let text = answer.get("text").and_then(Value::as_str).map(str::to_owned);
    Ok(Some(Told { revision, fingerprint, text }))
}

impl Told {
    /// The config with its text, if this build reads it.
    fn config(&self) -> Option<(Config, String)> {
        let text = self.text.clone()?;
        let config = Config::parse(&text).ok()?;
        Some((config, text))
    }
}

fn word(value: &Value, key: &str) -> String {
    let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).collect()
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    Fingerprint::try_from(text.to_owned()).map_err(|_| "a fingerprint has 16 hex digits".to_owned())
}

#[cfg(test)]
mod tests;
