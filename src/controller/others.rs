//! What other owners do to our records, told as events.

use super::news::News;
use crate::journal::{Event, EventKind};
use crate::other_owner::{FactNews, Looked, follow as follow_facts};
use crate::state::Actuation;
use crate::time::{MINUTE, Millis, Timestamp};

/// How long a record set is taken back that cannot be read or written before.
pub(super) const TAKE_BACK_MS_MAX: Millis = 24 * 60 * MINUTE;

/// Takes in what a pass saw of other owners, and tells what begins, stops and ends.
pub(super) fn follow(actuation: &mut Actuation, news: &mut News, looked: &Looked, now: Timestamp) {
    for told in follow_facts(&mut actuation.other_owners, looked, now) {
        news.tell(event(&told, now));
    }
    actuation.take_backs.retain(|record, since| {
        !looked.taken_back.contains(record) && now.since(*since) < TAKE_BACK_MS_MAX
    });
}

fn event(told: &FactNews, now: Timestamp) -> Event {
    let event = Event::new(EventKind::OtherOwner, told.text(), now);
    let event = event.because(told.why()).about(Some(&told.owner.service), None);
    if told.is_urgent() { event.urgent() } else { event }
}
