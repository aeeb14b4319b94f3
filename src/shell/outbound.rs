//! Requests that we make ourselves: probes and API calls. Each has a deadline, and none follows a
//! redirect, since that would carry its headers to another host.

use super::clock;
use crate::time::Millis;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, ReadableStreamDefaultReader, Request, RequestCache, RequestInit, RequestRedirect,
    Response, WorkerGlobalScope,
};

/// Who we say that we are.
pub(super) const USER_AGENT: &str = concat!("pointsman/", env!("CARGO_PKG_VERSION"));

/// What to ask.
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a str>,
    pub(super) timeout_ms: Millis,
    /// Bytes of the body to read; what is beyond is not fetched.
    pub(super) body_bytes_max: usize,
    /// Headers of the answer to read, in lower case.
    pub(super) answer_headers: &'a [&'a str],
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after_s: Option<u64>,
    /// Those that were asked for and are there.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// From asking to the head of the answer.
    pub(super) latency_ms: Millis,
}

/// Why nothing came back.
pub(super) enum NoAnswer {
    TimedOut,
    /// With the runtime's words.
    NoConnection(String),
}

/// Asks once. The deadline covers head and body, and closes the connection when it passes.
pub(super) async fn ask(ask: &Ask<'_>) -> Result<Answer, NoAnswer> {
    exchange(ask).await.map_err(|error| {
        let text = |key| Reflect::get(&error, &JsValue::from_str(key)).ok()?.as_string();
        match text("name").as_deref() {
            Some("TimeoutError") => NoAnswer::TimedOut,
            _ => NoAnswer::NoConnection(text("message").unwrap_or_default()),
        }
    })
}

async fn exchange(ask: &Ask<'_>) -> Result<Answer, JsValue> {
    let init = RequestInit::new();
    init.set_method(ask.method);
    init.set_redirect(RequestRedirect::Manual);
    init.set_cache(RequestCache::NoStore);
    let timeout_ms = u32::try_from(ask.timeout_ms).unwrap_or(u32::MAX);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(timeout_ms)));
    if let Some(body) = ask.body {
        init.set_body(&JsValue::from_str(body));
    }
    let request = Request::new_with_str_and_init(ask.url, &init)?;
    request.headers().set("user-agent", USER_AGENT)?;
    for (name, value) in ask.headers {
        request.headers().set(name, value)?;
    }
    let asked_at = clock::now();
    let response: Response = fetch(&request).await?;
    let latency_ms = clock::now().since(asked_at);
    let retry_after = response.headers().get("retry-after").ok().flatten();
    let header =
        |name: &&str| Some(((*name).to_owned(), response.headers().get(name).ok().flatten()?));
    let headers = ask.answer_headers.iter().filter_map(header).collect();
    let body = beginning_of_body(&response, ask.body_bytes_max).await?;
    Ok(Answer {
        status: response.status(),
        retry_after_s: retry_after.and_then(|value| value.trim().parse().ok()),
        headers,
        body,
        latency_ms,
    })
}

/// The runtime's own `fetch`.
pub(super) async fn fetch(request: &Request) -> Result<Response, JsValue> {
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    JsFuture::from(global.fetch_with_request(request)).await?.dyn_into()
}

/// Reads at most `bytes_max` bytes and lets go of the rest.
async fn beginning_of_body(response: &Response, bytes_max: usize) -> Result<String, JsValue> {
    let Some(stream) = response.body() else { return Ok(String::new()) };
    let mut bytes = Vec::new();
    if bytes_max > 0 {
        let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
        while bytes.len() < bytes_max {
            let chunk = JsFuture::from(reader.read()).await?;
            let value = Reflect::get(&chunk, &JsValue::from_str("value"))?;
            let Some(value) = value.dyn_ref::<Uint8Array>() else { break };
            bytes.extend(value.to_vec());
        }
        reader.release_lock();
    }
    // Without this the connection would stay open until the end of the run. That it is already over
    // is no failure.
    let _ = JsFuture::from(stream.cancel()).await;
    bytes.truncate(bytes_max);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
