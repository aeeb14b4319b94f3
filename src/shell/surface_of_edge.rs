//! Our own pages, `/.pointsman/…`, at the Worker for requests alone. It has one: what the isolate
//! has seen, for whoever the table names. All others are the whole Worker's (docs/edge.md).

use super::limiter::count;
use super::runtime::Env;
use super::{clock, isolate, own_page};
use crate::http::v1::{
    Code, Counted, Fault, LOOKS_PER_MINUTE_MAX, PROXY_PAGE, STRANGERS_PER_MINUTE_MAX, by_token,
    must_look,
};
use crate::http::{Response, SurfaceRequest, document};
use wasm_bindgen::prelude::wasm_bindgen;

/// Answers a request for one of them ([`SurfaceRequest`]), by the text of an instruction. Nothing
/// reads its body.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "an export of the wasm, which is reached from outside")]
pub fn surface(_env: &Env, request: &str) -> String {
    let request = SurfaceRequest::parse(request).unwrap_or_default();
    let answered = page(&request).unwrap_or_else(|fault| fault.response(&request.id));
    own_page::text_of(answered, &request.id)
}

fn page(request: &SurfaceRequest) -> Result<Response, Fault> {
    let nothing = || Fault::new(Code::NoPage, "the Worker for requests alone has no such page");
    let own = own_page::asked_for(request).ok_or_else(nothing)?;
    if !own.door().is_open() || own.page != PROXY_PAGE {
        return Err(nothing());
    }
    must_look(&request.method)?;
    let shown =
        by_token(request.authorization.as_deref().unwrap_or_default(), own.admin.as_ref(), None);
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
