//! `pointsman simulate`: a config under a fault script, in virtual time.
//!
//! The real Controller runs in a simulated world: cron runs with their probes, an account in memory
//! behind the API, KV, storage, receivers of alerts, people. Nothing waits, and nothing is left to
//! chance: the same config and the same script always print the same.
//!
//! A [`script::Script`] says what happens when, and what must come of it. [`play::Play`] plays it
//! in a [`world::World`]: [`queue`] has what is to happen next, [`runs`] makes probes, [`lanes`]
//! does slow work in the order that the Controller's object keeps, [`steps`] does what the script
//! says. [`watch`] looks at what is expected, and [`invariants`] at what must hold in every
//! scenario.

mod answers;
mod facts;
mod hooks;
mod invariants;
mod lane;
mod lanes;
mod law;
mod play;
mod queue;
mod runs;
mod script;
mod seed;
mod seen;
mod sense;
mod span;
mod steps;
mod storage;
mod tell;
mod transcript;
mod watch;
mod world;

#[cfg(test)]
mod tests;

use super::args::SimulateArgs;
use super::check;
use super::load::{self, ValidConfig};
use super::terminal::{CommandFailure, Exit, Terminal};
use play::{Outcome, Play};
use script::Script;
use std::io::{self, Write};
use watch::Ended;

/// Plays a scenario.
pub(super) fn run(
    args: &SimulateArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let text = load::text(&args.scenario, terminal).map_err(CommandFailure::usage)?;
    let name = load::name(&args.scenario);
    let script = read(&text).map_err(|why| CommandFailure::usage(format!("{name}: {why}")))?;
    let now = (terminal.clock)();
    let valid = match check::valid_config(&args.file, now, false, terminal)? {
        Ok(valid) => valid,
        Err(exit) => return Ok(exit),
    };
    let outcome = play(&valid, &script);
    let outcome = outcome.map_err(|why| CommandFailure::usage(format!("{name}: {why}")))?;
    write!(terminal.out, "{}\n{}\n\n", script.about, load::name(&args.file))?;
    outcome.write(args.quiet, terminal.out)?;
    Ok(Exit::findings_if(!outcome.holds()))
}

/// Reads a scenario. Errors: it is none, with the line.
fn read(text: &str) -> Result<Script, String> {
    toml::from_str(text).map_err(|bad| bad.to_string())
}

/// Plays a scenario under a config. Errors: it makes no sense.
fn play(valid: &ValidConfig, script: &Script) -> Result<Outcome, String> {
    sense::check(script, &valid.config)?;
    let mut played = Play::new(valid, script)?;
    played.play(script)?;
    Ok(played.outcome())
}

impl Outcome {
    /// Whether everything was as expected, and nothing broke an invariant.
    fn holds(&self) -> bool {
        self.expectations.iter().all(|ended| ended.verdict.is_ok())
            && self.invariants.iter().all(|(_, breaches)| breaches.is_empty())
    }

    fn write(&self, quiet: bool, out: &mut dyn Write) -> io::Result<()> {
        if !quiet {
            writeln!(out, "{}", self.transcript)?;
        }
        if !self.expectations.is_empty() {
            writeln!(out, "Expected")?;
        }
        for Ended { what, verdict } in &self.expectations {
            match verdict {
                Ok(figure) => writeln!(out, "  ok      {what}: {figure}")?,
                Err(why) => writeln!(out, "  FAILED  {what}: {why}")?,
            }
        }
        writeln!(out, "\nAlways")?;
        for (what, breaches) in &self.invariants {
            let word = if breaches.is_empty() { "ok    " } else { "BROKEN" };
            writeln!(out, "  {word}  {what}")?;
            breaches.iter().try_for_each(|breach| writeln!(out, "          {breach}"))?;
        }
        if !quiet {
            self.incidents.iter().try_for_each(|report| write!(out, "\n{report}\n"))?;
        }
        Ok(())
    }
}
