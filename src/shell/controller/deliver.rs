//! Alerts to their receivers, and the call that an external monitor watches for, in a lane of their
//! own: no alert waits behind the calls of a pass, and no pass behind a receiver that hangs.
//!
//! What is about to be sent is saved first. If this object ends in the midst of a call, the next
//! one finds it so, and sends it again under the same number (ADR-0030).

use super::Object;
use super::lanes::{Shared, draw, next, started};
use crate::alert::Delivery;
use crate::controller::{Export, Heartbeat, Turn};
use crate::http::retry_after_ms;
use crate::outgoing::{
    CannotSend, Outcome, OutgoingRequest, REPLY_BYTES_MAX, Secrets, TIMEOUT_MS, heartbeat_address,
};
use crate::secret::Secret;
use crate::shell::hands::{Hands, hands};
use crate::shell::outbound::{NoResponse, OwnRequest, Pending, send};
use crate::shell::runtime::{Env, Result};
use crate::shell::{clock, log, runtime};
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// A try that is under way, or could not begin.
pub(super) enum Try {
    UnderWay(Pending, Secrets),
    NotSent(String),
}

impl Object {
    pub(super) fn start_deliver(self: Rc<Self>, quota: &Shared) {
        if let Some(turn) = started(&self.deliver) {
            let (object, quota) = (self.clone(), quota.clone());
            self.run("alerting", Box::pin(async move { object.deliver_all(turn, &quota).await }));
        }
    }

    async fn deliver_all(self: Rc<Self>, turn: Turn, quota: &Shared) -> Result<JsValue> {
        while next(&self.deliver, turn) {
            if let Err(error) = self.deliver(quota).await {
                log::failed("alerting", &error);
            }
        }
        // What more is due has an alarm of its own, with a quota of its own.
        self.wake_later().await.map(|()| JsValue::UNDEFINED)
    }

    async fn deliver(&self, quota: &Shared) -> Result<()> {
        let (due, heartbeat, export) = self.with(|mind| {
            mind.recover_deliveries();
            let now = self.now();
            draw(quota, |quota| {
                let due = mind.begin_deliveries(quota, now);
                (due, mind.take_heartbeat(quota), mind.take_export(quota, now))
            })
        })?;
        self.save()?;
        let hands = hands();
        let beat = heartbeat.map(|heartbeat| begin_heartbeat(&self.env, &hands, &heartbeat));
        let begun = due.into_iter().map(|delivery| (begin(&self.env, &hands, &delivery), delivery));
        let begun: Vec<_> = begun.collect();
        let export = export.map(|export| begin_export(&self.env, &hands, export));
        for (under_way, delivery) in begun {
            let outcome = end(under_way).await;
            self.with(|mind| mind.end_delivery(&delivery, &outcome, self.now()))?;
            self.say_news()?;
            self.save()?;
        }
        if let Some(beat) = beat {
            let failure = end_heartbeat(beat).await;
            self.with(|mind| mind.end_heartbeat(failure, self.now()))?;
        }
        if let Some(export) = export {
            let outcome = end(export).await;
            self.with(|mind| mind.end_export(&outcome, self.now()))?;
        }
        Ok(())
    }
}

pub(super) fn secret(env: &Env, name: Option<&String>) -> Option<Secret> {
    runtime::variable(env, name?).map(Secret::new)
}

fn begin(env: &Env, hands: &Hands, delivery: &Delivery) -> Try {
    let receiver = &delivery.receiver;
    let secrets = Secrets {
        url: secret(env, receiver.url_secret.as_ref()),
        key: secret(env, receiver.key_secret.as_ref()),
        headers: Vec::new(),
    };
    let request = delivery.request(&secrets, clock::now());
    try_it(hands, request, secrets)
}

fn begin_export(env: &Env, hands: &Hands, export: Export) -> Try {
    let key = secret(env, export.headers_secret());
    let request = export.request(key.as_ref());
    let named = request.iter().flat_map(|request| &request.headers);
    let values = named.filter(|(name, _)| name != "content-type");
    let headers = values.map(|(_, value)| Secret::new(value.clone())).collect();
    try_it(hands, request, Secrets { headers, ..Secrets::default() })
}

/// Begins a call of an endpoint that belongs to others.
pub(super) fn try_it(
    hands: &Hands,
    request: std::result::Result<OutgoingRequest, CannotSend>,
    secrets: Secrets,
) -> Try {
    let request = match request {
        Ok(request) => request,
        Err(why) => return Try::NotSent(why.to_string()),
    };
    let headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
    let request = OwnRequest {
        method: "POST",
        url: &request.url,
        headers: &headers,
        body: Some(&request.body),
        timeout_ms: TIMEOUT_MS,
        body_bytes_max: REPLY_BYTES_MAX,
        resolve: None,
    };
    Try::UnderWay(send(hands, &request), secrets)
}

pub(super) async fn end(under_way: Try) -> Outcome {
    let (pending, secrets) = match under_way {
        Try::UnderWay(pending, secrets) => (pending, secrets),
        Try::NotSent(why) => return Outcome::NotSent { why },
    };
    let (ended, response) = pending.end().await;
    match response {
        // A body that is lost after its head changes nothing about the status.
        Ok(response) => Outcome::Answered {
            status: response.status(),
            retry_after_ms: response
                .header("retry-after")
                .and_then(|text| retry_after_ms(&text, ended.at)),
            said: secrets.redact(&response.body().unwrap_or_default()),
        },
        Err(NoResponse::TimedOut) => Outcome::TimedOut,
        // The runtime's message may have the URL in it.
        Err(NoResponse::NoConnection(_)) => Outcome::NoConnection,
    }
}

fn begin_heartbeat(env: &Env, hands: &Hands, heartbeat: &Heartbeat) -> Try {
    let Some(secret) = secret(env, Some(&heartbeat.secret)) else {
        return Try::NotSent(format!("the secret `{}` is not set", heartbeat.secret));
    };
    let url = match heartbeat_address(secret.expose(), &heartbeat.allow_hosts) {
        Ok(url) => url,
        Err(why) => return Try::NotSent(why.to_string()),
    };
    let request = OwnRequest {
        method: "GET",
        url,
        headers: &[],
        body: None,
        timeout_ms: TIMEOUT_MS,
        body_bytes_max: 0,
        resolve: None,
    };
    Try::UnderWay(send(hands, &request), Secrets::default())
}

/// How the call failed, if it did. The next run makes the next one.
async fn end_heartbeat(beat: Try) -> Option<String> {
    end(beat).await.failure()
}
