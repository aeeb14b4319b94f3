//! How one question about a request is answered.

use super::body::Body;
use super::cookies::{Cookies, wrote};
use super::counting::{refused, relayed};
use super::forwarded;
use super::instruction::{HOPS_MAX, Instruction, Try};
use super::isolate::Isolate;
use super::news::NEWS_IN_NEED_MS;
use super::pins::pin_key;
use super::progress::{AskReason, Fetched, Progress};
use super::question::{BadQuestion, Question};
use super::refresh::Refresh;
use super::replay::{attempts, sending};
use super::resume::{download_key, is_resumed};
use super::upstream::Upstream;
use crate::http::{Audience, Problem, is_idempotent, refusal};
use crate::passive::Seen;
use crate::residency::{CompiledRule, normalise};
use crate::routes::{Serving, Table};
use crate::steering::client_key::ClientKey;
use crate::steering::stable_hash::StableHash;
use crate::steering::{
    ChosenBy, Decision, Evidence, KvPin, Refusal, RequestFacts, decide_first, is_safe, needs_pin,
};
use crate::time::Timestamp;

/// What one question is decided by.
struct QuestionCase<'q> {
    table: &'q Table,
    question: &'q Question<'q>,
    /// The service that has the host.
    serving: Option<&'q Serving>,
    now: Timestamp,
}

impl Isolate {
    /// Answers one question. `text` is as [`super::wire`] describes it, and `pin` is KV's value
    /// for the tenant, if the text says that KV was asked.
    pub fn instruct(&mut self, text: &str, pin: Option<&str>, now: Timestamp) -> Instruction {
        self.turn_minute(now);
        let names = self.names.clone();
        let question = match Question::parse(text, pin, self.version, &names) {
            Ok(question) => question,
            Err(BadQuestion::Outdated) => {
                return Instruction::Headers { version: self.version, names: names.to_vec() };
            }
            Err(BadQuestion::Malformed) => return self.refuse(Problem::BadRequest, None),
        };
        if let Some(instruction) = self.at_the_threshold(&question, now) {
            return instruction;
        }
        if question.hops >= HOPS_MAX {
            return self.refuse(Problem::Loop, Some(&question));
        }
        let progress = question.progress;
        let is_first = progress.reason == AskReason::First;
        let refresh = if is_first { self.looks.next_for_request(now) } else { Refresh::No };
        let has_loaded = progress.fetched == Fetched::Table;
        let Some(table) = self.table.clone().filter(|_| has_loaded || refresh != Refresh::First)
        else {
            let is_in_vain = has_loaded && self.table.is_none();
            if is_in_vain {
                return self.refuse(Problem::NoRoutes, Some(&question));
            }
            return Instruction::LoadTable;
        };
        let serving = table.service(&question.target.host);
        let case = QuestionCase { table: &table, question: &question, serving, now };
        let mut instruction = self.answer(&case, refresh == Refresh::Behind);
        self.count_end(&case, &instruction);
        if let Instruction::Respond { refresh: is_due, .. } = &mut instruction {
            *is_due = refresh == Refresh::Behind;
        }
        instruction
    }

    /// Counts the request, if this instruction ends it.
    fn count_end(&mut self, case: &QuestionCase<'_>, instruction: &Instruction) {
        let QuestionCase { question, serving, .. } = *case;
        let Progress { reason, elapsed_ms, .. } = question.progress;
        let ended = match instruction {
            // Beside a try that is under way, nothing has ended.
            _ if reason == AskReason::Late => None,
            Instruction::Relay => relayed(reason),
            Instruction::Respond { response, .. } => Some(refused(response.status)),
            _ => None,
        };
        let (Some(ended), Some(service)) = (ended, serving) else { return };
        self.count_answer(service.index, ended, elapsed_ms);
    }

    fn answer(&mut self, case: &QuestionCase<'_>, refresh: bool) -> Instruction {
        let QuestionCase { table, question, serving, now } = *case;
        self.counted.country = self.counted.country.or(question.country);
        let header = |name: &str| question.header(name).map(str::to_owned);
        let cookies = serving.map(|serving| {
            Cookies::read(question.header("cookie"), serving, self.key.as_ref(), now)
        });
        let cookies = cookies.unwrap_or_default();
        let mut facts = RequestFacts {
            path: question.target.path,
            method: question.method,
            header: &header,
            country: question.country,
            subdivision: question.subdivision,
            location: question.location,
            colo: question.colo,
            client: serving.and_then(|serving| client(serving, question.client)),
            pinned_region: cookies.pinned.as_ref().map(|(region, _)| region.as_str()),
            wrote_just_now: cookies.wrote,
            seed: question.seed(),
            now,
            ..RequestFacts::new(&question.target.host)
        };
        let missing = needs_pin(table, &facts);
        let pin = match (question.progress.fetched, &missing) {
            (_, None) | (Fetched::PinUnavailable, _) => None,
            (Fetched::Pin(text), Some(tenant)) => {
                Some(text.map(|text| self.read_pin(table, tenant, text, now)))
            }
            (_, Some(tenant)) => return Instruction::ReadPin(pin_key(tenant)),
        };
        facts.kv_pin = match &pin {
            // A pin that does not parse still pins the tenant, to a place that nobody knows.
            None | Some(Some(None)) => KvPin::Unread,
            Some(None) => KvPin::Absent,
            Some(Some(Some(pin))) => KvPin::Is(pin),
        };
        let mine = serving.and_then(|s| Some((self.services.get(s.index)?, s)));
        let evidence = mine.map_or_else(Evidence::default, |(mine, serving)| {
            mine.evidence(serving, question.country)
        });
        let wanted = serving.map_or(1, |serving| attempts(&serving.proxy));
        let decision = decide_first(table, &facts, &evidence, wanted);
        match (decision.service, decision.refusal) {
            (Some(service), None) => {
                if self.is_resumed_elsewhere(case, service, &decision, &facts, &cookies) {
                    return self.do_not_resume(case, service, &decision);
                }
                let sent = self.send(case, service, &decision, &cookies, refresh);
                sent.unwrap_or_else(|| self.give_up(case, service, &decision))
            }
            // The table has changed since the request was sent. What came of it is the client's, as
            // long as no law speaks against it.
            (_, Some(refusal))
                if question.progress.reason.has_response() && !refusal.is_of_law() =>
            {
                Instruction::Relay
            }
            (_, refusal) => {
                if matches!(refusal, Some(Refusal::NoUsableRegion | Refusal::NoPrimary)) {
                    // A client that is refused should be served as soon as there is a better table.
                    self.wants_news();
                }
                let problem = refusal.map_or(Problem::NoRoutes, Problem::Refused);
                self.refuse_by(problem, case, decision.service, &decision.rules())
            }
        }
    }

    /// Sends the request to the best origin that is left. `None` if none is left, or if a further
    /// try is not allowed.
    fn send(
        &mut self,
        case: &QuestionCase<'_>,
        service: &Serving,
        decision: &Decision<'_>,
        cookies: &Cookies,
        refresh: bool,
    ) -> Option<Instruction> {
        let QuestionCase { table, question, now, .. } = *case;
        let progress = &question.progress;
        let mine = self.services.get_mut(service.index)?;
        let left = mine.upstreams_left(service, question, &decision.regions);
        let upstream = *left.first()?;
        let permit = mine.permit(progress, service, &upstream, now);
        self.note_sent(service.index, (progress.reason, permit), decision.how);
        if !self.counts.note(progress.reason, permit) {
            return None;
        }
        let mine = self.services.get_mut(service.index)?;
        if decision.how == ChosenBy::Fastest && progress.reason == AskReason::First {
            mine.incumbents.insert(question.country, upstream.region.index);
        }
        let wait_ms = Some(mine.wait_ms(progress, service, &left)).filter(|ms| *ms > 0)?;
        // A body is never under way to two regions at once.
        let late_ms = mine.late_ms(service, &left, wait_ms).filter(|_| question.body == Body::None);
        let token = mine.token(&upstream)?;
        let seen = mine.seen.get_mut(upstream.region.failover_index)?;
        let is_silent = seen.is_silent(NEWS_IN_NEED_MS, now);
        seen.begin(now.plus(wait_ms), now);
        if let Some(key) = download_key(question, service) {
            match progress.reason {
                // Two regions are asked now, and the faster one answers.
                AskReason::Late => mine.downloads.forget(key),
                _ => mine.downloads.note(key, upstream.region.failover_index, now),
            }
        }
        let trial = mine.trial(service, now);
        if is_silent && service.primary.is_some() && !is_safe(question.method) {
            // The primary may be cut off. Whether another one was promoted is known long before
            // the first of these writes is given up.
            self.wants_news();
        }
        let is_stale = self.is_stale(table, now);
        if is_stale {
            self.counts.stale += 1;
            self.note_stale(service.index);
        }
        let answer_headers =
            self.answer_headers(case, service, &upstream, decision, cookies, is_stale);
        let asked = upstream.asked(question.target.path_and_query);
        // The first promotion has an epoch above all generations before it.
        let epoch = service.epoch.unwrap_or(table.generation);
        let mut sent = Try {
            token,
            url: asked.url,
            trail: [progress.trail, " ", upstream.origin].concat(),
            wait_ms,
            late_ms,
            refresh,
            trial,
            keep_s: keep_s(question, service),
            timing: service.proxy.debug_headers.then(|| timing(&upstream)),
            request_headers: forwarded::headers(question, epoch, asked.resolve.as_deref()).into(),
            answer_headers,
            sending: sending(question, &service.proxy, decision),
            body_idle_ms: service.proxy.body_idle_timeout_ms(),
            rename: service.proxy.rewrite_origin_host,
            resolve: asked.resolve,
            recall: None,
        };
        let chosen = (&upstream, decision.how);
        sent.recall = self.remember((table, question), service, chosen, &sent, now);
        Some(Instruction::Send(Box::new(sent)))
    }

    /// Whether a request resumes a download that began in another region than the one that it would
    /// be sent to.
    fn is_resumed_elsewhere(
        &self,
        case: &QuestionCase<'_>,
        service: &Serving,
        decision: &Decision<'_>,
        facts: &RequestFacts<'_>,
        cookies: &Cookies,
    ) -> bool {
        let QuestionCase { table, question, now, .. } = *case;
        let Some(key) = download_key(question, service).filter(|_| is_resumed(question)) else {
            return false;
        };
        let Some(mine) = self.services.get(service.index) else { return false };
        let left = mine.upstreams_left(service, question, &decision.regions);
        let Some(next) = left.first().map(|next| next.region.failover_index) else { return false };
        let pinned = || {
            let (pinned, _) = cookies.pinned.as_ref()?;
            service.candidates.iter().position(|region| region.entry.id == *pinned)
        };
        let undisturbed = || {
            let seen: Vec<Seen> = mine.seen.iter().map(Seen::with_a_closed_breaker).collect();
            let evidence = mine.evidence(service, question.country);
            let decision = decide_first(table, facts, &Evidence { seen: &seen, ..evidence }, 1);
            decision.regions.first().map(|region| region.failover_index)
        };
        let began = mine.downloads.region(key, now).or_else(pinned).or_else(undisturbed);
        began.is_some_and(|began| began != next)
    }

    /// Gives the client what there is instead of bytes of another region, which may be of another
    /// version.
    fn do_not_resume(
        &mut self,
        case: &QuestionCase<'_>,
        service: &Serving,
        decision: &Decision<'_>,
    ) -> Instruction {
        match case.question.progress.reason {
            AskReason::First
            | AskReason::Unreachable
            | AskReason::Unsent
            | AskReason::TimedOut
            | AskReason::BadStatus => {
                let rules = decision.rules();
                self.refuse_by(Problem::ResumedElsewhere, case, Some(service), &rules)
            }
            AskReason::Failed
            | AskReason::PushedBack
            | AskReason::Misdirected
            | AskReason::Late
            | AskReason::Invalid
            | AskReason::ClientSilent => self.give_up(case, service, decision),
        }
    }

    fn answer_headers(
        &self,
        case: &QuestionCase<'_>,
        service: &Serving,
        upstream: &Upstream<'_>,
        decision: &Decision<'_>,
        cookies: &Cookies,
        is_stale: bool,
    ) -> Vec<(&'static str, String)> {
        let QuestionCase { question, now, .. } = *case;
        let mut headers = Vec::new();
        if service.proxy.debug_headers {
            headers.push((
                "x-pointsman",
                mark(upstream, decision.how, question.progress.tries(), is_stale),
            ));
        } else if is_stale {
            headers.push(("x-pointsman", "stale".to_owned()));
        }
        let key = self.key.as_ref();
        let stays = cookies.affinity(upstream.region, service, key, now);
        let wrote = wrote(upstream.region, service, key, now).filter(|_| !is_safe(question.method));
        headers.extend(stays.into_iter().chain(wrote).map(|cookie| ("set-cookie", cookie)));
        headers
    }

    /// Asks for a later table soon: with this one a client was not served.
    fn wants_news(&mut self) {
        self.looks.doubt();
        self.news.need();
    }

    /// No try is left: what the client gets.
    fn give_up(
        &mut self,
        case: &QuestionCase<'_>,
        service: &Serving,
        decision: &Decision<'_>,
    ) -> Instruction {
        let is_write = service.primary.is_some() && !is_safe(case.question.method);
        if is_write && case.question.progress.reason != AskReason::PushedBack {
            // No other region may take it, until a table says that one was promoted.
            self.wants_news();
        }
        let problem = match case.question.progress.reason {
            AskReason::Failed | AskReason::PushedBack => return Instruction::Relay,
            AskReason::Late => return Instruction::Wait,
            AskReason::First | AskReason::TimedOut => Problem::TimedOut,
            AskReason::Unreachable | AskReason::Unsent => Problem::Unreachable,
            AskReason::BadStatus => Problem::BadStatus,
            AskReason::Invalid => Problem::BadRequest,
            AskReason::ClientSilent => Problem::ClientSilent,
            // Clients repeat a request at once after 421, whatever its method.
            AskReason::Misdirected if is_idempotent(case.question.method) => {
                return Instruction::Relay;
            }
            AskReason::Misdirected => Problem::Misdirected,
        };
        // A write during a failover that reached no origin. Had it been sent, the primary might
        // have done it, and a 503 would say that it did not: then 502 and 504 stay.
        let is_undone =
            matches!(case.question.progress.reason, AskReason::First | AskReason::Unsent);
        let is_refused = is_write && is_undone;
        let problem = if is_refused { Problem::Refused(Refusal::NoPrimary) } else { problem };
        self.refuse_by(problem, case, Some(service), &decision.rules())
    }

    fn refuse_by(
        &mut self,
        problem: Problem,
        case: &QuestionCase<'_>,
        service: Option<&Serving>,
        rules: &[&CompiledRule],
    ) -> Instruction {
        let question = case.question;
        let mut instruction = self.refuse_for(service, problem, Some(question), rules);
        if let Instruction::Respond { response, or_stale, .. } = &mut instruction {
            let may_be = service.is_some_and(|service| may_be_kept_answer(question, service));
            *or_stale = may_be && matches!(response.status, 502..=504);
        }
        instruction
    }

    /// Refuses a request that no service is looked up for.
    pub(super) fn refuse(
        &mut self,
        problem: Problem,
        question: Option<&Question<'_>>,
    ) -> Instruction {
        self.refuse_for(None, problem, question, &[])
    }

    fn refuse_for(
        &mut self,
        service: Option<&Serving>,
        problem: Problem,
        question: Option<&Question<'_>>,
        rules: &[&CompiledRule],
    ) -> Instruction {
        if question.is_none_or(|question| question.progress.reason != AskReason::Late) {
            self.note_refused(service.map(|service| service.index), problem, rules);
        }
        let code = problem.code();
        self.counts.refused.insert_if_absent(code, 0);
        self.counts.refused.get_mut(code).into_iter().for_each(|count| *count += 1);
        let id = question.map_or("", |question| question.id);
        let audience = question.map_or(Audience::Programs, Question::audience);
        Instruction::Respond {
            response: refusal(problem, rules, id, audience),
            or_stale: false,
            refresh: false,
        }
    }
}

/// The value of `X-Pointsman`.
fn mark(upstream: &Upstream<'_>, how: ChosenBy, tried: usize, is_stale: bool) -> String {
    let mut text =
        ["region=", upstream.region.entry.id.as_str(), "; reason=", how.as_str()].concat();
    if tried > 0 {
        text.push_str("; try=");
        text.push_str(&tried.saturating_add(1).to_string());
    }
    if is_stale {
        text.push_str("; stale");
    }
    text
}

fn timing(upstream: &Upstream<'_>) -> String {
    ["origin;desc=\"", upstream.region.entry.id.as_str(), "\""].concat()
}

/// A hash that stands for the client, if the service's steering needs one. The address itself goes
/// no further.
pub(super) fn client(service: &Serving, address: &str) -> Option<StableHash> {
    let key = service.shares.then(|| ClientKey::of_address(service.id.as_str(), address));
    key.flatten().map(ClientKey::hash)
}

/// For how many seconds the answer may be kept and given to other clients; 0 if it makes what was
/// kept invalid, because the request is a write (RFC 9111 §4.4).
fn keep_s(question: &Question<'_>, service: &Serving) -> Option<u32> {
    let keep_s = match question.method {
        "GET" => service.proxy.stale_for_s.get(),
        method if is_safe(method) => return None,
        _ => 0,
    };
    is_public(question, service).then_some(keep_s)
}

/// Whether a kept answer may be given: one to `GET` answers `HEAD` too (RFC 9110 §9.3.2).
fn may_be_kept_answer(question: &Question<'_>, service: &Serving) -> bool {
    matches!(question.method, "GET" | "HEAD") && is_public(question, service)
}

/// Whether answers of this path are for everybody.
fn is_public(question: &Question<'_>, service: &Serving) -> bool {
    let paths = &service.proxy.stale_paths;
    if paths.is_empty() {
        return false;
    }
    let path = normalise(question.target.path);
    path.is_some_and(|path| paths.iter().any(|public| public.matches(&path)))
}
