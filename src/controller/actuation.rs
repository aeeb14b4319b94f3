//! When to compare with Cloudflare, and what may be spent on it.

use super::Controller;
use super::denials;
use super::grounds::Grounds;
use super::zones::zones_due;
use crate::cloudflare::{
    Allowance, CallNumber, Circumstances, Desired, Halts, PassInput, Readings, Reconcile, desired,
};
use crate::config::Config;
use crate::fingerprint::Fingerprint;
use crate::hold::{self, Hold};
use crate::order::Orders;
use crate::ordered::{Map, Set};
use crate::state::{Actuation, Intent, State};
use crate::tally::Tally;
use crate::time::{MINUTE, Millis, Timestamp};
use crate::view::View;

/// The window in which calls are counted. Source: the API's rate limit.
pub(super) const CALLS_WINDOW_MS: Millis = 5 * MINUTE;
/// The window in which changes of a service are counted.
pub(super) const CHANGES_WINDOW_MS: Millis = 60 * MINUTE;
/// For how long an account that refused a monitor's interval is not asked again.
const SLOW_MONITORS_MS: Millis = 24 * 60 * MINUTE;
/// Intents that are kept; a pass writes each down before its call and closes it after.
const INTENTS_MAX: usize = 100;

/// A comparison that has begun.
#[derive(Debug)]
pub struct Pass {
    /// The conversation with the API.
    pub reconcile: Reconcile,
    /// What was wanted when it began: what changes meanwhile is not settled by it.
    pub wanted: Fingerprint,
    /// What it was made from, for people.
    basis: String,
    /// Why it may change something.
    pub(super) grounds: Grounds,
    pub(super) began: Timestamp,
}

/// Begins a pass where the desired state is new, an attempt failed and may be made again, something
/// was begun and not heard of since, or the account was not looked at for a while. It takes the
/// `readings` along.
pub(super) fn begin(view: &View<'_>, readings: &mut Readings) -> Option<Pass> {
    let View { config, state, now } = *view;
    let desired = desired(view);
    let actuation = &state.actuation;
    // What we disabled is looked after even if the config has nothing any more.
    if desired.is_empty() && actuation.holds.is_empty() && actuation.claims.is_empty() {
        return None;
    }
    let wanted = fingerprint(&desired, view);
    let waits = |until: Option<Timestamp>| until.is_some_and(|at| now < at);
    // A new wish need not wait for an old failure, but for a block of the whole API it must.
    let is_new = actuation.attempted != Some(wanted);
    if waits(actuation.blocked_until) || (waits(actuation.retry_at) && !is_new) {
        return None;
    }
    let allowance = allowance(config, actuation, now);
    let unsettled = actuation.settled != Some(wanted);
    let is_due = |at: Timestamp| now.since(at) >= config.compare_every_ms;
    // To look after what others did is upkeep.
    let drift_due = actuation.compared_at.is_none_or(is_due) && allowance.upkeep > 0;
    let unheard = actuation.retry_at.is_some() || !actuation.intents.is_empty();
    if allowance.calls == 0 || !(unsettled || drift_due || unheard) {
        return None;
    }
    // A new wish tries everything.
    let denied = if is_new { Map::new() } else { denials::believed(actuation, now) };
    let basis = format!("config {} at generation {}", config.fingerprint, state.generation);
    Some(Pass {
        reconcile: Reconcile::new(PassInput {
            desired,
            circumstances: circumstances(config, state, now),
            holds: actuation.holds.clone(),
            claims: actuation.claims.clone(),
            slow_monitors: slow_monitors(actuation, now),
            zone_ids: actuation.zone_ids.clone(),
            zones_due: zones_due(actuation, now),
            denied,
            sighted: actuation.denied.keys().cloned().collect(),
            readings: std::mem::take(readings),
            allowance,
            is_dry: false,
        }),
        wanted,
        grounds: Grounds::of(view, basis.clone()),
        basis,
        began: now,
    })
}

/// Whether the account has what should be there: the last pass found it so.
pub(super) fn is_settled(view: &View<'_>) -> bool {
    let actuation = &view.state.actuation;
    let wanted = Some(fingerprint(&desired(view), view));
    let is_found = actuation.settled == wanted && actuation.attempted == wanted;
    is_found && actuation.failures.is_empty() && actuation.intents.is_empty()
}

/// Everything that a plan depends on and that is not read from the account.
fn fingerprint(desired: &Desired, view: &View<'_>) -> Fingerprint {
    let View { config, state, now } = *view;
    Fingerprint::of_value(&(desired, config.guards, state.doubted_since, halts(config, state, now)))
}

/// What the guards look at, as the state has it.
#[must_use]
pub fn circumstances(config: &Config, state: &State, now: Timestamp) -> Circumstances {
    let actuation = &state.actuation;
    Circumstances {
        now,
        guards: config.guards,
        doubted_since: state.doubted_since,
        halts: halts(config, state, now),
        moved_at: actuation.moved_at.clone(),
        changes: within_the_hour(&actuation.changes, now),
        zone_changes: within_the_hour(&actuation.zone_changes, now),
        moved: actuation.moved.clone(),
        owned: actuation.owned.clone(),
        take_backs: actuation.take_backs.clone(),
        open: actuation.intents.iter().map(|intent| intent.what.clone()).collect(),
    }
}

/// What people halted by order.
fn halts(config: &Config, state: &State, now: Timestamp) -> Halts {
    let orders = Orders::new(&state.orders, now);
    let services = config.services.keys().filter_map(|service| {
        let order = orders.halt(Some(service))?;
        Some((service.clone(), format!("halted {}", order.told())))
    });
    let all = orders.halt(None).map(|order| format!("halted {}", order.told()));
    Halts { all, services: Map::of(services) }
}

fn within_the_hour<K: Ord + Clone>(tallies: &Map<K, Tally>, now: Timestamp) -> Map<K, u32> {
    let counts = tallies.iter();
    Map::of(counts.map(|(key, tally)| (key.clone(), tally.within(CHANGES_WINDOW_MS, now))))
}

/// Accounts that refused a monitor lately.
fn slow_monitors(actuation: &Actuation, now: Timestamp) -> Set<String> {
    let slow = actuation.slow_monitors.iter();
    let lately = slow.filter(|(_, at)| now.since(**at) < SLOW_MONITORS_MS);
    lately.map(|(account, _)| account.clone()).collect()
}

/// Half of the budget is for what is urgent alone.
pub(super) fn allowance(config: &Config, actuation: &Actuation, now: Timestamp) -> Allowance {
    let used = actuation.calls.within(CALLS_WINDOW_MS, now);
    let most = config.api_calls_per_5_min;
    let has_to_wait = actuation.upkeep_after.is_some_and(|at| now < at);
    let calls = most.saturating_sub(used).min(config.api_calls_per_pass);
    let upkeep = if has_to_wait { 0 } else { (most / 2).saturating_sub(used).min(calls) };
    Allowance { calls, upkeep }
}

impl Controller {
    /// Writes down what is about to be done; the caller saves the state before it makes the call.
    pub fn intend(&mut self, what: String, now: Timestamp) {
        let actuation = &mut self.state.actuation;
        actuation.intents.retain(|intent| intent.what != what);
        actuation.intents.push(Intent { at: now, what });
        let excess = actuation.intents.len().saturating_sub(INTENTS_MAX);
        actuation.intents.drain(..excess);
    }

    /// Makes claims of what a change disables, and of what we hold and it enables; see
    /// [`hold::begin`]. `machine` is what the machine's clock shows.
    pub fn claim(&mut self, takes: Vec<Hold>, gives: Vec<Hold>, machine: Timestamp) {
        let actuation = &mut self.state.actuation;
        let ours = (&mut actuation.holds, &mut actuation.claims);
        hold::begin(ours, takes, gives, machine);
    }

    /// Ends a pass before this call begins, which is its next change, if what it was made from no
    /// longer holds.
    pub fn still_holds(&self, pass: &mut Pass, number: CallNumber, now: Timestamp) -> bool {
        let wanted = self.view(now).map(|view| fingerprint(&desired(&view), &view));
        let holds = wanted == Some(pass.wanted);
        if !holds {
            let because = format!("it was made from {}, which is past", pass.basis);
            pass.reconcile.abandon(number, because);
        }
        holds
    }

    /// Makes the next round read the whole account anew, and try again what was denied.
    pub fn compare_soon(&mut self) {
        let actuation = &mut self.state.actuation;
        actuation.compared_at = None;
        (actuation.retry_at, actuation.retry_why) = (None, None);
        actuation.denied = Map::new();
        actuation.slow_monitors = Map::new();
        self.readings = Readings::default();
    }
}
