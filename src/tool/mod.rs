//! The operator's tool, `pointsman`: shows what a config means before it is deployed.
//!
//! The edge reads canonical JSON and reports errors by path. A person has a TOML file with comments
//! and wants to see the line. So a [`Source`] keeps the span of each value, and [`render`] prints a
//! diagnostic under its line.
//!
//! A valid config can still mean something else than its author thinks. So the tool runs the edge's
//! code on it: [`proof`] checks every kind of request against every set of failed regions,
//! `survivors` shows who loses service with which region, `explain` follows one request through the
//! filters, and `whatif` compares before and after. All use the edge's decisions. Only the proof
//! adds a second opinion of its own.
//!
//! `plan` reads the Cloudflare account with the edge's code, through a client that can only read.
//! The commands for a deployed Worker (`live`, `push`) go through [`remote`]: they show what would
//! change before they ask. No other command uses the network.
//!
//! Commands get clock, environment and streams as a [`Terminal`]. The tool is compiled for the host
//! only, so its TOML reader, renderer and client add nothing to the Worker.

mod accepted;
mod agent;
mod alerts;
mod args;
mod audit;
mod base_url;
mod check;
mod clients;
mod command_line;
mod difference;
mod examples;
mod excerpt;
mod explain;
mod finding;
mod init;
mod json;
mod live;
mod load;
mod manual;
mod oracle;
mod plan;
mod promotion;
pub mod proof;
mod published;
mod push;
mod recovery_times;
mod remote;
mod render;
mod requests;
mod scenario;
mod simulate;
mod snippet;
mod source;
mod survivors;
mod terminal;
mod text;
mod token;
mod toml;
mod tree;
mod unreadable;
mod whatif;

pub use finding::{Finding, Severity};
pub use render::render;
pub use source::Source;
pub use terminal::{Exit, Terminal};
pub use tree::Part;
pub use unreadable::Unreadable;

use args::{AlertCommand, CanonicalArgs, CliCommand, SecretCommand};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use terminal::CommandFailure;

/// Runs one command line, whose first argument is the program's name.
pub fn run(args: impl IntoIterator<Item = OsString>, terminal: &mut Terminal<'_>) -> Exit {
    let ended = match command_line::read(args) {
        Ok(cli) => command(cli.command, terminal),
        Err(error) if error.use_stderr() => Err(CommandFailure::Usage(error.render().to_string())),
        Err(help) => {
            write!(terminal.out, "{}", help.render()).map(|()| Exit::Fine).map_err(Into::into)
        }
    };
    let ended = ended.and_then(|exit| Ok(terminal.out.flush().map(|()| exit)?));
    ended.unwrap_or_else(|failure| terminal.give_up(&failure))
}

fn command(command: CliCommand, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    match command {
        CliCommand::Init(args) => init::run(&args, terminal),
        CliCommand::Check(args) => check::run(&args, terminal),
        CliCommand::Canonical(args) => canonical(&args, terminal),
        CliCommand::Schema => Ok(schema(terminal.out).map(|()| Exit::Fine)?),
        CliCommand::Explain(args) => explain::run(&args, terminal),
        CliCommand::Whatif(args) => whatif::run(&args, terminal),
        CliCommand::Plan(args) => plan::run(&args, terminal),
        CliCommand::Simulate(args) => simulate::run(&args, terminal),
        CliCommand::Token(args) => token::run(&args, terminal),
        CliCommand::Push(args) => push::push(&args, terminal),
        CliCommand::Config(command) => push::config(&command, terminal),
        CliCommand::Audit(command) => audit::run(&command, terminal),
        CliCommand::Live(command) => live::run(&command, terminal),
        CliCommand::Completions(args) => manual::completions(&args, terminal),
        CliCommand::Man(args) => manual::man(&args, terminal),
        CliCommand::Secret(SecretCommand::New) => alerts::new_secret(terminal),
        CliCommand::Alert(AlertCommand::Test(args)) => alerts::test(&args, terminal),
    }
}

/// A refused config writes nothing: whatever uploads the file must not find an empty one.
fn canonical(args: &CanonicalArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let now = (terminal.clock)();
    let valid = match check::valid_config(&args.file, now, false, terminal)? {
        Ok(valid) => valid,
        Err(exit) => return Ok(exit),
    };
    match &args.out {
        None => writeln!(terminal.out, "{}", valid.canonical)?,
        Some(path) => write_whole(path, &valid.canonical).map_err(|error| {
            CommandFailure::usage(format!("cannot write `{}`: {error}", path.display()))
        })?,
    }
    Ok(Exit::Fine)
}

/// Writes a file that is there as a whole, or stays as it was.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path).inspect_err(|_| drop(fs::remove_file(&beside)))
}

fn schema(out: &mut dyn Write) -> io::Result<()> {
    text::write_json(out, &crate::config::schema())
}
