//! Our own pages, `/.pointsman/…`.

use super::{clock, controller, kv, runtime};
use crate::documents::STATUS_KEY;
use crate::http::v1::{
    ACT_BODY_MS_MAX, ACT_BYTES_MAX, ApiRequest, Caller, Code, Fault, V1, Wanted,
};
use crate::http::{
    AdminRequest, AdminRoute, Response, SurfaceRequest, Whose, command_without_controller,
    document, parse_target, route, status_without_controller, whose,
};
use crate::json;
use crate::order::{ActReply, Query};
use crate::secret::{ADMIN_TOKEN, Secret};
use crate::time::{Millis, SECOND};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

/// Longest wait for the Controller.
const CONTROLLER_TIMEOUT_MS: Millis = 5 * SECOND;
/// Longest wait for a comparison, or for an act; both go on after the answer.
const COMMAND_TIMEOUT_MS: Millis = 30 * SECOND;

/// Answers a request for one of them. `body` reads its body.
pub(super) async fn answer(env: &Env, request: &SurfaceRequest, body: &Function) -> Response {
    let target = parse_target(&request.url);
    let page = match target.as_ref().map(|target| whose(target.path)) {
        Some(Whose::Ours(page)) => page,
        _ => "",
    };
    let token = runtime::variable(env, ADMIN_TOKEN).map(Secret::new);
    if let Some(path) = page.strip_prefix(V1) {
        let query = target.as_ref().and_then(|target| target.path_and_query.split_once('?'));
        let path_and_query =
            query.map_or(path.to_owned(), |(_, query)| [path, "?", query].concat());
        let answered = api(env, request, &path_and_query, token.as_ref(), body).await;
        return answered.unwrap_or_else(|fault| fault.response(&request.id));
    }
    let (method, authorization) = (&*request.method, request.authorization.as_deref());
    match route(&AdminRequest { method, page, authorization }, token.as_ref()) {
        AdminRoute::Status => status(env).await,
        AdminRoute::Compare => compare(env).await,
        AdminRoute::Proxy => proxy(),
        AdminRoute::Refused(response) => response,
    }
}

/// Answers a request to the admin API.
async fn api(
    env: &Env,
    request: &SurfaceRequest,
    path_and_query: &str,
    token: Option<&Secret>,
    body: &Function,
) -> Result<Response, Fault> {
    let caller = Caller::recognise(request.authorization.as_deref(), token)?;
    let asked = ApiRequest {
        method: &request.method,
        path_and_query,
        content_type: request.content_type.as_deref(),
        idempotency_key: request.idempotency_key.as_deref(),
    };
    match asked.wanted(caller.role)? {
        Wanted::Status => Ok(status(env).await),
        Wanted::Proxy => Ok(proxy()),
        Wanted::Document(query) => read(env, query).await,
        Wanted::OpenApi => Err(Fault::new(Code::NotFound, "this build has no such document")),
        Wanted::Act(key) => {
            let text = body_text(body).await?;
            act(env, &text, caller, key).await
        }
    }
}

/// A document of the Controller.
async fn read(env: &Env, query: Query) -> Result<Response, Fault> {
    match controller::read(env, query, CONTROLLER_TIMEOUT_MS).await {
        Ok(Some(text)) => Ok(document(200, text)),
        Ok(None) => Err(Fault::new(Code::NotFound, "there is none")),
        Err(error) => Err(unavailable("read", &error)),
    }
}

/// Does what a person asks for.
async fn act(
    env: &Env,
    text: &str,
    caller: Caller,
    key: Option<String>,
) -> Result<Response, Fault> {
    let request = ApiRequest::act(text, caller, key)?;
    match controller::act(env, request, COMMAND_TIMEOUT_MS).await {
        Ok(ActReply::Done(acted)) => Ok(document(200, json::write(&acted))),
        Ok(ActReply::Refused(why)) => Err(why.into()),
        Err(error) => Err(unavailable("act", &error)),
    }
}

fn unavailable(what: &str, error: &JsValue) -> Fault {
    runtime::complain(&[what, ": no Controller"].concat(), error);
    Fault::new(Code::Unavailable, runtime::told(error))
}

/// The body, whole.
async fn body_text(body: &Function) -> Result<String, Fault> {
    let (bytes_max, ms_max) = (ACT_BYTES_MAX.into(), clock::short(ACT_BODY_MS_MAX).into());
    let reading = body.call2(&JsValue::UNDEFINED, &bytes_max, &ms_max);
    let reading = reading.ok().and_then(|reading| reading.dyn_into::<Promise>().ok());
    let read = match reading {
        Some(reading) => JsFuture::from(reading).await.unwrap_or(JsValue::NULL),
        None => JsValue::NULL,
    };
    if read.is_undefined() {
        let detail = format!("at most {ACT_BYTES_MAX} bytes are read");
        return Err(Fault::new(Code::TooLong, detail));
    }
    let silent = || Fault::new(Code::Silent, "the body did not come whole, or is no UTF-8");
    read.as_string().ok_or_else(silent)
}

/// What this isolate has seen.
fn proxy() -> Response {
    let report = super::isolate::with(|isolate| isolate.report(clock::now()));
    document(200, report.unwrap_or_default().to_string())
}

/// Makes the Controller compare with Cloudflare. The answer is the status after that.
async fn compare(env: &Env) -> Response {
    match controller::compare(env, COMMAND_TIMEOUT_MS).await {
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
