//! One run of the cron trigger: asks the Controller what to probe, probes, tells it, until told to
//! stop.

use super::clock::{RunClock, wait, within};
use super::{controller, probe};
use crate::tick::{RoundReply, RoundRequest};
use crate::time::{Millis, SECOND, Timestamp};
use worker::{Env, ScheduledEvent, console_error, console_log};

/// Longest wait for the Controller, which may be in the middle of API calls.
const CONTROLLER_TIMEOUT_MS: Millis = 30 * SECOND;

/// Makes the run. Without the Controller nothing is decided and nothing changes.
pub(super) async fn run(event: &ScheduledEvent, env: &Env) {
    let scheduled = scheduled_at(event);
    let clock = RunClock::starting_at(scheduled);
    let mut request = RoundRequest {
        run: scheduled,
        round: 0,
        now: clock.now(),
        results: Vec::new(),
        controls: Vec::new(),
    };
    loop {
        let reply = within(CONTROLLER_TIMEOUT_MS, controller::round(env, &request)).await;
        match reply {
            Some(Ok(RoundReply::Probe { wait_ms, probes, controls })) => {
                wait(wait_ms).await;
                request.results = probe::all(probes, &clock).await;
                request.controls = probe::controls(controls).await;
                request.round = request.round.saturating_add(1);
                request.now = clock.now();
            }
            Some(Ok(RoundReply::Done(why))) => {
                return console_log!("run {scheduled}: {} rounds, {why:?}", request.round);
            }
            Some(Err(error)) => return console_error!("run {scheduled}: no Controller: {error}"),
            None => return console_error!("run {scheduled}: the Controller does not answer"),
        }
    }
}

/// The instant that the run was scheduled for; an odd one counts as the beginning of time, which is
/// superseded.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the runtime gives milliseconds as a float, and the cast saturates"
)]
fn scheduled_at(event: &ScheduledEvent) -> Timestamp {
    Timestamp::from_millis(event.schedule() as u64)
}
