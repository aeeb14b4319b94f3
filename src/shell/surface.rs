//! Our own pages, `/.pointsman/…`.

use super::{clock, controller, kv, runtime};
use crate::documents::STATUS_KEY;
use crate::http::{
    AdminRequest, AdminRoute, Response, Whose, command_without_controller, document, parse_target,
    route, status_without_controller, whose,
};
use crate::json;
use crate::secret::{ADMIN_TOKEN, Secret};
use crate::time::{Millis, SECOND};
use worker::Env;

/// Longest wait for the Controller.
const CONTROLLER_TIMEOUT_MS: Millis = 5 * SECOND;
/// Longest wait for a comparison; it goes on after the answer.
const COMPARE_TIMEOUT_MS: Millis = 30 * SECOND;

/// Answers a request for one of them.
pub(super) async fn answer(
    env: &Env,
    method: &str,
    url: &str,
    authorization: Option<&str>,
) -> Response {
    let page = match parse_target(url).map(|target| whose(target.path)) {
        Some(Whose::Ours(page)) => page,
        _ => "",
    };
    let token = runtime::variable(env, ADMIN_TOKEN).map(Secret::new);
    match route(&AdminRequest { method, page, authorization }, token.as_ref()) {
        AdminRoute::Status => status(env).await,
        AdminRoute::Compare => compare(env).await,
        AdminRoute::Proxy => proxy(),
        AdminRoute::Refused(response) => response,
    }
}

/// What this isolate has seen.
fn proxy() -> Response {
    let report = super::isolate::with(|isolate| isolate.report(clock::now()));
    document(200, report.unwrap_or_default().to_string())
}

/// Makes the Controller compare with Cloudflare. The answer is the status after that.
async fn compare(env: &Env) -> Response {
    match controller::compare(env, COMPARE_TIMEOUT_MS).await {
        Ok(status) => document(200, json::write(&status)),
        Err(error) => {
            runtime::complain("compare: no Controller", &error);
            command_without_controller(&runtime::told(&error))
        }
    }
}

/// The status from the Controller. If it does not answer, the copy in KV; a header says which.
async fn status(env: &Env) -> Response {
    match controller::status(env, CONTROLLER_TIMEOUT_MS).await {
        Ok(status) => {
            let mut response = document(200, json::write(&status));
            response.headers.push(("x-pointsman-source", "controller".to_owned()));
            response
        }
        Err(error) => {
            runtime::complain("status: no Controller", &error);
            let copy = kv::get(env, STATUS_KEY, None).await.flatten();
            status_without_controller(copy.as_deref(), &runtime::told(&error))
        }
    }
}
