//! `A` and `AAAA` of one name are one decision.
//!
//! A client that has both takes either, so a name whose sets name two regions has clients in both:
//! in one that is down, or in one that its own operator left. The `A` set decides, because every
//! region has IPv4 addresses and not every one has IPv6. The `AAAA` set says the IPv6 addresses of
//! the same origins, whatever keeps the `A` set where it is; it is empty while they have none. Then
//! the name has no IPv6 address, which every client copes with, and the set comes back with the
//! region. Both changes are equally urgent, pass the guards together or not at all, and are one
//! call, which the API carries out whole or not at all.

use super::Planner;
use super::action::{Action, Change, Effect, Urgency};
use super::records::{ChosenContents, listed};
use crate::cloudflare::desired::DesiredRecords;
use crate::config::RecordKind;
use crate::ordered::Set;

impl Planner<'_> {
    /// Notes what a set says after this plan, if others follow it.
    pub(super) fn says(&mut self, wanted: &DesiredRecords, contents: &Set<String>) {
        if wanted.kind == RecordKind::A {
            self.said.insert(wanted.name.clone(), contents.clone());
        }
    }

    /// What a set must say because another one of its name decides. `None` if none does: there is
    /// no other, it is not ours, a person moves both, or it says what no origin of ours has.
    pub(super) fn followed(&self, wanted: &DesiredRecords) -> Option<ChosenContents> {
        let follows = wanted.follows.as_ref().filter(|_| !wanted.manual)?;
        let said = self.said.get(&wanted.name)?;
        let mut contents = Set::new();
        for content in said {
            contents.extend(follows.get(content)?.iter().cloned());
        }
        contents.retain(|content| wanted.permitted.contains_key(content));
        let reason = if contents.is_empty() {
            format!(
                "answer nothing, because what the A records name ({}) has no IPv6",
                listed(said)
            )
        } else {
            format!("answer {}, as the A records name {}", listed(&contents), listed(said))
        };
        Some(ChosenContents { contents, reason })
    }

    /// Makes a change as urgent as that of the set that it follows. If that one stays, something
    /// else moved this one, and it comes back.
    pub(super) fn follow(&self, present: &Set<String>, action: &mut Action) {
        let leads = |other: &&Action| other.goes_with(action) && other.urgency != Urgency::Upkeep;
        match self.plan.actions.iter().find(leads) {
            _ if action.urgency == Urgency::Law => {}
            Some(leader) => {
                action.urgency = leader.urgency;
                action.effect = leader.effect.clone();
            }
            None => {
                if present.is_empty() {
                    action.urgency = Urgency::Restore;
                }
                let Effect { serving, .. } = &mut action.effect;
                *serving = serving.take().filter(|regions| !regions.is_empty());
            }
        }
    }
}

impl Action {
    /// Whether both are changes of records of one name, so that neither may happen alone.
    pub(in crate::cloudflare) fn goes_with(&self, other: &Self) -> bool {
        match (&self.change, &other.change) {
            (
                Change::Records { zone, name, .. },
                Change::Records { zone: other_zone, name: other_name, .. },
            ) => zone == other_zone && name == other_name && self.service == other.service,
            _ => false,
        }
    }
}

/// Actions in units that happen together: neighbours of one name that are equally urgent.
pub(in crate::cloudflare) fn units(actions: Vec<Action>) -> Vec<Vec<Action>> {
    let mut units: Vec<Vec<Action>> = Vec::new();
    for action in actions {
        let last = units.last_mut().filter(|unit| {
            unit.iter().all(|other| other.goes_with(&action) && other.urgency == action.urgency)
        });
        match last {
            Some(unit) => unit.push(action),
            None => units.push(vec![action]),
        }
    }
    units
}
