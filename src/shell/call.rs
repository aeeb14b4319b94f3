//! One request for one of our pages: who sends it, how often, and its body.

use super::limiter::count;
use super::promise::told;
use super::runtime::Env;
use super::{access, clock, controller, log};
use crate::config::Admin;
use crate::http::SurfaceRequest;
use crate::http::v1::{
    ACT_BODY_MS_MAX, ApiRequest, Caller, Code, Counted, Fault, STRANGERS_PER_MINUTE_MAX, Shown,
    shown,
};
use crate::order::{ActReply, Acted};
use crate::secret::Secret;
use crate::time::{Millis, SECOND};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Longest wait for the Controller.
pub(super) const CONTROLLER_TIMEOUT_MS: Millis = 5 * SECOND;
/// Longest wait for a comparison, or for an act; both go on after the answer.
pub(super) const COMMAND_TIMEOUT_MS: Millis = 30 * SECOND;

/// One request for one of our pages.
pub(super) struct Call<'c> {
    pub(super) env: &'c Env,
    pub(super) request: &'c SurfaceRequest,
    /// Reads its body.
    pub(super) body: &'c Function,
    pub(super) path_and_query: &'c str,
    /// How much one actor may do.
    pub(super) acts_per_minute: u32,
    pub(super) admin: Option<&'c Admin>,
    pub(super) secret: Option<&'c Secret>,
}

impl Call<'_> {
    /// Who sends a request. Whoever is not recognised is told why, but not without end.
    pub(super) async fn recognised(&self, request: &SurfaceRequest) -> Result<Caller, Fault> {
        let recognised = match shown(request, self.admin, self.secret) {
            Ok(Shown::Known(caller)) => Ok(caller),
            Ok(Shown::Assertion(assertion)) => {
                let apps = self.admin.map(|admin| admin.access.as_slice()).unwrap_or_default();
                access::identified(&assertion, apps).await.map(Caller::of)
            }
            Err(fault) => Err(fault),
        };
        if recognised.as_ref().is_err_and(|fault| fault.code == Code::Unauthenticated) {
            count(Counted::Stranger, STRANGERS_PER_MINUTE_MAX, "")?;
        }
        recognised
    }
}

/// What to say where the Controller does not answer.
pub(super) fn unavailable(what: &str, error: &JsValue) -> Fault {
    log::failed(&[what, ": no Controller"].concat(), error);
    Fault::new(Code::Unavailable, told(error))
}

/// The body, whole. Errors: it is longer, comes too slowly, or is no text.
pub(super) async fn text(body: &Function, most: usize) -> Result<String, Fault> {
    let (bytes_max, ms_max) = (most.into(), clock::short(ACT_BODY_MS_MAX).into());
    let reading = body.call2(&JsValue::UNDEFINED, &bytes_max, &ms_max);
    let reading = reading.ok().and_then(|reading| reading.dyn_into::<Promise>().ok());
    let read = match reading {
        Some(reading) => JsFuture::from(reading).await.unwrap_or(JsValue::NULL),
        None => JsValue::NULL,
    };
    if read.is_undefined() {
        let detail = format!("at most {most} bytes are read");
        return Err(Fault::new(Code::TooLong, detail));
    }
    let silent = || Fault::new(Code::Silent, "the body did not come whole, or is no UTF-8");
    read.as_string().ok_or_else(silent)
}

/// Does what a person asks for, or says what it would change. Errors: it is refused, or the
/// Controller does not answer.
pub(super) async fn act(
    env: &Env,
    text: &str,
    caller: Caller,
    key: Option<String>,
) -> Result<Acted, Fault> {
    let request = ApiRequest::act(text, caller, key)?;
    match controller::act(env, request, COMMAND_TIMEOUT_MS).await {
        Ok(ActReply::Done(acted)) => Ok(acted),
        Ok(ActReply::Refused(why)) => Err(why.into()),
        Err(error) => Err(unavailable("act", &error)),
    }
}
