//! `pointsman completions` and `pointsman man`: what a shell and a reader of manuals want to know
//! of the command line.

use super::args::{CompletionsArgs, ManArgs};
use super::command_line::program;
use super::terminal::{CommandFailure, Exit, Terminal};
use clap::Command;
use clap_mangen::Man;
use std::path::Path;
use std::{fs, io};

pub(super) fn completions(
    args: &CompletionsArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let mut script = Vec::new();
    // Into memory first: it panics where it cannot write, as at the end of a pipe.
    clap_complete::generate(args.shell, &mut program(), "pointsman", &mut script);
    terminal.out.write_all(&script)?;
    Ok(Exit::Fine)
}

pub(super) fn man(args: &ManArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let mut program = program();
    program.build();
    if let Some(folder) = &args.out {
        let number = write_all(&program, folder).map_err(|error| {
            CommandFailure::usage(format!("cannot write into `{}`: {error}", folder.display()))
        })?;
        writeln!(terminal.out, "{}: {number} pages", folder.display())?;
        return Ok(Exit::Fine);
    }
    let mut command = &program;
    for word in &args.command {
        let unknown = || CommandFailure::usage(format!("there is no command `{word}`"));
        command = command.find_subcommand(word).ok_or_else(unknown)?;
    }
    terminal.out.write_all(&page(command)?)?;
    Ok(Exit::Fine)
}

/// Writes the page of a command and of those below it, and says how many.
fn write_all(command: &Command, folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("{}.1", name(command))), page(command)?)?;
    let inner = command.get_subcommands().filter(|inner| !is_help(inner));
    inner.map(|inner| write_all(inner, folder)).try_fold(1, |sum, pages| Ok(sum + pages?))
}

/// The manual page of one command. It has no date: the same program prints the same page.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let version = env!("CARGO_PKG_VERSION");
    Man::new(command.clone().disable_help_subcommand(true))
        .title(name(command).to_uppercase())
        .source(format!("pointsman {version}"))
        .manual("Pointsman")
        .render(&mut text)?;
    Ok(text)
}

/// The name of the page, such as `pointsman-config-push`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// Whether it is the command `help`, which clap adds.
fn is_help(command: &Command) -> bool {
    command.get_name() == "help"
}
