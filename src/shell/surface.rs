//! Our own pages, `/.pointsman/…`.

use super::call::{self, COMMAND_TIMEOUT_MS, CONTROLLER_TIMEOUT_MS, Call, text, unavailable};
use super::limiter::count;
use super::own_page::{self, OwnPage};
use super::promise::{promise, told};
use super::runtime::Env;
use super::{clock, controller, dashboard, isolate, kv, log, runtime};
use crate::config::ACTS_PER_MINUTE_DEFAULT;
use crate::documents::STATUS_KEY;
use crate::http::v1::{
    ACT_BYTES_MAX, ApiRequest, Caller, Code, Counted, Fault, LOOKS_PER_MINUTE_MAX, METRICS_PAGE,
    OPENAPI, V1, Wanted, metrics_wanted, must_be_of_this_site,
};
use crate::http::{
    AdminRequest, AdminRoute, Response, SurfaceRequest, command_without_controller, document,
    metrics_page, route, status_without_controller,
};
use crate::journal::Way;
use crate::json;
use crate::order::Query;
use crate::secret::{ADMIN_TOKEN, Secret};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::wasm_bindgen;

/// Answers a request for one of them ([`SurfaceRequest`]), by the text of an instruction. `body`
/// reads its body.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "an export of the wasm, which is reached from outside")]
pub fn surface(env: Env, request: String, body: Function) -> Promise {
    promise(Box::pin(async move {
        // Whatever it is, it has an answer.
        let request = SurfaceRequest::parse(&request).unwrap_or_default();
        let response = answer(&env, &request, &body).await;
        Ok(own_page::text_of(response, &request.id).into())
    }))
}

/// `body` reads its body.
async fn answer(env: &Env, request: &SurfaceRequest, body: &Function) -> Response {
    let answered = page(env, request, body).await;
    answered.unwrap_or_else(|fault| fault.response(&request.id))
}

async fn page(env: &Env, request: &SurfaceRequest, body: &Function) -> Result<Response, Fault> {
    let nothing = || Fault::new(Code::NoPage, "there is no such page");
    let own = own_page::asked_for(request).ok_or_else(nothing)?;
    let (OwnPage { target, admin, .. }, page, door) = (&own, own.page, own.door());
    let secret = runtime::variable(env, ADMIN_TOKEN).map(Secret::new);
    let (_, query) = target.path_and_query.split_once('?').unwrap_or_default();
    let this = Call {
        env,
        request,
        body,
        path_and_query: target.path_and_query,
        acts_per_minute: admin.as_ref().map_or(ACTS_PER_MINUTE_DEFAULT, |it| it.acts_per_minute),
        admin: admin.as_ref(),
        secret: secret.as_ref(),
    };
    let path = page.strip_prefix(V1);
    if path.is_none() && page != METRICS_PAGE {
        if door.is_open()
            && let Some(response) = dashboard::answer(&this, page, query).await
        {
            return Ok(response);
        }
        if !door.is_open_for_old_pages() {
            return Err(nothing());
        }
        return Ok(old_page(env, request, page, secret.as_ref()).await);
    }
    if !door.is_open() {
        return Err(nothing());
    }
    let path_and_query = path
        .map(|path| if query.is_empty() { path.to_owned() } else { [path, "?", query].concat() });
    let caller = this.recognised(request).await?;
    api(&this, path_and_query.as_deref(), caller).await
}

/// One of the pages that are older than the API.
async fn old_page(
    env: &Env,
    request: &SurfaceRequest,
    page: &str,
    secret: Option<&Secret>,
) -> Response {
    let (method, authorization) = (&*request.method, request.authorization.as_deref());
    match route(&AdminRequest { method, page, authorization }, secret) {
        AdminRoute::Status => status(env).await,
        AdminRoute::Compare => compare(env).await,
        AdminRoute::Proxy => proxy(),
        AdminRoute::Refused(response) => response,
    }
}

/// Answers a request to the admin API, or without a path one for the metrics.
async fn api(
    this: &Call<'_>,
    path_and_query: Option<&str>,
    caller: Caller,
) -> Result<Response, Fault> {
    let Call { env, request, body, .. } = *this;
    let wanted = match path_and_query {
        None => metrics_wanted(&request.method)?,
        Some(path_and_query) => ApiRequest {
            method: &request.method,
            path_and_query,
            content_type: request.content_type.as_deref(),
            idempotency_key: request.idempotency_key.as_deref(),
        }
        .wanted(caller.role)?,
    };
    let who = caller.who.to_string();
    match &wanted {
        Wanted::Act(_) => count(Counted::Act, this.acts_per_minute, &who)?,
        _ => count(Counted::Look, LOOKS_PER_MINUTE_MAX, &who)?,
    }
    match wanted {
        Wanted::Status => match status(env).await {
            Response { status: 200, headers, body } => Ok(Response { status: 200, headers, body }),
            _ => Err(Fault::new(Code::Unavailable, "neither the Controller nor KV answers")),
        },
        Wanted::Proxy => Ok(proxy()),
        Wanted::Explain(asked) => {
            let told = isolate::with(|isolate| isolate.explain(&asked, clock::now())).flatten();
            let none = || Fault::new(Code::Unavailable, "there is no routing table yet");
            told.map(|told| document(200, json::write(&told))).ok_or_else(none)
        }
        Wanted::Document(query) => read(env, query).await,
        Wanted::OpenApi => Ok(document(200, OPENAPI.to_owned())),
        Wanted::Act(key) => {
            if caller.who.way == Way::Access {
                must_be_of_this_site(request)?;
            }
            let text = text(body, ACT_BYTES_MAX).await?;
            let acted = call::act(env, &text, caller, key).await?;
            Ok(document(200, json::write(&acted)))
        }
    }
}

/// A document of the Controller. If it does not answer there is none: old metrics, of all things,
/// would look like new ones.
async fn read(env: &Env, query: Query) -> Result<Response, Fault> {
    let (none, is_metrics) = (query.none(), query == Query::Metrics {});
    match controller::read(env, query, CONTROLLER_TIMEOUT_MS).await {
        Ok(Some(text)) if is_metrics => Ok(metrics_page(text)),
        Ok(Some(text)) => Ok(document(200, text)),
        Ok(None) => Err(Fault::new(Code::NotFound, none)),
        Err(error) => Err(unavailable("read", &error)),
    }
}

/// What this isolate has seen.
fn proxy() -> Response {
    let report = isolate::with(|isolate| isolate.report(clock::now()));
    document(200, report.unwrap_or_default().to_string())
}

/// Makes the Controller compare with Cloudflare. The answer is the status after that.
async fn compare(env: &Env) -> Response {
    match controller::compare(env, COMMAND_TIMEOUT_MS).await {
        Ok(status) => document(200, json::write(&status)),
        Err(error) => {
            log::failed("compare: no Controller", &error);
            command_without_controller(&told(&error))
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
            log::failed("status: no Controller", &error);
            let copy = kv::get(env, STATUS_KEY).await.flatten();
            status_without_controller(copy.as_deref(), &told(&error))
        }
    }
}
