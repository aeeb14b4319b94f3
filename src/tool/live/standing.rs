//! How everything stands, in lines: what needs a person first.

use crate::order::Order;
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::Value;
use std::fmt::Write as _;

/// A run comes each minute; after so long without one something is wrong.
const SILENT_AFTER_MS: Millis = 3 * MINUTE;

/// The lines of a `status` document. What it does not have is left out: another build may have
/// written it.
pub(super) fn lines(status: &Value) -> Vec<String> {
    let parts = [
        incidents,
        regions,
        recovery,
        orders,
        config,
        cloudflare,
        other_owners,
        alerts,
        kv,
        observer,
    ];
    let mut lines: Vec<String> = parts.iter().flat_map(|part| part(status)).collect();
    let source = word(at(status, "controller"), "error");
    lines.extend(source.map(|why| format!("this is the copy in KV: {why}")));
    lines.push(format!("as of {}", word(status, "as_of").unwrap_or("?")));
    lines
}

fn incidents(status: &Value) -> Vec<String> {
    let line = |incident: &Value| {
        let id = word(incident, "id").unwrap_or("?");
        let trouble = word(incident, "trouble").unwrap_or("up again");
        let region = word(incident, "region").unwrap_or("the observer");
        let services = names(at(incident, "services"));
        let services = if services.is_empty() { services } else { format!(" for {services}") };
        let began = word(incident, "began").unwrap_or("?");
        let taken = word(incident, "taken_by").map_or_else(
            || "nobody looks after it".to_owned(),
            |who| format!("{who} looks after it"),
        );
        format!("incident {id}: {region} {trouble}{services} since {began}; {taken}")
    };
    list(status, "incidents").map(line).collect()
}

fn regions(status: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (service, regions) in entries(status, "services") {
        let reasons = at(at(status, "reasons"), service);
        for (region, health) in regions.as_object().into_iter().flatten() {
            let reason = at(reasons, region);
            let draining = at(reason, "draining") == &Value::Bool(true);
            let draining = if draining { ", takes no new clients" } else { "" };
            let why = word(reason, "why").map(|why| format!(": {why}")).unwrap_or_default();
            let health = health.as_str().unwrap_or("?");
            let returning = returning(at(reason, "returning"));
            lines.push(format!("{service}: {region} is {health}{draining}{returning}{why}"));
        }
    }
    lines
}

/// How far the clients have returned to a region; empty where all have.
fn returning(returning: &Value) -> String {
    let Some(percent) = at(returning, "percent").as_u64() else { return String::new() };
    let held = word(returning, "held").map(|why| format!(" and stays there: {why}"));
    format!(", {percent} % of its clients have returned{}", held.unwrap_or_default())
}

/// The step of a plan that waits for a person.
const APPROVE: &str = "approve";

fn recovery(status: &Value) -> Vec<String> {
    let line = |(service, recovery): (&String, &Value)| {
        let mut line = format!("{service}: {}", word(recovery, "stage").unwrap_or_default());
        if let Some(epoch) = at(recovery, "epoch").as_u64().filter(|epoch| *epoch > 0) {
            let _ = write!(line, ", epoch {epoch}");
        }
        if let Some(primary) = word(recovery, "primary") {
            let _ = write!(line, ", primary {primary}");
        }
        for region in list(recovery, "unconfirmed").filter_map(Value::as_str) {
            let _ = write!(line, ", {region} is not confirmed");
        }
        let plan = at(recovery, "plan");
        if let Some(kind) = word(plan, "kind") {
            let (to, step) = (word(plan, "to").unwrap_or("?"), word(plan, "step").unwrap_or("?"));
            let said = word(plan, "said").map(|said| format!(": {said}")).unwrap_or_default();
            let _ = write!(line, ", {kind} to {to} is at {step}{said}");
            if step == APPROVE {
                let _ = write!(line, "; it waits for a person: `pointsman approve {service}`");
            }
        }
        line
    };
    let mut lines: Vec<String> = entries(status, "recovery").map(line).collect();
    for (service, recovery) in entries(status, "recovery") {
        let reasons = list(recovery, "not_ready").filter_map(Value::as_str);
        lines.extend(reasons.map(|why| format!("{service}: a failover would not work now: {why}")));
    }
    lines
}

fn orders(status: &Value) -> Vec<String> {
    let orders = list(status, "orders");
    orders
        .map(|order| match crate::json::from_value(order) {
            Ok(order) => format!("order {}", of_order(&order, as_of(status))),
            Err(_) => format!("order {}: see `pointsman orders`", at(order, "id")),
        })
        .collect()
}

/// An order in a line.
pub(super) fn of_order(order: &Order, now: Timestamp) -> String {
    let Order { id, act, who, reason, from, until, .. } = order;
    let since = if *from <= now { "since" } else { "to come, from" };
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    format!("{id}: {act}, {since} {from}{until}, by {who}: {reason}")
}

fn config(status: &Value) -> Vec<String> {
    let config = at(status, "config");
    let mut lines = Vec::new();
    let refused = at(config, "refused");
    if let Some(since) = word(refused, "at") {
        let total = at(refused, "problems_total");
        let first = list(refused, "problems").next().and_then(|it| word(it, "problem"));
        let first = first.map(|first| format!(", first: {first}")).unwrap_or_default();
        lines.push(format!(
            "the config in KV is refused since {since}, and the last good one stays: {total} \
             problems{first}"
        ));
    }
    lines.extend(word(config, "kv").map(|told| format!("config: {told}")));
    lines
}

fn cloudflare(status: &Value) -> Vec<String> {
    let cloudflare = at(status, "cloudflare");
    let mut lines = Vec::new();
    if at(cloudflare, "halted") == &Value::Bool(true) {
        lines.push("changes at Cloudflare are halted".to_owned());
    }
    if let Some(until) = word(at(cloudflare, "api"), "blocked_until") {
        lines.push(format!("the API asked for no calls until {until}"));
    }
    for kind in ["failures", "withheld"] {
        let texts = list(cloudflare, kind).filter_map(Value::as_str);
        lines.extend(texts.map(|text| format!("{kind}: {text}")));
    }
    for (grant, denied) in entries(cloudflare, "denied") {
        let at = word(denied, "at").unwrap_or("?");
        lines.push(format!("the token lacks {grant} since {at}"));
    }
    lines
}

fn other_owners(status: &Value) -> Vec<String> {
    let owners = list(at(status, "cloudflare"), "other_owners");
    let goes_on = owners.filter(|owner| word(owner, "over_at").is_none());
    goes_on
        .map(|owner| {
            let [fact, record, since] =
                ["fact", "record", "at"].map(|key| word(owner, key).unwrap_or("?"));
            let is_left = at(owner, "stopped") == &Value::Bool(true);
            let left = if is_left { "; it is left so" } else { "" };
            format!("other owner: {record}: {fact} since {since}{left}")
        })
        .collect()
}

fn alerts(status: &Value) -> Vec<String> {
    let alerts = at(status, "alerts");
    let mut lines = Vec::new();
    for (id, receiver) in entries(alerts, "receivers") {
        let number = |key: &str| at(receiver, key).as_u64().unwrap_or(0);
        let (waiting, given_up) = (number("undelivered"), number("given_up"));
        let since = word(receiver, "failing_since");
        if waiting == 0 && given_up == 0 && since.is_none() {
            continue;
        }
        let mut told = vec![format!("{waiting} wait"), format!("{given_up} given up")];
        told.extend(since.map(|since| format!("failing since {since}")));
        told.extend(word(receiver, "last_failure").map(str::to_owned));
        lines.push(format!("alerts: {id}: {}", told.join(", ")));
    }
    let dropped = at(alerts, "dropped").as_u64().unwrap_or(0);
    lines.extend((dropped > 0).then(|| format!("alerts: {dropped} dropped for want of room")));
    let pushed = word(at(status, "otlp"), "last_failure");
    lines.extend(pushed.map(|why| format!("metrics are not pushed: {why}")));
    lines
}

fn kv(status: &Value) -> Vec<String> {
    let held_back = names(at(at(status, "kv"), "held_back"));
    let too_large = names(at(status, "too_large"));
    let told = [
        ("for want of writes, these pages in KV are old", held_back),
        ("too large to be written, so KV has old ones", too_large),
    ];
    let told = told.into_iter().filter(|(_, names)| !names.is_empty());
    told.map(|(what, names)| format!("{what}: {names}")).collect()
}

fn observer(status: &Value) -> Vec<String> {
    let doubt = word(status, "doubted_since");
    let mut lines: Vec<String> = doubt
        .map(|since| format!("the observer has doubted itself since {since}"))
        .into_iter()
        .collect();
    for (area, told) in entries(status, "areas") {
        let doubt = word(told, "doubted_since");
        lines.extend(doubt.map(|since| format!("{area} has reached nothing since {since}")));
        let is_silent = at(told, "answers").as_bool() == Some(false);
        lines.extend(is_silent.then(|| match word(told, "silent_since") {
            Some(since) => format!("no answer from {area} since {since}"),
            None => format!("no answer from {area} yet"),
        }));
    }
    let run = at(status, "last_run");
    let cron = word(run, "cron_silent_since");
    lines.extend(cron.map(|since| {
        format!("cron has begun no run since {since}; the Controller probes by itself")
    }));
    let began = word(run, "began").and_then(instant);
    let silent = began.filter(|began| as_of(status).since(*began) > SILENT_AFTER_MS);
    lines.extend(silent.map(|began| format!("no run has come since {began}, so nobody probes")));
    lines
}

fn as_of(status: &Value) -> Timestamp {
    word(status, "as_of").and_then(instant).unwrap_or_default()
}

fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(text.to_owned()).ok()
}

fn names(value: &Value) -> String {
    let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.collect::<Vec<_>>().join(", ")
}

fn at<'v>(value: &'v Value, key: &str) -> &'v Value {
    value.get(key).unwrap_or(&Value::Null)
}

fn word<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    at(value, key).as_str()
}

fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    at(value, key).as_object().into_iter().flatten()
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    at(value, key).as_array().into_iter().flatten()
}
