//! Cloudflare's own monitors: created for pools that we manage, and kept like ours.

use super::action::{Action, Change, Effect, Parent, Urgency};
use super::fields::{differences, names};
use super::{FieldChange, Planner};
use crate::cloudflare::desired::DesiredMonitor;
use crate::json::Shape;
use serde_json::Value;

impl Planner<'_> {
    pub(super) fn monitor(&mut self, wanted: &DesiredMonitor) {
        let Some(monitors) = self.observed.monitors.get(&wanted.account) else { return };
        let found = monitors.iter().find(|m| m.description.as_deref() == Some(&*wanted.name));
        let seen = found.map_or(Value::Null, |monitor| monitor.fields.write());
        let mut fields = differences(&wanted.fields.write(), &seen);
        if fields.is_empty() {
            return;
        }
        let reason = if found.is_some() {
            format!("set {} as in the config", names(&fields))
        } else {
            let to = Value::from(wanted.name.as_str());
            fields.push(FieldChange { name: "description".into(), from: Value::Null, to });
            "create it".to_owned()
        };
        self.plan.actions.push(Action {
            urgency: Urgency::Upkeep,
            service: None,
            change: Change::Fields {
                kind: "monitors",
                parent: Parent::Account(wanted.account.clone()),
                account: wanted.account.clone(),
                id: found.map(|monitor| monitor.id.clone()),
                name: wanted.name.clone(),
                fields,
            },
            reason,
            effect: Effect::default(),
        });
    }
}
