//! Commands against the deployed Worker: they show how everything stands, and do what an operator
//! decides at night.
//!
//! Whatever changes something is first asked for as a dry run. The Worker says what would change;
//! the command shows that and asks, and only then does it.

mod act;
mod args;
mod ask;
mod believed;
mod contracts;
mod deed;
mod pages;
mod recovery;
mod standing;

pub(super) use args::LiveCommand;
pub(super) use believed::Believed;

use super::terminal::{CommandFailure, Exit, Terminal};
use crate::order::{Act, Order};
use act::{End, Ordering, carry_out, lift_all};
use args::DeclareCommand;

pub(super) fn run(
    command: &LiveCommand,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let (act, deed, times) = match command {
        LiveCommand::Status(args) => return pages::status(args, terminal),
        LiveCommand::Incidents(args) => return pages::incidents(args, terminal),
        LiveCommand::Drills(args) => return pages::drills(args, terminal),
        LiveCommand::Orders(args) => return pages::orders(args, terminal),
        LiveCommand::Contracts(args) => return contracts::contracts(args, terminal),
        LiveCommand::Undrain(args) => {
            let is_it = |order: &Order| match &order.act {
                Act::Drain { region, service } => {
                    *region == args.region && (args.service.is_none() || *service == args.service)
                }
                _ => false,
            };
            let what = format!("drain of {}", args.region);
            return lift_all(&args.deed, (&what, &is_it), terminal);
        }
        LiveCommand::Resume(args) => {
            let is_it = |order: &Order| match &order.act {
                Act::Halt { service } => args.service.is_none() || *service == args.service,
                _ => false,
            };
            return lift_all(&args.deed, ("halt", &is_it), terminal);
        }
        LiveCommand::Drain(args) => {
            let act = Act::Drain { region: args.region.clone(), service: args.service.clone() };
            (act, &args.deed, Some(&args.times))
        }
        LiveCommand::Override(args) => {
            let (origin, region) = (args.origin.clone(), args.region.clone());
            (Act::Override { origin, region, set: args.set }, &args.deed, Some(&args.times))
        }
        LiveCommand::Declare(DeclareCommand::Outage(args)) => {
            (Act::Outage { region: args.region.clone() }, &args.deed, Some(&args.times))
        }
        LiveCommand::Declare(DeclareCommand::Corruption(args)) => {
            (Act::Corruption { service: args.service.clone() }, &args.deed, Some(&args.times))
        }
        LiveCommand::Halt(args) => {
            (Act::Halt { service: args.service.clone() }, &args.deed, Some(&args.times))
        }
        LiveCommand::Switch(args) => {
            let act = Act::Switch { service: args.service.clone(), to: args.to.clone() };
            (act, &args.deed, Some(&args.times))
        }
        LiveCommand::Maintenance(args) => {
            let (service, region) = (args.service.clone(), args.region.clone());
            (Act::Maintenance { service, region }, &args.deed, Some(&args.times))
        }
        LiveCommand::Lift(args) => (Act::Lift { order: args.order }, &args.deed, None),
        LiveCommand::Ack(args) => {
            (Act::Acknowledge { incident: args.incident.clone() }, &args.deed, None)
        }
        LiveCommand::TakeBack(args) => {
            let record = format!("{} {}", args.name, args.kind);
            (Act::TakeBack { record }, &args.deed, None)
        }
        LiveCommand::Compare(args) => (Act::Compare {}, &args.deed, None),
        LiveCommand::Recovery(command) => (command.act(), command.deed(), None),
    };
    let end = times.map_or(Ok(End::default()), |times| End::of(times, (terminal.clock)()))?;
    carry_out(deed, &[Ordering { act, end }], terminal)
}

#[cfg(test)]
mod tests;
