//! What happened, told once: what was done and why, what was withheld, what failed, when the
//! observer doubts itself, and what becomes of a config. Each is told when it begins, and when it
//! ends.
//!
//! An event becomes one line of the log: a JSON object, which Workers Logs indexes. Its `event` is
//! the kind, its `text` a sentence, and `incident` ties together what belongs together, so that the
//! log tells a night as a story.

use super::Controller;
use super::rationing::Told;
use crate::cloudflare::{Withheld, WithheldReason};
use crate::config::Config;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Actor, Event, EventKind, Subject};
use crate::json::{self, fields};
use crate::state::{Applied, RefusedConfig};
use crate::tick::Changed;
use crate::time::{SECOND, Timestamp};

/// Most lines about one thing, such as the changes of one pass; of more it is said how many.
const LINES_MAX: usize = 20;
/// Most bytes of a text in a line.
const TEXT_BYTES_MAX: usize = 1_000;
/// Most causes of a refusal in its line; `status` has more.
const CAUSES_MAX: usize = 3;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Whether a person has to look.
    pub is_error: bool,
    /// What it says, as JSON.
    pub text: String,
}

/// Events that no listener has heard yet.
#[derive(Debug, Default)]
pub(super) struct News(Vec<Event>);

impl News {
    /// Tells an event.
    pub(super) fn tell(&mut self, event: Event) {
        self.0.push(event);
    }

    /// Tells an event that happened before all others.
    pub(super) fn tell_first(&mut self, event: Event) {
        self.0.insert(0, event);
    }

    /// What was told and not heard, in the order in which it was told.
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.0)
    }

    pub(super) fn observed(&mut self, changed: &[Changed], config: &Config, now: Timestamp) {
        if changed.is_empty() {
            return;
        }
        let places = config.places();
        for Changed { target, transition } in changed {
            let (from, to) = (transition.from.as_str(), transition.to.as_str());
            let reason = transition.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
            let text = format!("{target} went from {from} to {to}{reason}");
            let region = places.get(&target.origin).map(|(region, _)| *region);
            self.tell(Event::new(EventKind::Observed, text, now).about(None, region));
        }
    }

    pub(super) fn config_in_use(&mut self, config: &Config, now: Timestamp) {
        let text = format!("a new config is in use: {}", config.fingerprint);
        self.tell(Event::new(EventKind::ConfigTaken, text, now).by(Actor::config()));
    }

    pub(super) fn config_refused(&mut self, refused: &RefusedConfig) {
        let RefusedConfig { fingerprint, problems, problems_total, at } = refused;
        let causes = problems.iter().take(CAUSES_MAX).map(ToString::to_string);
        let mut causes: Vec<String> = causes.collect();
        if let Some(more @ 1..) = problems_total.checked_sub(causes.len()) {
            causes.push(format!("and {more} more, see `status`"));
        }
        let causes = causes.join(" | ");
        let stays = "the last good one stays";
        let text = format!("the config {fingerprint} in KV is refused, {stays}: {causes}");
        let event = Event::new(EventKind::ConfigRefused, text, *at);
        self.tell(event.by(Actor::config()).urgent());
    }

    /// Notes since when the observer doubted itself before and after a round.
    pub(super) fn doubt(
        &mut self,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
        now: Timestamp,
    ) {
        match (before, after) {
            (None, Some(_)) => {
                let text = "probes reach nothing anywhere, so the observer is taken for the fault; \
                            health stays as it was";
                self.tell(Event::new(EventKind::Doubt, text.to_owned(), now).urgent());
            }
            (Some(since), None) => {
                let text =
                    format!("probes reach something again, after {} s", now.since(since) / SECOND);
                self.tell(Event::new(EventKind::DoubtOver, text, now));
            }
            _ => {}
        }
    }

    /// `services` has the service of each change, where it is one's.
    pub(super) fn applied(&mut self, changes: &[(Applied, Option<ServiceId>)]) {
        for (done, service) in changes {
            let event = Event::new(EventKind::Applied, done.what.clone(), done.at);
            self.tell(event.because(done.why.clone()).about(service.as_ref(), None));
        }
    }

    /// Compares with what was withheld before, as `status` had it. A reason whose numbers have
    /// moved is the same.
    pub(super) fn withheld(&mut self, before: &[String], now: &[Withheld], at: Timestamp) {
        let is_it = |text: &String, withheld: &Withheld| {
            let Withheld { what, why, .. } = withheld;
            text.starts_with(&format!("{what}: ")) && text.ends_with(&format!("[{}]", why.as_str()))
        };
        let is_new = |it: &&Withheld| !before.iter().any(|text| is_it(text, it));
        let is_gone = |text: &&String| !now.iter().any(|it| is_it(text, it));
        for it in now.iter().filter(is_new) {
            let event = Event::new(EventKind::Withheld, it.to_string(), at);
            // What others do to our records is an event of its own, and urgent there.
            let is_told = it.why == WithheldReason::TwoOwners;
            self.tell(if is_told { event } else { event.urgent() });
        }
        for text in before.iter().filter(is_gone) {
            self.tell(Event::new(EventKind::Released, text.clone(), at));
        }
    }

    pub(super) fn failed(&mut self, before: &[String], now: &[String], at: Timestamp) {
        for text in now.iter().filter(|text| !before.contains(text)) {
            self.tell(Event::new(EventKind::Failed, text.clone(), at).urgent());
        }
    }

    /// Says that documents wait for the day's writes to KV, or no longer do.
    pub(super) fn held_back(&mut self, told: &Told, now: Timestamp) {
        let text = match told {
            Told::Held(keys) => format!(
                "documents are held back for the day's writes to KV, and written later: {}; \
                 `/.pointsman/status` has it now, and `kv_writes_per_day` is the limit",
                keys.join(", ")
            ),
            Told::Over => "nothing is held back any more".to_owned(),
        };
        self.tell(Event::new(EventKind::HeldBack, text, now));
    }
}

/// What the log has still to say.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: Vec<LogLine>,
    /// What the last lines are about, and how many there are: of more than [`LINES_MAX`] about one
    /// thing it is said how many.
    run: Option<(EventKind, usize, Timestamp)>,
}

impl Log {
    /// Puts an event into the log.
    pub(super) fn hear(&mut self, event: &Event) {
        let in_a_row = match self.run {
            Some((kind, count, _)) if kind == event.kind => count.saturating_add(1),
            _ => {
                self.say_how_many();
                1
            }
        };
        self.run = Some((event.kind, in_a_row, event.at));
        if in_a_row <= LINES_MAX {
            self.say(event.is_urgent, &Line::of(event));
        }
    }

    /// The lines since it was asked last.
    fn take(&mut self) -> Vec<LogLine> {
        self.say_how_many();
        std::mem::take(&mut self.lines)
    }

    fn say_how_many(&mut self) {
        let Some((kind, count, at)) = self.run.take() else { return };
        if count > LINES_MAX {
            let more = count.saturating_sub(LINES_MAX);
            let text = format!("There are {more} more like this, see `status`");
            let line = Line::of(&Event::new(kind, String::new(), at));
            self.say(false, &Line { text, ..line });
        }
    }

    fn say(&mut self, is_error: bool, line: &Line) {
        self.lines.push(LogLine { is_error, text: json::write(line) });
    }
}

/// A line of the log.
struct Line {
    at: Timestamp,
    event: EventKind,
    incident: Option<String>,
    service: Option<ServiceId>,
    region: Option<RegionId>,
    who: String,
    text: String,
    why: Option<String>,
}

fields!(Line {
    at,
    event,
    incident if any,
    service if any,
    region if any,
    who,
    text,
    why if any,
});

impl Line {
    fn of(event: &Event) -> Self {
        let Subject { service, region, incident } = event.subject.clone();
        Self {
            at: event.at,
            event: event.kind,
            incident,
            service,
            region,
            who: event.who.to_string(),
            text: bounded(&sentence(event)),
            why: event.why.as_deref().map(bounded),
        }
    }
}

/// What happened, as a sentence.
fn sentence(event: &Event) -> String {
    let begins = match event.kind {
        EventKind::Applied => "Changed at Cloudflare: ",
        EventKind::Withheld => "Withheld at Cloudflare: ",
        EventKind::Released => "No longer withheld at Cloudflare: ",
        EventKind::Failed => "Failed at Cloudflare: ",
        _ => "",
    };
    format!("{begins}{}", event.text)
}

fn bounded(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    format!("{}…", text.get(..end).unwrap_or_default())
}

impl Controller {
    /// The lines that have not been said yet.
    #[must_use]
    pub fn take_news(&mut self) -> Vec<LogLine> {
        self.log.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Offered;
    use crate::testing::{config_text, run};
    use serde_json::Value;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// What the log says of what was told.
    fn texts(news: &mut News) -> Vec<String> {
        lines(news).iter().map(told).collect()
    }

    /// A line as people read it: kind, sentence and reason.
    fn told(line: &LogLine) -> String {
        let line: Value = serde_json::from_str(&line.text).unwrap();
        let word = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let why = if line["why"].is_null() { "" } else { "; why: " };
        format!("{}: {}{why}{}", word("event"), word("text"), word("why"))
    }

    fn lines(news: &mut News) -> Vec<LogLine> {
        let mut log = Log::default();
        news.take().iter().for_each(|event| log.hear(event));
        log.take()
    }

    fn withheld(what: &str, because: &str) -> Withheld {
        let why = WithheldReason::LastUsable;
        Withheld { what: what.to_owned(), why, because: because.to_owned() }
    }

    #[test]
    fn a_refused_config_is_told_with_its_first_causes_and_how_many_more_there_are() {
        let mut controller = Controller::default();
        controller.offer_config(&config_text(), at(0));
        controller.settle(at(0));
        let told = controller.take_news();
        let begins = "config_taken: a new config is in use: ";
        assert!(super::tests::told(&told[0]).starts_with(begins), "{told:?}");
        assert_eq!(controller.offer_config("{\"version\": 1}", at(1)), Offered::Refused);
        assert_eq!(controller.offer_config("{\"version\": 1}", at(2)), Offered::Same);
        controller.settle(at(2));
        let [line] = controller.take_news().try_into().unwrap();
        assert!(line.is_error);
        assert!(line.text.contains("is refused, the last good one stays: E012 ."), "{line:?}");
        assert_eq!(line.text.matches("E012 ").count(), 3, "{line:?}");
        let mut refused = controller.state().refused.clone().unwrap();
        for (total, said) in [(3, None), (4, Some("and 1 more, see `status`"))] {
            let mut news = News::default();
            refused.problems_total = total;
            news.config_refused(&refused);
            let [line] = texts(&mut news).try_into().unwrap();
            assert_eq!(line.contains(" more, see"), said.is_some(), "{line}");
            assert!(said.is_none_or(|said| line.ends_with(said)), "{line}");
        }
    }

    #[test]
    fn a_doubt_is_told_when_it_begins_and_when_it_ends() {
        let mut controller = Controller::default();
        controller.offer_config(&config_text(), at(0));
        run(&mut controller, 60_000, &[]);
        drop(controller.take_news());
        let all = ["eu-1", "us-1", "br-1"];
        for minute in 2..4 {
            run(&mut controller, minute * 60_000, &all);
        }
        assert!(controller.state().doubted_since.is_some());
        let about = |controller: &mut Controller| -> Vec<String> {
            let lines = controller.take_news();
            lines.iter().map(told).filter(|text| text.starts_with("doubt")).collect()
        };
        let during = about(&mut controller);
        assert_eq!(during.len(), 1, "{during:?}");
        assert!(during[0].starts_with("doubt: probes reach nothing"), "{during:?}");
        run(&mut controller, 240_000, &[]);
        let after = about(&mut controller);
        assert_eq!(after.len(), 1, "{after:?}");
        let over = "doubt_over: probes reach something again, after ";
        assert!(after[0].starts_with(over), "{after:?}");
    }

    #[test]
    fn what_is_withheld_is_told_once_whatever_its_numbers_and_again_when_it_ends() {
        let mut news = News::default();
        let first = [withheld("pool a: disable x", "1 origin"), withheld("pool b", "2 origins")];
        news.withheld(&[], &first, at(0));
        let told = texts(&mut news);
        let first_told =
            "withheld: Withheld at Cloudflare: pool a: disable x: 1 origin [last_usable]";
        assert_eq!(told[0], first_told);
        assert_eq!(told.len(), 2);
        let before: Vec<String> = first.iter().map(ToString::to_string).collect();
        news.withheld(&before, &[withheld("pool a: disable x", "0 origins")], at(0));
        let released =
            "released: No longer withheld at Cloudflare: pool b: 2 origins [last_usable]";
        assert_eq!(texts(&mut news), [released]);
        let other = Withheld { why: WithheldReason::Foreign, ..withheld("pool b", "2 origins") };
        news.withheld(&before, &[withheld("pool a: disable x", "1 origin"), other], at(0));
        let told = texts(&mut news);
        assert_eq!(told[0], "withheld: Withheld at Cloudflare: pool b: 2 origins [foreign]");
        assert_eq!(told[1], released);
    }

    #[test]
    fn a_failure_is_told_when_it_is_new() {
        let mut news = News::default();
        let [a, b] = ["a".to_owned(), "b".to_owned()];
        news.failed(&[], std::slice::from_ref(&a), at(0));
        news.failed(std::slice::from_ref(&a), &[a.clone(), b], at(0));
        assert_eq!(
            texts(&mut news),
            ["failed: Failed at Cloudflare: a", "failed: Failed at Cloudflare: b"]
        );
    }

    #[test]
    fn so_many_lines_about_one_thing_are_told_and_no_more() {
        let done = (Applied { at: at(0), what: "x".to_owned(), why: "w".to_owned() }, None);
        for (count, lines) in [(LINES_MAX - 1, LINES_MAX - 1), (LINES_MAX, LINES_MAX)] {
            let mut news = News::default();
            news.applied(&vec![done.clone(); count]);
            assert_eq!(texts(&mut news).len(), lines);
        }
        let mut news = News::default();
        news.applied(&vec![done; LINES_MAX + 1]);
        let told = texts(&mut news);
        let more = "applied: There are 1 more like this, see `status`";
        assert_eq!(told.last().unwrap(), more);
        assert_eq!(told.len(), LINES_MAX + 1);
    }

    #[test]
    fn a_text_has_so_many_bytes_and_no_more() {
        for len in [TEXT_BYTES_MAX - 1, TEXT_BYTES_MAX] {
            assert_eq!(bounded(&"s".repeat(len)).len(), len);
        }
        let cut = "s".repeat(TEXT_BYTES_MAX) + "…";
        assert_eq!(bounded(&"s".repeat(TEXT_BYTES_MAX + 1)), cut);
    }

    #[test]
    fn a_line_is_one_json_object_that_names_whom_it_is_about() {
        let region = RegionId::parse("eu-west").unwrap();
        let service = ServiceId::parse("api").unwrap();
        let event = Event::new(EventKind::Down, "api is down\nin \"eu-west\"".to_owned(), at(0));
        let mut event = event.about(Some(&service), Some(&region)).because("w".to_owned());
        event.subject.incident = Some("i-1".to_owned());
        let mut log = Log::default();
        log.hear(&event.urgent());
        let [line] = log.take().try_into().unwrap();
        assert!(line.is_error && !line.text.contains('\n'), "{line:?}");
        let told: Value = serde_json::from_str(&line.text).unwrap();
        let wanted = serde_json::json!({
            "at": "1970-01-01T00:00:00.000Z", "event": "down", "incident": "i-1",
            "service": "api", "region": "eu-west", "who": "pointsman",
            "text": "api is down\nin \"eu-west\"", "why": "w",
        });
        assert_eq!(told, wanted);
    }
}
