//! What happened is told to whoever has to know: the incident that it belongs to, the audit chain,
//! alerts, and the log.

use super::Controller;
use crate::journal::{Event, EventKind};
use crate::time::Timestamp;

impl Controller {
    /// Lets all listeners hear what was told since the last time. It is called at the end of
    /// whatever may have told something, before the state is saved: what they keep is saved
    /// together with what they heard of. The alarm comes here, too: what begins or ends by itself
    /// is told then.
    pub fn settle(&mut self, now: Timestamp) {
        self.follow_traffic(now);
        self.note_latencies(now);
        self.follow_orders(now);
        self.follow_recovery(now);
        self.follow_contracts(now);
        self.follow_drills(now);
        self.follow_incidents(now);
        self.follow_stages(now);
        if let Some(text) = self.restored.take() {
            self.news.tell_first(Event::new(EventKind::Restored, text, now).urgent());
        }
        self.notice_silence(now);
        self.hear_news();
        // Of a message that was given up the log has to hear, too.
        self.follow_alerts(now);
        self.hear_news();
    }

    fn hear_news(&mut self) {
        let events = self.news.take();
        if !events.is_empty() {
            self.outdate_table();
        }
        let mut heard = Vec::new();
        for mut event in events {
            self.note_in_incident(&mut event);
            self.audit(&event);
            self.log.hear(&event);
            self.counters.event(event.kind);
            heard.push(event);
        }
        // What was observed comes before the incident that it opens, and is told with its alert.
        heard.sort_by_key(|event| event.kind == EventKind::Observed);
        for event in &heard {
            self.alert(event);
        }
    }
}
