//! What is answered before any table is looked at.

use super::*;
use crate::secret::Secret;

const TOKEN: &str = "adm1n+tok/en=";
const STRANGE: &str = "refused; code=secret_in_request";

/// An isolate with a token of ours, that has read `three`.
fn guarded() -> Isolate {
    let mut isolate = Isolate::default();
    isolate.take_secrets(vec![Secret::new(TOKEN.to_owned())]);
    assert!(isolate.take(&three().to_string(), at(0)).unwrap());
    isolate
}

#[test]
fn our_own_pages_are_no_business_of_the_table() {
    for path in ["/.pointsman/status", "/.pointsman/", "/.pointsman/blocked/"] {
        let page = Asking { path, ..GET };
        assert_eq!(page.go_on(&mut Isolate::default(), FIRST, 0), Instruction::Surface);
    }
}

#[test]
fn a_path_that_is_almost_ours_is_refused_with_and_without_a_table() {
    let expected = (404, "refused; code=misspelt_path".to_owned());
    for path in ["//.pointsman/status", "/.pointsman", "/.Pointsman/status?x", "/.pointsman%2fx"] {
        for (mut isolate, headers) in [(Isolate::default(), &[][..]), (guarded(), &[None])] {
            let next = Asking { path, headers, ..GET }.go_on(&mut isolate, FIRST, 0);
            assert_eq!(refused(next), expected, "{path}");
            assert_eq!(isolate.counts().requests, 0);
        }
    }
}

#[test]
fn everybody_may_read_why_a_request_is_blocked() {
    for (accept, kind) in [("*/*", "application/json"), ("text/html", "text/html; charset=utf-8")] {
        let page = Asking { path: "/.pointsman/blocked?from=451", accept, ..GET };
        let next = page.go_on(&mut Isolate::default(), FIRST, 0);
        let Instruction::Respond { response, .. } = next else { panic!("{next:?}") };
        assert_eq!((response.status, header(&response.headers, "content-type")), (200, Some(kind)));
        assert!(response.body.contains(HOST), "{}", response.body);
    }
}

#[test]
fn a_request_with_a_secret_of_ours_goes_nowhere() {
    let user_and_token = "Basic b3BlcmF0b3I6YWRtMW4rdG9rL2VuPQ==";
    for (path, authorization) in [
        ("/", Some("Bearer adm1n+tok/en=")),
        ("/x", Some("bearer   adm1n+tok/en= ")),
        ("/", Some("adm1n+tok/en=")),
        ("/", Some("Token adm1n+tok/en=, x")),
        ("/", Some(user_and_token)),
        ("/?token=adm1n+tok/en=", None),
        ("/?a=b&token=adm1n%2btok%2Fen%3D", None),
        ("/adm1n+tok/en=/x", None),
    ] {
        let asking = Asking { path, headers: &[authorization], ..GET };
        for reason in [AskReason::First, AskReason::Unreachable] {
            let mut isolate = guarded();
            let next = asking.ask(&mut isolate, reason, "", 0);
            assert_eq!(
                refused(next.clone()),
                (400, STRANGE.to_owned()),
                "{path} {authorization:?}"
            );
            assert!(!next.text().contains("tok"), "{}", next.text());
        }
    }
}

#[test]
fn other_credentials_pass() {
    for authorization in [
        None,
        Some("Bearer adm1n+tok/en"),
        Some("Bearer another"),
        Some("Basic b3BlcmF0b3I6cGFzcw=="),
        Some("Basic %%%"),
        Some(""),
    ] {
        let asking = Asking { headers: &[authorization], ..GET };
        assert_eq!(asking.first(&mut guarded(), 0).region(), "eu-west", "{authorization:?}");
    }
}

#[test]
fn credentials_cross_only_where_there_is_a_secret_to_look_for() {
    assert!(isolate(&[]).names.is_empty());
    let mut isolate = isolate(&[]);
    let question = GET.question(isolate.version, FIRST);
    isolate.take_secrets(vec![Secret::new(TOKEN.to_owned())]);
    let names = vec!["authorization".to_owned()];
    let next = isolate.instruct(&question, None, at(0));
    assert_eq!(next, Instruction::Headers { version: isolate.version, names });
    let version = isolate.version;
    isolate.take_secrets(vec![Secret::new(TOKEN.to_owned())]);
    assert_eq!(isolate.version, version, "nothing has changed");
    isolate.take_secrets(vec![]);
    assert!(isolate.names.is_empty());
}

const STATUS_PAGE: Asking<'_> = Asking { path: "/.pointsman/public", ..GET };

/// What the status page says with these changes to `three`, for programs.
fn told(changes: &[(&str, Value)]) -> Value {
    let title = ("/services/api/proxy", json!({"status_page": "Acme payments"}));
    let changes: Vec<_> = changes.iter().cloned().chain([title]).collect();
    let next = STATUS_PAGE.go_on(&mut isolate(&changes), FIRST, 0);
    let Instruction::Respond { response, .. } = next else { panic!("{next:?}") };
    assert_eq!(response.status, 200);
    serde_json::from_str(&response.body).unwrap()
}

#[test]
fn the_status_page_says_how_a_service_stands_and_nothing_of_what_there_is() {
    let health = |index: usize, health: &str| {
        (format!("/services/api/regions/{index}/health"), json!(health))
    };
    for (down, status) in [
        (&[][..], "operational"),
        (&[0][..], "degraded_performance"),
        (&[0, 1, 2], "major_outage"),
        // Brazil may go nowhere else.
        (&[2], "partial_outage"),
    ] {
        let changes: Vec<_> = down.iter().map(|index| health(*index, "down")).collect();
        let changes: Vec<_> = changes.iter().map(|(at, it)| (at.as_str(), it.clone())).collect();
        let page = told(&changes);
        assert_eq!(page["status"], status, "{down:?}");
        let text = page.to_string();
        for word in ["eu-west", "us-east", "sa-east", "lgpd", "BR", "example.com"] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

#[test]
fn a_service_without_a_status_page_has_none_and_without_a_table_it_is_loaded_first() {
    let next = STATUS_PAGE.go_on(&mut isolate(&[]), FIRST, 0);
    assert_eq!(next, Instruction::Surface);
    let next = STATUS_PAGE.go_on(&mut Isolate::default(), FIRST, 0);
    assert_eq!(next, Instruction::LoadTable);
}
