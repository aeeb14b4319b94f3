//! Monitors at an interval that the account's plan does not allow.
//!
//! The least interval depends on what an account bought, and no call tells it. So a monitor is
//! written as the config has it. If the API refuses that, it is written with the interval that
//! every plan allows, and the account is remembered. A pool and a balancer never wait for it.

use crate::cloudflare::desired::DesiredMonitor;
use crate::cloudflare::plan::{Action, Change, FieldChange, Withheld, WithheldReason};
use crate::ordered::Set;
use serde_json::Value;

/// The interval that every plan allows, in seconds; it is also the API's default. Source:
/// developers.cloudflare.com/load-balancing/monitors, which names 60 s for the smallest plan.
pub(super) const INTERVAL_S_ALLOWED: u32 = 60;

/// Slows down the monitors of accounts that refused a short interval. Returns what to report.
pub(super) fn slow(monitors: &mut [DesiredMonitor], accounts: &Set<String>) -> Vec<Withheld> {
    let is_slow = |monitor: &&mut DesiredMonitor| {
        accounts.contains(&monitor.account) && monitor.fields.interval < INTERVAL_S_ALLOWED
    };
    let slowed = monitors.iter_mut().filter(is_slow).map(|monitor| {
        let asked_s = u64::from(monitor.fields.interval);
        monitor.fields.interval = INTERVAL_S_ALLOWED;
        told(&monitor.name, asked_s, "the API refused that for this account")
    });
    slowed.collect()
}

/// Whether the API refused a monitor for its interval: its words name that, and the plan may not
/// allow it. Any other refusal may be a mistake of a moment, and is no reason to check more slowly
/// for a day.
pub(super) fn is_too_fast(action: &Action, said: &str) -> bool {
    said.to_ascii_lowercase().contains("interval") && is_fast(action)
}

fn is_fast(action: &Action) -> bool {
    fields_of(action).is_some_and(|fields| {
        let mut intervals = fields.iter().filter_map(asked_s);
        intervals.any(|asked_s| asked_s < u64::from(INTERVAL_S_ALLOWED))
    })
}

/// Gives the monitor of an action the interval that every plan allows. Returns what to report;
/// `said` are the API's words.
pub(super) fn slowed_action(action: &mut Action, said: &str) -> Option<Withheld> {
    let Change::Fields { kind: "monitors", name, fields, .. } = &mut action.change else {
        return None;
    };
    let mut asked = None;
    for field in fields {
        if let Some(asked_s) = asked_s(field) {
            asked = Some(asked_s);
            field.to = INTERVAL_S_ALLOWED.into();
        }
    }
    asked.map(|asked_s| told(name, asked_s, &format!("the API refused that ({said})")))
}

fn told(name: &str, asked_s: u64, why: &str) -> Withheld {
    Withheld {
        what: format!("monitor {name}: check every {asked_s} s"),
        why: WithheldReason::Refused,
        because: format!(
            "{why}, so it checks every {INTERVAL_S_ALLOWED} s, which every plan of Cloudflare's \
             allows. Pointsman's own probes keep their interval"
        ),
    }
}

fn fields_of(action: &Action) -> Option<&Vec<FieldChange>> {
    match &action.change {
        Change::Fields { kind: "monitors", fields, .. } => Some(fields),
        _ => None,
    }
}

fn asked_s(field: &FieldChange) -> Option<u64> {
    Some(&field.to).filter(|_| field.name == "interval").and_then(Value::as_u64)
}
