//! Reading, without the rest of what the Controller can be asked.
//!
//! Whoever asks nothing else has to know neither the other commands nor their answers. The Worker
//! for requests alone is half as large because it knows none (ADR-0040).

use crate::json::{self, variants};
use crate::order::Query;

/// [`Command::Read`](super::Command::Read) alone.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ReadCommand {
    Read(Query),
}

/// The answer to it. Why there is none, the Controller's own log says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ReadReply {
    Page(Option<String>),
}

variants!(ReadCommand {
    Read = "read" (query),
});
variants!(ReadReply {
    Page = "page" (page),
});

/// The text of the command that asks this.
#[must_use]
pub fn read_text(query: Query) -> String {
    json::write(&ReadCommand::Read(query))
}

/// The document in the text of an answer; `None` if there is none, and if it is another answer.
#[must_use]
pub fn read_page(text: &str) -> Option<String> {
    json::read(text).ok().and_then(|ReadReply::Page(page)| page)
}

#[cfg(test)]
mod tests {
    use super::super::{Command, CommandError, CommandReply, Controller};
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn the_controller_cannot_tell_who_knows_no_other_command() {
        let query = Query::Region { id: "eu".to_owned() };
        assert_eq!(Command::parse(&read_text(query.clone())), Ok(Command::Read(query)));
    }

    #[test]
    fn an_answer_is_understood_as_whoever_knows_all_of_them_understands_it() {
        for page in [None, Some("{}".to_owned())] {
            assert_eq!(read_page(&CommandReply::Page(page.clone()).text()), page);
        }
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        let status =
            CommandReply::Status(Controller::default().status(Timestamp::default())).text();
        let why = CommandError::Unavailable { problem: "storage".to_owned() };
        let refused = CommandReply::Refused(why).text();
        for text in ["", "{}", r#"{"page": 7}"#, &status, &refused] {
            assert_eq!(read_page(text), None, "{text}");
        }
    }
}
