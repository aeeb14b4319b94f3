//! Has the vantage points of all areas make a round, each its own probes.

use super::run_clock::RunClock;
use super::runtime::{Env, Result, failure};
use super::{clock, log, objects};
use crate::config::Control;
use crate::geo::Area;
use crate::json;
use crate::target::Target;
use crate::tick::{
    AREA_SPREAD_MS, AREAS_MAX, AreaReport, CONTROL_TIMEOUT_MS, Probe, SHARE_PROBES, Share,
    ShareReply, round_ms,
};
use crate::time::{MINUTE, Millis};
use js_sys::Promise;
use wasm_bindgen_futures::JsFuture;

/// Longest that a vantage point waits before it begins.
pub(super) const SHARE_WAIT_MS_MAX: Millis = MINUTE;

/// A share that is under way.
struct Asked {
    area: Area,
    reply: Promise,
}

/// What the areas found that answered, and how the bodies of failures began. An area of which one
/// share is not answered tells of the others.
pub(super) async fn round(
    env: &Env,
    areas: &[Area],
    probes: &[Probe],
    controls: &[Control],
    clock: &RunClock,
) -> (Vec<AreaReport>, Vec<(Target, String)>) {
    let (mut reports, mut excerpts) = (Vec::new(), Vec::new());
    for asked in ask(env, areas, probes, controls) {
        match reply_of(asked.reply).await {
            Ok(reply) => {
                let mut reply = reply.by_clock(clock.now());
                excerpts.append(&mut reply.excerpts);
                add(&mut reports, asked.area, reply);
            }
            Err(error) => log::failed(&format!("area {}", asked.area.as_str()), &error),
        }
    }
    (reports, excerpts)
}

/// Begins all shares. Each asks the controls, too: what its area did not reach counts only with a
/// witness of the same moment.
fn ask(env: &Env, areas: &[Area], probes: &[Probe], controls: &[Control]) -> Vec<Asked> {
    let mut wait_ms: Millis = 0;
    let mut asked = Vec::new();
    for area in areas.iter().take(AREAS_MAX).copied() {
        let asks = |probe: &&Probe| probe.is_from(area);
        let own: Vec<&Probe> = probes.iter().filter(asks).collect();
        let shares = own.len().div_ceil(SHARE_PROBES);
        for nth in 0..shares {
            // By turns: those of one region, which may all hang, are not in one share.
            let share = own.iter().skip(nth).step_by(shares);
            let from_there = |probe: &&Probe| Probe { areas: vec![area], ..Probe::clone(probe) };
            let probes: Vec<Probe> = share.map(from_there).collect();
            let control_ms = if controls.is_empty() { 0 } else { CONTROL_TIMEOUT_MS };
            let timeout_ms = wait_ms.saturating_add(round_ms(&probes, control_ms));
            let share = Share { wait_ms, probes, controls: controls.to_vec() };
            let (text, timeout_ms) = (json::write(&share), clock::short(timeout_ms));
            let reply = objects::ask_area(env, area.as_str(), nth, &text, timeout_ms);
            asked.push(Asked { area, reply });
        }
        wait_ms = wait_ms.saturating_add(AREA_SPREAD_MS);
    }
    asked
}

async fn reply_of(reply: Promise) -> Result<ShareReply> {
    let text = JsFuture::from(reply).await?.as_string().ok_or_else(|| failure("no text"))?;
    json::read(&text).map_err(|error| failure(&error.to_string()))
}

fn add(reports: &mut Vec<AreaReport>, area: Area, mut reply: ShareReply) {
    let same = reports.iter_mut().find(|report| report.area == area);
    let Some(report) = same else {
        let ShareReply { colo, results, controls, .. } = reply;
        return reports.push(AreaReport { area, colo, results, controls });
    };
    report.results.append(&mut reply.results);
    report.controls.append(&mut reply.controls);
    report.colo = report.colo.take().or(reply.colo);
}

/// The data center that a trace names: three capitals or digits.
pub(super) fn colo_of(trace: &str) -> Option<String> {
    let colo = trace.lines().find_map(|line| line.strip_prefix("colo="))?.trim();
    let is_code = colo.len() == 3 && colo.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| colo.to_owned())
}
