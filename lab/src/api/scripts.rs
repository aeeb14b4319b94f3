//! Workers: what `wrangler deploy` and `wrangler secret put` ask of an account.
//!
//! We have no document of this part of the API. Paths, fields and the codes 10000, 10007 and 10090
//! are what wrangler 4.164 and the types of Cloudflare's npm client read and send; what the real
//! API refuses, and how, is not known here. Whoever plays with it learns what wrangler does, and
//! not what Cloudflare would say to it.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::auth::denied;
use super::envelope::{Failure, Reply};
use super::paging::{Paging, Query, only};
use super::script::{Script, ScriptRoute};
use super::uploads::{Upload, refused, text};
use super::world::{World, now};

impl World {
    /// A deployed Worker.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&Script> {
        self.scripts.deployed.get(name)
    }

    /// The patterns of the routes that lead to a Worker.
    #[must_use]
    pub fn script_routes(&self, name: &str) -> Vec<&str> {
        let routes = self.scripts.routes.iter().filter(|route| route.script == name);
        routes.map(|route| route.pattern.as_str()).collect()
    }

    /// Answers `GET /workers/services/{name}`.
    pub(crate) fn service(&self, name: &str) -> Result<Reply, Failure> {
        let missing = || Failure::new(404, 10090, "workers.api.error.service_not_found");
        self.script(name).ok_or_else(missing)?;
        let script = json!({"id": name, "tag": name, "last_deployed_from": "wrangler"});
        let environment = json!({"environment": "production", "script": script});
        Ok(Reply::ok(json!({"id": name, "default_environment": environment})))
    }

    /// Answers `GET /workers/workers/{name}`.
    pub(crate) fn worker(&self, name: &str) -> Result<Reply, Failure> {
        let script = self.found(name)?;
        Ok(Reply::ok(json!({"id": name, "name": name, "subdomain": script.subdomain})))
    }

    /// Answers a read of `/workers/scripts/{name}/{part}`; `None` where there is no such part.
    pub(crate) fn script_part(&self, name: &str, part: &str) -> Result<Option<Reply>, Failure> {
        let script = self.found(name)?;
        let secrets = script.secrets.keys();
        let secrets = secrets.map(|name| json!({"name": name, "type": "secret_text"}));
        Ok(Some(match part {
            "secrets" => Reply::ok(Value::Array(secrets.collect())),
            "settings" => {
                let mut settings = script.upload.metadata.clone();
                let bindings = script.bindings.iter().cloned().chain(secrets);
                settings["bindings"] = Value::Array(bindings.collect());
                Reply::ok(settings)
            }
            "deployments" => Reply::ok(json!({"deployments": []})),
            "schedules" => schedules(&script.crons),
            "subdomain" => Reply::ok(script.subdomain.clone()),
            _ => return Ok(None),
        }))
    }

    /// Answers a write of `/workers/scripts/{name}/{part}`; `None` where there is no such part.
    pub(crate) fn write_script_part(
        &mut self,
        name: &str,
        part: &str,
        body: &Value,
    ) -> Result<Option<Reply>, Failure> {
        let script = self.scripts.deployed.get_mut(name).ok_or_else(no_script)?;
        Ok(Some(match part {
            "secrets" => {
                let (secret, value) = (text(body, "name"), body["text"].as_str());
                let value = value.filter(|_| !secret.is_empty() && body["type"] == "secret_text");
                let value = value.ok_or_else(|| refused("the secret"))?;
                if script.bindings.iter().any(|binding| text(binding, "name") == secret) {
                    return Err(refused(format!("`{secret}` is a binding already")));
                }
                script.secrets.insert(secret.to_owned(), value.to_owned());
                Reply::ok(json!({"name": secret, "type": "secret_text"}))
            }
            "schedules" => {
                let crons = body.as_array().ok_or_else(|| refused("the schedules"))?;
                script.crons = crons.iter().map(|cron| text(cron, "cron").to_owned()).collect();
                schedules(&script.crons)
            }
            "subdomain" => {
                script.subdomain = body.clone();
                Reply::ok(body.clone())
            }
            // The token is one of a single zone. wrangler then takes the zone's own routes.
            "routes" => return Err(denied()),
            _ => return Ok(None),
        }))
    }

    /// Answers `PUT /workers/scripts/{name}`.
    pub(crate) fn upload_script(&mut self, name: &str, upload: Upload) -> Result<Reply, Failure> {
        let old = self.script(name);
        let mut bindings = Vec::new();
        for binding in upload.bindings() {
            let binding_name = text(binding, "name");
            let is_named = |old: &&Value| text(old, "name") == binding_name;
            let inherited = old.and_then(|old| old.bindings.iter().find(is_named));
            let namespace = text(binding, "namespace_id");
            bindings.push(match (text(binding, "type"), inherited) {
                ("inherit", Some(inherited)) => inherited.clone(),
                ("inherit", None) => return Err(refused(format!("nothing to inherit: {binding}"))),
                ("kv_namespace", _) if self.scripts.namespaces.get(namespace).is_none() => {
                    return Err(refused(format!("no namespace `{namespace}`")));
                }
                _ => binding.clone(),
            });
        }
        let new = match old.cloned() {
            Some(old) => Script { upload, bindings, ..old },
            None => Script {
                upload,
                bindings,
                secrets: BTreeMap::new(),
                crons: Vec::new(),
                subdomain: json!({"enabled": false, "previews_enabled": false}),
            },
        };
        self.scripts.deployed.insert(name.to_owned(), new);
        let (deployment, time) = (self.next_id(), now());
        Ok(Reply::ok(json!({
            "id": name, "tag": name, "deployment_id": deployment, "entry_point": "index.js",
            "created_on": time, "modified_on": time, "startup_time_ms": 1,
        })))
    }

    /// Answers `GET /storage/kv/namespaces`.
    pub(crate) fn list_namespaces(&self, query: &Query) -> Result<Reply, Failure> {
        only(query, &["page", "per_page", "order", "direction"])?;
        Ok(Paging::read(query, 20, 5..=100)?.reply(self.scripts.namespaces.values()))
    }

    /// Answers `POST /storage/kv/namespaces`.
    pub(crate) fn create_namespace(&mut self, body: &Value) -> Result<Reply, Failure> {
        let title = text(body, "title");
        if title.is_empty() || self.scripts.namespaces.find("title", title).is_some() {
            return Err(refused(format!("the namespace `{title}`")));
        }
        let row = json!({"id": self.next_id(), "title": title, "supports_url_encoding": true});
        self.scripts.namespaces.put(row.as_object().cloned().unwrap_or_default());
        Ok(Reply::ok(row))
    }

    /// Answers `GET /zones/{zone}/workers/routes`.
    pub(crate) fn list_script_routes(&self, zone: &str) -> Result<Reply, Failure> {
        self.zone(zone)?;
        let routes = self.scripts.routes.iter().filter(|route| route.zone == zone);
        Ok(Reply::list(&routes.map(ScriptRoute::shown).collect::<Vec<_>>()))
    }

    /// Answers `POST /zones/{zone}/workers/routes`.
    pub(crate) fn create_script_route(
        &mut self,
        zone: &str,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let (pattern, script) = (text(body, "pattern"), text(body, "script"));
        let host = pattern.split('/').next().unwrap_or_default();
        if !self.zone(zone)?.contains(host) {
            return Err(refused(format!("the route `{pattern}` is not of this zone")));
        }
        if self.scripts.routes.iter().any(|route| route.pattern == pattern) {
            return Err(refused(format!("a route `{pattern}` exists")));
        }
        self.found(script)?;
        let (pattern, script) = (pattern.to_owned(), script.to_owned());
        let route = ScriptRoute { id: self.next_id(), zone: zone.to_owned(), pattern, script };
        let shown = route.shown();
        self.scripts.routes.push(route);
        Ok(Reply::ok(shown))
    }

    fn found(&self, name: &str) -> Result<&Script, Failure> {
        self.script(name).ok_or_else(no_script)
    }
}

fn no_script() -> Failure {
    Failure::new(404, 10007, "This Worker does not exist on your account.")
}

fn schedules(crons: &[String]) -> Reply {
    let crons: Vec<Value> = crons.iter().map(|cron| json!({"cron": cron})).collect();
    Reply::ok(json!({"schedules": crons}))
}
