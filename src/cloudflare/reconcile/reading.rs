//! Calls that read, and what is kept of their replies.

use super::operation::Operation;
use super::readings::Unit;
use super::rows::{balancer, monitor, text};
use super::step::{Ours, Step};
use super::wanted::{PAGES_MAX, PER_PAGE, is_by_name, pages};
use super::{Reconcile, holds};
use crate::cloudflare::call::Call;
use crate::cloudflare::name::{normal, wildcards};
use crate::cloudflare::observed::{Pool, Record};
use crate::cloudflare::reply::{ApiFailure, Reply, malformed, open, open_page};
use crate::hold::Hold;
use crate::json;
use crate::ordered::Set;
use serde_json::Value;

/// How often a list that changed between its pages is begun anew within one pass.
const RESTARTS_MAX: u32 = 2;

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
            Operation::ReadBack { id, takes, gives, .. } => {
                let hold = takes.iter().chain(gives).next();
                hold.map(|hold| format!("/accounts/{}/load_balancers/pools/{id}", hold.account))
            }
            _ => return self.write_call(operation),
        };
        Ok(path.map(Call::get))
    }

    /// Takes the reply to a operation's call. Errors: [`ApiFailure`].
    pub(super) fn take(
        &mut self,
        operation: Operation,
        ours: &mut Ours,
        reply: &Reply,
    ) -> Result<(), ApiFailure> {
        let needs = operation.needs(self.is_dry);
        match operation {
            Operation::FindZone { zone } => self.take_zone(zone, reply, needs),
            Operation::ListRecords { zone, page } => self.take_records(zone, page, reply, needs),
            Operation::ListName { zone, name } => {
                let rows = whole(self.opened(&zone, reply, needs)?)?;
                let records = json::from_value(&rows.into()).map_err(malformed)?;
                self.observed.records.insert(name.clone(), records);
                self.has_read(Unit::Name { zone, name });
                Ok(())
            }
            Operation::ListPools { account } => {
                let rows = whole(open_page(reply, needs)?)?;
                let pools: Vec<Pool> = json::from_value(&rows.into()).map_err(malformed)?;
                self.observed.pools.insert(account.clone(), pools);
                self.has_read(Unit::Pools(account));
                Ok(())
            }
            Operation::ListMonitors { account } => {
                let rows = whole(open_page(reply, needs)?)?;
                let mut monitors = Vec::new();
                for row in &rows {
                    monitors.push(monitor(row)?);
                }
                self.observed.monitors.insert(account.clone(), monitors);
                self.has_read(Unit::Monitors(account));
                Ok(())
            }
            Operation::ListBalancers { zone, account } => {
                self.take_balancers(zone, &account, reply, needs)
            }
            Operation::ReadBack { takes, gives, .. } => {
                self.take_back(takes.into_iter().chain(gives), &open(reply, needs)?);
                Ok(())
            }
            operation => self.take_write(operation, ours, (reply, needs)),
        }
    }

    /// Decides by the pool as it is just after a lost reply. What is disabled now, we disabled: the
    /// pool was read just before the call too. What is enabled is not held; a call that is still on
    /// its way leaves its claim.
    fn take_back(&mut self, holds: impl Iterator<Item = Hold>, pool: &Pool) {
        for hold in holds {
            if holds::is_disabled(&hold, pool) {
                self.holds.insert(hold.clone());
                self.report.holds.claim(hold);
            } else if self.holds.remove(&hold) {
                self.report.holds.release(hold);
            }
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
        // Of the others only what lies over a name without records is looked at.
        let over = names.iter().flat_map(|name| wildcards(name, &zone));
        let kept = Set::of(names.iter().cloned().chain(over));
        let is_only = page == 1 && rows.len() < PER_PAGE;
        let untold =
            || ApiFailure::Malformed("it does not say how many records there are".to_owned());
        let total = total.or(is_only.then_some(rows.len())).ok_or_else(untold)?;
        let mut listing = self.pages.remove(&zone).unwrap_or_default();
        if page == 1 {
            listing = Listing { total, restarts: listing.restarts, ..Listing::default() };
        }
        if let Err(how) = listing.add(&rows, total, &kept)? {
            return self.read_again(zone, &listing, &how);
        }
        let is_whole = listing.read == total;
        let calls_left = self.allowance.calls.saturating_sub(self.report.calls);
        let calls_left = usize::try_from(calls_left).unwrap_or(usize::MAX);
        self.observed.records_total.insert(zone.clone(), total);
        // Pages that are shorter than asked for may be more than anybody reckoned with.
        let is_endless = !is_whole && page >= pages(total).max(PAGES_MAX);
        if is_endless || (page == 1 && is_by_name(total, names.len(), calls_left)) {
            for name in names {
                let operation = Operation::ListName { zone: zone.clone(), name };
                self.steps.push(Step::read(operation));
            }
            return Ok(());
        }
        if !is_whole {
            let operation = Operation::ListRecords { zone: zone.clone(), page: page + 1 };
            self.steps.push(Step::read(operation));
            self.pages.insert(zone, listing);
            return Ok(());
        }
        for name in &kept {
            self.observed.records.insert(name.clone(), Vec::new());
        }
        for name in names {
            self.has_read(Unit::Name { zone: zone.clone(), name });
        }
        for record in listing.records {
            if let Some(of_name) = self.observed.records.get_mut(&normal(&record.name)) {
                of_name.push(record);
            }
        }
        Ok(())
    }

    /// Begins a listing anew that changed between its pages. Errors: [`ApiFailure::NotWhole`] after
    /// [`RESTARTS_MAX`].
    fn read_again(&mut self, zone: String, listing: &Listing, how: &str) -> Result<(), ApiFailure> {
        if listing.restarts >= RESTARTS_MAX {
            let tries = RESTARTS_MAX.saturating_add(1);
            return Err(ApiFailure::NotWhole(format!("{how}, in {tries} tries")));
        }
        let restarts = listing.restarts.saturating_add(1);
        self.steps.push(Step::read(Operation::ListRecords { zone: zone.clone(), page: 1 }));
        self.pages.insert(zone, Listing { restarts, ..Listing::default() });
        Ok(())
    }

    fn take_balancers(
        &mut self,
        zone: String,
        account: &str,
        reply: &Reply,
        needs: &'static str,
    ) -> Result<(), ApiFailure> {
        let rows = whole(self.opened(&zone, reply, needs)?)?;
        // A balancer cannot be compared without the names of its pools.
        let Some(pools) = self.observed.pools.get(account) else { return Ok(()) };
        let mut balancers = Vec::new();
        for row in &rows {
            balancers.push(balancer(row, pools)?);
        }
        self.observed.balancers.insert(zone.clone(), balancers);
        self.has_read(Unit::Balancers(zone));
        Ok(())
    }
}

/// The pages of a zone's records that were read so far.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Those of names that we publish.
    records: Vec<Record>,
    /// The ids of all.
    ids: Set<String>,
    /// How many were read.
    read: usize,
    /// How many there are, by the first page.
    total: usize,
    /// How often it was begun anew.
    restarts: u32,
}

impl Listing {
    /// Adds a page that says that there are `total` records. How many rows a page has is the API's
    /// to decide, so the rows are counted. Returns in words how the list changed since its first
    /// page, if it did. Errors: a record of ours does not read.
    fn add(
        &mut self,
        rows: &[Value],
        total: usize,
        names: &Set<String>,
    ) -> Result<Result<(), String>, ApiFailure> {
        if total != self.total {
            return Ok(Err(format!("it had {} records on one page, {total} later", self.total)));
        }
        for row in rows {
            let id = text(row, "id");
            if !id.is_empty() && !self.ids.insert(id.to_owned()) {
                return Ok(Err(format!("record {id} is on two pages")));
            }
            if names.contains(&normal(text(row, "name"))) {
                self.records.push(json::from_value::<Record>(row).map_err(malformed)?);
            }
        }
        self.read = self.read.saturating_add(rows.len());
        let is_short = rows.is_empty() && self.read < total;
        if is_short || self.read > total {
            return Ok(Err(format!("it has {} records and says {total}", self.read)));
        }
        Ok(Ok(()))
    }
}

/// The rows of a list that the API gives in one page. Errors: it says that there are more.
fn whole((rows, total): (Vec<Value>, Option<usize>)) -> Result<Vec<Value>, ApiFailure> {
    match total {
        Some(total) if total != rows.len() => {
            Err(ApiFailure::NotWhole(format!("it has {} rows and says {total}", rows.len())))
        }
        _ => Ok(rows),
    }
}
