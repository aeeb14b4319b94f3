//! Holds of a pass: which ones an action needs before it is carried out, which ones are over, and
//! which claims are proved.
//!
//! A call that disables something begins with a claim. The claim becomes a hold when the reply
//! shows the change. If the reply is lost, the pool is read back at once: what is disabled then, we
//! disabled. If that read fails as well, or our process ends before, a later read decides by the
//! API's `disabled_at`: no later than the end of the call is our change, anything else is not. To
//! be wrong on this side leaves an origin disabled, and says so; on the other side it would enable
//! what a person disabled.

use crate::cloudflare::observed::{Observed, Pool};
use crate::cloudflare::plan::{Action, Change, WHOLE_POOL, Withheld, WithheldReason};
use crate::hold::{Claim, Hold};
use crate::time::Timestamp;
use serde_json::Value;

/// What the account says about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing yet.
    Open,
    /// Our call did it.
    Ours,
    /// It is disabled, and nothing shows that our call did it.
    Doubtful,
    /// Enabled, or gone.
    Over,
}

/// The holds for what an action disables, or with `to` for what it enables.
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

/// Whether the origin or pool of a hold is enabled again, or gone. If it comes back, somebody else
/// created it, and it is not ours to enable.
pub(super) fn is_over(hold: &Hold, observed: &Observed) -> bool {
    observed.pools.contains_key(&hold.account) && disabled(hold, observed).is_none()
}

/// What the account says about a claim in a pass that began at `now`.
pub(super) fn found(claim: &Claim, observed: &Observed, now: Timestamp) -> Found {
    if !observed.pools.contains_key(&claim.hold.account) {
        return Found::Open;
    }
    match disabled(&claim.hold, observed) {
        // The call may still arrive.
        None if now <= claim.until && !claim.is_doubtful => Found::Open,
        None => Found::Over,
        Some(Disabled { since: Some(at) }) if !claim.is_doubtful && at <= claim.until => {
            Found::Ours
        }
        Some(_) => Found::Doubtful,
    }
}

/// Whether the origin or pool of a hold is disabled in a pool.
pub(super) fn is_disabled(hold: &Hold, pool: &Pool) -> bool {
    disabled_in(hold, pool).is_some()
}

/// Reports a doubtful claim.
pub(super) fn told(claim: &Claim, observed: &Observed) -> Withheld {
    let Hold { pool, address, .. } = &claim.hold;
    let what = match address.as_str() {
        WHOLE_POOL => format!("pool {pool}: enable it"),
        address => format!("pool {pool}: enable {address}"),
    };
    let since = match disabled(&claim.hold, observed).and_then(|disabled| disabled.since) {
        Some(at) => format!("since {at}"),
        None => "since an instant that the API does not tell".to_owned(),
    };
    let because = format!(
        "it is disabled {since}. Pointsman began a call about it at {} and got no reply, and \
         nothing shows that this call disabled it, so it counts as disabled by a person and stays \
         so. Enable it in the dashboard if nobody wants it off",
        claim.begun
    );
    Withheld { what, why: WithheldReason::Unproved, because }
}

/// Something that is disabled.
struct Disabled {
    /// Since when, if the API says.
    since: Option<Timestamp>,
}

/// Whether and since when the origin or pool of a hold is disabled.
fn disabled(hold: &Hold, observed: &Observed) -> Option<Disabled> {
    let mut pools = observed.pools_of(&hold.account).iter();
    disabled_in(hold, pools.find(|pool| pool.name == hold.pool)?)
}

fn disabled_in(hold: &Hold, pool: &Pool) -> Option<Disabled> {
    let at = if hold.address == WHOLE_POOL {
        Some(&pool.disabled_at).filter(|_| !pool.enabled)?
    } else {
        let mut disabled = pool.origins_at(&hold.address).filter(|origin| !origin.enabled);
        &disabled.next()?.disabled_at
    };
    let since = at.as_ref().and_then(|at| Timestamp::try_from(at.clone()).ok());
    Some(Disabled { since })
}
