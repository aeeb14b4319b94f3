//! What failovers took away from record sets: what is added to it, and what is over.

use super::{AppliedAction, Reconcile};
use crate::cloudflare::desired::Switch;
use crate::cloudflare::plan::{
    Action, Change, Moved, Plan, Urgency, brought_in, counted, is_return, taken_away,
};
use crate::ordered::Set;

impl Reconcile {
    /// Notes a change that the API has confirmed.
    pub(super) fn done(&mut self, action: &Action) {
        let moved = &self.circumstances.moved;
        let report = &mut self.report;
        if let Change::Records { zone, .. } = &action.change {
            let counted = u32::try_from(counted(action, moved)).unwrap_or(u32::MAX);
            let before = report.zone_changes.get(zone).copied().unwrap_or(0);
            report.zone_changes.insert(zone.clone(), before.saturating_add(counted));
            if action.urgency == Urgency::Failover {
                add(&mut report.moved, &action.what(), taken_away(action));
            } else if is_return(action, moved) {
                add(&mut report.returned, &action.what(), brought_in(action));
            }
        }
        report.applied.push(AppliedAction {
            what: action.to_string(),
            service: action.service.clone(),
            urgency: action.urgency,
            effect: action.effect.clone(),
            at: self.heard_at,
        });
    }

    /// What was taken away and need not be brought back: it is no longer permitted or published, or
    /// is up while nothing is left to do about its record set.
    pub(super) fn end_what_is_back(&mut self, plan: &Plan) {
        for (set, contents) in self.circumstances.moved.iter() {
            let mut records = self.desired.records.iter();
            let wanted = records.find(|wanted| format!("{} {}", wanted.name, wanted.kind) == *set);
            let is_read = wanted.is_none_or(|it| self.observed.records.contains_key(&it.name));
            let is_left = plan.actions.iter().any(|action| action.what() == *set)
                || plan.withheld.iter().any(|withheld| is_about(&withheld.what, set));
            let is_over = |content: &&String| match wanted.and_then(|it| it.permitted.get(*content))
            {
                None => true,
                Some(member) => !is_left && member.switch == Switch::Enable,
            };
            if is_read {
                let over = contents.iter().filter(is_over).cloned().collect();
                add(&mut self.report.returned, set, over);
            }
        }
    }
}

/// Whether what is withheld is a change of a record set, or the set itself.
fn is_about(what: &str, set: &str) -> bool {
    what.strip_prefix(set).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

fn add(to: &mut Moved, set: &str, contents: Set<String>) {
    if contents.is_empty() {
        return;
    }
    match to.get_mut(set) {
        Some(known) => known.extend(contents),
        None => {
            to.insert(set.to_owned(), contents);
        }
    }
}
