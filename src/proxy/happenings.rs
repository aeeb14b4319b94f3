//! What an isolate counts beside how requests end: which way regions are chosen, refusals, further
//! tries, breakers.
//!
//! On the way of a request a count is a search in a short list. Once a minute the lists of all
//! services are added up for the next report.

use super::isolate::Isolate;
use super::progress::AskReason;
use super::service::Permit;
use super::token::Token;
use crate::http::Problem;
use crate::ids::ServiceId;
use crate::ordered::Map;
use crate::passive::Seen;
use crate::residency::{CompiledRule, Mode};
use crate::steering::{ChosenBy, Refusal};
use crate::traffic::{HAPPENED_MAX, Happened, What};
use std::borrow::Cow;

/// To what something happened, or how; empty where there is nothing to tell apart.
type Of = Cow<'static, str>;

/// Counts of one service, or of requests that have none.
#[derive(Debug, Default)]
pub(super) struct Happenings(Map<(What, Of), u64>);

impl Happenings {
    pub(super) fn note(&mut self, what: What, of: Of) {
        let key = (what, of);
        match self.0.get_mut(&key) {
            Some(count) => *count = count.saturating_add(1),
            None => self.0.insert_if_absent(key, 1),
        }
    }
}

/// The counts of all services that nobody was told.
#[derive(Debug, Default)]
pub(super) struct AllHappenings(Map<(What, Option<ServiceId>, Of), u64>);

impl AllHappenings {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds those of a service, which begin anew. Beyond [`HAPPENED_MAX`] nothing new is counted.
    pub(super) fn take(&mut self, service: Option<&ServiceId>, some: &mut Happenings) {
        for ((what, of), count) in std::mem::take(&mut some.0) {
            let key = (what, service.cloned(), of);
            if let Some(known) = self.0.get_mut(&key) {
                *known = known.saturating_add(count);
            } else if self.0.len() < HAPPENED_MAX {
                self.0.insert(key, count);
            }
        }
    }

    /// All of them, for a report. They begin anew.
    pub(super) fn tell(&mut self) -> Vec<Happened> {
        let all = std::mem::take(&mut self.0).into_iter();
        let told = all.map(|((what, service, of), count)| {
            let of = Some(of.into_owned()).filter(|of| !of.is_empty());
            Happened { what, service, of, count }
        });
        told.collect()
    }
}

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
            self.note(service, What::RuledOut, Cow::Owned(rule.id.to_string()));
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
