//! `pointsman explain`: requests, followed through the filters of the edge.

mod batch;
mod case;
mod expect;
mod object;
mod report;
mod worlds;

use super::args::{ExplainArgs, RequestArgs};
use super::check;
use super::terminal::{Exit, Failure, Terminal};
use super::text::write_json;
use case::Case;
use worlds::Worlds;

pub(super) fn run(args: &ExplainArgs, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let now = args.common.now.unwrap_or_else(terminal.clock);
    if args.file == "-" && args.batch.as_deref() == Some("-") {
        return Err(Failure::usage("config and cases cannot both be on standard input"));
    }
    let config = match check::sound(&args.file, now, args.common.json, terminal)? {
        Ok(sound) => sound.config,
        Err(exit) => return Ok(exit),
    };
    let mut worlds = Worlds::new(&config, now);
    if let Some(cases) = &args.batch {
        return batch::run(cases, &mut worlds, terminal);
    }
    let report = worlds.decide(&Case::from(&args.request)).map_err(Failure::usage)?;
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
            colo: args.colo.clone(),
            at: args.at,
            client: args.client.clone(),
            down: args.down.clone(),
            draining: args.draining.clone(),
            expect: None,
        }
    }
}
