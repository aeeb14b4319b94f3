//! Does something at the deployed Worker: shows what would change, asks, and does it.

use super::args::TimesArgs;
use super::ask::orders;
use super::deed::DeedArgs;
use crate::order::{Act, Acted, Order};
use crate::time::Timestamp;
use crate::tool::remote::{Deed, Remote};
use crate::tool::terminal::{CommandFailure, Exit, Terminal};
use std::io::Write;

/// When an order begins and ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl End {
    /// What the command line says. Errors: it would end after the end of time.
    pub(super) fn of(times: &TimesArgs, now: Timestamp) -> Result<Self, CommandFailure> {
        let TimesArgs { from, until, lasts_ms } = times;
        let ends = |ms: u64| from.unwrap_or(now).plus(ms);
        let until = until.or(lasts_ms.map(ends));
        if until.is_some_and(|until| until <= from.unwrap_or(now)) {
            return Err(CommandFailure::usage("it would end before it begins"));
        }
        Ok(Self { from: *from, until })
    }
}

/// One act, with its times.
#[derive(Debug)]
pub(super) struct Ordering {
    pub(super) act: Act,
    pub(super) end: End,
}

impl Ordering {
    fn ask(&self, remote: &Remote, reason: &str, is_dry: bool) -> Result<Acted, CommandFailure> {
        let Self { act, end: End { from, until } } = self;
        let deed = Deed { act, reason, from: *from, until: *until, is_dry };
        Ok(remote.act(&deed)?)
    }
}

/// Lifts all orders that are such.
pub(super) fn lift_all(
    args: &DeedArgs,
    (what, is_it): (&str, &dyn Fn(&Order) -> bool),
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let remote = Remote::of(&args.remote, terminal)?;
    let mut found = orders(&remote)?;
    found.retain(is_it);
    if found.is_empty() {
        let none = format!("no {what} is in force or to come; `pointsman orders` lists all orders");
        return Err(CommandFailure::usage(none));
    }
    let lift = |order: &Order| Ordering { act: Act::Lift { order: order.id }, end: End::default() };
    carry_out(args, &found.iter().map(lift).collect::<Vec<_>>(), terminal)
}

/// Shows what these would change, asks, and does them.
pub(super) fn carry_out(
    args: &DeedArgs,
    orderings: &[Ordering],
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let remote = Remote::of(&args.remote, terminal)?;
    for ordering in orderings {
        let would = ordering.ask(&remote, &args.reason, true)?;
        show(&ordering.act, &would, terminal.out)?;
    }
    if orderings.len() > 1 {
        writeln!(terminal.out, "each is shown as if the others stayed in force")?;
    }
    if args.dry_run {
        writeln!(terminal.out, "nothing was done: this is a dry run")?;
        return Ok(Exit::Fine);
    }
    if !args.yes && !terminal.agrees("Do it?")? {
        writeln!(terminal.out, "nothing was done")?;
        return Ok(Exit::Findings);
    }
    for ordering in orderings {
        let did = ordering.ask(&remote, &args.reason, false)?;
        tell(ordering, &did, terminal.out)?;
    }
    Ok(Exit::Fine)
}

/// What an act would change.
fn show(act: &Act, would: &Acted, out: &mut dyn Write) -> Result<(), CommandFailure> {
    writeln!(out, "{act}")?;
    if would.changes.is_empty() {
        writeln!(out, "  changes nothing now")?;
    }
    for change in &would.changes {
        writeln!(out, "  {change}")?;
    }
    for note in &would.notes {
        writeln!(out, "  note: {note}")?;
    }
    Ok(())
}

fn tell(ordering: &Ordering, did: &Acted, out: &mut dyn Write) -> Result<(), CommandFailure> {
    match (&ordering.act, did.order) {
        (Act::Lift { order }, _) => writeln!(out, "order {order} is lifted")?,
        (_, Some(id)) => {
            let since = match ordering.end.from {
                Some(from) => format!("comes into force at {from}"),
                None => "is in force".to_owned(),
            };
            writeln!(out, "order {id} {since}; `pointsman lift {id} --reason …` ends it")?;
        }
        (act, None) => writeln!(out, "done: {act}")?,
    }
    Ok(())
}
