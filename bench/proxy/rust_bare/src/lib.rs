//! The same request to another host: what `js_bare` does, in Rust, without a copy that the
//! runtime's types would make.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, RequestInit, Response, WorkerGlobalScope};
use worker::{Context, Env, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let url = request.url();
    let origin = Reflect::get(&env, &JsValue::from_str("ORIGIN"))?.as_string().unwrap_or_default();
    let pattern: &RequestInit = request.unchecked_ref();
    let onward = Request::new_with_str_and_init(&(origin + path_and_query(&url)), pattern)?;
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(JsFuture::from(global.fetch_with_request(&onward)).await?.unchecked_into())
}

/// What follows the host in an absolute URL as the runtime writes it, which always has a slash
/// there.
fn path_and_query(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url[host..].find('/').map_or(url.len(), |slash| host + slash);
    &url[path..]
}
