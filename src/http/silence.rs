//! What is answered while the Controller is out of reach.

use super::{Response, document};
use crate::json;
use serde_json::Value;

/// The answer to a question for the status: the copy in KV, in which `controller` says why it is
/// only the copy. 503 where there is none.
#[must_use]
pub fn status_without_controller(copy: Option<&str>, why: &str) -> Response {
    let controller = json::object(vec![("error", why.into())]);
    let copy = copy.and_then(|text| json::parse(text).ok());
    let mut response = if let Some(Value::Object(mut status)) = copy {
        status.insert("controller".to_owned(), controller);
        document(200, Value::Object(status).to_string())
    } else {
        let error = "neither the Controller nor KV answers".into();
        let body = json::object(vec![("error", error), ("controller", controller)]);
        document(503, body.to_string())
    };
    response.headers.push(("x-pointsman-source", "kv".to_owned()));
    response
}

/// The answer to a command that the Controller did not take.
#[must_use]
pub fn command_without_controller(why: &str) -> Response {
    let error = "the Controller did not answer; look at the status".into();
    let controller = json::object(vec![("error", why.into())]);
    document(503, json::object(vec![("error", error), ("controller", controller)]).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(response: &Response) -> Value {
        serde_json::from_str(&response.body).unwrap()
    }

    #[test]
    fn the_copy_says_why_it_is_only_a_copy() {
        let copy = r#"{"generation":7,"controller":{"jurisdiction":"eu"}}"#;
        let response = status_without_controller(Some(copy), "a \"reason\"");
        assert_eq!(response.status, 200);
        let expected = json!({"generation": 7, "controller": {"error": "a \"reason\""}});
        assert_eq!(body(&response), expected);
        assert!(response.headers.contains(&("x-pointsman-source", "kv".to_owned())));
    }

    #[test]
    fn without_a_copy_the_reason_is_still_told() {
        for copy in [None, Some("{"), Some("[]")] {
            let response = status_without_controller(copy, "r");
            assert_eq!(response.status, 503);
            assert_eq!(body(&response)["controller"]["error"], "r", "{copy:?}");
        }
        let response = command_without_controller("r");
        assert_eq!((response.status, &body(&response)["controller"]["error"]), (503, &json!("r")));
    }
}
