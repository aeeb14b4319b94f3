//! What the next pass at Cloudflare would do.
//!
//! It is the pass's own plan with the pass's own guards, made from the account as the last pass
//! left it. What another tool did since is not seen, and what would be done anyway is not named.

use crate::cloudflare::{
    Action, Change, Desired, DesiredBalancer, Plan, Readings, Withheld, WithheldReason, desired,
    plan,
};
use crate::controller::circumstances;
use crate::ordered::Set;
use crate::time::Timestamp;
use crate::view::View;

/// What an order changes at Cloudflare, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outlook {
    /// What is done at once.
    pub(super) changes: Vec<String>,
    /// What is not done at once, and why: a guard, or somebody who must act first.
    pub(super) withheld: Vec<String>,
}

impl Outlook {
    /// What differs between two views for a pass at `at`; `None` if the account is not known.
    pub(super) fn of(
        before: &View<'_>,
        after: &View<'_>,
        seen: &Readings,
        at: Timestamp,
    ) -> Option<Self> {
        if seen.is_empty() {
            return None;
        }
        let (was, _) = planned(before, seen, at);
        let (is, desired) = planned(after, seen, at);
        let known = Set::of(was.actions.iter().map(ToString::to_string));
        let new = is.actions.iter().filter(|action| !known.contains(&action.to_string()));
        let changes = new.map(|action| in_words(action, &desired)).collect();
        let is_new = |it: &&Withheld| {
            let is_known = |other: &Withheld| other.what == it.what && other.why == it.why;
            !is_told_of_all(it.why) && !was.withheld.iter().any(is_known)
        };
        let withheld = is.withheld.iter().filter(is_new);
        let withheld = withheld.map(|it| format!("not at once: {it}")).collect();
        Some(Self { changes, withheld })
    }
}

fn planned(view: &View<'_>, seen: &Readings, at: Timestamp) -> (Plan, Desired) {
    let desired = desired(view);
    let circumstances = circumstances(view.config, view.state, at);
    let holds = &view.state.actuation.holds;
    (plan(&desired, seen.account(), holds, &circumstances), desired)
}

/// Whether one sentence about all changes says it.
fn is_told_of_all(why: WithheldReason) -> bool {
    matches!(why, WithheldReason::Halted | WithheldReason::ObserverDoubt)
}

/// A change in words; the fields of a load balancer would say little.
fn in_words(action: &Action, desired: &Desired) -> String {
    if let Change::Fields { kind: "load_balancers", name, .. } = &action.change
        && let Some(balancer) = desired.balancers.iter().find(|it| it.name == *name)
    {
        return format!("{}: {}", action.what(), order_of(balancer));
    }
    action.to_string()
}

/// What a load balancer should have, in words.
pub(super) fn order_of(balancer: &DesiredBalancer) -> String {
    let pools = balancer.fields.as_ref().and_then(|fields| fields.default_pools.as_ref());
    match pools {
        Some(pools) => format!("pools in the order {}", pools.join(", ")),
        None => "no pool is lawful".to_owned(),
    }
}
