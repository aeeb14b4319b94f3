//! Load balancers: `/zones/{zone}/load_balancers`.
use serde_json::{Value, json};

use super::balancer_fields::{LOAD_BALANCER, finish, pools_used};
use super::envelope::{Failure, Reply, Row};
use super::fields;
use super::pools::{refuse, unknown};
use super::table::text;
use super::world::World;

impl World {
    pub(crate) fn list_load_balancers(&self, zone: &str) -> Result<Reply, Failure> {
        Ok(Reply::list(&self.zone(zone)?.load_balancers.values()))
    }

    pub(crate) fn get_load_balancer(&self, zone: &str, id: &str) -> Result<Reply, Failure> {
        Ok(Reply::ok(self.balancer_row(zone, id)?.clone()))
    }

    pub(crate) fn create_load_balancer(
        &mut self,
        zone: &str,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let row = fields::replace(LOAD_BALANCER, body).map_err(refuse)?;
        let count: usize = self.zones.iter().map(|zone| zone.load_balancers.len()).sum();
        let most = self.objects_max;
        if count >= most {
            let message = format!("the limit of {most} load balancers is reached");
            return Err(Failure::invalid("", message));
        }
        let row = self.born(row);
        self.store_balancer(zone, row)
    }

    pub(crate) fn replace_load_balancer(
        &mut self,
        zone: &str,
        id: &str,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let old = self.balancer_row(zone, id)?.clone();
        let row = fields::replace(LOAD_BALANCER, body).map_err(refuse)?;
        self.store_balancer(zone, World::reborn(row, &old))
    }

    pub(crate) fn patch_load_balancer(
        &mut self,
        zone: &str,
        id: &str,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let old = self.balancer_row(zone, id)?.clone();
        let row = fields::patch(LOAD_BALANCER, &old, &without_null_sets(body)).map_err(refuse)?;
        self.store_balancer(zone, World::reborn(row, &old))
    }

    pub(crate) fn delete_load_balancer(&mut self, zone: &str, id: &str) -> Result<Reply, Failure> {
        self.balancer_row(zone, id)?;
        self.zone_mut(zone)?.load_balancers.remove(id);
        Ok(Reply::ok(json!({"id": id})))
    }

    fn balancer_row(&self, zone: &str, id: &str) -> Result<&Row, Failure> {
        self.zone(zone)?.load_balancers.get(id).ok_or_else(|| unknown("load balancer"))
    }

    fn store_balancer(&mut self, zone: &str, mut row: Row) -> Result<Reply, Failure> {
        let owner = self.zone(zone)?;
        let name = text(&row, "name").to_ascii_lowercase();
        if !owner.contains(&name) {
            let message = format!("name must be in the zone {}", owner.name);
            return Err(Failure::invalid("/name", message));
        }
        let twin = owner.load_balancers.find("name", &name);
        if twin.is_some_and(|twin| text(twin, "id") != text(&row, "id")) {
            return Err(Failure::field(1003, "/name", "value not unique"));
        }
        row.insert("name".to_owned(), json!(name));
        row.insert("zone_name".to_owned(), json!(owner.name));
        finish(&mut row, owner.plan)?;
        for (pointer, pool) in pools_used(&row) {
            if self.pools.get(&pool).is_none() {
                return Err(Failure::invalid(&pointer, format!("pool {pool} not found")));
            }
        }
        self.zone_mut(zone)?.load_balancers.put(row.clone());
        Ok(Reply::ok(row))
    }
}

/// In a PATCH, `"pool_sets": null` means the same as leaving it out; only an empty list clears.
fn without_null_sets(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, value| name != "pool_sets" || !value.is_null());
    }
    body
}
