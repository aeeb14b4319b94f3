//! The steps of a script, as they happen: what is told of them, and what they do at once.

use super::script::{
    ApiIs, CronIs, HookStep, KvIs, Line, Meets, OriginStep, PersonStep, Reach, RecordStep, Step,
    TrafficStep,
};
use super::world::World;
use crate::cloudflare::model::{Account, text};
use crate::journal::{Actor, Role, Way};
use crate::json;
use crate::order::{Act, ActReply, ActRequest};
use serde_json::Value;
use std::fmt::Write as _;

impl World<'_> {
    /// Does a step. Errors: it makes no sense.
    pub(super) fn do_step(&mut self, step: &Step) -> Result<(), String> {
        for told in told(step) {
            self.tell("step", told);
        }
        if step.controller.is_some() {
            self.crash();
        }
        if let Some(record) = &step.record {
            self.move_record(record)?;
        }
        step.person.as_ref().map_or(Ok(()), |person| self.act(person))
    }

    fn act(&mut self, person: &PersonStep) -> Result<(), String> {
        let PersonStep { name, role, does, reason, answer } = person;
        let act: Act = json::from_value(does).map_err(|bad| format!("`does`: {bad}"))?;
        let role = Role::parse(role).ok_or_else(|| {
            format!("`{role}` is no role: write one of {}", Role::WORDS.join(", "))
        })?;
        self.tell("person", format!("{name} ({}): {act}", role.as_str()));
        let request = ActRequest {
            act,
            who: Actor { name: name.clone(), way: Way::Token },
            reason: reason.clone(),
            from: None,
            until: None,
            is_dry: false,
            key: None,
            role,
        };
        let now = self.time();
        let reply = self.controller.act(&request, now);
        let (ended, words) = match &reply {
            ActReply::Done(acted) => ("done", acted.changes.join("; ")),
            ActReply::Refused(why) => (why.code.as_str(), why.problem.clone()),
        };
        self.tell("answer", format!("{ended}: {words}"));
        if let Some(expected) = answer.as_ref().filter(|expected| *expected != ended) {
            let what = format!("the act of {name} ends with `{expected}`");
            self.seen.mismatches.push((what, format!("it ended with `{ended}`: {words}")));
        }
        self.after_turn();
        Ok(())
    }

    /// Another owner changes a record.
    fn move_record(&mut self, step: &RecordStep) -> Result<(), String> {
        let before = self.account.clone();
        let is_it = |row: &Value| text(row, "name") == step.name;
        if !self.account.records.iter().any(is_it) {
            return Err(format!("there is no record `{}`", step.name));
        }
        match &step.says {
            None => self.account.records.retain(|row| !is_it(row)),
            Some(says) => {
                let row = self.account.records.iter_mut().find(|row| is_it(row));
                if let Some(row) = row.and_then(Value::as_object_mut) {
                    row.insert("content".to_owned(), says.as_str().into());
                }
            }
        }
        self.tell_changes(&before, false);
        Ok(())
    }

    /// Tells what is different in the account.
    pub(super) fn tell_changes(&mut self, before: &Account, is_ours: bool) {
        let whose = if is_ours { "" } else { ", by another owner" };
        for (row, was) in changed(&before.records, &self.account.records) {
            let name = format!("{} {}", text(&row, "name"), text(&row, "type"));
            let (now, was) = (text(&row, "content"), was.as_ref().map(|was| text(was, "content")));
            let told = match was {
                _ if row.get("is_gone").is_some() => format!("{name}: {now} is gone{whose}"),
                Some(was) if was != now => format!("{name}: {was} → {now}{whose}"),
                Some(_) => format!("{name}: {now}, another field{whose}"),
                None => format!("{name}: {now} is new{whose}"),
            };
            if is_ours {
                self.lawyer.judge_record(&row, self.now, &mut self.seen.breaches);
            }
            self.tell("record", told);
        }
        for (row, was) in changed(&before.pools, &self.account.pools) {
            let was = was.unwrap_or_default();
            let told = switches(&was, &row);
            self.tell("pool", format!("{}: {told}{whose}", text(&row, "name")));
        }
        for (row, _) in changed(&before.balancers, &self.account.balancers) {
            self.tell("balancer", format!("{}: its fields{whose}", text(&row, "name")));
        }
    }
}

/// Rows that are new, different or gone, with what they were.
fn changed(before: &[Value], after: &[Value]) -> Vec<(Value, Option<Value>)> {
    let same = |rows: &[Value], row: &Value| {
        rows.iter().find(|other| other.get("id") == row.get("id")).cloned()
    };
    let news = after.iter().map(|row| (row.clone(), same(before, row)));
    let mut all: Vec<_> = news.filter(|(row, was)| was.as_ref() != Some(row)).collect();
    for gone in before.iter().filter(|row| same(after, row).is_none()) {
        let mut row = gone.clone();
        if let Some(row) = row.as_object_mut() {
            row.insert("is_gone".to_owned(), true.into());
        }
        all.push((row, Some(gone.clone())));
    }
    all
}

/// Which origins of a pool are enabled or disabled.
fn switches(before: &Value, after: &Value) -> String {
    let origins =
        |row: &Value| row.get("origins").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_on = |row: &Value| row.get("enabled").and_then(Value::as_bool).unwrap_or(true);
    let was = origins(before);
    let mut told = Vec::new();
    for origin in origins(after) {
        let name = text(&origin, "name");
        let before = was.iter().find(|other| text(other, "address") == text(&origin, "address"));
        let word = if is_on(&origin) { "enabled" } else { "disabled" };
        match before {
            Some(before) if is_on(before) == is_on(&origin) => {}
            _ => told.push(format!("{name} {word}")),
        }
    }
    if is_on(before) != is_on(after) {
        told.push(if is_on(after) { "enabled" } else { "disabled" }.to_owned());
    }
    if told.is_empty() { "another field".to_owned() } else { told.join(", ") }
}

/// What is told of a step; of an act and a record more is told when they are done.
fn told(step: &Step) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |text: Option<&str>| all.extend(text.map(str::to_owned));
    add(step.controls.map(|is| match is {
        Reach::Reached => "the controls are reached",
        Reach::Lost => "the controls are not reached",
    }));
    add(step.observer.map(|is| match is {
        Line::Connected => "the observer is connected",
        Line::CutOff => "the observer is cut off",
    }));
    add(step.api.map(|is| match is {
        ApiIs::Well => "the API is well",
        ApiIs::Down => "the API is down",
        ApiIs::Failing => "the API answers 500",
        ApiIs::Limited => "the API answers 429",
        ApiIs::LosesReplies => "the API loses its replies",
        ApiIs::CutsReplies => "the API cuts its replies off",
    }));
    add(step.kv.map(|is| match is {
        KvIs::Well => "KV takes writes",
        KvIs::Down => "KV takes no writes",
    }));
    add(step.cron.map(|is| match is {
        CronIs::Runs => "cron runs",
        CronIs::Silent => "cron is silent",
    }));
    add(step.controller.map(|_| "the Controller crashes"));
    all.extend(step.region.iter().map(|it| told_of("region", it)));
    all.extend(step.origin.iter().map(|it| told_of("origin", it)));
    all.extend(step.clock_ahead.map(|ahead| format!("the clocks of runs are {ahead} ahead")));
    all.extend(step.traffic.iter().map(|it| {
        let TrafficStep { service, region, per_s, failures_percent, latency_ms } = it;
        let fail = format!("{failures_percent} % fail, the others take {latency_ms} ms");
        format!("{service}/{region} gets {per_s} requests a second: {fail}")
    }));
    all.extend(step.hook.iter().map(|it| {
        let HookStep { service, step, meets, status, .. } = it;
        let answer = match (meets, status) {
            (Some(Meets::Silence), _) => "is silent".to_owned(),
            (Some(Meets::Refused), _) => "refuses connections".to_owned(),
            (_, status) => format!("answers {}", status.unwrap_or(200)),
        };
        format!("the hook {step} of {service} {answer}")
    }));
    all.extend(step.receiver.iter().map(|it| {
        let who = it.id.as_deref().unwrap_or("each receiver");
        format!("{who} answers {}", it.status)
    }));
    all
}

fn told_of(what: &str, step: &OriginStep) -> String {
    let mut text = format!("{what} {}", step.id);
    if let Some(monitor) = &step.monitor {
        let _ = write!(text, " under {monitor}");
    }
    let mut all = Vec::new();
    match (step.status, step.meets) {
        (Some(status), _) => all.push(format!("answers {status}")),
        (None, Some(Meets::Well)) => all.push("is well".to_owned()),
        (None, Some(Meets::Refused)) => all.push("refuses connections".to_owned()),
        (None, Some(Meets::Silence)) => all.push("is silent".to_owned()),
        (None, None) => {}
    }
    all.extend(step.after_ms.map(|ms| format!("answers after {ms} ms")));
    all.extend(step.fields.iter().map(|(pointer, value)| format!("has {value} at {pointer}")));
    let _ = write!(text, " {}", all.join(", "));
    text
}
