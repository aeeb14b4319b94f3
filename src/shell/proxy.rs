//! One request of a client: read its facts, decide, forward.

use super::{clock, forward, respond, routes, surface};
use crate::country::Country;
use crate::http::{ADMIN_PREFIX, Problem, parse_target, refusal};
use crate::latency::Location;
use crate::steering::{Refusal, RequestFacts, decide};
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use worker::{Context, Env, Result};

/// Answers one request.
pub(super) async fn answer(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> Result<web_sys::Response> {
    let url = request.url();
    let Some(target) = parse_target(&url) else {
        return respond::build(&refusal(Problem::BadRequest, &[], &request_id()));
    };
    if target.path.starts_with(ADMIN_PREFIX) {
        return surface::answer(&request, target.path, &env).await;
    }
    let Some(table) = routes::table(&env, &context).await else {
        return respond::build(&refusal(Problem::NoRoutes, &[], &request_id()));
    };
    let cf = Reflect::get(&request, &JsValue::from_str("cf")).unwrap_or_default();
    let facts = RequestFacts { host: &target.host, country: country(&cf), place: place(&cf) };
    let decision = decide(&table, &facts);
    let id = request_id();
    if let (Some((_, service)), None) = (decision.service, decision.refusal) {
        let stale = table.is_stale(clock::now());
        let forwarding = forward::Forwarding { request: &request, target: &target, id: &id, stale };
        match forwarding.to(&decision.regions, service).await {
            Ok(response) => return Ok(response),
            Err(problem) => return respond::build(&refusal(problem, &decision.rules, &id)),
        }
    }
    if decision.refusal == Some(Refusal::NoUsableRegion) {
        // Whoever is refused should be served as soon as anybody knows better.
        routes::doubt();
    }
    let problem = decision.refusal.map_or(Problem::NoRoutes, Problem::Refused);
    respond::build(&refusal(problem, &decision.rules, &id))
}

/// The client's country as the runtime says it. Anything odd is no country, and no country is under
/// every rule.
fn country(cf: &JsValue) -> Option<Country> {
    Country::parse(&text(cf, "country")?).ok()
}

fn place(cf: &JsValue) -> Option<Location> {
    let degrees = |name| text(cf, name)?.trim().parse::<f64>().ok();
    Location::new(degrees("latitude")?, degrees("longitude")?)
}

fn text(cf: &JsValue, name: &str) -> Option<String> {
    Reflect::get(cf, &JsValue::from_str(name)).ok()?.as_string()
}

/// A name for this request that nobody can guess: 128 random bits in hex.
fn request_id() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the request still deserves an answer; its id is then plainly none.
    let _ = getrandom::fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}
