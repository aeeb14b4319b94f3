//! Holds of a pass: which ones an action needs before it is carried out, and which ones are over.

use crate::cloudflare::observed::Observed;
use crate::cloudflare::plan::{Action, Change, WHOLE_POOL};
use crate::hold::Hold;
use serde_json::Value;

/// The holds that must be recorded before an action.
pub(super) fn taken(action: &Action) -> Vec<Hold> {
    switched(action, false)
}

/// Holds for what the action enables (`to` is true) or disables.
pub(super) fn switched(action: &Action, to: bool) -> Vec<Hold> {
    let hold = |account: &String, pool: &String, address: &str| Hold {
        account: account.clone(),
        pool: pool.clone(),
        address: address.to_owned(),
    };
    match &action.change {
        Change::Origins { account, name, edits, .. } => edits
            .iter()
            .filter(|(_, edit)| edit.enabled == Some(to))
            .map(|(address, _)| hold(account, name, address))
            .collect(),
        Change::Fields { kind: "pools", id: Some(_), account, name, fields, .. } => fields
            .iter()
            .filter(|field| field.name == "enabled" && field.to == Value::Bool(to))
            .map(|_| hold(account, name, WHOLE_POOL))
            .collect(),
        Change::Records { .. } | Change::Fields { .. } => Vec::new(),
    }
}

/// Whether the origin or pool of a hold is enabled again, or gone.
pub(super) fn is_over(hold: &Hold, observed: &Observed) -> bool {
    if !observed.pools.contains_key(&hold.account) {
        return false;
    }
    let mut pools = observed.pools_of(&hold.account).iter();
    // If it comes back, somebody else created it, and it is not ours to enable.
    let Some(pool) = pools.find(|pool| pool.name == hold.pool) else { return true };
    if hold.address == WHOLE_POOL {
        return pool.enabled;
    }
    pool.origins_at(&hold.address).all(|origin| origin.enabled)
}
