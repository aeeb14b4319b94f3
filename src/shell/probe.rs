//! Makes the probes of a round.

use super::hands::{Hands, Judge, hands};
use super::outbound::{
    self, Ended, Met, NoResponse, OwnRequest, OwnResponse, Pending, agent_of, send,
};
use super::run_clock::RunClock;
use super::runtime::Env;
use super::{clock, runtime};
use crate::config::{Control, PROBE_HEADER_BYTES_MAX, ProbeHeader, is_header_value};
use crate::geo::Area;
use crate::health::{
    BODY_BYTES_MAX, ProbeOutcome, ProbeResponse, Verdict, classify, excerpt, fields_of, is_answered,
};
use crate::http::retry_after_ms;
use crate::proxy::HOPS_MAX;
use crate::tick::{
    Aside, CONTROL_TIMEOUT_MS, ControlResult, Probe, ProbeResult, PublicAnswer, PublicCheck,
};
use crate::time::{Millis, Timestamp};

/// Makes the probes of a round, classifies their results, and asks its controls. These are begun
/// first: a control that answers is a witness only for probes that are begun together with it or
/// later. The question to a public name is begun last.
pub(super) async fn round(
    probes: Vec<Probe>,
    controls: Vec<Control>,
    check: Option<PublicCheck>,
    (clock, env): (&RunClock, &Env),
) -> (Vec<ProbeResult>, Vec<ControlResult>, Option<Aside>) {
    let hands = hands();
    let area = probes.first().and_then(Probe::area);
    let asked: Vec<_> = controls.into_iter().map(|control| ask(&hands, control, area)).collect();
    let begun: Vec<_> = probes.into_iter().map(|probe| begin(&hands, env, probe)).collect();
    let check = check.map(|check| (ask_publicly(&hands, &check), check));
    let mut results = Vec::with_capacity(begun.len());
    let mut aside = Aside::default();
    for Begun { pending, probe, .. } in begun {
        let reads_body = probe.reads_body();
        let Probe { target, expect, lag_pointer, fields, .. } = &probe;
        let (ended, mut outcome) = match pending {
            Ok(pending) => outcome_of(pending, &probe).await,
            Err(why) => (Ended { at: clock::now(), took_ms: 0 }, ProbeOutcome::NotMade(why)),
        };
        let excerpt = probe.excerpt.then(|| quote(&mut outcome, reads_body)).flatten();
        let verdict = classify(&outcome, expect, lag_pointer.as_deref());
        let fields = fields_of(&outcome, fields);
        if let (Verdict::Fail { .. }, Some(excerpt)) = (&verdict, excerpt) {
            aside.excerpts.push((target.clone(), excerpt));
        }
        let pushed_back_ms = outcome.pushed_back_ms();
        let (at, took_ms) = (clock.shows(ended.at), ended.took_ms);
        let target = target.clone();
        results.push(ProbeResult { target, at, verdict, pushed_back_ms, took_ms, fields });
    }
    let mut answers = Vec::with_capacity(asked.len());
    for (pending, id) in asked {
        let (_, met) = pending.end().await;
        let outcome = outcome(met, &[], None);
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
    get(hands, (&url, None), check.timeout_ms, body_bytes_max)
}

async fn answer_of(pending: Pending, check: PublicCheck, clock: &RunClock) -> PublicAnswer {
    let PublicCheck { incident, name, expect, .. } = check;
    let (ended, met) = pending.end().await;
    let verdict = classify(&outcome(met, &expect.headers, Some(ended.at)), &expect, None);
    PublicAnswer { incident, name, at: clock.shows(ended.at), verdict }
}

/// A probe that is under way, or why it is not made.
struct Begun {
    pending: Result<Pending, String>,
    probe: Probe,
    /// JavaScript calls it until the probe has ended.
    _judge: Option<Judge>,
}

fn begin(hands: &Hands, env: &Env, probe: Probe) -> Begun {
    let reads_body = probe.reads_body() || probe.excerpt;
    let body_bytes_max = if reads_body { BODY_BYTES_MAX } else { 0 };
    let wanted = probe.only_text().map(str::to_ascii_lowercase);
    let judge = probe.is_judged_at_once().then(|| judge(probe.clone()));
    let pending = headers(env, &probe).map(|headers| {
        outbound::ask(hands, &probe, &headers, (body_bytes_max, wanted.as_deref()), judge.as_ref())
    });
    Begun { pending, probe, _judge: judge }
}

/// Says whether what a probe met passes, while the probe is still under way.
fn judge(probe: Probe) -> Judge {
    Judge::new(move |ended| {
        let outcome = outcome(outbound::met(ended), &probe.expect.headers, None);
        let verdict = classify(&outcome, &probe.expect, probe.lag_pointer.as_deref());
        matches!(verdict, Verdict::Pass { .. })
    })
}

/// The headers of a probe, with the secrets in them. If an override should be ignored, the probe
/// may come to this Worker itself: as one that has come through too many proxies, it is refused
/// there, and no other region answers for its target.
///
/// **Errors**: a secret is not set, or cannot be a header. That says nothing of the origin.
fn headers(env: &Env, probe: &Probe) -> Result<Vec<(String, String)>, String> {
    let mut headers = vec![("accept".to_owned(), "*/*".to_owned())];
    headers.extend(probe.area().map(|area| ("user-agent".to_owned(), agent_of(area))));
    for (name, value) in &probe.request.headers {
        let value = match value {
            ProbeHeader::Text(text) => text.clone(),
            ProbeHeader::Secret(secret) => {
                let value = runtime::variable(env, secret);
                let value = value.ok_or_else(|| format!("the secret {secret} is not set"))?;
                // Whoever pipes a secret into wrangler often sends a line end along.
                let value = value.trim();
                if value.len() > PROBE_HEADER_BYTES_MAX || !is_header_value(value) {
                    return Err(format!("the secret {secret} cannot be the value of a header"));
                }
                value.to_owned()
            }
        };
        headers.push((name.clone(), value));
    }
    if probe.resolve.is_some() {
        headers.push(("x-pointsman-hops".to_owned(), HOPS_MAX.to_string()));
    }
    Ok(headers)
}

fn ask(hands: &Hands, control: Control, area: Option<Area>) -> (Pending, String) {
    (get(hands, (&control.url, area), CONTROL_TIMEOUT_MS, 0), control.id)
}

/// Asks a URL as an area does, if one asks.
fn get(
    hands: &Hands,
    (url, area): (&str, Option<Area>),
    timeout_ms: Millis,
    body_bytes_max: usize,
) -> Pending {
    let agent = area.map(agent_of);
    let mut headers = vec![("accept", "*/*")];
    headers.extend(agent.as_deref().map(|agent| ("user-agent", agent)));
    let (method, headers) = ("GET", &headers[..]);
    let (body, resolve) = (None, None);
    send(hands, &OwnRequest { method, url, headers, body, timeout_ms, body_bytes_max, resolve })
}

/// When a probe ended, and how.
async fn outcome_of(pending: Pending, probe: &Probe) -> (Ended, ProbeOutcome) {
    let (ended, met) = pending.end().await;
    let outcome = match outcome(met, &probe.expect.headers, Some(ended.at)) {
        ProbeOutcome::TimedOut if probe.only_connects() => ProbeOutcome::NotConnected,
        other => other,
    };
    (ended, outcome)
}

/// How a request ended. Of the headers only the expected ones are read, and `Retry-After` if it
/// is known when that was.
fn outcome(
    met: Met,
    expected: &[(String, Vec<String>)],
    ended_at: Option<Timestamp>,
) -> ProbeOutcome {
    match met {
        Ok(response) if response.is_connection() => ProbeOutcome::Connected {
            latency_ms: response.latency_ms(),
            lost_address: response.lost_address(),
        },
        Ok(response) => ProbeOutcome::Answered(ProbeResponse {
            status: response.status(),
            headers: expected.iter().filter_map(|(name, _)| read(&response, name)).collect(),
            retry_after_ms: ended_at.and_then(|at| {
                response.header("retry-after").and_then(|text| retry_after_ms(&text, at))
            }),
            latency_ms: response.latency_ms(),
            body: response.body(),
            is_cut: response.is_cut(),
            turned_away: response.turned_away(),
            lost_address: response.lost_address(),
            at: ended_at.unwrap_or_else(clock::now),
        }),
        Err(NoResponse::TimedOut) => ProbeOutcome::TimedOut,
        Err(NoResponse::NoConnection(words)) => ProbeOutcome::NoConnection(words),
    }
}

fn read(response: &OwnResponse, name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), response.header(name)?))
}
