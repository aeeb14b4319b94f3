//! An isolate notes what happens to requests beside how they end.

use super::happenings::Of;
use super::isolate::Isolate;
use super::progress::AskReason;
use super::service::Permit;
use super::token::Token;
use crate::http::Problem;
use crate::passive::Seen;
use crate::residency::{CompiledRule, Mode};
use crate::steering::{ChosenBy, Refusal};
use crate::traffic::What;
use std::borrow::Cow;

impl Isolate {
    fn note(&mut self, service: usize, what: What, of: Of) {
        if let Some(mine) = self.services.get_mut(service) {
            mine.happenings.note(what, of);
        }
    }

    /// Notes that a request is sent, or that a further try is not granted.
    pub(super) fn note_sent(
        &mut self,
        service: usize,
        (reason, permit): (AskReason, Permit),
        how: ChosenBy,
    ) {
        let (what, of) = match (permit, reason) {
            (Permit::Unwanted, _) => return,
            (Permit::OverBudget, _) => (What::OverBudget, ""),
            (Permit::Granted, AskReason::First) => (What::Decided, how.as_str()),
            (Permit::Granted, AskReason::Late) => (What::Hedged, ""),
            (Permit::Granted, _) => (What::Retried, ""),
        };
        self.note(service, what, Cow::Borrowed(of));
    }

    /// Notes that a request is sent by a table that is stale.
    pub(super) fn note_stale(&mut self, service: usize) {
        self.note(service, What::Stale, Cow::Borrowed(""));
    }

    /// Notes a refusal of ours, with the rules that guard the request. Beside a try that is under
    /// way it reaches nobody.
    pub(super) fn note_refused(
        &mut self,
        service: Option<usize>,
        problem: Problem,
        rules: &[&CompiledRule],
    ) {
        let code = Cow::Borrowed(problem.code());
        let Some(service) = service else {
            return self.counted.without_service.note(What::Refused, code);
        };
        self.note(service, What::Refused, code);
        if problem != Problem::Refused(Refusal::NoPermittedRegion) {
            return;
        }
        for rule in rules.iter().filter(|rule| rule.mode == Mode::Strict) {
            let rule = Cow::Owned(rule.id.to_string());
            self.counted.without_service.note(What::RuledOut, rule);
        }
    }

    /// Notes that the body of an answer of a region did not come to its end.
    pub(super) fn note_lost_body(&mut self, service: usize, token: Token) {
        if let Some(region) = self.region_id(service, token) {
            self.note(service, What::BodyLost, region);
        }
    }

    /// Learns something of the region that a token names, and notes it if that opens its breaker.
    pub(super) fn learn(
        &mut self,
        service: usize,
        token: Token,
        learn: impl FnOnce(&mut Seen, Option<usize>),
    ) {
        let mine = self.services.get_mut(service);
        let Some((seen, origin)) = mine.and_then(|mine| mine.named_by(token)) else { return };
        let was_open = seen.breaker.is_open();
        learn(seen, origin);
        let has_opened = seen.breaker.is_open() && !was_open;
        if has_opened && let Some(region) = self.region_id(service, token) {
            self.note(service, What::BreakerOpened, region);
        }
    }

    fn region_id(&self, service: usize, token: Token) -> Option<Of> {
        let mine = self.services.get(service)?;
        let region = mine.regions.get(mine.region_of(token)?)?;
        Some(Cow::Owned(region.id.to_string()))
    }
}
