//! Shows documents of the deployed Worker.

use super::args::{DrillsArgs, IncidentsArgs, PageArgs};
use super::ask::{orders as orders_of, remote};
use super::standing::{lines, of_order};
use crate::tool::terminal::{CommandFailure, Exit, Terminal};
use serde_json::Value;
use std::io::Write;

pub(super) fn status(args: &PageArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let status = remote(args, terminal)?.get("status")?;
    if args.json {
        return json(&status, terminal.out);
    }
    for line in lines(&status) {
        writeln!(terminal.out, "{line}")?;
    }
    Ok(Exit::Fine)
}

pub(super) fn incidents(
    args: &IncidentsArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    reports(("incidents", "an incident"), args.id.as_deref(), &args.page, terminal)
}

pub(super) fn drills(
    args: &DrillsArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    reports(("drills", "a drill"), args.id.as_deref(), &args.page, terminal)
}

/// Shows one of several things that have a report each, or a line of each.
fn reports(
    (all, one): (&str, &str),
    id: Option<&str>,
    page: &PageArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let path = match id {
        // What would be another path is no id.
        Some(id) if id.contains(['/', '?', '#', '%']) => {
            return Err(CommandFailure::usage(format!("`{id}` is no id of {one}")));
        }
        Some(id) => format!("{all}/{id}"),
        None => all.to_owned(),
    };
    let told = remote(page, terminal)?.get(&path)?;
    if page.json {
        return json(&told, terminal.out);
    }
    // One has a report, line by line; all of them have a summary each.
    let word = |it: &Value, key| it.get(key).and_then(Value::as_str).map(str::to_owned);
    let lines: Vec<String> = if id.is_some() {
        list(&told, "report").filter_map(Value::as_str).map(str::to_owned).collect()
    } else {
        let line = |it| Some(format!("{}  {}", word(it, "id")?, word(it, "summary")?));
        let next = |it| {
            let (id, next) = (word(it, "id")?, word(it, "next")?);
            let skipped = word(it, "skipped").map(|why| format!("; last skipped: {why}"));
            Some(format!("schedule {id}: next at {next}{}", skipped.unwrap_or_default()))
        };
        list(&told, all).filter_map(line).chain(list(&told, "schedules").filter_map(next)).collect()
    };
    if lines.is_empty() {
        writeln!(terminal.out, "there are no {all}")?;
    }
    for line in lines {
        writeln!(terminal.out, "{line}")?;
    }
    Ok(Exit::Fine)
}

pub(super) fn orders(args: &PageArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let remote = remote(args, terminal)?;
    if args.json {
        return json(&remote.get("orders")?, terminal.out);
    }
    let now = (terminal.clock)();
    let orders = orders_of(&remote)?;
    if orders.is_empty() {
        writeln!(terminal.out, "no order is in force or to come")?;
    }
    for order in &orders {
        writeln!(terminal.out, "{}", of_order(order, now))?;
    }
    Ok(Exit::Fine)
}

fn json(document: &Value, out: &mut dyn Write) -> Result<Exit, CommandFailure> {
    writeln!(out, "{document:#}")?;
    Ok(Exit::Fine)
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
