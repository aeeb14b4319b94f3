//! What the API answers instead of what was asked for: `application/problem+json` (RFC 9457).

use crate::http::Response;
use crate::json::{self, fields, words};
use crate::order::{ActRefusal, RefusalCode};

words! {
    /// Why the API does not do what it is asked. The words are stable; the texts are not.
    pub enum Code {
        /// Nobody can be recognised: there is neither a token nor Access.
        Off = "off",
        /// The request does not say who sends it, or not credibly.
        Unauthenticated = "unauthenticated",
        /// Whoever sends it may not do this.
        Forbidden = "forbidden",
        /// There is no such page, or it does not answer at this host.
        NoPage = "no_page",
        /// There is no such incident, order, receiver, record or config.
        NotFound = "not_found",
        /// The page has other methods.
        MethodNotAllowed = "method_not_allowed",
        /// The body is of another type than JSON.
        NotJson = "not_json",
        /// The body is longer than is read.
        TooLong = "too_long",
        /// The body did not come to its end in time.
        Silent = "silent",
        /// The request makes no sense as it is.
        Invalid = "invalid",
        /// It was made from something that is past.
        Conflict = "conflict",
        /// The limit of something is reached.
        TooMany = "too_many",
        /// There is no config yet.
        NoConfig = "no_config",
        /// The Controller does not answer.
        Unavailable = "unavailable",
    }
}

impl Code {
    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NoPage | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Silent => 408,
            Self::Conflict | Self::NoConfig => 409,
            Self::TooLong => 413,
            Self::NotJson => 415,
            Self::TooMany => 429,
            Self::Off | Self::Unavailable => 503,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Off => "The admin API is off",
            Self::Unauthenticated => "Who asks is not known",
            Self::Forbidden => "The role does not allow this",
            Self::NoPage => "There is no such page",
            Self::NotFound => "There is no such thing",
            Self::MethodNotAllowed => "The page has other methods",
            Self::NotJson => "The body is no JSON",
            Self::TooLong => "The body is too long",
            Self::Silent => "The body did not arrive",
            Self::Invalid => "The request makes no sense",
            Self::Conflict => "It was made from something that is past",
            Self::TooMany => "A limit is reached",
            Self::NoConfig => "There is no config yet",
            Self::Unavailable => "The Controller does not answer",
        }
    }
}

/// A refusal of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub code: Code,
    /// What is wrong with this request, in words, with what is allowed. No secret is in it.
    pub detail: String,
    /// Headers that go with it.
    pub headers: Vec<(&'static str, String)>,
}

impl Fault {
    /// A refusal of this kind.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), headers: Vec::new() }
    }

    /// The same, with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The response to the request of this id.
    #[must_use]
    pub fn response(self, request_id: &str) -> Response {
        let Self { code, detail, headers: more } = self;
        let problem = Problem {
            kind: ["urn:pointsman:problem:", code.as_str()].concat(),
            title: code.title().to_owned(),
            status: code.status().into(),
            code,
            detail,
            request_id: request_id.to_owned(),
        };
        let mut headers = vec![
            ("content-type", "application/problem+json".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-request-id", request_id.to_owned()),
        ];
        headers.extend(more);
        Response { status: code.status(), headers, body: json::write(&problem) }
    }
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// A name of its kind, which is no address.
    kind: String,
    /// The kind in words.
    title: String,
    /// The status of the answer.
    status: u32,
    /// The kind in one word.
    code: Code,
    /// What is wrong with this request.
    detail: String,
    /// The id of the request, as in the log.
    request_id: String,
}

fields!(Problem { kind as "type", title, status, code, detail, request_id });

impl From<ActRefusal> for Fault {
    fn from(ActRefusal { code, problem }: ActRefusal) -> Self {
        let code = match code {
            RefusalCode::Invalid => Code::Invalid,
            RefusalCode::NotFound => Code::NotFound,
            RefusalCode::Conflict => Code::Conflict,
            RefusalCode::TooMany => Code::TooMany,
            RefusalCode::NoConfig => Code::NoConfig,
        };
        Self::new(code, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_controller_keeps_its_word_and_its_reason() {
        for code in RefusalCode::ALL {
            let fault = Fault::from(ActRefusal::new(*code, "no region `eu-wset`"));
            assert_eq!(fault.code.as_str(), code.as_str());
            let response = fault.response("r-1");
            assert!((400..430).contains(&response.status), "{}", response.status);
            let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
            assert_eq!(body["detail"], "no region `eu-wset`");
            assert_eq!(
                (&body["code"], &body["request_id"]),
                (&code.as_str().into(), &"r-1".into())
            );
            assert_eq!(body["status"], response.status);
        }
    }
}
