//! Deletes objects as another person, behind a client's back.
//!
//! The API refuses to delete an object that others refer to. So these methods remove references
//! first, as a person would. Like the `edit_…` methods of `seed.rs` they make no calls.
use serde_json::{Map, Value, json};

use super::envelope::{Failure, Row};
use super::pools::unknown;
use super::table::text;
use super::world::World;

/// The fields of a load balancer and its overrides that name pools.
const NAMING_POOLS: &[&str] = &[
    "default_pools",
    "fallback_pool",
    "region_pools",
    "country_pools",
    "pop_pools",
    "random_steering",
    "rules",
    "pool_sets",
];

impl World {
    /// Deletes the first record of this name and type as another person.
    ///
    /// **Errors**: 404 if there is no such record.
    pub fn remove_record(&mut self, name: &str, kind: &str) -> Result<(), Failure> {
        let (zone, id) = self.record_id(name, kind)?;
        self.delete_record(&zone, &id).map(drop)
    }

    /// Deletes a pool as another person, who first removes it from every load balancer. If it was
    /// the fallback, the next default pool becomes the fallback. A load balancer without another
    /// default pool is deleted too.
    ///
    /// **Errors**: 404 if there is no such pool.
    pub fn remove_pool(&mut self, name: &str) -> Result<(), Failure> {
        let found = self.pools.find("name", name).ok_or_else(|| unknown("pool"))?;
        let pool = text(found, "id").to_owned();
        let users: Vec<Row> = self.balancers_using(&pool).cloned().collect();
        for user in users {
            self.release_pool(&user, &pool)?;
        }
        self.delete_pool(&pool).map(drop)
    }

    /// Deletes a load balancer as another person.
    ///
    /// **Errors**: 404 if there is no such load balancer.
    pub fn remove_load_balancer(&mut self, name: &str) -> Result<(), Failure> {
        let (zone, id) = self.balancer_id(name)?;
        self.delete_load_balancer(&zone, &id).map(drop)
    }

    /// Deletes a monitor as another person, who first removes it from every pool.
    ///
    /// **Errors**: 404 if there is no such monitor.
    pub fn remove_monitor(&mut self, id: &str) -> Result<(), Failure> {
        let watched = |row: &&Row| text(row, "monitor") == id;
        let pools = self.pools.rows().filter(watched).map(|row| text(row, "id").to_owned());
        for pool in pools.collect::<Vec<_>>() {
            self.patch_pool(&pool, &json!({"monitor": null}))?;
        }
        self.delete_monitor(id).map(drop)
    }

    /// Removes a pool from one load balancer.
    fn release_pool(&mut self, user: &Row, pool: &str) -> Result<(), Failure> {
        let (zone, id) = self.balancer_id(text(user, "name"))?;
        let naming = user.iter().filter(|(field, _)| NAMING_POOLS.contains(&field.as_str()));
        let mut body: Map<String, Value> =
            naming.map(|(field, value)| (field.clone(), value.clone())).collect();
        for value in body.values_mut() {
            drop_references(value, pool);
        }
        let Some(next) = body["default_pools"].get(0).cloned() else {
            return self.delete_load_balancer(&zone, &id).map(drop);
        };
        if text(&body, "fallback_pool") == pool {
            body.insert("fallback_pool".to_owned(), next);
        }
        self.patch_load_balancer(&zone, &id, &Value::Object(body)).map(drop)
    }
}

/// Removes a pool's id from a value, and the lists and fields that become empty.
fn drop_references(value: &mut Value, pool: &str) {
    match value {
        Value::Array(items) => {
            items.retain(|item| item != pool);
            for item in items {
                drop_references(item, pool);
            }
        }
        Value::Object(fields) => {
            fields.retain(|key, held| {
                drop_references(held, pool);
                key != pool && held != pool && (!held.is_array() || *held != json!([]))
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_leaves_lists_maps_and_weights_and_nothing_else() {
        let mut value = json!({
            "country_pools": {"DE": ["a", "b"], "FR": ["a"]},
            "rules": [{"name": "a rule", "overrides": {"fallback_pool": "a", "ttl": 30}}],
            "random_steering": {"default_weight": 1, "pool_weights": {"a": 0.5, "b": 1}},
        });
        drop_references(&mut value, "a");
        let expected = json!({
            "country_pools": {"DE": ["b"]},
            "rules": [{"name": "a rule", "overrides": {"ttl": 30}}],
            "random_steering": {"default_weight": 1, "pool_weights": {"b": 1}},
        });
        assert_eq!(value, expected);
    }
}
