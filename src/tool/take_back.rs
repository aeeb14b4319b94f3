//! `pointsman take-back`: sets a record right that another owner touched.

use super::args::TakeBackArgs;
use super::remote::{Deed, Remote};
use super::terminal::{CommandFailure, Exit, Terminal};
use crate::order::Act;

/// Takes one record set back, or shows what that would write.
pub(super) fn run(
    args: &TakeBackArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let remote = Remote::of(&args.remote, terminal)?;
    let act = Act::TakeBack { record: format!("{} {}", args.name, args.kind) };
    let (reason, is_dry) = (args.reason.as_str(), args.dry_run);
    let acted = remote.act(&Deed { act: &act, reason, from: None, until: None, is_dry })?;
    for change in &acted.changes {
        writeln!(terminal.out, "{}{change}", if acted.is_dry { "would be: " } else { "" })?;
    }
    for note in &acted.notes {
        writeln!(terminal.out, "note: {note}")?;
    }
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use crate::time::Timestamp;
    use crate::tool::remote::double::{Double, ok, reply};
    use crate::tool::{Exit, Terminal, run};
    use std::io::Cursor;

    /// What the command prints, and how it ends.
    fn command(base: &str, args: &[&str]) -> (Exit, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let variable = |name: &str| match name {
            "POINTSMAN_TOKEN" => Some("a-token-of-thirty-two-characters".to_owned()),
            "POINTSMAN_URL" => Some(base.to_owned()),
            _ => None,
        };
        let mut terminal = Terminal {
            input: &mut Cursor::new(Vec::new()),
            out: &mut out,
            err: &mut err,
            colour: false,
            clock: &|| Timestamp::from_millis(0),
            variable: &variable,
        };
        let line = ["pointsman", "take-back"].iter().chain(args).map(Into::into);
        let exit = run(line, &mut terminal);
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn the_record_and_the_reason_are_sent_and_what_is_written_is_shown() {
        let acted = r#"{"changes": ["comment back"], "notes": ["soon"], "is_dry": false}"#;
        let double = Double::giving([ok(acted)]);
        let args = ["files.example.com", "A", "--reason", "octodns is told"];
        let (exit, out, _) = command(&double.base.clone(), &args);
        assert_eq!((exit, out.as_str()), (Exit::Fine, "comment back\nnote: soon\n"));
        let asked = double.asked().concat();
        assert!(asked.starts_with("POST /.pointsman/v1/acts "), "{asked}");
        assert!(asked.contains(r#""take_back":{"record":"files.example.com A"}"#), "{asked}");
        assert!(asked.contains(r#""reason":"octodns is told""#), "{asked}");
        assert!(!asked.contains("is_dry"), "{asked}");
    }

    #[test]
    fn a_dry_run_says_that_nothing_is_written() {
        let acted = r#"{"changes": ["comment back"], "notes": [], "is_dry": true}"#;
        let double = Double::giving([ok(acted)]);
        let args = ["files.example.com", "A", "--reason", "r", "--dry-run"];
        let (exit, out, _) = command(&double.base.clone(), &args);
        assert_eq!((exit, out.as_str()), (Exit::Fine, "would be: comment back\n"));
        assert!(double.asked().concat().contains(r#""is_dry":true"#));
    }

    #[test]
    fn a_record_that_no_service_publishes_ends_with_2_and_the_reason() {
        let problem = r#"{"code": "not_found", "detail": "no service publishes `x A`"}"#;
        let double = Double::giving([reply("404 Not Found", "", problem)]);
        let (exit, out, err) = command(&double.base.clone(), &["x", "A", "--reason", "r"]);
        assert_eq!((exit, out.as_str()), (Exit::BadUsage, ""));
        assert!(err.contains("no service publishes `x A`"), "{err}");
    }
}
