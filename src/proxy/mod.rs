//! One request of a client, from its facts to what the shell does with it.
//!
//! A request is a conversation. The shell asks a [`Question`], which holds the facts of the request
//! in one text, and gets one [`Instruction`]: send the request there and wait this long, give the
//! client the response that you have, refuse. If a try ends without a response to relay, the shell
//! asks again, with the same facts and the origins that were tried. The request is then **decided
//! anew**, by the table and the evidence of that moment. So a retry and a hedge obey the residency
//! rules as the first try did, and nothing of a request stays here between two questions: a client
//! that hangs up leaves nothing behind.
//!
//! What stays is the [`Isolate`]: the routing table, and what was [seen](crate::passive) of each
//! region.

mod answer;
mod body;
mod body_end;
mod cookies;
mod counted;
mod counting;
mod explain;
mod forwarded;
mod happenings;
mod hearing;
mod instruction;
mod isolate;
mod judged;
mod news;
mod notes;
mod noting;
mod own_name;
mod pins;
mod points;
mod progress;
mod question;
mod recall;
mod recalling;
mod refresh;
mod replay;
mod report;
mod resume;
mod service;
mod status_page;
mod surface;
mod threshold;
mod token;
mod try_end;
mod upstream;
mod wire;

pub use body::{Body, Sending};
pub use instruction::{HOPS_MAX, Instruction, Try};
pub use isolate::{Counts, Isolate};
pub use news::{NEWS_EVERY_MS, NEWS_TIMEOUT_MS, NewsCounts};
pub use notes::NOTES_MAX;
pub use own_name::AnswerHeader;
pub use progress::{AskReason, Fetched, Progress};
pub use question::{BadQuestion, QUESTION_BYTES_MAX, Question};
pub use recall::{RECALL_MS, RECALLED_MAX};
pub use refresh::{LOAD_MS_MAX, REFRESH_MS, Refresh, TOO_LONG_MS};
pub use resume::{DOWNLOAD_MS, DOWNLOADS_MAX};
pub use surface::OwnPages;
pub use token::Token;
pub use try_end::{BodyEnd, TryEnd, classify};
pub use upstream::Upstream;
pub use wire::{BodyReport, TrialReport, TryReport, recall_number};

#[cfg(test)]
mod tests;
