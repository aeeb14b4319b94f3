//! `pointsman init`: writes a first config from questions or options.
//!
//! Whatever is answered, only a config that the edge accepts is written: the answers go into a
//! draft, and the reader of configs judges that. So no question has a second opinion of what a host
//! or a rule may be.

mod answers;
mod args;
mod draft;
mod questions;
mod sound;
#[cfg(test)]
mod tests;

pub(super) use args::InitArgs;

use super::terminal::{CommandFailure, Exit, Terminal};
use super::text::write_json;
use answers::Answers;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// The name of the schema that is written beside the config.
const SCHEMA: &str = "pointsman.schema.json";

pub(super) fn run(args: &InitArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    // Before anything is asked: nobody wants to answer for nothing.
    if !args.force && args.out.exists() {
        return Err(CommandFailure::usage(is_there(&args.out)));
    }
    let answers = match args.answers().map_err(CommandFailure::usage)? {
        Some(answers) => answers,
        None => questions::ask(terminal)?,
    };
    let problems = sound::problems(&answers, (terminal.clock)());
    if !problems.is_empty() {
        let what = format!("these answers make no valid config:\n  {}", problems.join("\n  "));
        return Err(CommandFailure::usage(what));
    }
    let name = args.out.display().to_string();
    let (schema, is_ours) = match &args.schema {
        Some(schema) => (schema.clone(), false),
        None => (format!("./{SCHEMA}"), true),
    };
    write(&args.out, &draft::config(&answers, &name, &schema), args.force)?;
    if is_ours {
        write_schema(&args.out.with_file_name(SCHEMA))?;
    }
    told(&answers, &name, is_ours, terminal)?;
    Ok(Exit::Fine)
}

fn told(
    answers: &Answers,
    name: &str,
    has_schema: bool,
    terminal: &mut Terminal<'_>,
) -> io::Result<()> {
    let beside = if has_schema { format!(", and {SCHEMA} for editors") } else { String::new() };
    writeln!(terminal.out, "Wrote {name} with the service `{}`{beside}.", answers.service())?;
    writeln!(terminal.out, "Next: pointsman check {name}")
}

fn is_there(path: &Path) -> String {
    format!("`{}` is there already: use --force to write it anew", path.display())
}

fn write(path: &Path, text: &str, is_forced: bool) -> Result<(), CommandFailure> {
    let mut options = OpenOptions::new();
    // Somebody else may have made the file meanwhile.
    options.write(true).create(true).truncate(true).create_new(!is_forced);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CommandFailure::usage(is_there(path)),
        _ => CommandFailure::usage(format!("cannot write `{}`: {error}", path.display())),
    })
}

fn write_schema(path: &Path) -> Result<(), CommandFailure> {
    let mut text = Vec::new();
    write_json(&mut text, &crate::config::schema())?;
    fs::write(path, text).map_err(|error| {
        CommandFailure::usage(format!("cannot write `{}`: {error}", path.display()))
    })
}
