//! `pointsman audit`: checks the audit chain, from exported pages or at the deployed Worker.
//!
//! It needs nothing but the pages: no network, no token, no clock. Pages may be given in any order,
//! and an older copy of a page beside a later one.

use super::load;
use super::remote::{Remote, RemoteArgs};
use super::terminal::{CommandFailure, Exit, Terminal};
use super::text::{columns, write_json};
use crate::journal::{AuditEntry, AuditHash, Flaw, Verified, verify};
use crate::json;
use clap::{Args, Subcommand};
use serde_json::{Deserializer, Value};
use std::io::Write;

/// Most answers of the Worker that are fetched; it keeps far fewer entries.
const ANSWERS_MAX: usize = 200;

/// The audit chain.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check that the chain holds, and name the first entry that does not
    Verify(VerifyArgs),
    /// List the entries
    Show(AuditShowArgs),
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pages: PagesArgs,
    /// The hash of an entry that was noted elsewhere, and has to be there
    #[arg(long, value_name = "HASH", value_parser = hash)]
    expect_head: Option<AuditHash>,
}

#[derive(Debug, Args)]
pub(super) struct AuditShowArgs {
    #[command(flatten)]
    pages: PagesArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where the entries are from.
#[derive(Debug, Args)]
pub(super) struct PagesArgs {
    /// Pages as `wrangler kv key get audit:…` prints them; `-` reads standard input
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// The first entry; those before it are not looked at [default: 1]
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// What was given.
struct Given {
    /// The entries of each page.
    pages: Vec<Vec<Value>>,
    /// The number of the first entry that has to be there.
    from: u64,
}

pub(super) fn run(
    command: &AuditCommand,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    match command {
        AuditCommand::Verify(args) => verify_chain(args, terminal),
        AuditCommand::Show(args) => show(args, terminal),
    }
}

fn verify_chain(args: &VerifyArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let given = given(&args.pages, terminal)?;
    let from = given.from;
    let held = joined(given).and_then(|entries| verify(&entries, from));
    let flaw = match held {
        Ok(verified) => match args.expect_head {
            Some(hash) if !verified.entries.iter().any(|entry| entry.hash == hash) => {
                Flaw::NoHead(hash)
            }
            expected => {
                tell(&verified, from, expected.is_some(), terminal.out)?;
                return Ok(Exit::Fine);
            }
        },
        Err(flaw) => flaw,
    };
    writeln!(terminal.out, "the chain does not hold: {flaw}")?;
    Ok(Exit::Findings)
}

fn tell(
    verified: &Verified,
    from: u64,
    is_expected: bool,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let Some(last) = verified.entries.last() else {
        return writeln!(out, "there is no entry");
    };
    writeln!(out, "the chain holds: entries {from} to {}", last.n)?;
    if from > 1 {
        writeln!(out, "entries before {from} were not looked at")?;
    }
    writeln!(out, "head: {} of {}", last.hash, last.at)?;
    if !is_expected {
        writeln!(
            out,
            "entries cut off the end cannot be seen: note the head elsewhere, and give it with \
             --expect-head next time"
        )?;
    }
    Ok(())
}

fn show(args: &AuditShowArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let given = given(&args.pages, terminal)?;
    let from = given.from;
    let entries = joined(given).map_err(CommandFailure::usage)?;
    if args.json {
        write_json(terminal.out, &entries)?;
        return Ok(Exit::Fine);
    }
    let mut rows = vec![["n", "at", "kind", "by", "what", "why"].map(str::to_owned)];
    for value in &entries {
        let entry: AuditEntry = json::from_value(value).map_err(CommandFailure::usage)?;
        if entry.n >= from {
            rows.push(row(entry));
        }
    }
    write!(terminal.out, "{}", columns(&rows))?;
    Ok(Exit::Fine)
}

fn row(entry: AuditEntry) -> [String; 6] {
    let AuditEntry { n, at, kind, who, what, why, .. } = entry;
    let cells =
        [n.to_string(), at.to_string(), kind, who.to_string(), what, why.unwrap_or_default()];
    // Whoever changed an entry may have put there what a terminal obeys.
    cells.map(|cell| cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

/// Reads what is given. Errors: a file or the Worker cannot be read, or nothing is given.
fn given(args: &PagesArgs, terminal: &mut Terminal<'_>) -> Result<Given, CommandFailure> {
    let mut pages = Vec::new();
    for file in &args.files {
        let text = load::text(file, terminal).map_err(CommandFailure::usage)?;
        let read = read_pages(&text);
        let read = read.map_err(|why| format!("`{}` is no page: {why}", load::name(file)));
        pages.extend(read.map_err(CommandFailure::usage)?);
    }
    if args.files.is_empty() || args.remote.url.is_some() {
        let remote = Remote::of(&args.remote, terminal)?;
        pages.extend(fetched(&remote, args.from.unwrap_or(1))?);
    }
    let first = pages.iter().filter_map(|page| number(page.first()?)).min();
    // The Worker has only the last entries.
    let kept = if args.files.is_empty() { first.unwrap_or(1) } else { 1 };
    let from = args.from.unwrap_or(kept);
    for page in &mut pages {
        page.retain(|entry| number(entry).is_none_or(|n| n >= from));
    }
    Ok(Given { pages, from })
}

fn fetched(remote: &Remote, from: u64) -> Result<Vec<Vec<Value>>, CommandFailure> {
    let (mut pages, mut next) = (Vec::new(), Some(from));
    while let Some(from) = next.filter(|_| pages.len() < ANSWERS_MAX) {
        let answer = remote.get(&format!("audit?from={from}"))?;
        next = answer.get("next").and_then(Value::as_u64).filter(|next| *next > from);
        pages.extend(entries(answer).map_err(CommandFailure::usage)?);
    }
    Ok(pages)
}

/// The pages in a text of one or more JSON values. Errors: it is none, or has a key twice.
fn read_pages(text: &str) -> Result<Vec<Vec<Value>>, String> {
    let text = json::without_bom(text);
    let mut pages = Vec::new();
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    let mut start = values.byte_offset();
    while let Some(value) = values.next() {
        value.map_err(|error| error.to_string())?;
        let end = values.byte_offset();
        let one = text.get(start..end).unwrap_or_default();
        start = end;
        // Of a key that is there twice one would not be looked at.
        let value = json::read_without_repeats(one).map_err(|error| error.to_string())?;
        pages.extend(entries(value)?);
    }
    Ok(pages)
}

/// The entries of one page, of a list of pages or entries, or one entry.
fn entries(value: Value) -> Result<Vec<Vec<Value>>, String> {
    match value {
        Value::Array(items) if items.iter().all(|item| item.get("entries").is_some()) => {
            let pages: Result<Vec<_>, String> = items.into_iter().map(entries).collect();
            Ok(pages?.into_iter().flatten().collect())
        }
        Value::Array(entries) => Ok(vec![entries]),
        Value::Object(mut page) => match page.remove("entries") {
            Some(Value::Array(entries)) => Ok(vec![entries]),
            Some(_) => Err("`entries` is no list".to_owned()),
            None => Ok(vec![vec![Value::Object(page)]]),
        },
        _ => Err("a page is an object with `entries`".to_owned()),
    }
}

fn number(entry: &Value) -> Option<u64> {
    entry.get("n").and_then(Value::as_u64)
}

/// The entries of all pages, one behind the other. An entry that two pages have alike, since one is
/// an older copy, is there once. Errors: two pages have different entries of one number.
fn joined(given: Given) -> Result<Vec<Value>, Flaw> {
    let mut pages = given.pages;
    pages.sort_by_key(|page| (page.first().and_then(number), page.len()));
    let mut all: Vec<Value> = Vec::new();
    for page in pages {
        let before = all.len();
        for entry in page {
            let earlier = all.get(..before).unwrap_or_default();
            let same =
                earlier.iter().find(|it| number(it).is_some() && number(it) == number(&entry));
            match same {
                Some(same) if *same == entry => {}
                Some(_) => return Err(Flaw::Forked { n: number(&entry).unwrap_or_default() }),
                None => all.push(entry),
            }
        }
    }
    Ok(all)
}

fn hash(text: &str) -> Result<AuditHash, String> {
    AuditHash::parse(text).map_err(|bad| bad.to_string())
}

#[cfg(test)]
mod tests;
