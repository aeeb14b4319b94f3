//! Zones: `GET /zones`, read-only here.
use serde_json::{Value, json};

use super::envelope::{Failure, Reply};
use super::paging::{Paging, Query, not_emulated, only, value_of};
use super::world::{World, Zone};

impl World {
    /// Lists zones, by name if one is asked for.
    pub(crate) fn list_zones(&self, query: &Query) -> Result<Reply, Failure> {
        let paging = Paging::read(query, 20, 5..=50)?;
        only(query, &["page", "per_page", "name", "account.id", "status"])?;
        let name = value_of(query, "name");
        if name.is_some_and(|name| name.contains(':')) {
            return Err(not_emulated("name with an operator"));
        }
        let account = value_of(query, "account.id");
        let status = value_of(query, "status");
        let known = |wanted: Option<&str>, actual: &str| wanted.is_none_or(|w| w == actual);
        let zones = self.zones.iter().filter(|zone| {
            known(name, &zone.name) && known(account, &self.account) && known(status, zone.status)
        });
        Ok(paging.reply(zones.map(|zone| self.shown_zone(zone)).collect()))
    }

    fn shown_zone(&self, zone: &Zone) -> Value {
        json!({
            "id": zone.id, "name": zone.name, "status": zone.status, "paused": false,
            "type": "full", "development_mode": 0,
            "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
            "original_name_servers": null, "original_registrar": null, "original_dnshost": null,
            "created_on": zone.created_on, "modified_on": zone.created_on,
            "activated_on": zone.created_on,
            "account": {"id": self.account, "name": "Lab"},
            "owner": {"id": self.account, "type": "organization", "name": "Lab"},
            "plan": {"name": zone.plan.name()},
            "meta": {"step": 2, "page_rule_quota": 3, "phishing_detected": false},
        })
    }
}
