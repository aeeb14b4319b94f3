//! What people do and ask.

use super::Controller;
use crate::documents::RecoveryPage;
use crate::journal::{Event, EventKind, WHY_BYTES_MAX, plain_words};
use crate::json;
use crate::order::{
    Act, ActRefusal, ActReply, ActRequest, Acted, KEY_BYTES_MAX, KEYS_MAX, Query, RefusalCode,
    Remembered,
};
use crate::time::Timestamp;
use std::borrow::Cow;

/// Longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 500;

impl Controller {
    /// Does what a person asks for, or says why not; a refusal changes nothing. What looks like an
    /// e-mail address in the reason is replaced before anything keeps or tells it.
    pub fn act(&mut self, request: &ActRequest, now: Timestamp) -> ActReply {
        let done = check(request).and_then(|()| self.done(&plain(request), now));
        self.settle(now);
        done.into()
    }

    /// The same request under the same key is done once.
    fn done(&mut self, request: &ActRequest, now: Timestamp) -> Result<Acted, ActRefusal> {
        if let Some(known) = self.state.remembered.iter().find(|known| known.is_of(request, now)) {
            if known.asked == Remembered::asked(request) {
                return Ok(known.acted.clone());
            }
            let problem = "the same key was used for another request; take a new one";
            return Err(ActRefusal::conflict(problem));
        }
        let acted = self.carry_out(request, now)?;
        self.remember_act(request, &acted, now);
        Ok(acted)
    }

    fn carry_out(&mut self, request: &ActRequest, now: Timestamp) -> Result<Acted, ActRefusal> {
        match &request.act {
            Act::Drain { .. }
            | Act::Override { .. }
            | Act::Outage { .. }
            | Act::Corruption { .. }
            | Act::Halt { .. }
            | Act::Switch { .. }
            | Act::Maintenance { .. } => self.order(request, now),
            Act::Lift { order } => self.lift(*order, request, now),
            Act::Compare {} => Ok(self.compare(request, now)),
            Act::Acknowledge { incident } => self.take_incident(incident, request, now),
            Act::PushConfig { .. } | Act::RollBack { .. } => self.put_config(request, now),
            Act::TakeBack { record } => self.take_back(request, record, now),
            Act::Approve { service }
            | Act::Abort { service }
            | Act::FailBack { service, .. }
            | Act::Confirm { service, .. }
            | Act::Drill { service, .. } => self.recover(service, request, now),
            Act::TestAlert { receiver } => {
                self.test_alert(receiver.as_deref(), request.is_dry, now)
            }
        }
    }

    /// A dry run does nothing, so there is nothing to remember of it.
    fn remember_act(&mut self, request: &ActRequest, acted: &Acted, now: Timestamp) {
        let remembered = &mut self.state.remembered;
        remembered.retain(|known| !known.is_over(now));
        let Some(key) = request.key.clone().filter(|_| !request.is_dry) else { return };
        let (who, asked) = (request.who.clone(), Remembered::asked(request));
        remembered.push(Remembered { who, key, at: now, asked, acted: acted.clone() });
        let excess = remembered.len().saturating_sub(KEYS_MAX);
        remembered.drain(..excess);
    }

    fn compare(&mut self, request: &ActRequest, now: Timestamp) -> Acted {
        if !request.is_dry {
            self.compare_soon();
            self.tell_act(request, now);
        }
        let changes = vec!["the account is compared with what should be there".to_owned()];
        Acted { changes, is_dry: request.is_dry, ..Acted::default() }
    }

    /// Tells what was done at once.
    pub(super) fn tell_act(&mut self, request: &ActRequest, now: Timestamp) {
        let event = Event::new(EventKind::Acted, request.act.to_string(), now);
        self.news.tell(event.because(request.reason.clone()).by(request.who.clone()));
    }

    /// How services recover.
    #[must_use]
    pub fn recovery_page(&self, now: Timestamp) -> RecoveryPage {
        RecoveryPage::of(&self.state.recoveries, now)
    }

    /// The document that a person or a proxy asks for; `None` where there is none.
    #[must_use]
    pub fn page(&mut self, query: &Query, now: Timestamp) -> Option<String> {
        match query {
            Query::Incidents {} => Some(json::write_pretty(&self.incident_index(now))),
            Query::Incident { id } => self.incident_page(id, now).map(|it| json::write_pretty(&it)),
            Query::Drills {} => Some(json::write_pretty(&self.drill_index(now))),
            Query::Drill { id } => self.drill_page(id, now).map(|it| json::write_pretty(&it)),
            Query::Orders {} => Some(json::write_pretty(&self.state.orders)),
            Query::Audit { from } => Some(json::write_pretty(&self.audit_page(*from))),
            Query::ConfigHistory {} => Some(json::write_pretty(&self.config_history())),
            Query::Config { revision } => self.config_page(*revision),
            Query::Contracts {} => Some(json::write_pretty(&self.contracts(now))),
            Query::Trends {} => Some(json::write_pretty(&self.trends(now))),
            Query::Region { id } => self.region_page(id, now).map(|it| json::write_pretty(&it)),
            Query::Recovery {} => Some(json::write_pretty(&self.recovery_page(now))),
            Query::Metrics {} => Some(self.metrics(now)),
            Query::Routes { than, report } => {
                if let Some(report) = report {
                    self.hear_traffic(report, now);
                }
                Some(json::write(&self.news_for_proxies(*than, now)))
            }
        }
    }
}

/// The request without personal data in its reason. Whatever keeps the reason, which is the order,
/// the state, incidents, the audit chain, alerts and the log, has it from here.
fn plain(request: &ActRequest) -> Cow<'_, ActRequest> {
    let reason = plain_words(&request.reason, WHY_BYTES_MAX);
    if reason == request.reason {
        return Cow::Borrowed(request);
    }
    Cow::Owned(ActRequest { reason, ..request.clone() })
}

/// Whether the request as such makes sense.
fn check(request: &ActRequest) -> Result<(), ActRefusal> {
    let invalid = |problem: String| Err(ActRefusal::new(RefusalCode::Invalid, problem));
    if plain_words(&request.reason, WHY_BYTES_MAX).is_empty()
        || request.reason.len() > REASON_BYTES_MAX
    {
        return invalid(format!("a reason is needed, of at most {REASON_BYTES_MAX} bytes"));
    }
    if request.reason.chars().any(char::is_control) {
        return invalid("the reason has control characters".to_owned());
    }
    let key = request.key.as_deref();
    if key.is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
        return invalid(format!("a key has 1 to {KEY_BYTES_MAX} bytes"));
    }
    Ok(())
}
