//! Calls that read, and what is kept of their replies.

use super::Reconcile;
use super::operation::Operation;
use super::rows::{balancer, monitor, text};
use crate::cloudflare::call::Call;
use crate::cloudflare::name::{normal, wildcards};
use crate::cloudflare::observed::{Pool, Record};
use crate::cloudflare::reply::{ApiFailure, Reply, malformed, open, open_page};
use crate::json;
use crate::ordered::Set;
use serde_json::Value;

/// Records per page.
const PER_PAGE: usize = 500;
/// Most pages that are read of one zone. In a larger zone, names are read one by one.
const PAGES_MAX: usize = 4;

impl Reconcile {
    /// The call of an operation; `None` if something that it needs was not found, which is already
    /// reported. Errors: a field refers to an object that does not exist.
    pub(super) fn call(&self, operation: &Operation) -> Result<Option<Call>, String> {
        let zone_id = |zone: &String| self.observed.zone_ids.get(zone);
        let path = match operation {
            Operation::FindZone { zone } => Some(format!("/zones?name={zone}")),
            Operation::ListRecords { zone, page } => zone_id(zone)
                .map(|id| format!("/zones/{id}/dns_records?per_page={PER_PAGE}&page={page}")),
            Operation::ListName { zone, name } => zone_id(zone)
                .map(|id| format!("/zones/{id}/dns_records?name.exact={name}&per_page=100")),
            Operation::ListPools { account } => {
                Some(format!("/accounts/{account}/load_balancers/pools"))
            }
            Operation::ListMonitors { account } => {
                Some(format!("/accounts/{account}/load_balancers/monitors"))
            }
            Operation::ListBalancers { zone, .. } => {
                zone_id(zone).map(|id| format!("/zones/{id}/load_balancers"))
            }
            _ => return self.write_call(operation),
        };
        Ok(path.map(Call::get))
    }

    /// Takes the reply to a operation's call. Errors: [`ApiFailure`].
    pub(super) fn take(&mut self, operation: Operation, reply: &Reply) -> Result<(), ApiFailure> {
        let needs = operation.needs();
        match operation {
            Operation::FindZone { zone } => self.take_zone(zone, reply, needs),
            Operation::ListRecords { zone, page } => self.take_records(zone, page, reply, needs),
            Operation::ListName { zone, name } => {
                let (rows, _) = self.opened(&zone, reply, needs)?;
                let records = json::from_value(&rows.into()).map_err(malformed)?;
                self.observed.records.insert(name, records);
                Ok(())
            }
            Operation::ListPools { account } => {
                let pools: Vec<Pool> = open(reply, needs)?;
                self.observed.pools.insert(account, pools);
                Ok(())
            }
            Operation::ListMonitors { account } => {
                let (rows, _) = open_page(reply, needs)?;
                let mut monitors = Vec::new();
                for row in &rows {
                    monitors.push(monitor(row)?);
                }
                self.observed.monitors.insert(account, monitors);
                Ok(())
            }
            Operation::ListBalancers { zone, account } => {
                self.take_balancers(zone, &account, reply, needs)
            }
            operation => self.take_write(operation, reply, needs),
        }
    }

    /// Opens a reply about something in a zone.
    fn opened(
        &mut self,
        zone: &str,
        reply: &Reply,
        needs: &'static str,
    ) -> Result<(Vec<Value>, Option<usize>), ApiFailure> {
        let opened = open_page(reply, needs);
        if let Err(ApiFailure::NotFound(_)) = opened {
            // The zone may have been recreated: the next pass looks its id up again.
            self.report.zone_ids.remove(zone);
        }
        opened
    }

    /// Keeps the records of names that we publish. Only a complete list counts: a partial one would
    /// show names without records that they have.
    fn take_records(
        &mut self,
        zone: String,
        page: usize,
        reply: &Reply,
        needs: &'static str,
    ) -> Result<(), ApiFailure> {
        let (rows, total) = self.opened(&zone, reply, needs)?;
        let names = self.desired.records.iter().filter(|records| records.zone == zone);
        let names = Set::of(names.map(|records| records.name.clone()));
        let is_last = rows.len() < PER_PAGE;
        let read = PER_PAGE.saturating_mul(page.saturating_sub(1)).saturating_add(rows.len());
        let untold =
            || ApiFailure::Malformed("it does not say how many records there are".to_owned());
        let total = total.or(is_last.then_some(read)).ok_or_else(untold)?;
        self.observed.records_total.insert(zone.clone(), total);
        if total > PER_PAGE * PAGES_MAX {
            for name in names {
                self.operations.push(Operation::ListName { zone: zone.clone(), name });
            }
            return Ok(());
        }
        let mut records = self.pages.remove(&zone).unwrap_or_default();
        // Of these only what lies over a name without records is looked at.
        let over = names.iter().flat_map(|name| wildcards(name, &zone));
        let kept = Set::of(names.iter().cloned().chain(over));
        for row in &rows {
            if kept.contains(&normal(text(row, "name"))) {
                records.push(json::from_value::<Record>(row).map_err(malformed)?);
            }
        }
        if page * PER_PAGE < total && !rows.is_empty() {
            self.operations.push(Operation::ListRecords { zone: zone.clone(), page: page + 1 });
            self.pages.insert(zone, records);
            return Ok(());
        }
        for name in &kept {
            self.observed.records.insert(name.clone(), Vec::new());
        }
        for record in records {
            if let Some(of_name) = self.observed.records.get_mut(&normal(&record.name)) {
                of_name.push(record);
            }
        }
        Ok(())
    }

    fn take_balancers(
        &mut self,
        zone: String,
        account: &str,
        reply: &Reply,
        needs: &'static str,
    ) -> Result<(), ApiFailure> {
        let (rows, _) = self.opened(&zone, reply, needs)?;
        // A balancer cannot be compared without the names of its pools.
        let Some(pools) = self.observed.pools.get(account) else { return Ok(()) };
        let mut balancers = Vec::new();
        for row in &rows {
            balancers.push(balancer(row, pools)?);
        }
        self.observed.balancers.insert(zone, balancers);
        Ok(())
    }
}
