//! Which decisions are remembered, and whether one still stands.

use super::answer::client;
use super::body::Body;
use super::instruction::Try;
use super::isolate::Isolate;
use super::progress::{AskReason, Fetched};
use super::question::Question;
use super::recall::{RECALL_MS, Remembered};
use super::refresh::Refresh;
use super::service::{Permit, SeenService};
use super::threshold::is_in_url;
use super::upstream::Upstream;
use crate::config::{Policy, Resume};
use crate::http::{Whose, parse_target, whose};
use crate::residency::TenantSource;
use crate::routes::{Serving, Table};
use crate::steering::{ChosenBy, is_safe};
use crate::time::Timestamp;

impl Isolate {
    /// Remembers a decision, if requests that differ in path and id alone would get the same.
    /// Returns its number.
    pub(super) fn remember(
        &mut self,
        (table, question): (&Table, &Question<'_>),
        service: &Serving,
        (upstream, how): (&Upstream<'_>, ChosenBy),
        sent: &Try,
        now: Timestamp,
    ) -> Option<u32> {
        let mine = self.services.get(service.index)?;
        let is_quiet = mine.is_quiet() && !self.is_stale(table, now);
        if !is_quiet
            || !is_of_many(question, sent)
            || !is_known_by_facts(table, service, question, now)
        {
            return None;
        }
        let site = question.url.strip_suffix(question.target.path_and_query)?;
        let law_until = table.law_until(now).unwrap_or(Timestamp::from_millis(u64::MAX));
        let learned = mine.learned;
        Some(self.recall.keep(|number| Remembered {
            number,
            site: site.to_owned(),
            service: service.index,
            region: (upstream.region.failover_index, upstream.region.index),
            country: question.country,
            how,
            wait_ms: sent.wait_ms,
            learned,
            made: now,
            until: now.plus(RECALL_MS).min(law_until),
        }))
    }

    /// Whether a remembered decision serves for a request for this URL. If it does, the request
    /// counts as sent; if not, it has to be asked about in full.
    pub fn recalled(&mut self, number: u32, url: &str, now: Timestamp) -> bool {
        self.turn_minute(now);
        self.count_recalled(number, url, now).is_some()
    }

    fn count_recalled(&mut self, number: u32, url: &str, now: Timestamp) -> Option<()> {
        let it = self.recall.find(number)?;
        let table = self.table.as_ref()?;
        let stands = it.made <= now && now < it.until && !self.is_stale(table, now);
        let is_due = self.looks.clone().next_for_request(now) != Refresh::No;
        let is_theirs = stands && !is_due && is_of_site(url, &it.site);
        if !is_theirs || is_in_url(&self.secrets, url) {
            return None;
        }
        let (service, region, how, country) = (it.service, it.region, it.how, it.country);
        let (wait_ms, learned) = (it.wait_ms, it.learned);
        let mine = self.services.get_mut(service).filter(|mine| mine.learned == learned)?;
        mine.seen.get_mut(region.0)?.begin(now.plus(wait_ms), now);
        mine.budget.first(now);
        if how == ChosenBy::Fastest {
            mine.incumbents.insert(country, region.1);
        }
        self.counted.country = self.counted.country.or(country);
        let sent = (AskReason::First, Permit::Granted);
        self.note_sent(service, sent, how);
        self.counts.note(sent.0, sent.1);
        Some(())
    }
}

impl SeenService {
    /// Whether no region of the service is left alone, and none waits for a trial.
    fn is_quiet(&self) -> bool {
        !self.seen.iter().any(|seen| seen.breaker.is_open())
    }
}

/// Whether a URL is one of the site, in the very letters, and of no page of ours.
fn is_of_site(url: &str, site: &str) -> bool {
    let Some(rest) = url.strip_prefix(site) else { return false };
    parse_target(url)
        .is_some_and(|target| target.path_and_query == rest && whose(target.path) == Whose::Theirs)
}

/// Whether the try is an ordinary one, as nearly all are: nothing was tried or fetched before,
/// there is no body, and nothing beside it is to be done.
fn is_of_many(question: &Question<'_>, sent: &Try) -> bool {
    let progress = &question.progress;
    let is_first = progress.reason == AskReason::First && progress.elapsed_ms == 0;
    let is_plain = is_safe(question.method) && question.body == Body::None;
    let has_more = sent.refresh || sent.late_ms.is_some() || sent.trial.is_some();
    is_first
        && progress.fetched == Fetched::Nothing
        && is_plain
        && !has_more
        && sent.keep_s.is_none()
}

/// Whether the decision rests on nothing that another request with the same facts, of another path
/// and another id, has otherwise.
fn is_known_by_facts(
    table: &Table,
    service: &Serving,
    question: &Question<'_>,
    now: Timestamp,
) -> bool {
    let tenancy = service.tenancy.as_ref();
    let is_tenant_in_path = tenancy.is_some_and(|tenancy| {
        tenancy.kv || matches!(tenancy.source, TenantSource::PathSegment(_))
    });
    let looks_at_path = is_tenant_in_path
        || !service.proxy.stale_paths.is_empty()
        || table.book(now).law.looks_at_paths(&question.target.host);
    // Who has no key is shared out by the id of the request.
    let is_by_chance = service.steering.policy == Policy::LeastOutstanding
        || (service.shares && client(service, question.client).is_none());
    let keeps_a_diary = service.proxy.resume == Resume::SameVersion || service.proxy.hedge;
    !looks_at_path && !is_by_chance && !keeps_a_diary
}
