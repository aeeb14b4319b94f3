//! Sends a request on to a region, and to the next one where that is safe.

use super::outbound::fetch;
use super::{clock, routes};
use crate::http::{Problem, Target, may_be_tried_again, says_unreachable};
use crate::routes::{Candidate, Serving};
use crate::time::Millis;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Request, RequestInit, RequestRedirect, Response};

/// Origins that one request is tried on.
const TRIES_MAX: usize = 3;

/// One request on its way.
pub(super) struct Forwarding<'a> {
    pub(super) request: &'a Request,
    pub(super) target: &'a Target<'a>,
    pub(super) id: &'a str,
    /// Whether the routing table is old.
    pub(super) stale: bool,
}

/// The origins in the order in which they are tried: the best of each region, then the second of
/// each. A region that is cut off takes all its origins with it.
fn ways<'r>(regions: &'r [&Candidate]) -> impl Iterator<Item = (&'r Candidate, &'r str)> {
    let deepest = regions.iter().map(|region| region.entry.origins.len()).max().unwrap_or(0);
    (0..deepest).flat_map(move |depth| {
        let at_depth = move |region: &&'r Candidate| {
            region.entry.origins.get(depth).map(|origin| (*region, origin.as_str()))
        };
        regions.iter().filter_map(at_depth)
    })
}

/// How one try ended.
enum Try {
    Answered(Response),
    Unreachable,
    TimedOut,
}

impl Forwarding<'_> {
    /// Tries the regions in order and returns the first answer. A request that may not be made
    /// twice is tried once. Errors: how the last try failed.
    pub(super) async fn to(
        &self,
        regions: &[&Candidate],
        service: &Serving,
    ) -> Result<Response, Problem> {
        let again = may_be_tried_again(&self.request.method(), self.request.body().is_some());
        let tries = if again { TRIES_MAX } else { 1 };
        let mut ways = ways(regions).take(tries).peekable();
        let mut left_ms = service.timeout_ms;
        let mut problem = Problem::Unreachable;
        while let Some((region, origin)) = ways.next() {
            let last = ways.peek().is_none();
            let wait_ms = if last { left_ms } else { service.try_timeout_ms.min(left_ms) };
            let began = clock::now();
            problem = match self.once(origin, again.then_some(wait_ms)).await {
                Try::Answered(response) => {
                    return self.finish(&response, region).map_err(|_| Problem::Unreachable);
                }
                Try::Unreachable => Problem::Unreachable,
                Try::TimedOut => Problem::TimedOut,
            };
            routes::doubt();
            left_ms = left_ms.saturating_sub(clock::now().since(began));
        }
        Err(problem)
    }

    /// One try. `wait_ms` bounds the time to the head of the answer; without it the try takes as
    /// long as it takes, because a started body cannot be sent again.
    async fn once(&self, origin: &str, wait_ms: Option<Millis>) -> Try {
        let Ok(abort) = AbortController::new() else { return Try::Unreachable };
        let Ok(request) = self.rewritten(origin, &abort) else { return Try::Unreachable };
        let asked = match wait_ms {
            Some(ms) => clock::within(ms, fetch(&request)).await,
            None => Some(fetch(&request).await),
        };
        match asked {
            Some(Ok(response)) if wait_ms.is_some() && says_unreachable(response.status()) => {
                Try::Unreachable
            }
            Some(Ok(response)) => Try::Answered(response),
            Some(Err(_)) => Try::Unreachable,
            None => {
                // Frees the connection; the runtime allows only a few at a time.
                abort.abort();
                Try::TimedOut
            }
        }
    }

    /// The same request for another host. The incoming request serves as the pattern, so that
    /// method, headers and body stream go along without being copied.
    fn rewritten(&self, origin: &str, abort: &AbortController) -> Result<Request, JsValue> {
        let url = format!("{origin}{}", self.target.path_and_query);
        let pattern: &RequestInit = self.request.unchecked_ref();
        let request = Request::new_with_str_and_init(&url, pattern)?;
        let ours = RequestInit::new();
        ours.set_signal(Some(&abort.signal()));
        // The client follows a redirect, through us again. Followed here it would lead to a host
        // that no rule has looked at.
        ours.set_redirect(RequestRedirect::Manual);
        let request = Request::new_with_request_and_init(&request, &ours)?;
        request.headers().set("x-forwarded-host", &self.target.host)?;
        request.headers().set("x-forwarded-proto", self.target.scheme)?;
        request.headers().set("x-request-id", self.id)?;
        Ok(request)
    }

    /// The answer with our mark: which region gave it, and whether the table was old.
    fn finish(&self, response: &Response, region: &Candidate) -> Result<Response, JsValue> {
        let pattern: &web_sys::ResponseInit = response.unchecked_ref();
        let body = response.body();
        let marked = Response::new_with_opt_readable_stream_and_init(body.as_ref(), pattern)?;
        let stale = if self.stale { "; stale" } else { "" };
        marked.headers().set("x-pointsman", &format!("region={}{stale}", region.entry.id))?;
        Ok(marked)
    }
}
