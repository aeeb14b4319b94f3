//! Running other programs, with their output on the screen as they write it.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What `cargo run` tells xtask about xtask's own package. An inner cargo that inherits it sees an
/// environment that differs from that of the same command typed by hand, and may rebuild for that
/// reason alone.
const OUTER_PACKAGE_PREFIXES: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// A command in `folder`, without what the outer cargo left in the environment.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    for (name, _) in env::vars_os() {
        let outer = |prefix| name.to_str().is_some_and(|name| name.starts_with(prefix));
        if OUTER_PACKAGE_PREFIXES.into_iter().any(outer) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs `command` to its end; all its output goes to stderr, since it is not what was asked for.
///
/// **Errors** as of [`run`].
pub(crate) fn prepare(command: &mut Command) -> Result<()> {
    run(command.stdout(io::stderr()))
}

/// Runs `command` to its end; its output goes where ours goes.
///
/// **Errors** when it cannot be started, and when it ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(status.success(), "{} ended with {status}", shown(command));
    Ok(())
}

/// Runs `command` to its end and returns what it wrote on both its outputs, which is also printed.
///
/// **Errors** as of [`run`].
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let ended = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let written = text(&ended.stdout) + &text(&ended.stderr);
    println!("{written}");
    ensure!(ended.status.success(), "{} ended with {}", shown(command), ended.status);
    Ok(written)
}

/// The command as a person would type it: the program without its folder, then the arguments.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> = std::iter::once(name).chain(command.get_args()).collect();
    format!("`{}`", words.join(OsStr::new(" ")).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/opt/tools/bin/worker-build");
        command.args(["--release", "."]);
        assert_eq!(shown(&command), "`worker-build --release .`");
    }

    #[test]
    fn a_failed_command_is_an_error_that_names_it() {
        let error = run(&mut Command::new("false")).unwrap_err().to_string();
        assert!(error.starts_with("`false` ended with exit status: 1"), "{error}");
    }

    #[test]
    fn a_missing_program_is_an_error_that_names_it() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert_eq!(error, "cannot start `no-such-program`");
    }

    #[test]
    fn both_outputs_are_returned_unless_the_command_fails() {
        let shell = |script: &str| output(Command::new("sh").args(["-c", script]));
        assert_eq!(shell("echo out; echo err >&2").unwrap(), "out\nerr\n");
        assert!(shell("echo out; exit 3").unwrap_err().to_string().contains("exit status: 3"));
    }

    #[test]
    fn the_outer_package_is_not_passed_on() {
        let command = command("true", Path::new("/"));
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).collect();
        assert!(removed.iter().any(|(name, _)| *name == "CARGO_MANIFEST_DIR"), "{removed:?}");
    }
}
