//! Shows documents of the deployed Worker.

use super::args::{IncidentsArgs, PageArgs};
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
    let path = match &args.id {
        // What would be another path is no id.
        Some(id) if id.contains(['/', '?', '#', '%']) => {
            return Err(CommandFailure::usage(format!("`{id}` is no id of an incident")));
        }
        Some(id) => format!("incidents/{id}"),
        None => "incidents".to_owned(),
    };
    let page = remote(&args.page, terminal)?.get(&path)?;
    if args.page.json {
        return json(&page, terminal.out);
    }
    // One has a report, line by line; all of them have a summary each.
    let word = |it: &Value, key| it.get(key).and_then(Value::as_str).map(str::to_owned);
    let lines: Vec<String> = if args.id.is_some() {
        list(&page, "report").filter_map(Value::as_str).map(str::to_owned).collect()
    } else {
        let line = |it| Some(format!("{}  {}", word(it, "id")?, word(it, "summary")?));
        list(&page, "incidents").filter_map(line).collect()
    };
    if lines.is_empty() {
        writeln!(terminal.out, "there are no incidents")?;
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
