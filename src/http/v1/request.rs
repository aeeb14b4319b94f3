//! A request to the API, and what it asks for.

use super::body::{act_request, idempotency_key};
use super::caller::Caller;
use super::explain::Imagined;
use super::fault::{Code, Fault};
use super::routes::{Found, Operation, find};
use crate::journal::Role;
use crate::order::{ActRequest, Query};
use percent_encoding::percent_decode_str;

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub struct ApiRequest<'r> {
    /// The method.
    pub method: &'r str,
    /// The path behind [`super::V1`], and the query.
    pub path_and_query: &'r str,
    /// The header `Content-Type`.
    pub content_type: Option<&'r str>,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<&'r str>,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// How everything stands.
    Status,
    /// What this isolate has seen.
    Proxy,
    /// A document of the Controller.
    Document(Query),
    /// Where a request would go that nobody has sent.
    Explain(Imagined),
    /// This API as a document.
    OpenApi,
    /// To do something; the body says what. This is its idempotency key.
    Act(Option<String>),
}

impl ApiRequest<'_> {
    /// What the request asks for.
    ///
    /// **Errors**: there is no such page, it has other methods, the role is too low, or the request
    /// makes no sense.
    pub fn wanted(&self, role: Role) -> Result<Wanted, Fault> {
        let (path, query) =
            self.path_and_query.split_once('?').unwrap_or((self.path_and_query, ""));
        let (route, given) = match find(self.method, path) {
            Found::Route(route, given) => (route, given),
            Found::OtherMethod(allow) => {
                return Err(other_method(allow));
            }
            Found::Nothing => return Err(Fault::new(Code::NoPage, "there is no such page")),
        };
        must_be(role, route.role)?;
        Ok(match route.operation {
            Operation::Status => Wanted::Status,
            Operation::Proxy => Wanted::Proxy,
            Operation::Explain => Wanted::Explain(Imagined::of(query)?),
            Operation::OpenApi => Wanted::OpenApi,
            Operation::Incidents => Wanted::Document(Query::Incidents {}),
            Operation::Drills => Wanted::Document(Query::Drills {}),
            Operation::Drill => Wanted::Document(Query::Drill { id: decoded(given)? }),
            Operation::Orders => Wanted::Document(Query::Orders {}),
            Operation::Contracts => Wanted::Document(Query::Contracts {}),
            Operation::Recovery => Wanted::Document(Query::Recovery {}),
            Operation::Trends => Wanted::Document(Query::Trends {}),
            Operation::Region => Wanted::Document(Query::Region { id: decoded(given)? }),
            Operation::ConfigHistory => Wanted::Document(Query::ConfigHistory {}),
            Operation::Config => Wanted::Document(Query::Config { revision: None }),
            Operation::Incident => Wanted::Document(Query::Incident { id: decoded(given)? }),
            Operation::ConfigRevision => {
                Wanted::Document(Query::Config { revision: Some(number("the revision", given)?) })
            }
            Operation::Audit => {
                let from = parameter(query, "from").map(|text| number("`from`", text));
                Wanted::Document(Query::Audit { from: from.transpose()?.unwrap_or(0) })
            }
            Operation::Act => {
                must_be_json(self.content_type)?;
                Wanted::Act(idempotency_key(self.idempotency_key)?)
            }
        })
    }

    /// Reads the body of a request to do something.
    ///
    /// **Errors**: it makes no sense, or the role is too low for what it asks for.
    pub fn act(text: &str, caller: Caller, key: Option<String>) -> Result<ActRequest, Fault> {
        let request = act_request(text, (caller.who, caller.role), key)?;
        must_be(caller.role, request.act.role())?;
        Ok(request)
    }
}

/// What a request for [`super::METRICS_PAGE`] asks for. Every role may look. Errors: it has another
/// method.
pub fn metrics_wanted(method: &str) -> Result<Wanted, Fault> {
    must_look(method)?;
    Ok(Wanted::Document(Query::Metrics {}))
}

/// Whether a method is one to look with. Errors: it is another one.
pub fn must_look(method: &str) -> Result<(), Fault> {
    match method {
        "GET" | "HEAD" => Ok(()),
        _ => Err(other_method("GET, HEAD")),
    }
}

fn other_method(allow: &'static str) -> Fault {
    let fault = Fault::new(Code::MethodNotAllowed, ["it takes ", allow].concat());
    fault.with("allow", allow)
}

fn must_be(role: Role, least: Role) -> Result<(), Fault> {
    if role >= least {
        return Ok(());
    }
    let detail = format!("the role is `{}`; this takes `{}`", role.as_str(), least.as_str());
    Err(Fault::new(Code::Forbidden, detail))
}

/// JSON is the one type that no form of another site can send without asking this one first.
fn must_be_json(content_type: Option<&str>) -> Result<(), Fault> {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Fault::new(Code::NotJson, "`Content-Type` must be `application/json`"))
}

/// A parameter of a query, as it is written.
fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn number(what: &str, text: &str) -> Result<u64, Fault> {
    let is_one = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = is_one.then(|| text.parse().ok()).flatten();
    read.ok_or_else(|| Fault::new(Code::Invalid, [what, " must be a whole number"].concat()))
}

fn decoded(segment: &str) -> Result<String, Fault> {
    let text = percent_decode_str(segment).decode_utf8();
    let invalid = |_| Fault::new(Code::Invalid, "the path is not UTF-8");
    text.map(std::borrow::Cow::into_owned).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Actor, Way};

    fn ask(method: &str, path_and_query: &str, role: Role) -> Result<Wanted, Code> {
        let content_type = Some("application/json; charset=utf-8");
        let request = ApiRequest { method, path_and_query, content_type, idempotency_key: None };
        request.wanted(role).map_err(|fault| fault.code)
    }

    #[test]
    fn a_query_and_a_path_say_which_document_is_wanted() {
        for (path, query) in [
            ("audit", Query::Audit { from: 0 }),
            ("audit?x&from=17", Query::Audit { from: 17 }),
            ("config/3?from=7", Query::Config { revision: Some(3) }),
            ("incidents/a%2Fb", Query::Incident { id: "a/b".to_owned() }),
        ] {
            assert_eq!(ask("GET", path, Role::Viewer), Ok(Wanted::Document(query)), "{path}");
        }
        for path in [
            "audit?from=",
            "audit?from=-1",
            "audit?from=18446744073709551616",
            "config/x",
            "config/+1",
            "incidents/%ff",
        ] {
            assert_eq!(ask("GET", path, Role::Viewer), Err(Code::Invalid), "{path}");
        }
    }

    #[test]
    fn metrics_are_only_looked_at() {
        for method in ["GET", "HEAD"] {
            assert_eq!(metrics_wanted(method).unwrap(), Wanted::Document(Query::Metrics {}));
        }
        assert_eq!(metrics_wanted("POST").unwrap_err().code, Code::MethodNotAllowed);
        assert_eq!(ask("GET", "metrics", Role::Viewer), Err(Code::NoPage), "it is no part of v1");
    }

    #[test]
    fn a_viewer_only_looks() {
        assert_eq!(ask("POST", "acts", Role::Viewer), Err(Code::Forbidden));
        assert_eq!(ask("POST", "acts", Role::Operator), Ok(Wanted::Act(None)));
        assert_eq!(ask("GET", "status", Role::Viewer), Ok(Wanted::Status));
    }

    #[test]
    fn an_act_may_ask_for_more_than_its_route() {
        let text = r#"{"act": {"roll_back": {"revision": 1}}, "reason": "x"}"#;
        let caller =
            |role| Caller { who: Actor { name: "on-call".to_owned(), way: Way::Token }, role };
        let ask = |role| ApiRequest::act(text, caller(role), None).map_err(|fault| fault.code);
        assert_eq!(ask(Role::Operator), Err(Code::Forbidden));
        assert_eq!(ask(Role::Approver).unwrap().who.name, "on-call");
    }

    #[test]
    fn what_a_form_of_another_site_can_send_is_no_act() {
        for content_type in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=application/json"),
            Some("text/plain; application/json"),
        ] {
            let request = ApiRequest {
                method: "POST",
                path_and_query: "acts",
                content_type,
                idempotency_key: None,
            };
            let told = request.wanted(Role::Approver).unwrap_err().code;
            assert_eq!(told, Code::NotJson, "{content_type:?}");
        }
    }
}
