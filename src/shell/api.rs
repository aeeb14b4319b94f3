//! Makes calls to the Cloudflare API.

use super::hands::{Hands, hands};
use super::outbound::{NoResponse, OwnRequest, send};
use super::runtime::{Env, variable};
use crate::cloudflare::{Call, REPLY_BYTES_MAX, Reply};
use crate::health::BodyFailure;
use crate::http::retry_after_ms;
use crate::secret::{API_TOKEN, Secret};
use crate::time::{Millis, SECOND};

/// Timeout of one call.
const CALL_TIMEOUT_MS: Millis = 8_000;
/// The address of the public API.
const BASE_DEFAULT: &str = "https://api.cloudflare.com/client/v4";

/// The API, with the address and the token of this deployment.
pub(super) struct Api {
    base: String,
    token: Option<Secret>,
    hands: Hands,
}

impl Api {
    pub(super) fn of(env: &Env) -> Self {
        let base = variable(env, "CLOUDFLARE_API_BASE");
        let base = base.unwrap_or_else(|| BASE_DEFAULT.to_owned()).trim_end_matches('/').to_owned();
        let token = variable(env, API_TOKEN).map(Secret::new);
        Self { base, token, hands: hands() }
    }

    /// Makes one call.
    pub(super) async fn call(&self, call: Call) -> Reply {
        let Some(token) = &self.token else {
            return Reply::Lost("the secret CLOUDFLARE_API_TOKEN is not set".to_owned());
        };
        let url = format!("{}{}", self.base, call.path);
        let authorization = format!("Bearer {}", token.expose());
        let body = call.body.as_ref().map(ToString::to_string);
        let request = OwnRequest {
            method: call.method.as_str(),
            url: &url,
            headers: &[("authorization", &authorization), ("content-type", "application/json")],
            body: body.as_deref(),
            timeout_ms: CALL_TIMEOUT_MS,
            body_bytes_max: REPLY_BYTES_MAX,
            resolve: None,
        };
        let late = || Reply::Lost(format!("none in {CALL_TIMEOUT_MS} ms"));
        let (ended, response) = send(&self.hands, &request).end().await;
        let response = match response {
            Ok(response) => response,
            Err(NoResponse::TimedOut) => return late(),
            Err(NoResponse::NoConnection(_)) => return Reply::Lost("no connection".to_owned()),
        };
        match response.body() {
            Ok(body) => Reply::Answered {
                status: response.status(),
                retry_after_s: response
                    .header("retry-after")
                    .and_then(|text| retry_after_ms(&text, ended.at).map(|ms| ms.div_ceil(SECOND))),
                body: token.redact(&body),
            },
            Err(BodyFailure::TimedOut) => late(),
            Err(BodyFailure::Broken | BodyFailure::Unread) => {
                Reply::Lost("its body broke off".to_owned())
            }
        }
    }
}
