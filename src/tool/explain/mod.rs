//! `pointsman explain`: follows requests through the edge's filters.

mod batch;
mod case;
mod expect;
mod explainer;
mod judged;
mod object;
mod report;

use super::args::{ExplainArgs, RequestArgs};
use super::check as configs;
use super::live::Believed;
use super::terminal::{CommandFailure, Exit, Terminal};
use super::text::write_json;
pub(super) use case::Case;
pub(super) use judged::{check, mismatches, told};

use explainer::Explainer;

pub(super) fn run(args: &ExplainArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let now = args.common.now.unwrap_or_else(terminal.clock);
    let file = args.file.as_deref().unwrap_or_default();
    if file == "-" && args.batch.as_deref() == Some("-") {
        return Err(CommandFailure::usage("config and cases cannot both be on standard input"));
    }
    let (config, state) = if args.live {
        let Believed { config, state } = Believed::of(&args.remote, now, terminal)?;
        (config, Some(state))
    } else {
        match configs::valid_config(file, now, args.common.json, terminal)? {
            Ok(valid) => (valid.config, None),
            Err(exit) => return Ok(exit),
        }
    };
    let mut explainer = Explainer::new(&config, state, now);
    if let Some(cases) = &args.batch {
        return batch::run(cases, &mut explainer, terminal);
    }
    let case = Case::from(&args.request);
    let report = explainer.explain(&case).map_err(CommandFailure::usage)?;
    if let Some(odd) = case.odd_colo() {
        writeln!(terminal.err, "warning: {odd}")?;
    }
    if args.common.json {
        write_json(terminal.out, &report)?;
    } else {
        write!(terminal.out, "{report}")?;
    }
    Ok(Exit::Fine)
}

impl From<&RequestArgs> for Case {
    fn from(args: &RequestArgs) -> Self {
        Self {
            id: None,
            host: args.host.clone(),
            path: args.path.clone(),
            method: args.method.clone(),
            country: args.country.clone(),
            headers: args.headers.iter().cloned().collect(),
            tenant: args.tenant.clone(),
            kv_allow: args.kv_allow.clone(),
            subdivision: args.subdivision.clone(),
            kv_country: args.kv_country.clone(),
            colo: args.colo.clone(),
            at: args.at,
            client: args.client.clone(),
            down: args.down.clone(),
            draining: args.draining.clone(),
            expect: None,
        }
    }
}
