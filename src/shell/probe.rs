//! Makes the probes of a round.

use super::clock::RunClock;
use super::outbound::{Ended, NoResponse, OwnRequest, OwnResponse, Pending, agent_of, send};
use super::runtime::{self, Hands};
use crate::config::Control;
use crate::geo::Area;
use crate::health::{
    BODY_BYTES_MAX, ProbeOutcome, ProbeResponse, Verdict, classify, excerpt, fields_of, is_answered,
};
use crate::http::retry_after_ms;
use crate::proxy::HOPS_MAX;
use crate::tick::{
    Aside, CONTROL_TIMEOUT_MS, ControlResult, Probe, ProbeResult, PublicAnswer, PublicCheck,
};
use crate::time::Millis;

/// Makes the probes of a round, classifies their results, and asks its controls. These are begun
/// first: a control that answers is a witness only for probes that are begun together with it or
/// later. The question to a public name is begun last.
pub(super) async fn round(
    probes: Vec<Probe>,
    controls: Vec<Control>,
    check: Option<PublicCheck>,
    clock: &RunClock,
) -> (Vec<ProbeResult>, Vec<ControlResult>, Option<Aside>) {
    let hands = runtime::hands();
    let area = probes.first().and_then(|probe| probe.area);
    let asked: Vec<_> = controls.into_iter().map(|control| ask(&hands, control, area)).collect();
    let begun: Vec<_> = probes.into_iter().map(|probe| begin(&hands, probe)).collect();
    let check = check.map(|check| (ask_publicly(&hands, &check), check));
    let mut results = Vec::with_capacity(begun.len());
    let mut aside = Aside::default();
    for (pending, probe) in begun {
        let reads_body = probe.reads_body();
        let Probe { target, expect, lag_pointer, fields, .. } = probe;
        let (ended, mut outcome) = outcome_of(pending, &expect.headers).await;
        let excerpt = probe.excerpt.then(|| quote(&mut outcome, reads_body)).flatten();
        let verdict = classify(&outcome, &expect, lag_pointer.as_deref());
        let fields = fields_of(&outcome, &fields);
        if let (Verdict::Fail { .. }, Some(excerpt)) = (&verdict, excerpt) {
            aside.excerpts.push((target.clone(), excerpt));
        }
        let pushed_back_ms = outcome.pushed_back_ms();
        let (at, took_ms) = (clock.shows(ended.at), ended.took_ms);
        results.push(ProbeResult { target, at, verdict, pushed_back_ms, took_ms, fields });
    }
    let mut answers = Vec::with_capacity(asked.len());
    for (pending, id) in asked {
        let (_, outcome) = outcome_of(pending, &[]).await;
        answers.push(ControlResult { id, reached: is_answered(&outcome) });
    }
    if let Some((pending, check)) = check {
        aside.answer = Some(answer_of(pending, check, clock).await);
    }
    let aside = Some(aside).filter(|aside| *aside != Aside::default());
    (results, answers, aside)
}

/// The beginning of the body. A body that was read for this alone does not count for the verdict,
/// whether it came or not.
fn quote(outcome: &mut ProbeOutcome, reads_body: bool) -> Option<String> {
    let ProbeOutcome::Answered(answer) = outcome else { return None };
    let excerpt = answer.body.as_deref().ok().and_then(excerpt);
    if !reads_body {
        answer.body = Ok(String::new());
    }
    excerpt
}

fn ask_publicly(hands: &Hands, check: &PublicCheck) -> Pending {
    let url = format!("https://{}{}", check.name, check.path);
    let body_bytes_max = if check.expect.reads_body() { BODY_BYTES_MAX } else { 0 };
    let asked = Get { url: &url, resolve: None, area: None };
    get(hands, &asked, check.timeout_ms, body_bytes_max)
}

async fn answer_of(pending: Pending, check: PublicCheck, clock: &RunClock) -> PublicAnswer {
    let PublicCheck { incident, name, expect, .. } = check;
    let (ended, outcome) = outcome_of(pending, &expect.headers).await;
    let verdict = classify(&outcome, &expect, None);
    PublicAnswer { incident, name, at: clock.shows(ended.at), verdict }
}

fn begin(hands: &Hands, probe: Probe) -> (Pending, Probe) {
    let reads_body = probe.reads_body() || probe.excerpt;
    let body_bytes_max = if reads_body { BODY_BYTES_MAX } else { 0 };
    let asked = Get { url: &probe.url, resolve: probe.resolve.as_deref(), area: probe.area };
    (get(hands, &asked, probe.timeout_ms, body_bytes_max), probe)
}

fn ask(hands: &Hands, control: Control, area: Option<Area>) -> (Pending, String) {
    let asked = Get { url: &control.url, resolve: None, area };
    (get(hands, &asked, CONTROL_TIMEOUT_MS, 0), control.id)
}

/// What is asked.
struct Get<'a> {
    url: &'a str,
    resolve: Option<&'a str>,
    area: Option<Area>,
}

/// Asks a URL, at the address of `resolve` if that is another host. If the override should be
/// ignored, the probe may come to this Worker itself: as one that has come through too many
/// proxies, it is refused there, and no other region answers for its target.
fn get(hands: &Hands, asked: &Get<'_>, timeout_ms: Millis, body_bytes_max: usize) -> Pending {
    let Get { url, resolve, area } = *asked;
    let hops = HOPS_MAX.to_string();
    let agent = area.map(agent_of);
    let mut headers = vec![("accept", "*/*")];
    headers.extend(agent.as_deref().map(|agent| ("user-agent", agent)));
    headers.extend(resolve.map(|_| ("x-pointsman-hops", hops.as_str())));
    let headers = &headers;
    let (method, body) = ("GET", None);
    send(hands, &OwnRequest { method, url, headers, body, timeout_ms, body_bytes_max, resolve })
}

/// When a request ended, and how. Of the headers only the expected ones are read.
async fn outcome_of(pending: Pending, expected: &[(String, Vec<String>)]) -> (Ended, ProbeOutcome) {
    let (ended, response) = pending.end().await;
    let outcome = match response {
        Ok(response) => ProbeOutcome::Answered(ProbeResponse {
            status: response.status(),
            headers: expected.iter().filter_map(|(name, _)| read(&response, name)).collect(),
            retry_after_ms: response
                .header("retry-after")
                .and_then(|text| retry_after_ms(&text, ended.at)),
            latency_ms: response.latency_ms(),
            body: response.body(),
        }),
        Err(NoResponse::TimedOut) => ProbeOutcome::TimedOut,
        Err(NoResponse::NoConnection(words)) => ProbeOutcome::NoConnection(words),
    };
    (ended, outcome)
}

fn read(response: &OwnResponse, name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), response.header(name)?))
}
