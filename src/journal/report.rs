//! An incident as a text for people: what the demo prints, and `pointsman incidents ID`.

use super::actor::Way;
use super::event::EventKind;
use super::incident::{Incident, Note, lasted};
use super::phases::Phase;
use crate::time::{Millis, SECOND, Timestamp};
use std::fmt::Write as _;

/// What a chapter of the report is about.
type IsIn = fn(&Note) -> bool;

/// The chapters that tell events, each of which is in the first that fits.
const CHAPTERS: [(&str, IsIn); 4] = [
    ("Who acted", |note| !matches!(note.who.way, Way::System)),
    ("What was done, and why", |note| note.kind == EventKind::Applied),
    ("What was withheld, and what failed", |note| {
        matches!(note.kind, EventKind::Withheld | EventKind::Released | EventKind::Failed)
    }),
    ("What else happened", |_| true),
];

/// The report of an incident as of `now`: plain text of several lines, without a final line break.
#[must_use]
pub fn report(incident: &Incident, now: Timestamp) -> String {
    let mut text = format!("Incident {}\n{}\n", incident.id, incident.summary(now));
    cause(&mut text, incident);
    phases(&mut text, incident);
    services(&mut text, incident);
    let mut told = vec![false; incident.events.len()];
    for (title, is_in) in CHAPTERS {
        chapter(&mut text, title, incident, (&mut told, is_in));
    }
    if incident.events_left_out > 0 {
        let _ = write!(text, "\n{} events in the middle are left out\n", incident.events_left_out);
    }
    text.truncate(text.trim_end().len());
    text
}

fn cause(text: &mut String, incident: &Incident) {
    let _ = writeln!(text, "\nCause: {}", incident.cause.in_words());
    if let Some(excerpt) = &incident.cause.excerpt {
        let _ = writeln!(text, "It answered: {excerpt}");
    }
    if let Some(taken) = &incident.acknowledged {
        let _ = writeln!(text, "Taken by {} at {}: {}", taken.who, clock(taken.at), taken.reason);
    }
}

fn phases(text: &mut String, incident: &Incident) {
    let _ = writeln!(text, "\nPhases");
    let reached: Vec<_> = incident.phases.reached().collect();
    for phase in Phase::ALL {
        let (short, title) = (phase.short(), phase.title());
        let line = match reached.iter().find(|(other, ..)| other == phase) {
            Some((_, at, took_ms)) => {
                format!("{}  {:>10}  {title}", clock(*at), after(*phase, *took_ms))
            }
            None => format!("{:<12}  {:>10}  {title}: {}", "-", "", absent(incident, *phase)),
        };
        let _ = writeln!(text, "  {short}  {line}");
    }
}

/// Why a phase is not there.
fn absent(incident: &Incident, phase: Phase) -> String {
    let is_up = incident.phases.has(Phase::Up);
    match phase {
        Phase::FirstChange | Phase::LastChange if is_up => "nothing was changed before".to_owned(),
        Phase::Verified => incident.unverified.clone().unwrap_or_else(|| {
            let up = "no, because it was up again before";
            let waits =
                if incident.phases.has(Phase::LastChange) { "not yet" } else { "no change" };
            if is_up { up } else { waits }.to_owned()
        }),
        _ if incident.closed_at.is_some() => "never".to_owned(),
        _ => "not yet".to_owned(),
    }
}

fn services(text: &mut String, incident: &Incident) {
    let _ = writeln!(text, "\nWhom it hurt");
    for affected in &incident.affected {
        let name = affected.service.as_ref().map_or("all services", |service| service.as_str());
        let until = match affected.until {
            Some(until) => {
                format!("until {}, {}", clock(until), lasted(until.since(affected.since)))
            }
            None => "still".to_owned(),
        };
        let (since, trouble) = (clock(affected.since), affected.trouble.as_str());
        let _ = writeln!(text, "  {name}: {trouble} from {since}, {until}");
    }
}

fn chapter(
    text: &mut String,
    title: &str,
    incident: &Incident,
    (told, is_in): (&mut [bool], IsIn),
) {
    let mut title = Some(title);
    for (note, told) in incident.events.iter().zip(told) {
        if *told || !is_in(note) {
            continue;
        }
        *told = true;
        if let Some(title) = title.take() {
            let _ = writeln!(text, "\n{title}");
        }
        let Note { at, kind, text: what, why, who } = note;
        let is_told = what.contains(&who.name) || who.way == Way::System;
        let who = if is_told { String::new() } else { format!("{who}: ") };
        let kind = Some(kind.as_str()).filter(|_| *kind != EventKind::Applied);
        let kind = kind.map(|kind| format!("{kind}: ")).unwrap_or_default();
        let _ = writeln!(text, "  {}  {kind}{who}{what}", clock(*at));
        if let Some(why) = why {
            let _ = writeln!(text, "  {:<12}  why: {why}", "");
        }
    }
}

/// The time of the day; the day is in the id.
fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    let time = text.split_once('T').map_or(text.as_str(), |(_, time)| time);
    time.trim_end_matches('Z').to_owned()
}

fn after(phase: Phase, took_ms: Millis) -> String {
    if phase == Phase::Seen {
        return String::new();
    }
    format!("+{}.{} s", took_ms / SECOND, took_ms % SECOND / 100)
}

#[cfg(test)]
mod tests;
