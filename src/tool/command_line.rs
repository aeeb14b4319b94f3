//! The whole command line: what `args` declares, and examples of each command.

use super::args::Cli;
use super::examples::EXAMPLES;
use clap::{Command, CommandFactory, Error, FromArgMatches};
use std::ffi::OsString;

/// The program with all of its commands.
pub(super) fn program() -> Command {
    EXAMPLES.iter().fold(Cli::command(), |program, (path, examples)| {
        let words: Vec<&str> = path.split_whitespace().collect();
        at(program, &words, &|command| with(command, examples))
    })
}

/// Reads a command line, whose first argument is the program's name.
pub(super) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
    let mut program = program();
    let matches = program.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut program))
}

/// Changes the command at the end of a path such as `config push`.
fn at(command: Command, path: &[&str], change: &dyn Fn(Command) -> Command) -> Command {
    match path.split_first() {
        None => change(command),
        Some((first, rest)) => command.mut_subcommand(first, |inner| at(inner, rest, change)),
    }
}

/// The command with examples below what its help says anyway.
fn with(command: Command, examples: &[&str]) -> Command {
    let said = command.get_after_help().map(|said| format!("{said}\n\n")).unwrap_or_default();
    command.after_help(format!("{said}Examples:\n  {}", examples.join("\n  ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of an example up to a pipe or a redirection, as a shell has them.
    fn words(example: &str) -> Vec<OsString> {
        let whole = example.replace("\\\n", "");
        let ours = whole.split([';', '|', '>', '&', '#']).next().unwrap_or_default();
        let mut words = vec![];
        for (at, quoted) in ours.split('"').enumerate() {
            if at % 2 == 1 {
                words.push(quoted.to_owned());
            } else {
                words.extend(quoted.split_whitespace().map(str::to_owned));
            }
        }
        words.into_iter().map(OsString::from).collect()
    }

    /// The paths of all commands that do something.
    fn paths(command: &Command, above: &str) -> Vec<String> {
        let inner: Vec<&Command> = command.get_subcommands().collect();
        if inner.is_empty() {
            return vec![above.to_owned()];
        }
        let path = |inner: &Command| format!("{above} {}", inner.get_name()).trim().to_owned();
        inner.into_iter().flat_map(|inner| paths(inner, &path(inner))).collect()
    }

    #[test]
    fn the_declaration_of_the_command_line_is_sound() {
        program().debug_assert();
    }

    #[test]
    fn each_command_has_an_example_and_none_is_of_a_command_that_is_gone() {
        let mut known = paths(&Cli::command(), "");
        known.push(String::new());
        let mut shown: Vec<&str> = EXAMPLES.iter().map(|(path, _)| *path).collect();
        known.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, known);
    }

    #[test]
    fn each_example_is_a_command_line_that_is_understood() {
        for (path, examples) in EXAMPLES {
            assert!(!examples.is_empty(), "{path} has none");
            for example in *examples {
                assert!(example.starts_with(format!("pointsman {path}").trim_end()), "{example}");
                assert!(example.lines().all(|line| line.chars().count() <= 96), "{example}");
                if let Err(error) = read(words(example)) {
                    panic!("{example}\n{error}");
                }
            }
        }
    }

    /// The command lines in the blocks of `sh` of a page.
    fn typed(page: &str) -> Vec<String> {
        let blocks = page.split("\n```sh").skip(1);
        // What stands behind the backticks is no line of the block.
        let blocks = blocks.filter_map(|block| block.split("\n```").next()?.split_once('\n'));
        let whole: String = blocks.map(|(_, block)| block.replace("\\\n", "") + "\n").collect();
        whole.lines().filter(|line| line.starts_with("pointsman ")).map(str::to_owned).collect()
    }

    #[test]
    fn each_command_line_of_the_pages_for_beginners_is_understood() {
        let pages = [
            include_str!("../../docs/getting-started.md"),
            include_str!("../../docs/tool.md"),
            include_str!("../../docs/drills.md"),
            include_str!("../../docs/operate.md"),
        ];
        for page in pages {
            let lines = typed(page);
            assert!(lines.len() >= 2, "{lines:?}");
            for line in lines {
                // The help and the version are no errors, and no command either.
                if let Err(error) = read(words(&line)).map_err(|error| error.to_string())
                    && error.starts_with("error")
                {
                    panic!("{line}\n{error}");
                }
            }
        }
    }

    #[test]
    fn the_help_ends_with_what_it_says_anyway_and_then_the_examples() {
        let help = read(["pointsman", "status", "--help"].map(OsString::from)).unwrap_err();
        let help = help.to_string();
        let (_, after) = help.split_once("The token is read from").expect("what it says anyway");
        assert!(after.contains("\n\nExamples:\n  pointsman status\n"), "{help}");
    }

    #[test]
    fn a_word_in_quotes_is_one_word() {
        let expected = ["pointsman", "halt", "--reason", "two words"].map(OsString::from);
        assert_eq!(words("pointsman halt --reason \"two words\" | cat"), expected);
    }
}
