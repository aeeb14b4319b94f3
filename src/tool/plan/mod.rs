//! `pointsman plan`: shows what a pass would change at Cloudflare now, and what it would withhold.
//!
//! It runs the edge's pass and stops after planning. Two things keep it from changing anything: a
//! dry pass asks only for reads, and the [`Client`] makes only reads. A read-only token is enough
//! and is a third.

mod access;
mod belief;
mod client;
mod report;
mod text;

use super::args::PlanArgs;
use super::check;
use super::terminal::{CommandFailure, Exit, Terminal};
use super::text::write_json;
use crate::cloudflare::{Allowance, Next, PassInput, PassReport, Reconcile, desired};
use crate::controller::circumstances;
use crate::ordered::Set;
use crate::time::Timestamp;
use crate::view::View;
use access::Access;
use belief::Belief;
use client::Client;
use report::PlanReport;
use std::io::Write;

pub(super) fn run(args: &PlanArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let now = args.common.now.unwrap_or_else(terminal.clock);
    if args.file == "-" && args.state.as_deref() == Some("-") {
        return Err(CommandFailure::usage("config and state cannot both be on standard input"));
    }
    let access = Access::of(args.api_base.as_deref(), terminal.variable);
    let client = Client::new(access.map_err(CommandFailure::usage)?);
    let config = match check::valid_config(&args.file, now, args.common.json, terminal)? {
        Ok(valid) => valid.config,
        Err(exit) => return Ok(exit),
    };
    let belief = Belief::of(args, &config, now, terminal).map_err(CommandFailure::usage)?;
    let pass = pass(&client, &belief, now);
    let report = PlanReport::of(pass, &config, belief, now);
    write(&report, args.common.json, &client, terminal.out)?;
    Ok(report.exit())
}

/// Reads the account and plans, as a pass would.
fn pass(client: &Client, belief: &Belief, now: Timestamp) -> PassReport {
    let Belief { config, state, .. } = belief;
    let calls = config.api_calls_per_5_min;
    let mut reconcile = Reconcile::new(PassInput {
        desired: desired(&View::new(config, state, now)),
        circumstances: circumstances(config, state, now),
        holds: state.actuation.holds.clone(),
        claims: state.actuation.claims.clone(),
        slow_monitors: state.actuation.slow_monitors.keys().cloned().collect(),
        zone_ids: state.actuation.zone_ids.clone(),
        zones_due: Set::of(state.actuation.zone_ids.keys().cloned()),
        allowance: Allowance { calls, upkeep: calls },
        is_dry: true,
        ..PassInput::default()
    });
    reconcile.tell_time(now);
    loop {
        match reconcile.next_step() {
            Next::Call(number, call) => reconcile.answer(number, &client.call(&call), now),
            // A dry pass has no intents. If it had one, the client would refuse the call.
            Next::Intend { .. } => {}
            Next::Wait | Next::Done => return reconcile.finish(),
        }
    }
}

/// The core never sees the token. The output is redacted all the same.
fn write(
    report: &PlanReport,
    in_json: bool,
    client: &Client,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let mut text = Vec::new();
    if in_json {
        write_json(&mut text, report)?;
    } else {
        report.write(&mut text)?;
    }
    let text = String::from_utf8_lossy(&text);
    out.write_all(client.redact(&text).as_bytes())
}

#[cfg(test)]
mod tests;
