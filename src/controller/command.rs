//! What the Controller is asked, and what it answers.
//!
//! A call is one text each way. What is no command is answered as such: whoever called waits for an
//! answer, and a Durable Object that fails without one keeps it waiting.

use crate::documents::Status;
use crate::json::{self, variants};
use crate::order::{ActReply, ActRequest, Look, Query};
use crate::tick::{RoundReply, RoundRequest};

/// A call of the Controller.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A cron run brings what its last round found, and asks for the next one.
    Round(RoundRequest),
    /// How does everything stand?
    Status,
    /// Compare with Cloudflare now, then say how everything stands.
    Compare,
    /// A person does something.
    Act(ActRequest),
    /// A person wants to see something.
    Read(Query),
    /// A person looks at a page of the dashboard.
    Look(Look),
}

/// The answer to a [`Command`].
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum CommandReply {
    /// To [`Command::Round`].
    Round(RoundReply),
    /// To [`Command::Status`] and [`Command::Compare`].
    Status(Status),
    /// To [`Command::Act`].
    Acted(ActReply),
    /// To [`Command::Read`], a document as JSON, and to [`Command::Look`], one as HTML; `None` if
    /// there is no such thing.
    Page(Option<String>),
    /// To whatever could not be answered.
    Refused(CommandError),
}

/// Why a call is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The text is no command that this build knows.
    #[error("no command: {problem}")]
    Malformed {
        /// What is wrong with it.
        problem: String,
    },
    /// The Controller cannot remember or save; the same call may succeed later.
    #[error("the Controller is unavailable: {problem}")]
    Unavailable {
        /// What stands in the way.
        problem: String,
    },
    /// The answer is one to another command.
    #[error("the Controller answered another question")]
    Mismatched,
}

variants!(Command {
    Round = "round" (request),
    Status = "status" {},
    Compare = "compare" {},
    Act = "act" (request),
    Read = "read" (query),
    Look = "look" (look),
});
variants!(CommandReply {
    Round = "round" (reply),
    Status = "status" (status),
    Acted = "acted" (reply),
    Page = "page" (page),
    Refused = "refused" (why),
});
variants!(CommandError {
    Malformed = "malformed" { problem },
    Unavailable = "unavailable" { problem },
    Mismatched = "mismatched" {},
});

impl Command {
    /// Reads a call. Errors: [`CommandError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        json::read(text).map_err(|error| CommandError::Malformed { problem: error.to_string() })
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        json::write(self)
    }
}

impl CommandReply {
    /// Reads an answer. Errors: why there is none.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        match json::read(text) {
            Ok(Self::Refused(why)) => Err(why),
            Ok(reply) => Ok(reply),
            Err(error) => Err(CommandError::Malformed { problem: error.to_string() }),
        }
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        json::write(self)
    }

    /// The answer to [`Command::Round`].
    pub fn into_round(self) -> Result<RoundReply, CommandError> {
        match self {
            Self::Round(reply) => Ok(reply),
            Self::Refused(why) => Err(why),
            _ => Err(CommandError::Mismatched),
        }
    }

    /// The answer to [`Command::Status`] and [`Command::Compare`].
    pub fn into_status(self) -> Result<Status, CommandError> {
        match self {
            Self::Status(status) => Ok(status),
            Self::Refused(why) => Err(why),
            _ => Err(CommandError::Mismatched),
        }
    }

    /// The answer to [`Command::Act`].
    pub fn into_acted(self) -> Result<ActReply, CommandError> {
        match self {
            Self::Acted(reply) => Ok(reply),
            Self::Refused(why) => Err(why),
            _ => Err(CommandError::Mismatched),
        }
    }

    /// The answer to [`Command::Look`].
    pub fn into_page(self) -> Result<Option<String>, CommandError> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Refused(why) => Err(why),
            _ => Err(CommandError::Mismatched),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Controller;
    use crate::testing::{fail, target};
    use crate::tick::{Done, ProbeResult};
    use crate::time::Timestamp;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn each_command_and_each_reply_reads_back_as_it_was_written() {
        let result = ProbeResult {
            fields: Vec::new(),
            target: target("eu-1"),
            at: at(5),
            verdict: fail(),
            pushed_back_ms: None,
            took_ms: 0,
        };
        let request =
            RoundRequest { round: 2, results: vec![result], ..RoundRequest::first(at(1), at(3)) };
        for command in [Command::Round(request), Command::Status, Command::Compare] {
            assert_eq!(Command::parse(&command.text()), Ok(command));
        }
        let status = CommandReply::Status(Controller::default().status(at(0)));
        let round = CommandReply::Round(RoundReply::Done(Done::Superseded));
        let page = CommandReply::Page(Some("{}".to_owned()));
        for reply in [round, status, page, CommandReply::Page(None)] {
            assert_eq!(CommandReply::parse(&reply.text()), Ok(reply));
        }
        let why = CommandError::Unavailable { problem: "KV".to_owned() };
        assert_eq!(CommandReply::parse(&CommandReply::Refused(why.clone()).text()), Err(why));
    }

    #[test]
    fn what_is_no_command_is_refused_with_the_reason() {
        let texts = [
            "",
            "{",
            "[]",
            "{}",
            r#"{"drain": {}}"#,
            r#"{"round": {"run": 1}}"#,
            r#"{"status": {}, "compare": {}}"#,
            r#"{"status": 7}"#,
        ];
        for text in texts {
            let Err(CommandError::Malformed { problem }) = Command::parse(text) else {
                panic!("{text} is taken for a command");
            };
            assert!(!problem.is_empty(), "{text}");
        }
        let told = Command::parse(r#"{"drain": {}}"#).unwrap_err().to_string();
        assert!(told.contains("drain"), "{told}");
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        let round = CommandReply::Round(RoundReply::Done(Done::TimeSpent));
        assert_eq!(round.into_status(), Err(CommandError::Mismatched));
        let status = CommandReply::Status(Controller::default().status(at(0)));
        assert_eq!(status.into_round(), Err(CommandError::Mismatched));
    }
}
