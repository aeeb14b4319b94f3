//! Methods to set up a world and to edit it as another person.
//!
//! Everything here obeys the API's rules, so a world that Cloudflare would refuse cannot be set up.
//! The `edit_…` methods act as a person in the dashboard or another program. They change an object
//! without a call, so the transcript does not show it and the client under test must read to find
//! out. `removal.rs` has the matching `remove_…` methods.
use serde_json::{Value, json};

use super::auth::ApiToken;
use super::envelope::{Failure, Reply, Row};
use super::plan::Plan;
use super::table::{Table, text};
use super::world::{ACTIVE, World, Zone, now};

impl World {
    /// The id of the one account.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account
    }

    /// Adds a token.
    pub fn add_token(&mut self, mut token: ApiToken) {
        token.id = self.next_id();
        self.tokens.push(token);
    }

    /// Adds a zone that answers, and returns its id.
    pub fn add_zone(&mut self, name: &str, plan: Plan) -> String {
        self.add_zone_of_status(name, plan, ACTIVE)
    }

    /// Adds a zone of some status and returns its id. The API takes changes to any zone; clients
    /// get answers from an `active` one only. Source:
    /// developers.cloudflare.com/dns/zone-setups/reference/domain-status.
    pub fn add_zone_of_status(&mut self, name: &str, plan: Plan, status: &'static str) -> String {
        let zone = Zone {
            id: self.next_id(),
            name: name.to_ascii_lowercase(),
            plan,
            status,
            created_on: now(),
            records: Table::default(),
            load_balancers: Table::default(),
        };
        let id = zone.id.clone();
        self.zones.push(zone);
        id
    }

    /// Adds a monitor and returns its id.
    ///
    /// **Errors**: what the API would answer to this body.
    pub fn add_monitor(&mut self, body: &Value) -> Result<String, Failure> {
        self.create_monitor(body).map(|reply| id_of(&reply))
    }

    /// Adds a pool and returns its id.
    ///
    /// **Errors**: what the API would answer to this body.
    pub fn add_pool(&mut self, body: &Value) -> Result<String, Failure> {
        self.create_pool(body).map(|reply| id_of(&reply))
    }

    /// Adds a load balancer to the zone with this id, and returns its own.
    ///
    /// **Errors**: what the API would answer to this body.
    pub fn add_load_balancer(&mut self, zone_id: &str, body: &Value) -> Result<String, Failure> {
        self.create_load_balancer(zone_id, body).map(|reply| id_of(&reply))
    }

    /// Adds a record to the zone with this id, and returns its own.
    ///
    /// **Errors**: what the API would answer to this body.
    pub fn add_record(&mut self, zone_id: &str, body: &Value) -> Result<String, Failure> {
        self.create_record(zone_id, body).map(|reply| id_of(&reply))
    }

    /// The pool with this name.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<Value> {
        self.pools.find("name", name).map(|row| self.shown_pool(row))
    }

    /// The monitor with this id.
    #[must_use]
    pub fn monitor(&self, id: &str) -> Option<Value> {
        self.monitors.get(id).cloned().map(Value::Object)
    }

    /// The load balancer with this host name.
    #[must_use]
    pub fn load_balancer(&self, name: &str) -> Option<Value> {
        let mut zones = self.zones.iter();
        zones.find_map(|zone| zone.load_balancers.find("name", name)).cloned().map(Value::Object)
    }

    /// The records of exactly this name, of all zones, in the order of their creation.
    #[must_use]
    pub fn records(&self, name: &str) -> Vec<Value> {
        let rows = self.zones.iter().flat_map(|zone| zone.records.rows());
        rows.filter(|row| text(row, "name") == name).cloned().map(Value::Object).collect()
    }

    /// The first record of this name and type.
    #[must_use]
    pub fn record(&self, name: &str, kind: &str) -> Option<Value> {
        self.records(name).into_iter().find(|record| record["type"] == kind)
    }

    /// Applies a PATCH to a pool as another person.
    ///
    /// **Errors**: what the API would answer to this body; 404 if there is no such pool.
    pub fn edit_pool(&mut self, name: &str, body: &Value) -> Result<(), Failure> {
        let id = self.pools.find("name", name).map(|row| text(row, "id").to_owned());
        self.patch_pool(&id.unwrap_or_default(), body).map(drop)
    }

    /// Applies a PATCH to a load balancer as another person.
    ///
    /// **Errors**: what the API would answer to this body; 404 if there is no such load balancer.
    pub fn edit_load_balancer(&mut self, name: &str, body: &Value) -> Result<(), Failure> {
        let (zone, id) = self.balancer_id(name)?;
        self.patch_load_balancer(&zone, &id, body).map(drop)
    }

    /// Applies a PATCH to a monitor as another person.
    ///
    /// **Errors**: what the API would answer to this body; 404 if there is no such monitor.
    pub fn edit_monitor(&mut self, id: &str, body: &Value) -> Result<(), Failure> {
        self.patch_monitor(id, body).map(drop)
    }

    /// Applies a PATCH to the first record of this name and type as another person.
    ///
    /// **Errors**: what the API would answer to this body; 404 if there is no such record.
    pub fn edit_record(&mut self, name: &str, kind: &str, body: &Value) -> Result<(), Failure> {
        let (zone, id) = self.record_id(name, kind)?;
        self.patch_record(&zone, &id, body).map(drop)
    }

    /// Changes the status of a zone, as when its name servers change.
    ///
    /// **Errors**: there is no zone with this id.
    pub fn set_zone_status(&mut self, id: &str, status: &'static str) -> Result<(), Failure> {
        self.zone_mut(id)?.status = status;
        Ok(())
    }

    /// Applies a PUT to the first record of this name and type as another tool, which drops every
    /// field that the body does not name, the comment and the tags too.
    ///
    /// **Errors**: what the API would answer to this body; 404 if there is no such record.
    pub fn overwrite_record(
        &mut self,
        name: &str,
        kind: &str,
        body: &Value,
    ) -> Result<(), Failure> {
        let (zone, id) = self.record_id(name, kind)?;
        self.replace_record(&zone, &id, body).map(drop)
    }

    /// Sets the `pop_health` of `/pools/{id}/health`: health by data center, each with a list of
    /// origins.
    ///
    /// **Errors**: 404 if there is no pool of this name.
    pub fn set_pool_health(&mut self, name: &str, pop_health: Value) -> Result<(), Failure> {
        let pool = self.pools.find("name", name).ok_or_else(|| super::pools::unknown("pool"))?;
        let id = text(pool, "id").to_owned();
        self.health.insert(id, pop_health);
        Ok(())
    }

    /// All tables as one value, without tokens.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let zones: Vec<Value> = self
            .zones
            .iter()
            .map(|zone| {
                json!({
                    "id": zone.id, "name": zone.name, "plan": zone.plan.name(),
                    "records": zone.records.values(),
                    "load_balancers": zone.load_balancers.values(),
                })
            })
            .collect();
        json!({
            "account": self.account, "zones": zones,
            "pools": self.pools.values(), "monitors": self.monitors.values(),
        })
    }

    pub(crate) fn record_id(&self, name: &str, kind: &str) -> Result<(String, String), Failure> {
        let wanted = |row: &&Row| text(row, "name") == name && text(row, "type") == kind;
        let found = self.find_in_zones(|zone| zone.records.rows().find(wanted));
        found.ok_or_else(super::records::missing)
    }

    pub(crate) fn balancer_id(&self, name: &str) -> Result<(String, String), Failure> {
        let found = self.find_in_zones(|zone| zone.load_balancers.find("name", name));
        found.ok_or_else(|| super::pools::unknown("load balancer"))
    }

    fn find_in_zones<'a>(
        &'a self,
        find: impl Fn(&'a Zone) -> Option<&'a Row>,
    ) -> Option<(String, String)> {
        let found = |zone: &'a Zone| Some((zone.id.clone(), text(find(zone)?, "id").to_owned()));
        self.zones.iter().find_map(found)
    }
}

fn id_of(reply: &Reply) -> String {
    reply.body["result"]["id"].as_str().unwrap_or_default().to_owned()
}
