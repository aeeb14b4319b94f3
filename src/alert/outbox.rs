//! Messages on their way, until their receiver has taken them.
//!
//! Messages about one alert reach a receiver in their order. A message that is being sent is saved
//! as such before the call. Work that ended in the midst of a call leaves it so; then nobody knows
//! whether it has arrived, and it is tried again with the same number.

use super::message::Message;
use super::outcome::Verdict;
use super::receivers::ReceiverState;
use crate::ids::ReceiverId;
use crate::journal::EventKind;
use crate::json::fields;
use crate::ordered::{Map, Set};
use crate::outgoing::Outcome;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// Most messages that wait. Of more, the oldest of the lowest severity are lost, and it is said.
pub const OUTBOX_MAX: usize = 200;
/// When a message is given up that no receiver would take.
pub const GIVE_UP_AFTER_MS: Millis = 24 * 60 * MINUTE;
/// First wait after a failed try. Each further one in a row waits twice as long.
pub const BACKOFF_MS: Millis = 5 * SECOND;
/// Longest wait after a failed try, unless the receiver asks for more.
pub const BACKOFF_MS_MAX: Millis = 5 * MINUTE;
/// Longest wait that a receiver may ask for.
pub const RETRY_AFTER_MS_MAX: Millis = 60 * MINUTE;
/// Least time between two messages to one receiver. Source: docs.slack.dev, "Rate limits": incoming
/// webhooks take one a second.
pub const PACE_MS: Millis = SECOND;
/// Most tries in one invocation, each to another receiver. What more is due has an alarm, and with
/// it an invocation, of its own.
pub const AT_ONCE_MAX: usize = 4;

/// After how long without its end a try is taken for lost: longer than its timeout, and than a lane
/// may be silent.
const TRY_LOST_AFTER_MS: Millis = 30 * SECOND;

/// One message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, the same for all tries.
    pub id: u64,
    /// To whom.
    pub receiver: ReceiverId,
    /// What it says.
    pub message: Message,
    /// Tries so far.
    pub tries: u32,
    /// Since when it is being sent; absent while it waits.
    pub sending_since: Option<Timestamp>,
    /// Whether an earlier try may have arrived.
    pub may_have_arrived: bool,
}

fields!(Entry {
    id,
    receiver,
    message,
    tries = 0,
    sending_since,
    may_have_arrived = false,
});

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The message.
    pub entry: Entry,
    /// Why.
    pub why: String,
}

/// All messages on their way, and what is known of their receivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    /// How many messages were ever made; the number of the last one.
    pub made: u64,
    /// How many were lost for want of room.
    pub dropped: u64,
    /// In the order in which they were made.
    pub entries: Vec<Entry>,
    /// By receiver.
    pub receivers: Map<ReceiverId, ReceiverState>,
}

fields!(Outbox { made = 0, dropped = 0, entries = Vec::new(), receivers = Map::new() });

impl Entry {
    /// What receivers know it by. It is another one after storage was lost, too, when numbers begin
    /// anew.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("msg_{}_{}", self.message.at.millis(), self.id)
    }

    fn is_before(&self, other: &Self) -> bool {
        self.receiver == other.receiver
            && self.message.identity() == other.message.identity()
            && self.id < other.id
    }
}

impl Outbox {
    /// Puts a message in. Returns its number, and what is lost for it. A note joins another of its
    /// kind that nobody has begun to send.
    pub fn put(&mut self, receiver: &ReceiverId, message: Message) -> (u64, Option<Lost>) {
        let is_fresh = |entry: &&mut Entry| entry.tries == 0 && entry.receiver == *receiver;
        let mut fresh = self.entries.iter_mut().filter(is_fresh);
        if let Some(entry) = fresh.find(|entry| entry.message.takes(&message)) {
            entry.message.join(message);
            return (entry.id, None);
        }
        self.made = self.made.saturating_add(1);
        let id = self.made;
        let receiver = receiver.clone();
        let (tries, sending_since, may_have_arrived) = (0, None, false);
        let entry = Entry { id, receiver, message, tries, sending_since, may_have_arrived };
        self.entries.push(entry);
        (id, self.lost_for_want_of_room())
    }

    fn lost_for_want_of_room(&mut self) -> Option<Lost> {
        if self.entries.len() <= OUTBOX_MAX {
            return None;
        }
        let waiting = self.entries.iter().filter(|entry| entry.sending_since.is_none());
        let least = waiting.min_by_key(|entry| (entry.message.severity, entry.id))?.id;
        self.dropped = self.dropped.saturating_add(1);
        self.give_up(least, format!("more than {OUTBOX_MAX} messages wait"))
    }

    /// What was being sent when the work ended. Whoever begins the work anew asks for this first.
    pub fn recover(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| entry.sending_since.is_some()) {
            entry.sending_since = None;
            entry.may_have_arrived = true;
        }
    }

    /// Takes up to `most` messages that are due, each for another receiver, the worst first. They
    /// are to be saved before they are sent.
    pub fn begin(&mut self, most: usize, now: Timestamp) -> Vec<Entry> {
        let mut due: Vec<&Entry> = self.due(now).collect();
        due.sort_by_key(|entry| (std::cmp::Reverse(entry.message.severity), entry.id));
        let due: Vec<u64> = due.into_iter().take(most).map(|entry| entry.id).collect();
        let mut begun = Vec::new();
        for entry in self.entries.iter_mut().filter(|entry| due.contains(&entry.id)) {
            entry.tries = entry.tries.saturating_add(1);
            entry.sending_since = Some(now);
            begun.push(entry.clone());
        }
        begun
    }

    /// One message for each receiver that may be tried: of those that are first about their alert,
    /// the one with the fewest tries, so that one which is never taken does not keep others back.
    fn due(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        let mut best: Map<&ReceiverId, &Entry> = Map::new();
        let busy = self.entries.iter().filter(|entry| entry.sending_since.is_some());
        let busy = Set::of(busy.map(|entry| &entry.receiver));
        for entry in &self.entries {
            let is_first = !self.entries.iter().any(|other| other.is_before(entry));
            if !is_first || busy.contains(&entry.receiver) || now < self.not_before(entry) {
                continue;
            }
            let rank = |it: &Entry| (it.tries, std::cmp::Reverse(it.message.severity), it.id);
            if best.get(&entry.receiver).is_none_or(|known| rank(entry) < rank(known)) {
                best.insert(&entry.receiver, entry);
            }
        }
        best.into_iter().map(|(_, entry)| entry)
    }

    fn not_before(&self, entry: &Entry) -> Timestamp {
        let state = self.receivers.get(&entry.receiver);
        state.and_then(|state| state.not_before).unwrap_or_default()
    }

    /// Notes how a try ended. Returns what is lost by it. The end of a try that was given up for
    /// lost counts only if the message arrived.
    pub fn end(&mut self, id: u64, tries: u32, outcome: &Outcome, now: Timestamp) -> Option<Lost> {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id)?;
        let is_current = entry.tries == tries && entry.sending_since.is_some();
        let verdict = outcome.verdict();
        if !is_current && verdict != Verdict::Delivered {
            return None;
        }
        let receiver = entry.receiver.clone();
        self.receivers.insert_if_absent(receiver.clone(), ReceiverState::default());
        let state = self.receivers.get_mut(&receiver)?;
        match verdict {
            Verdict::Delivered => {
                state.took_one(now);
                state.not_before = Some(now.plus(PACE_MS));
                self.entries.retain(|entry| entry.id != id);
                None
            }
            Verdict::Again { why, after_ms, may_have_arrived } => {
                entry.sending_since = None;
                entry.may_have_arrived |= may_have_arrived;
                let doublings = state.failures.min(8);
                let backoff_ms = BACKOFF_MS.saturating_mul(1 << doublings).min(BACKOFF_MS_MAX);
                let asked_ms = after_ms.unwrap_or(0).min(RETRY_AFTER_MS_MAX);
                state.failed(&why, now);
                state.not_before = Some(now.plus(backoff_ms.max(asked_ms)));
                None
            }
            Verdict::Hopeless { why } => {
                state.failed(&why, now);
                state.not_before = Some(now.plus(PACE_MS));
                self.give_up(id, why)
            }
        }
    }

    /// Gives up what is too old, and what is for receivers that are no more.
    pub fn expire(&mut self, is_known: impl Fn(&ReceiverId) -> bool, now: Timestamp) -> Vec<Lost> {
        self.receivers.retain(|id, _| is_known(id));
        let mut ends = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.sending_since.is_none()) {
            let state = self.receivers.get(&entry.receiver);
            if !is_known(&entry.receiver) {
                ends.push((entry.id, "the config has no such receiver any more".to_owned()));
            } else if now.since(entry.message.at) >= GIVE_UP_AFTER_MS {
                let hours = GIVE_UP_AFTER_MS / (60 * MINUTE);
                let last = state.and_then(|state| state.last_failure.as_deref());
                ends.push((entry.id, format!("{hours} h are over: {}", last.unwrap_or("no try"))));
            }
        }
        ends.into_iter().filter_map(|(id, why)| self.give_up(id, why)).collect()
    }

    fn give_up(&mut self, id: u64, why: String) -> Option<Lost> {
        let at = self.entries.iter().position(|entry| entry.id == id)?;
        let entry = self.entries.remove(at);
        self.receivers.insert_if_absent(entry.receiver.clone(), ReceiverState::default());
        if let Some(state) = self.receivers.get_mut(&entry.receiver) {
            state.given_up = state.given_up.saturating_add(1);
        }
        Some(Lost { entry, why })
    }

    /// When something is due, or when what is being sent counts as lost; `None` if nothing waits.
    #[must_use]
    pub fn next_try(&self) -> Option<Timestamp> {
        let sending = self.entries.iter().filter_map(|it| Some((&it.receiver, it.sending_since?)));
        let sending = Map::of(sending);
        let at = self.entries.iter().map(|entry| match sending.get(&&entry.receiver) {
            Some(since) => since.plus(TRY_LOST_AFTER_MS),
            None => self.not_before(entry),
        });
        at.min()
    }

    /// Whether anything is being sent.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.entries.iter().any(|entry| entry.sending_since.is_some())
    }

    /// The messages to a receiver that it has not taken.
    pub fn undelivered(&self, receiver: &ReceiverId) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.receiver == *receiver)
    }

    /// Corrects what lies ahead of `now` and cannot.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        for entry in &mut self.entries {
            let Message { since, at, .. } = &mut entry.message;
            (*since, *at) = (since.unless_ahead(now), at.unless_ahead(now));
            entry.sending_since = entry.sending_since.map(|at| at.unless_ahead(now));
        }
        for state in self.receivers.values_mut() {
            state.delivered_at = state.delivered_at.map(|at| at.unless_ahead(now));
            state.failing_since = state.failing_since.map(|at| at.unless_ahead(now));
            state.not_before = state.not_before.filter(|at| at.since(now) <= RETRY_AFTER_MS_MAX);
        }
    }
}

impl Lost {
    /// What is said about it.
    #[must_use]
    pub fn text(&self) -> String {
        let Message { action, title, .. } = &self.entry.message;
        let (receiver, action) = (&self.entry.receiver, action.as_str());
        format!("`{receiver}` was not told ({action}): {title}; {}", self.why)
    }

    /// Whether other receivers should hear of it: not of what was itself about a lost alert, or of
    /// a test.
    #[must_use]
    pub fn is_worth_telling(&self) -> bool {
        !matches!(self.entry.message.kind, EventKind::AlertLost | EventKind::Acted)
    }
}

#[cfg(test)]
mod tests;
