//! Cron runs: rounds, and the probes that they make, with the time that these take.
//!
//! The runtime opens six connections at once, so a probe waits for a free one, and the clock of a
//! probe begins when it has one. Controls are asked first, and the public name last.

use super::answers::outcome;
use super::facts::OriginIs;
use super::queue::{Asked, Due};
use super::script::Meets;
use super::world::World;
use crate::cloudflare::model::text;
use crate::config::{Control, ExpectedResponse};
use crate::health::{ProbeOutcome, classify, fields_of};
use crate::ids::RegionId;
use crate::target::Target;
use crate::tick::{
    Aside, CONTROL_TIMEOUT_MS, ControlResult, PROBES_AT_ONCE, Probe, ProbeResult, PublicAnswer,
    PublicCheck, RoundReply, RoundRequest, RunId,
};
use crate::time::{MINUTE, Millis, Timestamp};

/// How late a run begins.
const LATE_MS: Millis = 300;
/// From a request of a run until it has the Controller's reply.
const REPLY_MS: Millis = 10;
/// How long a control takes to answer.
const CONTROL_MS: Millis = 20;

impl World<'_> {
    /// The minute of a run has come.
    pub(super) fn cron(&mut self) {
        let run = self.now;
        self.queue.add(run.plus(MINUTE), Due::Cron);
        if !self.facts.has_cron(run) {
            return;
        }
        let request = RoundRequest::first(run, run);
        self.queue.add(run.plus(LATE_MS), Due::Round(request));
    }

    /// A run begins that stands in for cron.
    pub(super) fn stand_in(&mut self, run: RunId) {
        let request = RoundRequest::of(run, self.now);
        self.queue.add(self.now.plus(REPLY_MS), Due::Round(request));
    }

    /// A run asks for its next round.
    pub(super) fn round(&mut self, mut request: RoundRequest) {
        request.now = self.now.plus(self.facts.clock_ahead_ms(request.run));
        if let Some(ahead_ms) = self.clock.hear(&mut request, self.now) {
            let text = format!("its clock is {ahead_ms} ms ahead, and is not believed");
            self.tell("run", text);
        }
        if request.round == 0
            && let Some(text) = self.kv.get(crate::config::KEY).cloned()
        {
            self.controller.offer_config(&text, request.now);
        }
        let reply = self.controller.round(&request).reply;
        self.after_turn();
        let RoundReply::Probe { wait_ms, probes, controls, check, .. } = reply else {
            return self.take_up_reconcile();
        };
        let (run, round) = (request.id(), request.round);
        let asked = Asked { run, round, probes, controls, check };
        self.queue.add(self.now.plus(REPLY_MS).plus(wait_ms), Due::Probes(asked));
    }

    /// A run makes the probes of a round.
    pub(super) fn probes(&mut self, asked: Asked) {
        let Asked { run, round, probes, controls, check } = asked;
        let mut hands = Hands([self.now; PROBES_AT_ONCE]);
        let controls = controls.into_iter().map(|it| self.control(it, &mut hands)).collect();
        let mut results: Vec<_> = probes.into_iter().map(|it| self.probe(it, &mut hands)).collect();
        let mut answer = check.map(|check| self.ask_publicly(check, &mut hands));
        // The run tells what its own clock shows.
        let ahead_ms = self.facts.clock_ahead_ms(run.scheduled);
        for result in &mut results {
            result.at = result.at.plus(ahead_ms);
        }
        if let Some(answer) = &mut answer {
            answer.at = answer.at.plus(ahead_ms);
        }
        let aside = answer.map(|answer| Aside { answer: Some(answer), ..Aside::default() });
        let round = round.saturating_add(1);
        let request =
            RoundRequest { round, results, controls, aside, ..RoundRequest::of(run, self.now) };
        self.queue.add(hands.last(), Due::Round(request));
    }

    fn control(&self, control: Control, hands: &mut Hands) -> ControlResult {
        let reached = self.facts.reaches_controls(hands.next());
        hands.take(if reached { CONTROL_MS } else { CONTROL_TIMEOUT_MS });
        ControlResult { id: control.id, reached }
    }

    fn probe(&self, probe: Probe, hands: &mut Hands) -> ProbeResult {
        let lag = probe.lag_pointer.as_deref();
        let is = self.met(&probe.target, hands.next());
        let asked = (probe.timeout_ms, hands.next());
        let (took_ms, outcome) = outcome(&is, &probe.expect, lag, asked);
        ProbeResult {
            at: hands.take(took_ms),
            verdict: classify(&outcome, &probe.expect, lag),
            pushed_back_ms: outcome.pushed_back_ms(),
            took_ms,
            fields: fields_of(&outcome, &probe.fields),
            target: probe.target,
        }
    }

    fn met(&self, target: &Target, at: Timestamp) -> OriginIs {
        let nowhere = || OriginIs { meets: Meets::Silence, ..OriginIs::default() };
        if !self.facts.is_connected(at) {
            return nowhere();
        }
        let config = self.controller.config();
        let region = config.and_then(|config| config.origin(&target.origin)).map(|(id, _)| id);
        region.map_or_else(nowhere, |region| self.facts.origin(target, region, at))
    }

    /// The public name leads where its record says, or to any region that is well behind a load
    /// balancer.
    fn ask_publicly(&self, check: PublicCheck, hands: &mut Hands) -> PublicAnswer {
        let PublicCheck { incident, name, expect, timeout_ms, .. } = check;
        let (took_ms, outcome) = self.public_outcome(&name, &expect, (hands.next(), timeout_ms));
        let verdict = classify(&outcome, &expect, None);
        PublicAnswer { incident, name, at: hands.take(took_ms), verdict }
    }

    fn public_outcome(
        &self,
        name: &str,
        expect: &ExpectedResponse,
        (at, timeout_ms): (Timestamp, Millis),
    ) -> (Millis, ProbeOutcome) {
        let said: Vec<&str> = self.contents(name);
        let Some(config) = self.controller.config() else {
            return (timeout_ms, ProbeOutcome::TimedOut);
        };
        let leads_to = |target: &Target| {
            said.is_empty()
                || config.origin(&target.origin).is_some_and(|(_, origin)| {
                    let addresses = [
                        origin.ipv4.map(|address| address.to_string()),
                        origin.ipv6.map(|address| address.to_string()),
                    ];
                    said.contains(&origin.url.host())
                        || addresses.iter().flatten().any(|it| said.contains(&it.as_str()))
                })
        };
        let met = config.targets().filter(leads_to).map(|target| self.met(&target, at));
        let best = met.min_by_key(|is| (is.meets != Meets::Well, is.status.is_some()));
        let is = best.unwrap_or(OriginIs { meets: Meets::Silence, ..OriginIs::default() });
        outcome(&is, expect, None, (timeout_ms, at))
    }

    /// What the records of a name say.
    pub(super) fn contents(&self, name: &str) -> Vec<&str> {
        let rows = self.account.records.iter().filter(|row| text(row, "name") == name);
        rows.map(|row| text(row, "content")).collect()
    }

    /// The region that a content of a record leads to.
    pub(super) fn region_of(&self, content: &str) -> Option<&RegionId> {
        let config = self.controller.config()?;
        let is_it = |origin: &crate::config::Origin| {
            origin.url.host() == content
                || origin.ipv4.is_some_and(|address| address.to_string() == content)
                || origin.ipv6.is_some_and(|address| address.to_string() == content)
        };
        config.regions.iter().find(|(_, it)| it.origins.iter().any(is_it)).map(|(id, _)| id)
    }
}

/// When each of the connections is free.
struct Hands([Timestamp; PROBES_AT_ONCE]);

impl Hands {
    /// When the next one is.
    fn next(&self) -> Timestamp {
        self.0.iter().min().copied().unwrap_or_default()
    }

    /// When all are.
    fn last(&self) -> Timestamp {
        self.0.iter().max().copied().unwrap_or_default()
    }

    /// Takes the next one for so long. Returns when it is free again.
    fn take(&mut self, ms: Millis) -> Timestamp {
        let Some(hand) = self.0.iter_mut().min() else { return Timestamp::default() };
        *hand = hand.plus(ms);
        *hand
    }
}
