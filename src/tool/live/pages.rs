//! Shows documents of the deployed Worker.

use super::args::{IncidentsArgs, PageArgs};
use super::ask::{orders as orders_of, remote};
use crate::order::Order;
use crate::time::Timestamp;
use crate::tool::terminal::{CommandFailure, Exit, Terminal};
use serde_json::Value;
use std::io::Write;

pub(super) fn status(args: &PageArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let status = remote(args, terminal)?.get("status")?;
    if args.json {
        return json(&status, terminal.out);
    }
    let out = &mut *terminal.out;
    for (service, regions) in entries(&status, "services") {
        let reasons = status.get("reasons").and_then(|all| all.get(service));
        let regions = regions.as_object().into_iter().flatten();
        for (region, health) in regions {
            let reason = reasons.and_then(|all| all.get(region));
            let word = |key: &str| reason.and_then(|it| it.get(key)).and_then(Value::as_str);
            let draining = reason.and_then(|it| it.get("draining")) == Some(&Value::Bool(true));
            let draining = if draining { ", takes no new clients" } else { "" };
            let why = word("why").map(|why| format!(": {why}")).unwrap_or_default();
            let health = health.as_str().unwrap_or("?");
            writeln!(out, "{service}: {region} is {health}{draining}{why}")?;
        }
    }
    for order in list(&status, "orders").filter_map(Value::as_object) {
        let id = order.get("id").unwrap_or(&Value::Null);
        writeln!(out, "order {id}: see `pointsman orders`")?;
    }
    let cloudflare = status.get("cloudflare").unwrap_or(&Value::Null);
    if cloudflare.get("halted") == Some(&Value::Bool(true)) {
        writeln!(out, "changes at Cloudflare are halted")?;
    }
    for kind in ["failures", "withheld"] {
        for text in list(cloudflare, kind).filter_map(Value::as_str) {
            writeln!(out, "{kind}: {text}")?;
        }
    }
    if let Some(since) = status.get("doubted_since").and_then(Value::as_str) {
        writeln!(out, "the observer has doubted itself since {since}")?;
    }
    let as_of = status.get("as_of").and_then(Value::as_str).unwrap_or("?");
    writeln!(out, "as of {as_of}")?;
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
        writeln!(terminal.out, "{}", line(order, now))?;
    }
    Ok(Exit::Fine)
}

fn line(order: &Order, now: Timestamp) -> String {
    let Order { id, act, who, reason, from, until, .. } = order;
    let since = if *from <= now { "since" } else { "to come, from" };
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    format!("{id}: {act}, {since} {from}{until}, by {who}: {reason}")
}

fn json(document: &Value, out: &mut dyn Write) -> Result<Exit, CommandFailure> {
    writeln!(out, "{document:#}")?;
    Ok(Exit::Fine)
}

fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
