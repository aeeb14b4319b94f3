//! Whom Cloudflare Access let in: the keys of teams, and the check of a signature.

use super::hands::hands;
use super::outbound::{OwnRequest, send};
use super::runtime::failure;
use super::{clock, log};
use crate::config::AccessApp;
use crate::http::access::{
    Assertion, BadAssertion, Identity, KEYS_BYTES_MAX, KEYS_PATH, KEYS_TIMEOUT_MS, KeyCache, Look,
    PublicKey,
};
use crate::http::v1::{Code, Fault, unknown};
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/shell/verify.js")]
extern "C" {
    #[wasm_bindgen(js_name = isSigned)]
    async fn is_signed(n: &str, e: &str, signed: &str, signature: &str) -> JsValue;
}

thread_local! {
    static KEYS: RefCell<KeyCache> = RefCell::default();
}

/// Whom an assertion names.
///
/// **Errors**: it does not count, or the keys of the team are out of reach.
pub(super) async fn identified(
    assertion: &Assertion,
    apps: &[AccessApp],
) -> Result<Identity, Fault> {
    let refused = |bad: BadAssertion| unknown(&bad.to_string());
    let team = assertion.team(apps).map_err(refused)?;
    // What is over or for somebody else needs no arithmetic.
    let identity = assertion.identity(apps, clock::now()).map_err(refused)?;
    for key in keys(team, &assertion.kid).await? {
        let PublicKey { n, e, .. } = key;
        let told = is_signed(&n, &e, &assertion.signed, &assertion.signature).await;
        if told.is_truthy() {
            return Ok(identity);
        }
    }
    Err(refused(BadAssertion::Signature))
}

/// The keys of this id.
async fn keys(team: &str, kid: &str) -> Result<Vec<PublicKey>, Fault> {
    let mut look = look(team, kid);
    if look == Look::Fetch {
        fetch(team).await;
        look = self::look(team, kid);
    }
    match look {
        Look::Use(keys) => Ok(keys),
        Look::Unknown => Err(unknown(&BadAssertion::UnknownKey.to_string())),
        Look::Fetch | Look::Unavailable => {
            Err(Fault::new(Code::Unavailable, "the keys of Cloudflare Access are out of reach"))
        }
    }
}

fn look(team: &str, kid: &str) -> Look {
    let look = |keys: &RefCell<KeyCache>| {
        keys.try_borrow().map_or(Look::Unavailable, |keys| keys.look(team, kid, clock::now()))
    };
    KEYS.with(look)
}

/// Asks for the keys of a team.
async fn fetch(team: &str) {
    let request = OwnRequest {
        method: "GET",
        url: &["https://", team, KEYS_PATH].concat(),
        headers: &[("accept", "application/json")],
        body: None,
        timeout_ms: KEYS_TIMEOUT_MS,
        // One more than is believed, so that what is too long is told apart.
        body_bytes_max: KEYS_BYTES_MAX + 1,
        resolve: None,
    };
    let (_, answered) = send(&hands(), &request).end().await;
    let text = answered.ok().filter(|answer| answer.status() == 200);
    let text = text.and_then(|answer| answer.body().ok());
    let take = |keys: &RefCell<KeyCache>| {
        keys.try_borrow_mut().is_ok_and(|mut keys| keys.take(team, text.as_deref(), clock::now()))
    };
    if !KEYS.with(take) {
        log::failed(
            "the keys of Cloudflare Access",
            &failure("no keys; the last ones stay in use"),
        );
    }
}
