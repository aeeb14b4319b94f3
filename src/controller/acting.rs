//! What people do and ask.

use super::Controller;
use crate::json;
use crate::order::{Act, ActRefusal, ActReply, ActRequest, Acted, Query, RefusalCode};
use crate::time::Timestamp;

impl Controller {
    /// Does what a person asks for, or says why not; a refusal changes nothing.
    pub fn act(&mut self, request: &ActRequest, now: Timestamp) -> ActReply {
        let done = self.done(request, now);
        self.settle(now);
        done.into()
    }

    fn done(&mut self, request: &ActRequest, now: Timestamp) -> Result<Acted, ActRefusal> {
        match &request.act {
            Act::Compare {} => {
                if !request.is_dry {
                    self.compare_soon();
                }
                let changes = vec!["the account is compared with what should be there".to_owned()];
                Ok(Acted { changes, is_dry: request.is_dry, ..Acted::default() })
            }
            Act::Acknowledge { incident } => self.take_incident(incident, request, now),
            Act::PushConfig { .. } | Act::RollBack { .. } => self.put_config(request, now),
            Act::TakeBack { record } => self.take_back(request, record, now),
            Act::TestAlert { receiver } => {
                self.test_alert(receiver.as_deref(), request.is_dry, now)
            }
            _ => Err(ActRefusal::new(RefusalCode::Invalid, "this build does not do that")),
        }
    }

    /// The document that a person asks for; `None` where there is none.
    #[must_use]
    pub fn page(&self, query: &Query, now: Timestamp) -> Option<String> {
        match query {
            Query::Incidents {} => Some(self.incidents_page(now)),
            Query::Incident { id } => self.incident_page(id, now),
            Query::Orders {} => Some(json::write_pretty(&self.state.orders)),
            Query::Audit { from } => Some(self.audit_page(*from)),
            Query::ConfigHistory {} => Some(self.config_history()),
            Query::Config { revision } => self.config_page(*revision),
            _ => None,
        }
    }
}
