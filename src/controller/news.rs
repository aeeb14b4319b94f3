//! What the log should say: what was done and why, what was withheld, what failed, when the
//! observer doubts itself, and what becomes of a config. Each is said once, when it begins, and
//! when it ends.
//!
//! A line begins with a word that says what it is about, so that logs can be searched by it.

use super::Controller;
use super::rationing::Told;
use crate::cloudflare::Withheld;
use crate::config::Config;
use crate::state::{Applied, RefusedConfig};
use crate::time::{SECOND, Timestamp};

/// Most lines about one thing, such as the changes of one pass; of more it is said how many.
const LINES_MAX: usize = 20;
/// Most bytes of a line.
const LINE_BYTES_MAX: usize = 1_000;
/// Most causes of a refusal in its line; `status` has more.
const CAUSES_MAX: usize = 3;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Whether a person has to look.
    pub is_error: bool,
    /// What it says.
    pub text: String,
}

/// Lines that are not in the log yet.
#[derive(Debug, Default)]
pub(super) struct News(Vec<LogLine>);

impl Controller {
    /// The lines that have not been said yet.
    #[must_use]
    pub fn take_news(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.news.0)
    }
}

impl News {
    pub(super) fn config_in_use(&mut self, config: &Config) {
        self.say(false, format!("a new config is in use: {}", config.fingerprint));
    }

    pub(super) fn config_refused(&mut self, refused: &RefusedConfig) {
        let RefusedConfig { fingerprint, problems, problems_total, .. } = refused;
        let causes = problems.iter().take(CAUSES_MAX).map(ToString::to_string);
        let mut causes: Vec<String> = causes.collect();
        if let Some(more @ 1..) = problems_total.checked_sub(causes.len()) {
            causes.push(format!("and {more} more, see `status`"));
        }
        let causes = causes.join(" | ");
        let stays = "the last good one stays";
        self.say(true, format!("the config {fingerprint} in KV is refused, {stays}: {causes}"));
    }

    /// Notes since when the observer doubted itself before and after a round.
    pub(super) fn doubt(
        &mut self,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
        now: Timestamp,
    ) {
        match (before, after) {
            (None, Some(_)) => self.say(
                true,
                "doubt: probes reach nothing anywhere, so the observer is taken for the fault; \
                 health stays as it was"
                    .to_owned(),
            ),
            (Some(since), None) => {
                let lasted_s = now.since(since) / SECOND;
                self.say(false, format!("doubt: over after {lasted_s} s"));
            }
            _ => {}
        }
    }

    pub(super) fn applied(&mut self, changes: &[Applied]) {
        let told = |done: &Applied| format!("applied: {}; why: {}", done.what, done.why);
        self.all(false, changes.iter().map(told).collect());
    }

    /// Compares with what was withheld before, as `status` had it. A reason whose numbers have
    /// moved is the same.
    pub(super) fn withheld(&mut self, before: &[String], now: &[Withheld]) {
        let is_it = |text: &String, withheld: &Withheld| {
            let Withheld { what, why, .. } = withheld;
            text.starts_with(&format!("{what}: ")) && text.ends_with(&format!("[{}]", why.as_str()))
        };
        let is_new = |it: &&Withheld| !before.iter().any(|text| is_it(text, it));
        let is_gone = |text: &&String| !now.iter().any(|it| is_it(text, it));
        self.all(true, now.iter().filter(is_new).map(|it| format!("withheld: {it}")).collect());
        let gone = before.iter().filter(is_gone);
        self.all(false, gone.map(|text| format!("no longer withheld: {text}")).collect());
    }

    pub(super) fn failed(&mut self, before: &[String], now: &[String]) {
        let new = now.iter().filter(|text| !before.contains(text));
        self.all(true, new.map(|text| format!("failed: {text}")).collect());
    }

    /// Says that documents wait for the day's writes to KV, or no longer do.
    pub(super) fn held_back(&mut self, told: &Told) {
        let text = match told {
            Told::Held(keys) => format!(
                "KV: held back for the day's writes, and written later: {}; \
                 `/.pointsman/status` has it now, and `kv_writes_per_day` is the limit",
                keys.join(", ")
            ),
            Told::Over => "KV: nothing is held back any more".to_owned(),
        };
        self.say(false, text);
    }

    fn all(&mut self, is_error: bool, lines: Vec<String>) {
        let more = lines.len().saturating_sub(LINES_MAX);
        for line in lines.into_iter().take(LINES_MAX) {
            self.say(is_error, line);
        }
        if more > 0 {
            self.say(is_error, format!("… and {more} more like this, see `status`"));
        }
    }

    fn say(&mut self, is_error: bool, mut text: String) {
        if text.len() > LINE_BYTES_MAX {
            text.truncate(text.floor_char_boundary(LINE_BYTES_MAX));
            text.push('…');
        }
        self.0.push(LogLine { is_error, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::WithheldReason;
    use crate::controller::Offered;
    use crate::testing::{config_text, run};

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn texts(news: &mut News) -> Vec<String> {
        std::mem::take(&mut news.0).into_iter().map(|line| line.text).collect()
    }

    fn withheld(what: &str, because: &str) -> Withheld {
        let why = WithheldReason::LastUsable;
        Withheld { what: what.to_owned(), why, because: because.to_owned() }
    }

    #[test]
    fn a_refused_config_is_told_with_its_first_causes_and_how_many_more_there_are() {
        let mut controller = Controller::default();
        controller.offer_config(&config_text(), at(0));
        let told = controller.take_news();
        assert!(told[0].text.starts_with("a new config is in use: "), "{told:?}");
        assert_eq!(controller.offer_config("{\"version\": 1}", at(1)), Offered::Refused);
        assert_eq!(controller.offer_config("{\"version\": 1}", at(2)), Offered::Same);
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
        let during: Vec<String> = controller.take_news().into_iter().map(|l| l.text).collect();
        assert_eq!(during.len(), 1, "{during:?}");
        assert!(during[0].starts_with("doubt: probes reach nothing"), "{during:?}");
        run(&mut controller, 240_000, &[]);
        let after: Vec<String> = controller.take_news().into_iter().map(|l| l.text).collect();
        assert_eq!(after.len(), 1, "{after:?}");
        assert!(after[0].starts_with("doubt: over after "), "{after:?}");
    }

    #[test]
    fn what_is_withheld_is_told_once_whatever_its_numbers_and_again_when_it_ends() {
        let mut news = News::default();
        let first = [withheld("pool a: disable x", "1 origin"), withheld("pool b", "2 origins")];
        news.withheld(&[], &first);
        let told = texts(&mut news);
        assert_eq!(told[0], "withheld: pool a: disable x: 1 origin [last_usable]");
        assert_eq!(told.len(), 2);
        let before: Vec<String> = first.iter().map(ToString::to_string).collect();
        news.withheld(&before, &[withheld("pool a: disable x", "0 origins")]);
        assert_eq!(texts(&mut news), ["no longer withheld: pool b: 2 origins [last_usable]"]);
        let other = Withheld { why: WithheldReason::Foreign, ..withheld("pool b", "2 origins") };
        news.withheld(&before, &[withheld("pool a: disable x", "1 origin"), other]);
        let told = texts(&mut news);
        assert_eq!(told[0], "withheld: pool b: 2 origins [foreign]");
        assert_eq!(told[1], "no longer withheld: pool b: 2 origins [last_usable]");
    }

    #[test]
    fn a_failure_is_told_when_it_is_new() {
        let mut news = News::default();
        let [a, b] = ["a".to_owned(), "b".to_owned()];
        news.failed(&[], std::slice::from_ref(&a));
        news.failed(std::slice::from_ref(&a), &[a.clone(), b]);
        assert_eq!(texts(&mut news), ["failed: a", "failed: b"]);
    }

    #[test]
    fn so_many_lines_of_such_a_length_and_no_more() {
        let done = |len: usize| {
            let at = at(0);
            let fixed = "applied: ; why: w".len();
            Applied { at, what: "é".repeat((len - fixed) / 2), why: "w".to_owned() }
        };
        for (count, lines) in [(LINES_MAX - 1, LINES_MAX - 1), (LINES_MAX, LINES_MAX)] {
            let mut news = News::default();
            news.applied(&vec![done(100); count]);
            assert_eq!(texts(&mut news).len(), lines);
        }
        let mut news = News::default();
        news.applied(&vec![done(100); LINES_MAX + 1]);
        let told = texts(&mut news);
        assert_eq!(told.last().unwrap(), "… and 1 more like this, see `status`");
        assert_eq!(told.len(), LINES_MAX + 1);
        let mut length = |len: usize| {
            let mut text = "s".repeat(len);
            news.say(false, std::mem::take(&mut text));
            texts(&mut news)[0].clone()
        };
        assert_eq!(length(LINE_BYTES_MAX - 1).len(), LINE_BYTES_MAX - 1);
        assert_eq!(length(LINE_BYTES_MAX).len(), LINE_BYTES_MAX);
        assert_eq!(length(LINE_BYTES_MAX + 1), "s".repeat(LINE_BYTES_MAX) + "…");
    }
}
