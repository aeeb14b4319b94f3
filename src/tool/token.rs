//! Makes tokens of the admin API.

use super::args::{TokenArgs, TokenCommand};
use super::terminal::{CommandFailure, Exit, Terminal};
use crate::admin_token::{CHANCE_BYTES, TokenHash, made_of};

pub(super) fn run(args: &TokenArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let TokenCommand::New(new) = &args.command;
    let mut chance = [0; CHANCE_BYTES];
    let no_chance = |error| CommandFailure::usage(format!("this system has no chance: {error}"));
    getrandom::fill(&mut chance).map_err(no_chance)?;
    let token = made_of(chance);
    let of_our_own = |error| CommandFailure::usage(format!("{error}"));
    let hash = TokenHash::of(token.expose()).map_err(of_our_own)?;
    let out = &mut terminal.out;
    writeln!(out, "{}\n", token.expose())?;
    writeln!(out, "# The token is shown once, above. The config has only its hash:")?;
    writeln!(out, "[[admin.tokens]]")?;
    writeln!(out, "id = \"{}\"", new.id)?;
    writeln!(out, "role = \"{}\"", new.role.as_str())?;
    writeln!(out, "sha256 = \"{hash}\"")?;
    Ok(Exit::Fine)
}
