//! Secrets that sign webhooks, and tests of the receivers of alerts.

use super::args::AlertTestArgs;
use super::remote::{Deed, Remote};
use super::terminal::{CommandFailure, Exit, Terminal};
use crate::order::Act;
use crate::outgoing::SigningSecret;

/// What the Worker says of a receiver that took its test.
const TOOK_IT: &str = "it took the test";

/// Prints a new secret and nothing else, so that it can be piped into `wrangler secret put`.
pub(super) fn new_secret(terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| CommandFailure::usage(format!("this machine has no chance: {error}")))?;
    writeln!(terminal.out, "{}", SigningSecret::text(&key))?;
    Ok(Exit::Fine)
}

/// Has the deployed Worker send a test.
pub(super) fn test(
    args: &AlertTestArgs,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let remote = Remote::of(&args.remote, terminal)?;
    let act = Act::TestAlert { receiver: args.receiver.clone() };
    let reason = "a test by `pointsman alert test`";
    let deed = Deed { act: &act, reason, from: None, until: None, is_dry: args.dry_run };
    let acted = remote.act(&deed)?;
    for line in acted.changes.iter().chain(&acted.notes) {
        writeln!(terminal.out, "{line}")?;
    }
    let all_took_it = acted.notes.iter().all(|note| note.ends_with(TOOK_IT));
    Ok(Exit::findings_if(!all_took_it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::time::Timestamp;
    use crate::tool::remote::double::{Double, command, ok};

    fn ran(args: &[&str], base: &str) -> (Exit, String) {
        let (exit, out, err) = command(args, "", base, Timestamp::default());
        (exit, out + &err)
    }

    #[test]
    fn a_new_secret_is_one_that_signs_and_never_the_same() {
        let (exit, first) = ran(&["secret", "new"], "");
        assert_eq!(exit, Exit::Fine);
        assert!(SigningSecret::parse(&Secret::new(first.trim_end().to_owned())).is_ok(), "{first}");
        assert_ne!(first, ran(&["secret", "new"], "").1);
    }

    #[test]
    fn a_test_tells_how_each_receiver_took_it() {
        for (note, exit) in [
            ("slack: it took the test", Exit::Fine),
            ("slack: not yet, it is tried again: no connection", Exit::Findings),
            ("slack: given up: it answered 404", Exit::Findings),
        ] {
            let reply =
                format!(r#"{{"changes": ["a test"], "notes": ["{note}"], "is_dry": false}}"#);
            let double = Double::giving([ok(&reply)]);
            let ended = ran(&["alert", "test", "slack"], &double.base);
            assert_eq!(ended, (exit, format!("a test\n{note}\n")));
            let [asked] = double.asked().try_into().unwrap();
            assert!(asked.contains(r#"{"test_alert":{"receiver":"slack"}}"#), "{asked}");
        }
    }
}
