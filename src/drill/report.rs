//! What people read of a drill: a line, and a report in Markdown.

use super::record::{Drill, DrillTraffic};
use super::stage::Outcome;
use crate::config::DrillKind;
use crate::journal::lasted;
use crate::time::{Millis, SECOND, Timestamp};
use std::fmt::Write as _;

/// The drill in a line.
#[must_use]
pub fn summary(drill: &Drill) -> String {
    let Drill { service, kind, region, outcome, stage, .. } = drill;
    let kind = kind.as_str();
    let how = match outcome {
        Outcome::Pending => format!("goes on ({})", stage.as_str()),
        outcome => outcome.as_str().to_owned(),
    };
    let took = drill.ended.map(|ended| format!(" · {}", lasted(ended.since(drill.began))));
    let why = drill.why_ended.as_deref().map(|why| format!(": {why}"));
    let (took, why) = (took.unwrap_or_default(), why.unwrap_or_default());
    format!("{how} · {kind} · {service} without {region}{took}{why}")
}

/// The report: Markdown of several lines, without a final line break.
#[must_use]
pub fn report(drill: &Drill) -> String {
    let mut text = format!("# Drill {}\n\n{}\n", drill.id, summary(drill));
    head(&mut text, drill);
    phases(&mut text, drill);
    contract(&mut text, drill);
    if let Some(traffic) = &drill.traffic {
        requests(&mut text, traffic);
    }
    if !drill.findings.is_empty() {
        let title = match drill.kind {
            DrillKind::Plan => "What was looked at",
            DrillKind::Decision => "What would happen",
            DrillKind::Canary | DrillKind::Full => "What was known beforehand",
        };
        let _ = writeln!(text, "\n## {title}\n");
        for line in &drill.findings {
            let _ = writeln!(text, "- {line}");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn head(text: &mut String, drill: &Drill) {
    let Drill { service, kind, region, who, why, began, .. } = drill;
    let _ = writeln!(text, "\n- Asked for: `{}` of `{service}` without `{region}`", kind.as_str());
    let by = match &drill.schedule {
        Some(schedule) => format!("the schedule `{schedule}`"),
        None => who.to_string(),
    };
    let _ = writeln!(text, "- By: {by}, because: {why}");
    let _ = writeln!(text, "- Began: {began}");
    if let Some(ended) = drill.ended {
        let _ = writeln!(text, "- Ended: {ended}, as {}", drill.outcome.as_str());
    }
    if let Some(to) = &drill.to {
        let _ = writeln!(text, "- Took over: `{to}`");
    }
    if drill.kind.moves() && drill.to.is_none() {
        let _ = writeln!(text, "- Led away: {} % of the clients of `{region}`", drill.percent);
    }
    if let Some(ending) = &drill.ending {
        let _ = writeln!(text, "- It is being taken back: {}", ending.why);
    }
}

fn phases(text: &mut String, drill: &Drill) {
    if drill.reached.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Phases\n\n| When | After | What |\n| --- | --- | --- |");
    let _ = writeln!(text, "| {} | | it began |", drill.began);
    for reached in &drill.reached {
        let after = after(reached.at.since(drill.began));
        let _ = writeln!(text, "| {} | {after} | {} |", reached.at, reached.milestone.title());
    }
    if let Some(ended) = drill.ended {
        let _ = writeln!(text, "| {ended} | {} | it ended |", after(ended.since(drill.began)));
    }
}

fn contract(text: &mut String, drill: &Drill) {
    if drill.asserted.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Contract\n");
    for held in &drill.asserted {
        let part = held.component.as_ref().map(|it| format!("`{it}`: ")).unwrap_or_default();
        let how = if held.is_kept { "kept" } else { "BROKEN" };
        let _ = writeln!(text, "- {how}: {part}{}", held.words);
    }
}

fn requests(text: &mut String, traffic: &DrillTraffic) {
    let DrillTraffic { requests, failures, unanswered, last_good, first_good } = traffic;
    let _ = writeln!(text, "\n## Requests of clients\n");
    let _ = writeln!(
        text,
        "- {requests} answers as proxies counted them, {failures} failed, {unanswered} of these \
         without an answer"
    );
    if *failures > 0 {
        let told = |at: &Option<Timestamp>| at.map_or("not known".to_owned(), |at| at.to_string());
        let _ = writeln!(text, "- Last good minute before a failure ended: {}", told(last_good));
        let _ = writeln!(text, "- First good minute after it began: {}", told(first_good));
    }
}

fn after(ms: Millis) -> String {
    format!("+{}.{} s", ms / SECOND, ms % SECOND / 100)
}
