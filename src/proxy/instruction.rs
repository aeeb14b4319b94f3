//! What the shell does next.

use super::body::Sending;
use super::token::Token;
use crate::config::Asked;
use crate::http::Response;
use crate::time::Millis;

/// How many proxies of ours a request may come through. One behind another is a set-up; more is a
/// loop.
pub const HOPS_MAX: u32 = 2;

/// What the shell does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Ask again, with the values of these headers.
    Headers {
        /// The version of the table that looks at them.
        version: u32,
        /// Their names.
        names: Vec<String>,
    },
    /// Load the routing table, then ask again.
    LoadTable,
    /// Read this key of KV, which holds a tenant's pin, then ask again.
    ReadPin(String),
    /// Answer a request to one of our own pages.
    Surface,
    /// Send the request to an origin.
    Send(Box<Try>),
    /// Give the client the response of the last try.
    Relay,
    /// Go on waiting: nothing else can be done.
    Wait,
    /// Give the client an answer of our own: a refusal, or one of our pages.
    Respond {
        /// The answer.
        response: Response,
        /// Whether to give the client a kept answer of an origin instead, if there is one.
        or_stale: bool,
        /// Whether the table is to be loaded behind the request.
        refresh: bool,
    },
}

/// A request on its way to an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Which origin it goes to.
    pub token: Token,
    /// The origins that were tried, this one included, each after a space.
    pub trail: String,
    /// The URL.
    pub url: String,
    /// Longest wait for the head of the response, from the last byte of the request. While a body
    /// is sent, also the longest time in which the origin takes nothing of it.
    pub wait_ms: Millis,
    /// When it counts as late and may be sent to another region as well.
    pub late_ms: Option<Millis>,
    /// Whether the table is to be loaded behind the request.
    pub refresh: bool,
    /// A region to try out behind the request, and what to ask for.
    pub trial: Option<(Token, Asked)>,
    /// For how many seconds the answer may be kept, if it is public.
    pub keep_s: Option<u32>,
    /// The value of `Server-Timing`, without the duration.
    pub timing: Option<String>,
    /// Headers to set on the request; an empty value removes the header.
    pub request_headers: Vec<(&'static str, String)>,
    /// Headers to set on the answer.
    pub answer_headers: Vec<(&'static str, String)>,
    /// How the body of the request is sent.
    pub sending: Sending,
    /// Longest time in which no byte of a body arrives, of the request's or of the answer's. `None`
    /// if bodies may rest for as long as they like.
    pub body_idle_ms: Option<Millis>,
    /// Whether the client's host replaces an origin's in the answer's headers.
    pub rename: bool,
    /// The host to connect to, if it is not the URL's.
    pub resolve: Option<String>,
    /// The number under which the decision is remembered, if it may serve for other requests too.
    pub recall: Option<u32>,
}
