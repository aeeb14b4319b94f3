//! Route × role × outcome, for every route of the table and every act of the document.

use super::contract::Contract;
use super::{TOKENS, act, ask_at, get, guarded, token};
use crate::support::World;
use pointsman::http::v1::{Operation, ROUTES};
use pointsman::journal::Role;
use pointsman_lab::deployment::{ADMIN_HOST, HOST};
use reqwest::Method;
use serde_json::json;

/// After so many routes the strangers of a minute are used up: each is asked for by four.
const ROUTES_AT_ONCE: usize = 10;

/// The path of a route, with something in the place of braces that does not exist.
fn path_of(path: &str) -> String {
    let path = path.replace("{id}", "none").replace("{revision}", "999999");
    if path == "explain" { format!("{path}?host={HOST}&country=BR") } else { path }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_asks_for_its_role_and_answers_as_the_document_says() {
    let world = World::settled_with(&guarded()).await;
    let contract = Contract::new();
    for (index, route) in ROUTES.iter().enumerate() {
        if index % ROUTES_AT_ONCE == 0 {
            // A new isolate counts strangers anew.
            world.crash().await;
        }
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let said = contract.operation(&route.method.to_lowercase(), route.path);
        assert_eq!(said["x-pointsman-role"], route.role.as_str());
        let body = (route.operation == Operation::Act).then(|| {
            json!({"act": {"compare": {}}, "reason": "a look", "is_dry": true}).to_string()
        });
        let path = path_of(route.path);
        let wrong = format!("Bearer {}", token(99));
        for authorization in [None, Some(&*wrong), Some("Bearer x"), Some("Basic eDp5")] {
            let answer =
                ask_at(&world, ADMIN_HOST, &method, &path, authorization, body.clone()).await;
            assert_eq!(answer.status, 401, "{} {authorization:?}", route.path);
            contract.holds(&route.method.to_lowercase(), route.path, &answer);
        }
        for (_, role, chance) in TOKENS {
            let may = Role::parse(role).unwrap() >= route.role;
            let authorization = format!("Bearer {}", token(chance));
            let answer =
                ask_at(&world, ADMIN_HOST, &method, &path, Some(&authorization), body.clone());
            let answer = answer.await;
            contract.holds(&route.method.to_lowercase(), route.path, &answer);
            let expected: &[u16] = match (may, route.operation) {
                (false, _) => &[403],
                (_, Operation::Incident | Operation::ConfigRevision) => &[404],
                (
                    _,
                    Operation::Status
                    | Operation::Proxy
                    | Operation::Orders
                    | Operation::Explain
                    | Operation::OpenApi
                    | Operation::Act,
                ) => &[200],
                // There may be none yet.
                _ => &[200, 404],
            };
            let told = &answer.body;
            assert!(expected.contains(&answer.status), "{} as {role}: {told}", route.path);
        }
        let other = if method == Method::GET { Method::POST } else { Method::GET };
        let authorization = format!("Bearer {}", token(3));
        let answer = ask_at(&world, ADMIN_HOST, &other, &path, Some(&authorization), None).await;
        assert_eq!(answer.status, 405, "{} {}", other, route.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_asks_for_its_role_and_answers_as_the_document_says() {
    let world = World::settled_with(&guarded()).await;
    let contract = Contract::new();
    let acts = contract.acts();
    assert!(acts.len() >= 14, "{acts:?}");
    for (word, fields) in acts {
        let body = json!({"act": {word.clone(): fields}, "reason": "a try", "is_dry": true});
        for (_, role, chance) in TOKENS {
            let answer = act(&world, body.to_string(), &token(chance)).await;
            contract.holds("post", "acts", &answer);
            let is_for_approvers = matches!(&*word, "push_config" | "roll_back");
            let may = match role {
                "viewer" => false,
                "operator" => !is_for_approvers,
                _ => true,
            };
            assert_eq!(answer.status == 403, !may, "{word} as {role}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_do_something_changes_nothing() {
    let world = World::settled_with(&guarded()).await;
    let body = json!({"act": {"halt": {}}, "reason": "a try"}).to_string();
    assert_eq!(act(&world, body, &token(1)).await.status, 403);
    assert_eq!(get(&world, "orders", &token(1)).await.body, json!([]));
}
