//! How one question about a request is answered.

use super::asked::{Asked, BadFacts};
use super::cookies::{Cookies, wrote};
use super::forwarded;
use super::isolate::Isolate;
use super::outcome::{Brought, Said, Why};
use super::refresh::Refresh;
use super::step::{HOPS_MAX, Step, Try, upload_ms};
use super::ways::{Token, Way};
use crate::http::{ADMIN_PREFIX, Audience, Problem, refusal};
use crate::residency::{CompiledRule, normalise};
use crate::routes::{Serving, Table};
use crate::steering::client_key::ClientKey;
use crate::steering::stable_hash::StableHash;
use crate::steering::{
    ChosenBy, Decision, Evidence, KvPin, Refusal, RequestFacts, decide, is_safe, needs_pin,
};
use crate::time::{Millis, Timestamp};

/// What the KV keys of tenants begin with.
const TENANT_PREFIX: &str = "tenant:";
/// The soonest that a request can be called late: below it the clock says nothing.
const LATE_MS_MIN: Millis = 5;

/// One question: a request, and what the shell says about it.
struct Question<'q> {
    table: &'q Table,
    asked: &'q Asked<'q>,
    said: &'q Said<'q>,
    now: Timestamp,
}

impl Isolate {
    /// Answers one question.
    pub fn decide(&mut self, question: &str, pin: Option<&str>, now: Timestamp) -> Step {
        let names = self.names.clone();
        let asked = match Asked::parse(question, pin, self.version, &names) {
            Ok(asked) => asked,
            Err(BadFacts::Outdated) => {
                return Step::Facts { version: self.version, names: names.to_vec() };
            }
            Err(BadFacts::Malformed) => return self.refuse(Problem::BadRequest, None, &[]),
        };
        if asked.target.path.starts_with(ADMIN_PREFIX) {
            return Step::Surface;
        }
        let said = asked.said;
        if asked.hops >= HOPS_MAX {
            return self.refuse(Problem::Loop, Some(&asked), &[]);
        }
        let refresh = if said.why == Why::First { self.looks.next(now) } else { Refresh::No };
        let has_looked = said.brought == Brought::Table;
        let Some(table) = self.table.clone().filter(|_| has_looked || refresh != Refresh::First)
        else {
            let nobody_knows = has_looked && self.table.is_none();
            if nobody_knows {
                return self.refuse(Problem::NoRoutes, Some(&asked), &[]);
            }
            return Step::Table;
        };
        let question = Question { table: &table, asked: &asked, said: &said, now };
        let mut step = self.answer(&question, refresh == Refresh::Behind);
        if let Step::Refuse { refresh: is_due, .. } = &mut step {
            *is_due = refresh == Refresh::Behind;
        }
        step
    }

    fn answer(&mut self, question: &Question<'_>, refresh: bool) -> Step {
        let Question { table, asked, said, now } = *question;
        let serving = table.service(&asked.target.host);
        let mine = serving.and_then(|s| Some((self.services.get(s.index)?, s)));
        let header = |name: &str| asked.header(name).map(str::to_owned);
        let cookies = serving
            .map(|serving| Cookies::read(asked.header("cookie"), serving, self.key.as_ref(), now));
        let cookies = cookies.unwrap_or_default();
        let mut facts = RequestFacts {
            path: asked.target.path,
            method: asked.method,
            header: &header,
            country: asked.country,
            location: asked.place,
            colo: asked.colo,
            client: serving.and_then(|serving| client(serving, asked.client)),
            pinned_region: cookies.pinned.as_ref().map(|(region, _)| region.as_str()),
            wrote_just_now: cookies.wrote,
            seed: asked.seed(),
            now,
            ..RequestFacts::new(&asked.target.host)
        };
        let missing = needs_pin(table, &facts);
        let pin = match (said.brought, &missing) {
            (_, None) | (Brought::NoPin, _) => None,
            (Brought::Pin(text), Some(_)) => Some(text.map(|text| table.read_pin(text, now))),
            (_, Some(tenant)) => return Step::Pin(format!("{TENANT_PREFIX}{tenant}")),
        };
        facts.kv_pin = match &pin {
            // A pin that does not read pins somewhere that nobody knows.
            None | Some(Some(None)) => KvPin::Unread,
            Some(None) => KvPin::Absent,
            Some(Some(Some(pin))) => KvPin::Is(pin),
        };
        let evidence = mine.map_or_else(Evidence::default, |(mine, serving)| {
            mine.evidence(serving, asked.country)
        });
        let decision = decide(table, &facts, &evidence);
        match (decision.service, decision.refusal) {
            (Some(service), None) => {
                let step = self.send(question, service, &decision, &cookies, refresh);
                step.unwrap_or_else(|| self.give_up(question, service, &decision))
            }
            (_, refusal) => {
                if matches!(refusal, Some(Refusal::NoUsableRegion | Refusal::NoPrimary)) {
                    // Whoever is refused should be served as soon as anybody knows better.
                    self.looks.doubt();
                }
                let problem = refusal.map_or(Problem::NoRoutes, Problem::Refused);
                self.refuse_by(problem, question, decision.service, &decision.rules())
            }
        }
    }

    /// Sends the request on; `None` where there is no way left, or none may be gone.
    fn send(
        &mut self,
        question: &Question<'_>,
        service: &Serving,
        decision: &Decision<'_>,
        cookies: &Cookies,
        refresh: bool,
    ) -> Option<Step> {
        let Question { table, asked, said, now } = *question;
        let version = self.version;
        let mine = self.services.get_mut(service.index)?;
        let left = mine.ways_left(service, asked, said, &decision.regions);
        let way = *left.first()?;
        if !self.counts.note(said.why, mine.may_go(said, service, &way, now)) {
            return None;
        }
        if decision.how == ChosenBy::Fastest && said.why == Why::First {
            mine.incumbents.insert(asked.country, way.region.index);
        }
        // Nobody is hurried on to a region that fails.
        let is_last =
            !left.iter().skip(1).any(|way| !mine.is_left_alone(way.region.failover_index));
        let left_ms = service.timeout_ms.saturating_sub(said.elapsed_ms);
        let wait_ms = if is_last { left_ms } else { service.try_timeout_ms.min(left_ms) };
        let seen = mine.seen.get_mut(way.region.failover_index).filter(|_| wait_ms > 0)?;
        seen.outstanding.begin(now);
        let late_ms = seen.late_after.millis().filter(|_| service.proxy.hedge && !is_last);
        let trial = mine.trial(service, version, now);
        let is_stale = self.is_stale(table, now);
        self.counts.stale += u64::from(is_stale);
        let answer_headers =
            self.answer_headers(question, service, &way, decision, cookies, is_stale);
        Some(Step::Try(Box::new(Try {
            token: Token::of(version, service, &way),
            url: [way.origin, asked.target.path_and_query].concat(),
            trail: [said.trail, " ", way.origin].concat(),
            wait_ms: wait_ms.saturating_add(upload_ms(asked.body)),
            late_ms: late_ms.map(|ms| ms.max(LATE_MS_MIN)).filter(|ms| *ms < wait_ms),
            refresh,
            trial,
            keep_s: is_public(asked, service).then_some(service.proxy.stale_for_s.get()),
            timing: service.proxy.debug_headers.then(|| timing(&way)),
            request_headers: forwarded::headers(asked, table).into(),
            answer_headers,
        })))
    }

    fn answer_headers(
        &self,
        question: &Question<'_>,
        service: &Serving,
        way: &Way<'_>,
        decision: &Decision<'_>,
        cookies: &Cookies,
        is_stale: bool,
    ) -> Vec<(&'static str, String)> {
        let Question { asked, said, now, .. } = *question;
        let mut headers = Vec::new();
        if service.proxy.debug_headers {
            headers.push(("x-pointsman", mark(way, decision.how, said.tries(), is_stale)));
        } else if is_stale {
            headers.push(("x-pointsman", "stale".to_owned()));
        }
        let key = self.key.as_ref();
        let stays = cookies.affinity(way.region, service, key, now);
        let wrote = wrote(way.region, service, key, now).filter(|_| !is_safe(asked.method));
        headers.extend(stays.into_iter().chain(wrote).map(|cookie| ("set-cookie", cookie)));
        headers
    }

    /// There is no way left: what the client gets.
    fn give_up(
        &mut self,
        question: &Question<'_>,
        service: &Serving,
        decision: &Decision<'_>,
    ) -> Step {
        let problem = match question.said.why {
            Why::Failed | Why::PushedBack => return Step::Answer,
            Why::Late => return Step::Wait,
            Why::First | Why::TimedOut => Problem::TimedOut,
            Why::Unreachable => Problem::Unreachable,
            Why::Invalid => Problem::BadRequest,
        };
        // A write that met a failover. Nobody knows whether it was done, so it is not made again;
        // the client may, when there is a primary.
        let is_known = problem == Problem::BadRequest;
        let is_write = service.primary.is_some() && !is_safe(question.asked.method) && !is_known;
        let problem = if is_write { Problem::Refused(Refusal::NoPrimary) } else { problem };
        self.refuse_by(problem, question, Some(service), &decision.rules())
    }

    fn refuse_by(
        &mut self,
        problem: Problem,
        question: &Question<'_>,
        service: Option<&Serving>,
        rules: &[&CompiledRule],
    ) -> Step {
        let asked = question.asked;
        let mut step = self.refuse(problem, Some(asked), rules);
        if let Step::Refuse { response, or_stale, .. } = &mut step {
            let is_public = service.is_some_and(|service| is_public(asked, service));
            *or_stale = is_public && matches!(response.status, 502..=504);
        }
        step
    }

    fn refuse(
        &mut self,
        problem: Problem,
        asked: Option<&Asked<'_>>,
        rules: &[&CompiledRule],
    ) -> Step {
        let code = problem.code();
        self.counts.refused.insert_if_absent(code, 0);
        self.counts.refused.get_mut(code).into_iter().for_each(|count| *count += 1);
        let id = asked.map_or("", |asked| asked.id);
        let audience = asked.map_or(Audience::Programs, Asked::audience);
        Step::Refuse {
            response: refusal(problem, rules, id, audience),
            or_stale: false,
            refresh: false,
        }
    }
}

/// What `X-Pointsman` says.
fn mark(way: &Way<'_>, how: ChosenBy, tried: usize, is_stale: bool) -> String {
    let mut text = ["region=", way.region.entry.id.as_str(), "; reason=", how.as_str()].concat();
    if tried > 0 {
        text.push_str("; try=");
        text.push_str(&tried.saturating_add(1).to_string());
    }
    if is_stale {
        text.push_str("; stale");
    }
    text
}

fn timing(way: &Way<'_>) -> String {
    ["origin;desc=\"", way.region.entry.id.as_str(), "\""].concat()
}

/// What stands for the client, where a decision may go by it. The address itself goes no further.
fn client(service: &Serving, address: &str) -> Option<StableHash> {
    let key = service.shares.then(|| ClientKey::of_address(service.id.as_str(), address));
    key.flatten().map(ClientKey::hash)
}

/// Whether the answer is one that may be kept and given to others.
fn is_public(asked: &Asked<'_>, service: &Serving) -> bool {
    let paths = &service.proxy.stale_paths;
    if paths.is_empty() || asked.method != "GET" {
        return false;
    }
    let path = normalise(asked.target.path);
    path.is_some_and(|path| paths.iter().any(|public| public.matches(&path)))
}
