//! Which zone a name of a zone means, and whether it answers.
//!
//! A token may see several zones of one name: one that moved away lies in an account for months
//! beside the one that answers. Cloudflare answers for one that is `active`. To write into another
//! looks like success and changes nothing, so no other is touched.

use super::Reconcile;
use super::rows::text;
use crate::cloudflare::name::normal;
use crate::cloudflare::plan::{Withheld, WithheldReason};
use crate::cloudflare::reply::{ApiFailure, Reply, open_page};
use serde_json::Value;

/// The status of a zone that answers.
const ACTIVE: &str = "active";

impl Reconcile {
    /// Takes the list of the zones of one name. A zone whose id is known keeps it if the list shows
    /// none, because a token may edit records and not read zones.
    pub(super) fn take_zone(
        &mut self,
        zone: String,
        reply: &Reply,
        needs: &'static str,
    ) -> Result<(), ApiFailure> {
        let is_known = self.observed.zone_ids.contains_key(&zone);
        let found = open_page(reply, needs).and_then(|(rows, _)| active(&zone, &rows));
        let id = match found {
            Ok(id) => id,
            Err(ApiFailure::NoZone { .. } | ApiFailure::NotPermitted { .. }) if is_known => {
                self.zone_is_unseen(&zone);
                return Ok(());
            }
            Err(failure) => {
                if let ApiFailure::DeadZone { .. } = failure {
                    self.observed.zone_ids.remove(&zone);
                    self.report.zone_ids.remove(&zone);
                }
                return Err(failure);
            }
        };
        self.observed.zone_ids.insert(zone.clone(), id.clone());
        self.report.zone_ids.insert(zone.clone(), id);
        self.report.zones_seen.insert(zone);
        Ok(())
    }

    fn zone_is_unseen(&mut self, zone: &str) {
        let because = "nobody knows whether it is still active, because the token has no `Zone \
                       Read` on it; its records are written as before"
            .to_owned();
        let what = format!("zone {zone}");
        self.report.withheld.push(Withheld { what, why: WithheldReason::Unclear, because });
    }
}

/// The id of the only zone of this name that is active. Errors: there is none, or more than one. A
/// row that names no status counts as active.
fn active(name: &str, rows: &[Value]) -> Result<String, ApiFailure> {
    let named: Vec<&Value> = rows.iter().filter(|row| normal(text(row, "name")) == name).collect();
    let named: Vec<&Value> = named.into_iter().filter(|row| !text(row, "id").is_empty()).collect();
    let status = |row: &Value| match text(row, "status") {
        "" => ACTIVE.to_owned(),
        status => status.to_owned(),
    };
    let mut answering = named.iter().filter(|row| status(row) == ACTIVE);
    match (answering.next(), answering.next()) {
        (Some(one), None) => Ok(text(one, "id").to_owned()),
        (None, _) if named.is_empty() => Err(ApiFailure::NoZone { name: name.to_owned() }),
        _ => {
            let said = |row: &&Value| format!("`{}` is {}", text(row, "id"), status(row));
            let zones = named.iter().map(said).collect::<Vec<_>>().join(", ");
            Err(ApiFailure::DeadZone { zones })
        }
    }
}
