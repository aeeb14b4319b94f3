//! Keeps what was observed true while the pass writes, so that it ends with how the account is
//! now. Whoever asks what an order would change goes by that.

use super::{Reconcile, bodies, rows};
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::{Pool, Record};
use crate::cloudflare::plan::{Action, Change, Parent, RecordOp};
use crate::cloudflare::reply::{ApiFailure, malformed};
use crate::json;
use serde_json::Value;

impl Reconcile {
    /// Takes in the records of a reply, and that others are deleted.
    pub(super) fn see_records(&mut self, actions: &[Action], written: &[Record]) {
        let records = &mut self.observed.records;
        for (name, _, op) in bodies::ops(actions) {
            if let (RecordOp::Delete { id, .. }, Some(of_name)) = (op, records.get_mut(name)) {
                of_name.retain(|record| record.id != *id);
            }
        }
        for record in written {
            let Some(of_name) = records.get_mut(&normal(&record.name)) else { continue };
            match of_name.iter_mut().find(|known| known.id == record.id) {
                Some(known) => known.clone_from(record),
                None => of_name.push(record.clone()),
            }
        }
    }

    /// Takes in a pool of a reply, new or changed.
    pub(super) fn see_pool(&mut self, account: &str, pool: Pool) {
        let Some(pools) = self.observed.pools.get_mut(account) else { return };
        match pools.iter_mut().find(|known| known.id == pool.id) {
            Some(known) => *known = pool,
            None => pools.push(pool),
        }
    }

    /// Takes in the row of a pool, a monitor or a load balancer. Errors: it does not read.
    pub(super) fn see_row(&mut self, action: &Action, row: &Value) -> Result<(), ApiFailure> {
        let Change::Fields { kind, parent, account, .. } = &action.change else { return Ok(()) };
        match (*kind, parent) {
            ("pools", _) => self.see_pool(account, json::from_value(row).map_err(malformed)?),
            ("monitors", _) => {
                let monitor = rows::monitor(row)?;
                let Some(monitors) = self.observed.monitors.get_mut(account) else { return Ok(()) };
                match monitors.iter_mut().find(|known| known.id == monitor.id) {
                    Some(known) => *known = monitor,
                    None => monitors.push(monitor),
                }
            }
            (_, Parent::Zone(zone)) => {
                let balancer = rows::balancer(row, self.observed.pools_of(account))?;
                let of_zone = self.observed.balancers.get_mut(zone);
                let Some(balancers) = of_zone else { return Ok(()) };
                match balancers.iter_mut().find(|known| known.id == balancer.id) {
                    Some(known) => *known = balancer,
                    None => balancers.push(balancer),
                }
            }
            (_, Parent::Account(_)) => {}
        }
        Ok(())
    }
}
