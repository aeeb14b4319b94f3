//! What one isolate keeps between requests, and how it learns.

use super::counted::Counted;
use super::judged::Judged;
use super::news::News;
use super::notes::Notes;
use super::progress::AskReason;
use super::recall::Recall;
use super::refresh::Looks;
use super::service::{Permit, SeenService, limits};
use super::token::{Numbers, Token};
use super::try_end::{TryEnd, classify};
use super::wire::TryReport;
use crate::config::Proxying;
use crate::fingerprint::Fingerprint;
use crate::ordered::Map;
use crate::passive::{FinishedTry, TryOutcome};
use crate::routes::{BadRoutes, Serving, Table};
use crate::secret::Secret;
use crate::steering::token::SigningKey;
use crate::time::{Millis, SECOND, Timestamp};
use std::rc::Rc;

/// The header that the operator's token belongs in.
pub(super) const AUTHORIZATION: &str = "authorization";

/// Everything that one isolate knows.
#[derive(Debug, Default)]
pub struct Isolate {
    pub(super) table: Option<Rc<Table>>,
    fingerprint: Option<Fingerprint>,
    /// The headers that the table looks at.
    pub(super) names: Rc<Vec<String>>,
    /// How often those headers have changed.
    pub(super) version: u32,
    numbers: Option<Numbers>,
    /// In the order of the table.
    pub(super) services: Vec<SeenService>,
    pub(super) looks: Looks,
    pub(super) news: News,
    pub(super) key: Option<SigningKey>,
    /// What no service may see of ours.
    pub(super) secrets: Vec<Secret>,
    pub(super) notes: Notes,
    pub(super) counts: Counts,
    pub(super) counted: Counted,
    /// Decisions that may serve for more than one request.
    pub(super) recall: Recall,
    /// How a service stood that was asked about last.
    pub(super) judged: Option<Judged>,
}

/// What happened since the isolate began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were sent to an origin.
    pub requests: u64,
    /// Tries after the first ones.
    pub retries: u64,
    /// Late requests that were sent to another region as well.
    pub hedges: u64,
    /// Retries and hedges that the retry budget did not grant.
    pub over_budget: u64,
    /// Answers whose body a region did not send to its end.
    pub bodies_lost: u64,
    /// Requests that were decided by an old table.
    pub stale: u64,
    /// Requests that were refused, by the code of the problem.
    pub refused: Map<&'static str, u64>,
}

impl Counts {
    /// Counts a try that is sent, or a retry that is not. Returns whether it is sent.
    pub(super) fn note(&mut self, reason: AskReason, permit: Permit) -> bool {
        let count = match (permit, reason) {
            (Permit::Unwanted, _) => return false,
            (Permit::OverBudget, _) => &mut self.over_budget,
            (Permit::Granted, AskReason::First) => &mut self.requests,
            (Permit::Granted, AskReason::Late) => &mut self.hedges,
            (Permit::Granted, _) => &mut self.retries,
        };
        *count += 1;
        permit == Permit::Granted
    }
}

impl Isolate {
    /// Takes the text of a table from KV, or from the Controller. What was seen of its regions
    /// stays. Returns whether it is a new one. Errors: the text does not parse; the last table
    /// stays.
    pub fn take(&mut self, text: &str, now: Timestamp) -> Result<bool, BadRoutes> {
        self.looks.read(now);
        let fingerprint = Fingerprint::of(text.as_bytes());
        if self.fingerprint == Some(fingerprint) {
            return Ok(false);
        }
        let table = Table::parse(text)?;
        // Two reads can overlap, and the older one can end last. A date that is ahead of the clock
        // says nothing, and must not keep out what comes later.
        let made = |table: &Table| (table.as_of, table.generation);
        let is_older = |known: &Rc<Table>| made(known) > made(&table) && !known.is_ahead(now);
        if self.table.as_ref().is_some_and(is_older) {
            return Ok(false);
        }
        self.fingerprint = Some(fingerprint);
        self.note_oddities(&table, now);
        self.install(table, now);
        Ok(true)
    }

    /// Notes that KV did not answer, or has no table. What there is stays in use.
    pub fn load_failed(&mut self, now: Timestamp) {
        self.looks.failed(now);
    }

    /// Takes a table that was compiled from the last good config, if there is no table yet.
    pub fn take_made(&mut self, table: Table, now: Timestamp) {
        if self.table.is_none() {
            self.install(table, now);
        }
    }

    /// Notes what is odd about a new table and does not keep it from being used.
    fn note_oddities(&mut self, table: &Table, now: Timestamp) {
        let as_of = table.as_of.to_string();
        if table.is_ahead(now) {
            let ahead_s = table.as_of.since(now) / SECOND;
            self.notes.add(&["ahead", &as_of], || {
                format!(
                    "the routes are of {as_of}, {ahead_s} s ahead of this clock; they are stale"
                )
            });
        }
        let odd = table.odd_origins;
        if odd > 0 {
            self.notes.add(&["odd origins", &table.generation.to_string()], || {
                format!("the routes have {odd} origins that are no URL; they are left out")
            });
        }
    }

    /// Takes the secrets that must not be in a request to a service.
    pub fn take_secrets(&mut self, secrets: Vec<Secret>) {
        let is_guarded = !secrets.is_empty();
        let was_guarded = !std::mem::replace(&mut self.secrets, secrets).is_empty();
        if let Some(table) = self.table.clone().filter(|_| is_guarded != was_guarded) {
            self.look_at(&table);
        }
    }

    /// What the log should say, once.
    #[must_use]
    pub fn notes(&mut self) -> Vec<String> {
        self.notes.take()
    }

    /// Takes the key that signs cookies.
    pub fn take_key(&mut self, key: Option<SigningKey>) {
        if key.is_some() != self.key.is_some() {
            self.recall.forget();
        }
        self.key = key;
    }

    /// Whether there is a table.
    #[must_use]
    pub fn has_table(&self) -> bool {
        self.table.is_some()
    }

    /// Whether decisions rest on an old table: KV could not be read, or nothing wrote a newer one.
    pub(super) fn is_stale(&self, table: &Table, now: Timestamp) -> bool {
        self.looks.is_stale(now) || table.is_stale(now)
    }

    /// What happened since the isolate began.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn install(&mut self, table: Table, now: Timestamp) {
        self.end_minute();
        self.recall.forget();
        let old = self.table.take();
        let before = std::mem::take(&mut self.services);
        let old = old.as_ref().map(|old| old.services()).unwrap_or_default();
        let numbers = self.numbers.get_or_insert_with(|| Numbers::from_clock(now.millis()));
        for serving in table.services() {
            let mut known = before.iter().zip(old);
            let known = known.find(|(service, _)| service.id == serving.id);
            let mut service = SeenService::of(serving, known, numbers);
            if let Some((_, old)) = known {
                service.look_at_returned(old, serving, now);
            }
            self.services.push(service);
        }
        self.look_at(&table);
        self.table = Some(Rc::new(table));
    }

    /// Looks at the headers that this table needs. Questions must then have their values.
    fn look_at(&mut self, table: &Table) {
        let mut names = table.headers();
        let has_tokens = table.admin.as_ref().is_some_and(|admin| !admin.tokens.is_empty());
        if has_tokens || !self.secrets.is_empty() {
            names.insert(AUTHORIZATION.to_owned());
        }
        let names: Vec<String> = names.into_iter().collect();
        if *self.names != names {
            self.names = Rc::new(names);
            self.version = self.version.wrapping_add(1);
        }
    }

    /// The service that a token names, in the table of now.
    pub(super) fn service_of<'t>(
        &self,
        table: Option<&'t Rc<Table>>,
        token: Token,
    ) -> Option<&'t Serving> {
        let index = self.services.iter().position(|service| service.number == token.service)?;
        table?.services().get(index)
    }

    /// Folds in how a try ended. Returns why the shell should ask again, if it should.
    ///
    /// The table may have changed meanwhile. If it has lost the region, nothing is learned, and the
    /// request goes on. If it has lost the service, its keys are lost too, and the defaults say
    /// whether the answer is one to retry on.
    pub fn ended(&mut self, report: &TryReport) -> Option<AskReason> {
        let TryReport { token, end, took_ms, now, due } = *report;
        let table = self.table.clone();
        let service = self.service_of(table.as_ref(), token);
        let (outcome, reason) = match (end, service) {
            // Of a region that is being stopped, and no failure that counts against it.
            (TryEnd::Answered { status: 500 | 503, .. }, Some(service))
                if self.is_leaving(service, token) =>
            {
                (TryOutcome::Unknown, Some(AskReason::Failed))
            }
            (TryEnd::Answered { status, retry_after_s }, Some(service)) => {
                classify(status, retry_after_s, &service.proxy)
            }
            (TryEnd::Answered { status, retry_after_s }, None) => {
                classify(status, retry_after_s, &Proxying::default())
            }
            (TryEnd::Unreachable, _) => (TryOutcome::Silent, Some(AskReason::Unreachable)),
            (TryEnd::Invalid, _) => (TryOutcome::Unknown, Some(AskReason::Invalid)),
            (TryEnd::TimedOut, _) => (TryOutcome::Silent, Some(AskReason::TimedOut)),
            (TryEnd::Unsent, _) => (TryOutcome::Silent, Some(AskReason::Unsent)),
            (TryEnd::ClientSilent, _) => (TryOutcome::Unknown, Some(AskReason::ClientSilent)),
        };
        if outcome == TryOutcome::Silent {
            self.looks.doubt();
        }
        if outcome != TryOutcome::Served {
            self.unsettle(service);
        }
        self.turn_minute(now);
        if let Some(service) = service
            && let Some(ended) = self.count_try((service.index, token), end, took_ms)
            && reason.is_none()
        {
            self.count_answer(service.index, ended, took_ms);
        }
        if let Some(service) = service {
            let began = Timestamp::from_millis(now.millis().saturating_sub(took_ms));
            self.learn(service.index, token, |seen, origin| {
                seen.end(FinishedTry { outcome, origin, began, due, now }, limits(&service.proxy));
            });
        }
        reason
    }

    /// Notes that something was learned by which a decision about the service may come out
    /// otherwise.
    pub(super) fn unsettle(&mut self, service: Option<&Serving>) {
        if let Some(mine) = service.and_then(|service| self.services.get_mut(service.index)) {
            mine.learned = mine.learned.wrapping_add(1);
        }
    }

    /// Whether a try went to a region that its service leaves as planned.
    fn is_leaving(&self, service: &Serving, token: Token) -> bool {
        let mine = self.services.get(service.index);
        mine.and_then(|mine| mine.region_of(token))
            .is_some_and(|at| service.candidates.get(at).is_some_and(|region| region.entry.leaving))
    }

    /// Folds in how a trial ended. One that takes longer than a client's try may take has not
    /// passed: it would bring back clients who then wait in vain.
    pub fn trial_ended(&mut self, token: Token, has_passed: bool, took_ms: Millis, now: Timestamp) {
        let table = self.table.clone();
        let Some(service) = self.service_of(table.as_ref(), token) else { return };
        let has_passed = has_passed && took_ms <= service.try_timeout_ms;
        self.unsettle(Some(service));
        let mine = self.services.get_mut(service.index);
        if let Some((seen, origin)) = mine.and_then(|mine| mine.named_by(token)) {
            seen.breaker.trial_ended(has_passed, now);
            if !has_passed {
                seen.silent_origin = origin.or(seen.silent_origin);
            }
        }
    }
}
