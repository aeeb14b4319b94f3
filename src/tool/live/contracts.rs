//! `pointsman contracts`: what services promise, and whether they keep it.

use super::args::PageArgs;
use super::ask::remote;
use crate::tool::terminal::{CommandFailure, Exit, Terminal};
use serde_json::Value;

pub(super) fn contracts(
    args: &PageArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let page = remote(args, terminal)?.get("contracts")?;
    if args.json {
        writeln!(terminal.out, "{page:#}")?;
        return Ok(Exit::Fine);
    }
    let lines = lines(&page);
    if lines.is_empty() {
        writeln!(terminal.out, "no service promises anything")?;
    }
    for line in lines {
        writeln!(terminal.out, "{line}")?;
    }
    Ok(Exit::Fine)
}

/// One line for each promise, and one below it for each reason why it is not kept.
fn lines(page: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, service) in entries(page, "services") {
        for (key, what) in [("rto_s", "RTO"), ("rpo_s", "RPO")] {
            if let Some(seconds) = service.get(key).and_then(Value::as_u64) {
                lines.push(format!("{id}: {what} {seconds} s"));
            }
        }
        lines.extend(service.get("availability").into_iter().flat_map(|it| availability(id, it)));
        lines.extend(drills(id, service));
        for (name, component) in entries(service, "components") {
            lines.extend(of_component(id, name, component));
        }
        for (region, traffic) in entries(service, "regions") {
            let number = |key| traffic.get(key).and_then(Value::as_u64).unwrap_or_default();
            let failing = traffic.get("failing_since").and_then(Value::as_str);
            let failing = failing.map(|at| format!(", too many since {at}")).unwrap_or_default();
            lines.push(format!(
                "{id}: {region}: {} tries in {} s, {} failed{failing}",
                number("requests"),
                number("window_s"),
                number("failures")
            ));
        }
    }
    lines
}

fn availability(id: &str, page: &Value) -> Vec<String> {
    let text = |key| page.get(key).and_then(Value::as_str);
    let promised = text("promised").unwrap_or("?");
    let measured = match text("measured") {
        Some(measured) => format!("{measured} % measured"),
        None => "no requests yet".to_owned(),
    };
    let left = page.get("budget_left").and_then(Value::as_i64);
    let left = left.map(|left| format!(", {left} % of the budget left")).unwrap_or_default();
    let burns = entries(page, "burns").filter_map(|(speed, burn)| {
        let word = |key| burn.get(key).and_then(Value::as_str);
        let (since, rate) = (word("since")?, word("rate").unwrap_or("?"));
        Some(format!("{id}:   errors burn it {rate} times too fast ({speed}) since {since}"))
    });
    let first = format!("{id}: availability {promised} %: {measured}{left}");
    std::iter::once(first).chain(burns).collect()
}

/// How often it is to be drilled, and how the last drill ended.
fn drills(id: &str, service: &Value) -> Vec<String> {
    fn word<'v>(page: Option<&'v Value>, key: &str) -> Option<&'v str> {
        page?.get(key)?.as_str()
    }
    let (promise, last) = (service.get("drill"), service.get("last_drill"));
    let every = promise.and_then(|it| it.get("every_days")).and_then(Value::as_u64);
    let overdue = word(promise, "overdue_since").map(|at| format!(", overdue since {at}"));
    let every =
        every.map(|days| format!("{id}: a drill every {days} days{}", overdue.unwrap_or_default()));
    let last = word(last, "summary").map(|summary| {
        let (began, drill) = (word(last, "began").unwrap_or("?"), word(last, "id").unwrap_or("?"));
        format!("{id}: last drill {began}: {summary} ({drill})")
    });
    every.into_iter().chain(last).collect()
}

fn of_component(id: &str, name: &str, page: &Value) -> Vec<String> {
    let word = |key| page.get(key).and_then(Value::as_str);
    let since = word("broken_since").map(|since| format!(" since {since}")).unwrap_or_default();
    let state = match (word("state"), since.is_empty()) {
        // What is kept for less than a minute still counts as broken.
        (Some("kept"), false) => "broken, and kept at the moment",
        (Some(state), _) => state,
        (None, _) => "?",
    };
    let kind = word("kind").unwrap_or("?");
    let causes = page.get("causes").and_then(Value::as_array).into_iter().flatten();
    let causes = causes.filter_map(Value::as_str).map(|cause| format!("{id}:   {cause}"));
    std::iter::once(format!("{id}: {kind} {name}: {state}{since}")).chain(causes).collect()
}

fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::lines;
    use serde_json::json;

    #[test]
    fn each_promise_has_a_line_and_each_reason_one_below_it() {
        let page = json!({"services": {"orders": {
            "rto_s": 300,
            "rpo_s": 5,
            "availability": {
                "promised": "99.9", "measured": "99.95", "budget_left": 50,
                "burns": {
                    "fast": {"rate": "20", "limit": "14.4", "since": "2026-11-29T12:00:00.000Z"},
                    "slow": {"rate": "0.5", "limit": "1", "since": null},
                },
            },
            "drill": {"every_days": 90, "last": null, "overdue_since": "2026-11-28T00:00:00.000Z"},
            "last_drill": {
                "id": "3-orders", "outcome": "FAIL", "began": "2026-08-01T09:00:00.000Z",
                "ended": "2026-08-01T09:09:00.000Z", "summary": "FAIL · shift · orders · 9 min",
            },
            "components": {
                "db": {"kind": "database", "state": "kept", "causes": []},
                "nightly": {
                    "kind": "backup", "state": "broken",
                    "broken_since": "2026-11-29T11:00:00.000Z",
                    "causes": ["eu-west at eu-1: `/size` is missing"],
                },
            },
            "regions": {"eu-west": {"window_s": 300, "requests": 12, "failures": 3}},
        }}});
        let told = lines(&page);
        let expected = [
            "orders: RTO 300 s",
            "orders: RPO 5 s",
            "orders: availability 99.9 %: 99.95 % measured, 50 % of the budget left",
            "orders:   errors burn it 20 times too fast (fast) since 2026-11-29T12:00:00.000Z",
            "orders: a drill every 90 days, overdue since 2026-11-28T00:00:00.000Z",
            "orders: last drill 2026-08-01T09:00:00.000Z: FAIL · shift · orders · 9 min (3-orders)",
            "orders: database db: kept",
            "orders: backup nightly: broken since 2026-11-29T11:00:00.000Z",
            "orders:   eu-west at eu-1: `/size` is missing",
            "orders: eu-west: 12 tries in 300 s, 3 failed",
        ];
        assert_eq!(told, expected);
    }
}
