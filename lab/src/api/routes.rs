//! Routes a call to its operation.
//!
//! Checks come in this order: token, route, permission, body. A well-formed zone or account id that
//! the token does not own is a matter of permission (403); a malformed one is not a route (404).
use hyper::body::Bytes;
use serde_json::Value;

use super::auth::{self, ApiToken, Permission};
use super::envelope::{Failure, Reply};
use super::transcript::Body;
use super::uploads::Upload;
use super::world::World;

/// One call, without HTTP details.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Below `/client/v4`.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Body,
    /// The type of the body, and what the body is if it is no JSON.
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

impl Call {
    fn json(&self) -> Result<&Value, Failure> {
        let malformed = || Failure::new(400, 6007, "Malformed JSON in request body");
        self.body.json().ok_or_else(malformed)
    }

    pub(crate) fn is_read(&self) -> bool {
        self.method == "GET"
    }

    fn no_route(&self) -> Failure {
        let message =
            format!("Could not route to {}, perhaps your object identifier is invalid?", self.path);
        Failure::new(404, 7003, message)
    }
}

/// Answers a call of a known token.
pub(crate) fn route(world: &mut World, token: &ApiToken, call: &Call) -> Result<Reply, Failure> {
    let segments: Vec<&str> = call.path.split('/').skip(1).collect();
    let need = |read, write| permit(token, if call.is_read() { read } else { write });
    match segments.as_slice() {
        ["user", "tokens", "verify"] if call.is_read() => Ok(auth::verify(token)),
        ["zones"] if call.is_read() => {
            permit(token, Permission::ZoneRead)?;
            world.list_zones(&call.query)
        }
        ["zones", zone, "dns_records", rest @ ..] if is_id(zone) => {
            need(Permission::DnsRead, Permission::DnsWrite)?;
            records(world, zone, rest, call)
        }
        ["zones", zone, "load_balancers", rest @ ..] if is_id(zone) => {
            need(Permission::LoadBalancersRead, Permission::LoadBalancersWrite)?;
            load_balancers(world, zone, rest, call)
        }
        ["zones", zone, "workers", "routes"] if is_id(zone) => {
            permit(token, Permission::ScriptRoutesWrite)?;
            match call.method.as_str() {
                "GET" => world.list_script_routes(zone),
                "POST" => world.create_script_route(zone, call.json()?),
                _ => Err(call.no_route()),
            }
        }
        ["accounts", account, "workers", rest @ ..] if is_id(account) => {
            permit(token, Permission::ScriptsWrite)?;
            own(world, account)?;
            scripts(world, rest, call)
        }
        ["accounts", account, "storage", "kv", "namespaces"] if is_id(account) => {
            permit(token, Permission::KvWrite)?;
            own(world, account)?;
            match call.method.as_str() {
                "GET" => world.list_namespaces(&call.query),
                "POST" => world.create_namespace(call.json()?),
                _ => Err(call.no_route()),
            }
        }
        ["accounts", account, "load_balancers", rest @ ..] if is_id(account) => {
            need(Permission::PoolsRead, Permission::PoolsWrite)?;
            own(world, account)?;
            match rest {
                ["pools", rest @ ..] => pools(world, rest, call),
                ["monitors", rest @ ..] => monitors(world, rest, call),
                _ => Err(call.no_route()),
            }
        }
        _ => Err(call.no_route()),
    }
}

fn permit(token: &ApiToken, needed: Permission) -> Result<(), Failure> {
    if token.permits(needed) { Ok(()) } else { Err(auth::denied()) }
}

fn own(world: &World, account: &str) -> Result<(), Failure> {
    if account == world.account_id() { Ok(()) } else { Err(auth::denied()) }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

fn records(world: &mut World, zone: &str, rest: &[&str], call: &Call) -> Result<Reply, Failure> {
    match (call.method.as_str(), rest) {
        ("GET", []) => world.list_records(zone, &call.query),
        ("POST", []) => world.create_record(zone, call.json()?),
        ("POST", ["batch"]) => world.batch_records(zone, call.json()?),
        ("GET", [id]) => world.get_record(zone, id),
        ("PATCH", [id]) => world.patch_record(zone, id, call.json()?),
        ("PUT", [id]) => world.replace_record(zone, id, call.json()?),
        ("DELETE", [id]) => world.delete_record(zone, id),
        _ => Err(call.no_route()),
    }
}

fn load_balancers(
    world: &mut World,
    zone: &str,
    rest: &[&str],
    call: &Call,
) -> Result<Reply, Failure> {
    match (call.method.as_str(), rest) {
        ("GET", []) => world.list_load_balancers(zone),
        ("POST", []) => world.create_load_balancer(zone, call.json()?),
        ("GET", [id]) => world.get_load_balancer(zone, id),
        ("PATCH", [id]) => world.patch_load_balancer(zone, id, call.json()?),
        ("PUT", [id]) => world.replace_load_balancer(zone, id, call.json()?),
        ("DELETE", [id]) => world.delete_load_balancer(zone, id),
        _ => Err(call.no_route()),
    }
}

fn pools(world: &mut World, rest: &[&str], call: &Call) -> Result<Reply, Failure> {
    match (call.method.as_str(), rest) {
        ("GET", []) => world.list_pools(&call.query),
        ("POST", []) => world.create_pool(call.json()?),
        ("PATCH", []) => world.patch_all_pools(call.json()?),
        ("GET", [id]) => world.get_pool(id),
        ("GET", [id, "health"]) => world.pool_health(id),
        ("GET", [id, "references"]) => world.pool_references(id),
        ("PATCH", [id]) => world.patch_pool(id, call.json()?),
        ("PUT", [id]) => world.replace_pool(id, call.json()?),
        ("DELETE", [id]) => world.delete_pool(id),
        _ => Err(call.no_route()),
    }
}

fn monitors(world: &mut World, rest: &[&str], call: &Call) -> Result<Reply, Failure> {
    match (call.method.as_str(), rest) {
        ("GET", []) => Ok(world.list_monitors()),
        ("POST", []) => world.create_monitor(call.json()?),
        ("GET", [id]) => world.get_monitor(id),
        ("GET", [id, "references"]) => world.monitor_references(id),
        ("PATCH", [id]) => world.patch_monitor(id, call.json()?),
        ("PUT", [id]) => world.replace_monitor(id, call.json()?),
        ("DELETE", [id]) => world.delete_monitor(id),
        _ => Err(call.no_route()),
    }
}

fn scripts(world: &mut World, rest: &[&str], call: &Call) -> Result<Reply, Failure> {
    let part = match (call.method.as_str(), rest) {
        ("GET", ["services", name]) => Some(world.service(name)?),
        ("GET", ["workers", name]) => Some(world.worker(name)?),
        ("PUT", ["scripts", name]) => {
            let upload = Upload::read(&call.content_type, &call.bytes)?;
            Some(world.upload_script(name, upload)?)
        }
        ("GET", ["scripts", name, part]) => world.script_part(name, part)?,
        ("PUT", ["scripts", name, part @ ("secrets" | "schedules" | "routes")])
        | ("POST", ["scripts", name, part @ "subdomain"]) => {
            world.write_script_part(name, part, call.json()?)?
        }
        _ => None,
    };
    part.ok_or_else(|| call.no_route())
}
