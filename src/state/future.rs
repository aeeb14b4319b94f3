//! What lies in the future although it has happened.
//!
//! Every instant in the state was written down by some clock. If that clock was ahead, then until
//! the right time gets there a probe is "not due yet", a latency stays fresh, a hold-down lasts, a
//! heartbeat is "just written". So each run begins by looking at all of them, in this one place:
//!
//! - When something was **last done** is forgotten, so that it is done now: a probe, a heartbeat, a
//!   comparison.
//! - What was **measured** has an unknown age, and what has an unknown age is stale: a latency, a
//!   lag, the note that a target was just reached.
//! - What is **believed** or **counted** stays, as of now: a health and its failures, a flap, a
//!   move, a call. A wrong clock is no news about an origin.
//! - What is **to come** lies in the future rightly, but never further than we put anything. What
//!   lies further is dropped.
//!
//! Each type is taken apart by its fields, so a new one is not forgotten here.

use super::{Actuation, AreaState, Denied, Episode, Run, Sight, Spent, State, TargetState};
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};

/// How far ahead a run may have been scheduled that supersedes others. Runs that come late or twice
/// are a minute apart, and a clock that is slow shows the instant of its own run.
const SCHEDULED_AHEAD_MS_MAX: Millis = 2 * MINUTE;
/// How far ahead we put what is to come at Cloudflare: a `Retry-After` of ten minutes, and five
/// more without upkeep.
const TO_COME_MS_MAX: Millis = 15 * MINUTE;
/// How far ahead a share of the day's writes may be spent: what can be saved up is an eighth of a
/// day's, and accrues within a seventh of a day.
const SPENT_AHEAD_MS_MAX: Millis = 4 * 60 * MINUTE;

impl State {
    /// Corrects what lies ahead of `now` and cannot.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self {
            version: _,
            generation: _,
            targets,
            run,
            doubted_since,
            areas,
            // When an order begins and ends is the operator's to say, too.
            orders,
            orders_given: _,
            // An entry that is written down is never changed.
            audit: _,
            configs,
            alerts,
            outbox,
            silent_since,
            remembered,
            frozen: _,
            recoveries,
            traffic,
            promises,
            drills,
            refused,
            actuation,
            history,
            incidents,
            incidents_opened: _,
            substance: _,
            written: _,
            routes_written_at,
            spent,
        } = self;
        targets.values_mut().for_each(|known| known.forget_the_future(now));
        areas.values_mut().for_each(|area| area.forget_the_future(now));
        *run = run.take().filter(|run| {
            let latest = run.scheduled.max(run.of_cron().scheduled);
            latest.since(now) <= SCHEDULED_AHEAD_MS_MAX
        });
        let began = run.iter_mut().flat_map(|Run { began, cron, .. }| {
            std::iter::once(began).chain(cron.iter_mut().map(|cron| &mut cron.began))
        });
        let refused = refused.iter_mut().map(|refused| &mut refused.at);
        for at in began.chain(refused).chain(doubted_since).chain(silent_since) {
            *at = at.unless_ahead(now);
        }
        drop_ahead(routes_written_at, now);
        let Spent { routes_until, pages_until } = spent;
        for until in [routes_until, pages_until] {
            *until = (*until).min(now.plus(SPENT_AHEAD_MS_MAX));
        }
        let given = orders.iter_mut().map(|order| &mut order.at);
        for at in given.chain(remembered.iter_mut().map(|act| &mut act.at)) {
            *at = at.unless_ahead(now);
        }
        configs.forget_the_future(now);
        alerts.forget_the_future(now);
        outbox.forget_the_future(now);
        actuation.forget_the_future(now);
        for incident in incidents {
            incident.forget_the_future(now);
        }
        recoveries.values_mut().for_each(|recovery| recovery.forget_the_future(now));
        traffic.forget_the_future(now);
        promises.values_mut().for_each(|promises| promises.forget_the_future(now));
        drills.forget_the_future(now);
        forget_episodes(history, now);
    }
}

impl TargetState {
    fn forget_the_future(&mut self, now: Timestamp) {
        let Self {
            memory,
            latency,
            probed_at,
            judged_at,
            reached_at,
            not_before,
            note: _,
            floor: _,
            shift,
            too_slow: _,
            lag,
            damping,
            passed,
            fields,
            sights,
        } = self;
        sights.values_mut().for_each(|sight| sight.forget_the_future(now));
        memory.forget_the_future(now);
        *latency = latency.filter(|latency| !latency.is_ahead(now));
        *shift = shift.filter(|shift| !shift.run.is_ahead(now));
        *lag = lag.filter(|lag| !lag.at.is_ahead(now));
        *passed = passed.filter(|passed| !passed.at.is_ahead(now));
        fields.retain(|_, seen| !seen.at.is_ahead(now));
        if drop_ahead(probed_at, now) {
            // It was told at that probe.
            *not_before = None;
        }
        drop_ahead(reached_at, now);
        *judged_at = judged_at.map(|at| at.unless_ahead(now));
        *damping = damping.map(|damping| damping.without_the_future(now));
    }
}

impl AreaState {
    fn forget_the_future(&mut self, now: Timestamp) {
        let Self { colo: _, heard_at, doubted_since } = self;
        drop_ahead(heard_at, now);
        *doubted_since = doubted_since.map(|at| at.unless_ahead(now));
    }
}

impl Sight {
    fn forget_the_future(&mut self, now: Timestamp) {
        let Self { memory, latency, probed_at, reached_at, note: _ } = self;
        memory.forget_the_future(now);
        *latency = latency.filter(|latency| !latency.is_ahead(now));
        drop_ahead(probed_at, now);
        drop_ahead(reached_at, now);
    }
}

impl Actuation {
    fn forget_the_future(&mut self, now: Timestamp) {
        let Self {
            zone_ids: _,
            zones_seen,
            owned,
            other_owners,
            take_backs,
            holds: _,
            claims,
            slow_monitors,
            intents,
            denied,
            moved_at,
            changes,
            zone_changes,
            moved: _,
            calls,
            upkeep_after,
            settled: _,
            compared_at,
            attempted: _,
            blocked_until,
            attempts: _,
            left: _,
            retry_at,
            retry_why: _,
            failures: _,
            withheld: _,
            applied,
        } = self;
        zones_seen.retain(|_, at| !at.is_ahead(now));
        slow_monitors.retain(|_, at| !at.is_ahead(now));
        owned.values_mut().for_each(|record| record.forget_the_future(now));
        other_owners.values_mut().for_each(|owner| owner.forget_the_future(now));
        take_backs.values_mut().for_each(|at| *at = at.unless_ahead(now));
        for claim in claims {
            claim.forget_the_future(now);
        }
        forget_denied(denied, now);
        let intents = intents.iter_mut().map(|intent| &mut intent.at);
        let applied = applied.iter_mut().map(|done| &mut done.at);
        for at in intents.chain(applied).chain(moved_at.values_mut()) {
            *at = at.unless_ahead(now);
        }
        let tallies = changes.values_mut().chain(zone_changes.values_mut()).chain([calls]);
        tallies.for_each(|tally| tally.forget_the_future(now));
        drop_ahead(compared_at, now);
        for to_come in [upkeep_after, blocked_until, retry_at] {
            drop_too_far(to_come, now);
        }
    }
}

fn forget_denied(denied: &mut Map<String, Denied>, now: Timestamp) {
    for denied in denied.values_mut() {
        let Denied { at, said: _, sightings: _, last_at, next_at, told_at } = denied;
        for at in [at].into_iter().chain(last_at).chain(told_at) {
            *at = at.unless_ahead(now);
        }
        drop_too_far(next_at, now);
    }
}

/// An episode that lies ahead as a whole has taken no time that anybody knows.
fn forget_episodes(history: &mut Vec<Episode>, now: Timestamp) {
    let is_ahead = |at: Option<Timestamp>| at.is_some_and(|at| at.is_ahead(now));
    history.retain(|episode| !(episode.since.is_ahead(now) && is_ahead(episode.until)));
    for Episode { since, until, .. } in history {
        for at in [since].into_iter().chain(until) {
            *at = at.unless_ahead(now);
        }
    }
}

/// Forgets when something was last done, if that lies ahead. Returns whether it did.
fn drop_ahead(done: &mut Option<Timestamp>, now: Timestamp) -> bool {
    let is_ahead = done.is_some_and(|at| at.is_ahead(now));
    if is_ahead {
        *done = None;
    }
    is_ahead
}

fn drop_too_far(to_come: &mut Option<Timestamp>, now: Timestamp) {
    *to_come = to_come.filter(|at| at.since(now) <= TO_COME_MS_MAX);
}
