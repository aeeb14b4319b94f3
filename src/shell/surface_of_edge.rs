//! Our own pages, `/.pointsman/…`, at the Worker for requests alone. It has one: what the isolate
//! has seen, for whoever the table names. All others are the whole Worker's (docs/edge.md).

use super::limiter::count;
use super::{clock, isolate, routes};
use crate::http::v1::{
    Code, Counted, Door, Fault, LOOKS_PER_MINUTE_MAX, PROXY_PAGE, STRANGERS_PER_MINUTE_MAX,
    by_token, must_look,
};
use crate::http::{Response, SurfaceRequest, Whose, document, parse_target, whose};
use crate::proxy::OwnPages;
use js_sys::Function;
use worker::Env;

/// Answers a request for one of them. Nothing reads its body.
pub(super) async fn answer(env: &Env, request: &SurfaceRequest, _: &Function) -> Response {
    let answered = page(env, request).await;
    answered.unwrap_or_else(|fault| fault.response(&request.id))
}

async fn page(env: &Env, request: &SurfaceRequest) -> Result<Response, Fault> {
    let nothing = || Fault::new(Code::NoPage, "the Worker for requests alone has no such page");
    let target = parse_target(&request.url).ok_or_else(nothing)?;
    let Whose::Ours(page) = whose(target.path) else { return Err(nothing()) };
    if isolate::with(|isolate| isolate.should_load(clock::now())).unwrap_or_default() {
        routes::load(env).await;
    }
    let OwnPages { is_a_service, admin } =
        isolate::with(|isolate| isolate.own_pages(&target.host)).unwrap_or_default();
    let door = Door { host: &target.host, is_a_service, admin: admin.as_ref() };
    if !door.is_open() || page != PROXY_PAGE {
        return Err(nothing());
    }
    must_look(&request.method)?;
    let shown =
        by_token(request.authorization.as_deref().unwrap_or_default(), admin.as_ref(), None);
    let caller = match shown {
        Ok(caller) => caller,
        Err(fault) => {
            count(Counted::Stranger, STRANGERS_PER_MINUTE_MAX, "")?;
            return Err(fault);
        }
    };
    count(Counted::Look, LOOKS_PER_MINUTE_MAX, &caller.who.to_string())?;
    let report = isolate::with(|isolate| isolate.report(clock::now())).unwrap_or_default();
    Ok(document(200, report.to_string()))
}
