//! Routes a call to its operation.
//!
//! Checks come in this order: token, route, permission, body. A well-formed zone or account id that
//! the token does not own is a matter of permission (403); a malformed one is not a route (404).
use serde_json::Value;

use super::auth::{self, ApiToken, Permission};
use super::envelope::{Failure, Reply};
use super::transcript::Body;
use super::world::World;

/// One call, without HTTP details.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Below `/client/v4`.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Body,
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
        ["accounts", account, "load_balancers", rest @ ..] if is_id(account) => {
            need(Permission::PoolsRead, Permission::PoolsWrite)?;
            if *account != world.account_id() {
                return Err(auth::denied());
            }
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
