//! One request of a client: read its facts, decide, forward.

use super::{clock, forward, kv, respond, routes, surface};
use crate::country::Country;
use crate::http::{ADMIN_PREFIX, Problem, parse_target, refusal};
use crate::json;
use crate::latency::Location;
use crate::routes::{Pin, Table};
use crate::steering::client_key::ClientKey;
use crate::steering::{Evidence, KvPin, Refusal, RequestFacts, decide, needs_pin};
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use worker::{Context, Env, Result};

/// What the KV keys of tenants begin with.
const TENANT_PREFIX: &str = "tenant:";
/// How long KV's cache may hold the pin of a tenant.
const PIN_CACHE_TTL_S: u32 = 60;

/// Answers one request.
pub(super) async fn answer(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> Result<web_sys::Response> {
    let url = request.url();
    let (id, seed) = request_id();
    let Some(target) = parse_target(&url) else {
        return respond::build(&refusal(Problem::BadRequest, &[], &id));
    };
    if target.path.starts_with(ADMIN_PREFIX) {
        return surface::answer(&request, target.path, &env).await;
    }
    let Some(table) = routes::table(&env, &context).await else {
        return respond::build(&refusal(Problem::NoRoutes, &[], &id));
    };
    let cf = Reflect::get(&request, &JsValue::from_str("cf")).unwrap_or_default();
    let (headers, method, colo) = (request.headers(), request.method(), text(&cf, "colo"));
    let header = |name: &str| headers.get(name).ok().flatten();
    let mut facts = RequestFacts {
        path: target.path,
        method: &method,
        header: &header,
        country: country(&cf),
        place: place(&cf),
        colo: colo.as_deref(),
        client: client(&table, &target.host, &header),
        seed,
        now: clock::now(),
        ..RequestFacts::new(&target.host)
    };
    let pin = pin(&table, &facts, &env).await;
    facts.kv_pin = match &pin {
        None => KvPin::Unread,
        Some(None) => KvPin::Absent,
        Some(Some(pin)) => KvPin::Is(pin),
    };
    let decision = decide(&table, &facts, &Evidence::default());
    if let (Some(service), None) = (decision.service, decision.refusal) {
        let stale = table.is_stale(clock::now());
        let forwarding = forward::Forwarding { request: &request, target: &target, id: &id, stale };
        match forwarding.to(&decision.regions, service).await {
            Ok(response) => return Ok(response),
            Err(problem) => return respond::build(&refusal(problem, &decision.rules(), &id)),
        }
    }
    if matches!(decision.refusal, Some(Refusal::NoUsableRegion | Refusal::NoPrimary)) {
        // Whoever is refused should be served as soon as anybody knows better.
        routes::doubt();
    }
    let problem = decision.refusal.map_or(Problem::NoRoutes, Problem::Refused);
    respond::build(&refusal(problem, &decision.rules(), &id))
}

/// What KV says of the tenant, where the table does not know it; `None` where nobody could say.
async fn pin(table: &Table, facts: &RequestFacts<'_>, env: &Env) -> Option<Option<Pin>> {
    let tenant = needs_pin(table, facts)?;
    let key = format!("{TENANT_PREFIX}{tenant}");
    let Some(text) = kv::get(env, &key, Some(PIN_CACHE_TTL_S)).await? else { return Some(None) };
    // A pin that does not read pins somewhere that nobody knows.
    table.read_pin(&text, facts.now).map(Some)
}

/// What stands for the client, where a decision may go by it. The address itself goes no further.
fn client(
    table: &Table,
    host: &str,
    header: &dyn Fn(&str) -> Option<String>,
) -> Option<crate::steering::stable_hash::StableHash> {
    let service = table.service(host).filter(|service| service.shares)?;
    let key = ClientKey::of_address(service.id.as_str(), &header("cf-connecting-ip")?)?;
    Some(key.hash())
}

/// The client's country as the runtime says it. Anything odd is no country, and no country is under
/// every rule.
fn country(cf: &JsValue) -> Option<Country> {
    Country::parse(&text(cf, "country")?).ok()
}

fn place(cf: &JsValue) -> Option<Location> {
    // The reader of JSON that is here anyway: the standard one for floats has a table of 10 KB.
    let degrees = |name| json::parse(&text(cf, name)?).ok()?.as_f64();
    Location::new(degrees("latitude")?, degrees("longitude")?)
}

fn text(cf: &JsValue, name: &str) -> Option<String> {
    Reflect::get(cf, &JsValue::from_str(name)).ok()?.as_string()
}

/// A name for this request that nobody can guess, 128 random bits in hex, and half of them as a
/// number.
fn request_id() -> (String, u64) {
    let mut bytes = [0_u8; 16];
    // Without randomness the request still deserves an answer; its id is then plainly none.
    let _ = getrandom::fill(&mut bytes);
    let seed = bytes.first_chunk().map_or(0, |half| u64::from_be_bytes(*half));
    (format!("{:032x}", u128::from_be_bytes(bytes)), seed)
}
