//! Small parts of pages.

use crate::geo::Area;
use crate::health::Health;
use crate::http::ADMIN_PREFIX;
use crate::recovery::Stage;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in a path or a query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How well something is. Each has a word and a sign, so that no color has to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Odd,
    Bad,
    Unknown,
}

impl Mood {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Odd => "odd",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Good => "●",
            Self::Odd => "▲",
            Self::Bad => "✖",
            Self::Unknown => "◌",
        }
    }

    pub(super) fn of_health(health: Health) -> Self {
        match health {
            Health::Up => Self::Good,
            Health::Unknown => Self::Unknown,
            Health::Down => Self::Bad,
        }
    }

    pub(super) fn of_stage(stage: Stage) -> Self {
        match stage {
            Stage::Normal => Self::Good,
            Stage::Halted | Stage::FailingOver => Self::Bad,
            Stage::Suspected | Stage::FailedOver | Stage::FailingBack => Self::Odd,
        }
    }
}

/// A word with its sign.
pub(super) fn badge(mood: Mood, word: &str) -> Markup {
    html! {
        span class={"badge " (mood.class())} {
            span aria-hidden="true" { (mood.sign()) } " " (word)
        }
    }
}

/// How healthy something is.
pub(super) fn health_badge(health: Health) -> Markup {
    badge(Mood::of_health(health), health.as_str())
}

/// The head of a table.
pub(super) fn heads(names: &[&str]) -> Markup {
    html! { thead { tr { @for name in names { th scope="col" { (name) } } } } }
}

/// Since when something is bad, with a word for it.
pub(super) fn bad_since(word: &str, since: Option<Timestamp>, now: Timestamp) -> Markup {
    html! {
        @if let Some(since) = since { " " (badge(Mood::Bad, word)) " since " (instant(since, now)) }
    }
}

/// How something looks from an area.
pub(super) fn sight_of(area: Area, health: Health, latency_ms: Option<Millis>) -> Markup {
    html! {
        span class="sight" {
            (area.as_str()) " " (health_badge(health))
            @if let Some(ms) = latency_ms { " " (ms) " ms" }
        }
    }
}

/// The path of a page. Segments are escaped.
pub(super) fn path(segments: &[&str]) -> String {
    let escaped = segments.iter().map(|it| utf8_percent_encode(it, PLAIN).to_string());
    [ADMIN_PREFIX, &escaped.collect::<Vec<_>>().join("/")].concat()
}

/// The path of a page with a query.
pub(super) fn path_with(segments: &[&str], query: &[(&str, &str)]) -> String {
    let pairs = query
        .iter()
        .map(|(key, value)| [*key, "=", &utf8_percent_encode(value, PLAIN).to_string()].concat());
    [path(segments), pairs.collect::<Vec<_>>().join("&")].join("?")
}

/// An instant, and how long ago it was.
pub(super) fn instant(at: Timestamp, now: Timestamp) -> Markup {
    let text = at.to_string();
    let short = text.get(..19).map(|text| text.replacen('T', " ", 1));
    html! {
        time datetime=(text) { (short.unwrap_or_else(|| text.clone())) " UTC" }
        " " span class="ago" { "(" (ago(at, now)) ")" }
    }
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    if now.since(at) < SECOND && at <= now {
        return "now".to_owned();
    }
    if at > now {
        return format!("in {}", span(at.since(now)));
    }
    format!("{} ago", span(now.since(at)))
}

/// A time in the largest units that say enough.
pub(super) fn span(ms: Millis) -> String {
    let (seconds, minutes) = (ms / SECOND, ms / MINUTE);
    let hours = minutes / 60;
    match (seconds, minutes, hours) {
        (0, ..) => format!("{ms} ms"),
        (_, 0, _) => format!("{seconds} s"),
        (_, _, 0) => format!("{minutes} min {} s", seconds % 60),
        (_, _, 1..48) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} days", hours / 24),
    }
}

/// A link to a page that asks for an act.
pub(super) fn act_link(words: &str, fields: &[(&str, &str)]) -> Markup {
    html! { a class="button" href=(path_with(&["act"], fields)) { (words) } }
}

/// Lines of words, or what to say where there are none.
pub(super) fn lines<T: std::fmt::Display>(lines: &[T], none: &str) -> Markup {
    html! {
        @if lines.is_empty() { p class="quiet" { (none) } }
        @else { ul { @for line in lines { li { (line) } } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_the_units_that_say_enough() {
        for (ms, told) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (59_999, "59 s"),
            (61_000, "1 min 1 s"),
            (2 * 60 * MINUTE + MINUTE, "2 h 1 min"),
            (49 * 60 * MINUTE, "2 days"),
        ] {
            assert_eq!(span(ms), told);
        }
    }

    #[test]
    fn what_stands_in_a_path_is_no_markup_and_no_other_path() {
        assert_eq!(path(&["incidents", "a/b?c"]), "/.pointsman/incidents/a%2Fb%3Fc");
        assert_eq!(path_with(&["act"], &[("do", "a&b")]), "/.pointsman/act?do=a%26b");
        assert_eq!(badge(Mood::Bad, "<b>").into_string().matches("<b>").count(), 0);
    }
}
