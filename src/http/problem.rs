//! Refusals: `application/problem+json` that tells the client why, and nothing about other regions.
//!
//! Source: RFC 9457 for the form, RFC 7725 for 451, RFC 9110 §15.6 for the rest. A refusal is never
//! cached. It names the rules but no region, because a client that may not use a region must not
//! learn its host.

use super::Response;
use super::html::push_text;
use super::ours::{ADMIN_PREFIX, BLOCKED_PAGE};
use crate::json;
use crate::residency::CompiledRule;
use crate::steering::Refusal;
use serde_json::Value;

/// Why a request gets no answer from a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The decision is a refusal.
    Refused(Refusal),
    /// There is no routing table, so no region is known to be permitted.
    NoRoutes,
    /// No region that was tried could be reached.
    Unreachable,
    /// No region that was tried answered in time.
    TimedOut,
    /// The last region that was tried answered with a status that is none.
    BadStatus,
    /// The request is malformed.
    BadRequest,
    /// The path is almost one of ours.
    MisspeltPath,
    /// The request carries a secret of ours.
    OurSecret,
    /// The client did not send its whole body.
    ClientSilent,
    /// The request has come through Pointsman before.
    Loop,
    /// The region says that the request came to the wrong server (421). A client would repeat it at
    /// once, although it may have been carried out.
    Misdirected,
    /// The request resumes a download that began in another region.
    ResumedElsewhere,
}

/// Who reads a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Programs, which get a problem document.
    Programs,
    /// People with a browser, who get an HTML page.
    People,
}

impl Problem {
    fn status(self) -> u16 {
        match self {
            Self::Refused(Refusal::UnknownHost) | Self::MisspeltPath => 404,
            Self::Refused(Refusal::NoPermittedRegion) => 451,
            Self::Refused(Refusal::UnknownTenant) => 403,
            Self::Refused(
                Refusal::NoUsableRegion
                | Refusal::NoPrimary
                | Refusal::Shed
                | Refusal::TenantUnavailable,
            )
            | Self::NoRoutes => 503,
            Self::Unreachable | Self::BadStatus | Self::Misdirected => 502,
            Self::ResumedElsewhere => 412,
            Self::TimedOut => 504,
            Self::BadRequest | Self::OurSecret => 400,
            Self::ClientSilent => 408,
            Self::Loop => 508,
        }
    }

    /// The stable code of the problem, in bodies, headers and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.as_str(),
            Self::NoRoutes => "no_routes",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::BadStatus => "bad_status",
            Self::BadRequest => "bad_request",
            Self::MisspeltPath => "misspelt_path",
            Self::OurSecret => "secret_in_request",
            Self::ClientSilent => "client_silent",
            Self::Loop => "loop_detected",
            Self::Misdirected => "misdirected",
            Self::ResumedElsewhere => "resumed_elsewhere",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Refused(Refusal::UnknownHost) => "No service has this host",
            Self::Refused(Refusal::NoPermittedRegion) => "No region is permitted for this request",
            Self::Refused(Refusal::NoUsableRegion) => "Every permitted region is down",
            Self::Refused(Refusal::UnknownTenant) => "The request names no known tenant",
            Self::Refused(Refusal::TenantUnavailable) => {
                "It is not known at the moment which regions the tenant may use"
            }
            Self::Refused(Refusal::NoPrimary) => "The primary region, which takes writes, is down",
            Self::Refused(Refusal::Shed) => "The service is shedding load",
            Self::NoRoutes => "The routing table is not available yet",
            Self::Unreachable => "No permitted region could be reached",
            Self::TimedOut => "No permitted region answered in time",
            Self::BadStatus => "A permitted region answered with a status that HTTP does not have",
            Self::BadRequest => "The request is malformed",
            Self::MisspeltPath => {
                "The path is almost one of Pointsman's own, which begin with exactly `/.pointsman/`"
            }
            Self::OurSecret => {
                "The request carries a secret of Pointsman's operator, which no service may see"
            }
            Self::ClientSilent => "The body of the request did not arrive",
            Self::Loop => "The request was forwarded in a loop",
            Self::Misdirected => "The region does not serve this host",
            Self::ResumedElsewhere => {
                "The download began in another region, which may have another version"
            }
        }
    }
}

/// The response to a refused request. `rules` are the rules that applied to it. People get an HTML
/// page with the same facts.
#[must_use]
pub fn refusal(
    problem: Problem,
    rules: &[&CompiledRule],
    request_id: &str,
    audience: Audience,
) -> Response {
    let status = problem.status();
    let ids: Vec<Value> = rules.iter().map(|rule| rule.id.as_str().into()).collect();
    let basis: Vec<Value> =
        rules.iter().filter_map(|rule| rule.basis.as_deref().map(Value::from)).collect();
    let mut body = vec![
        ("type", format!("urn:pointsman:problem:{}", problem.code()).into()),
        ("title", problem.title().into()),
        ("status", status.into()),
        ("code", problem.code().into()),
        ("rules", ids.into()),
        ("request_id", request_id.into()),
    ];
    if !basis.is_empty() {
        body.push(("basis", basis.into()));
    }
    let body = json::object(body);
    let (content_type, body) = if audience == Audience::People {
        ("text/html; charset=utf-8", page(&body))
    } else {
        ("application/problem+json", body.to_string())
    };
    let mut headers = vec![
        ("content-type", content_type.to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("x-request-id", request_id.to_owned()),
        ("x-pointsman", format!("refused; code={}", problem.code())),
    ];
    if status == 451 {
        let page = [ADMIN_PREFIX, BLOCKED_PAGE].concat();
        headers.push(("link", format!("<{page}>; rel=\"blocked-by\"")));
    }
    Response { status, headers, body }.with_retry_after(request_id)
}

/// The problem as an HTML page.
fn page(problem: &Value) -> String {
    let mut page = String::from("<!doctype html><meta charset=utf-8><title>");
    push_escaped(&mut page, problem.get("title"));
    page.push_str("</title><h1>");
    push_escaped(&mut page, problem.get("title"));
    page.push_str("</h1><dl>");
    for key in ["status", "code", "rules", "basis", "request_id"] {
        let Some(value) = problem.get(key) else { continue };
        for part in ["<dt>", key, "<dd>"] {
            page.push_str(part);
        }
        push_escaped(&mut page, Some(value));
    }
    page.push_str("</dl>");
    if problem.get("status").is_some_and(|status| status == 451) {
        for part in ["<p><a href=\"", ADMIN_PREFIX, BLOCKED_PAGE, "\">Why is this?</a></p>"] {
            page.push_str(part);
        }
    }
    page
}

fn push_escaped(page: &mut String, value: Option<&Value>) {
    let text = match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(texts)) => {
            texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
        None => return,
    };
    push_text(page, &text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{RETRY_AFTER_S_MAX, RETRY_AFTER_S_MIN};
    use crate::ids::RuleId;
    use crate::residency::{Mode, RegionSet, When};

    fn lgpd() -> CompiledRule {
        CompiledRule {
            id: RuleId::parse("lgpd").unwrap(),
            when: When::default(),
            mode: Mode::Strict,
            permits: RegionSet::none(),
            basis: Some("LGPD art. 33".to_owned()),
        }
    }

    fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
        response.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_refusal_names_the_rule_and_asks_to_come_back() {
        let rule = lgpd();
        let response = refusal(
            Problem::Refused(Refusal::NoUsableRegion),
            &[&rule],
            "req-1",
            Audience::Programs,
        );
        assert_eq!(response.status, 503);
        let seconds: u32 = header(&response, "retry-after").unwrap().parse().unwrap();
        assert!((RETRY_AFTER_S_MIN..=RETRY_AFTER_S_MAX).contains(&seconds), "{seconds}");
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "urn:pointsman:problem:no_usable_region",
                "title": "Every permitted region is down",
                "status": 503,
                "code": "no_usable_region",
                "rules": ["lgpd"],
                "basis": ["LGPD art. 33"],
                "request_id": "req-1",
            })
        );
    }

    #[test]
    fn what_the_law_never_permits_is_451_with_who_blocks_it_and_without_a_time_to_retry() {
        let rule = lgpd();
        let response = refusal(
            Problem::Refused(Refusal::NoPermittedRegion),
            &[&rule],
            "req-1",
            Audience::Programs,
        );
        assert_eq!(response.status, 451);
        let link = "</.pointsman/blocked>; rel=\"blocked-by\"";
        assert_eq!(header(&response, "link"), Some(link));
        assert_eq!(header(&response, "retry-after"), None);
    }

    #[test]
    fn every_problem_has_its_status() {
        for (problem, status) in [
            (Problem::Refused(Refusal::UnknownHost), 404),
            (Problem::NoRoutes, 503),
            (Problem::Unreachable, 502),
            (Problem::TimedOut, 504),
            (Problem::BadStatus, 502),
            (Problem::BadRequest, 400),
            (Problem::MisspeltPath, 404),
            (Problem::OurSecret, 400),
            (Problem::Misdirected, 502),
            (Problem::ResumedElsewhere, 412),
        ] {
            assert_eq!(refusal(problem, &[], "r", Audience::Programs).status, status);
        }
    }
}
