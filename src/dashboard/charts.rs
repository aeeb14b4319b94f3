//! Small charts, as SVG without a script. Each says in words what it shows.

use super::parts::{Mood, span};
use crate::documents::{HourCounts, LATENCY_STEP_MS, LATENCY_STEPS, PastLatency};
use crate::time::{Millis, SECOND, Timestamp};
use maud::{Markup, html};

/// Width and height of a cell of a strip.
const CELL: (usize, usize) = (10, 18);
/// Height of a line of latencies.
const LINE_HEIGHT: u64 = 24;
/// Width of a step of it.
const LINE_STEP: u64 = 3;

/// One cell of a strip.
pub(super) struct Cell {
    pub(super) mood: Mood,
    pub(super) title: String,
}

/// A strip of cells, the oldest first.
pub(super) fn strip(cells: &[Cell], label: &str) -> Markup {
    let (width, height) = (cells.len() * CELL.0, CELL.1);
    html! {
        svg class="strip" role="img" aria-label=(label) viewBox={"0 0 " (width) " " (height)}
            width=(width) height=(height) {
            @for (place, cell) in cells.iter().enumerate() {
                @let rise = rise(cell.mood);
                rect class=(cell.mood.class()) x=(place * CELL.0 + 1) y=(rise)
                    width=(CELL.0 - 2) height=(height - rise) { title { (cell.title) } }
            }
        }
    }
}

/// How much is left free above a cell. What is bad is taller, so that it is seen without its color.
fn rise(mood: Mood) -> usize {
    match mood {
        Mood::Bad => 0,
        Mood::Odd => 3,
        Mood::Good | Mood::Unknown => 6,
    }
}

/// How much of each hour a region was down.
pub(super) fn down_strip(down_s: &[u64], name: &str) -> Markup {
    let hours = down_s.len();
    let cell = |(place, down_s): (usize, &u64)| Cell {
        mood: match down_s {
            0 => Mood::Good,
            1..1_800 => Mood::Odd,
            _ => Mood::Bad,
        },
        title: format!("{}: down for {}", hours_ago(hours - 1 - place), span(down_s * SECOND)),
    };
    let cells: Vec<Cell> = down_s.iter().enumerate().map(cell).collect();
    let all: u64 = down_s.iter().sum();
    let label = match all {
        0 => format!("{name} was never down in the last {hours} hours"),
        _ => format!("{name} was down for {} in the last {hours} hours", span(all * SECOND)),
    };
    strip(&cells, &label)
}

/// How many requests of each hour were answered.
pub(super) fn answered_strip(hours: &[HourCounts], name: &str) -> Markup {
    let count = hours.len();
    let cell = |(place, hour): (usize, &HourCounts)| Cell {
        mood: match (hour.requests, hour.failures) {
            (0, _) => Mood::Unknown,
            (_, 0) => Mood::Good,
            (requests, failures) if failures.saturating_mul(100) < requests => Mood::Odd,
            _ => Mood::Bad,
        },
        title: format!(
            "{}: {} requests, {} of them failed",
            hours_ago(count - 1 - place),
            hour.requests,
            hour.failures
        ),
    };
    let cells: Vec<Cell> = hours.iter().enumerate().map(cell).collect();
    let requests: u64 = hours.iter().map(|hour| hour.requests).sum();
    let failures: u64 = hours.iter().map(|hour| hour.failures).sum();
    let label =
        format!("{name}: {failures} of {requests} requests failed in the last {count} hours");
    strip(&cells, &label)
}

fn hours_ago(hours: usize) -> String {
    if hours == 0 { "this hour".to_owned() } else { format!("{hours} h ago") }
}

/// Latencies as a line, with gaps where none is known; a single one as a figure. `None` where none
/// is known.
pub(super) fn sparkline(past: &[PastLatency], name: &str, now: Timestamp) -> Option<Markup> {
    let known = || past.iter().map(|it| it.latency_ms);
    let (least, most) = (known().min()?, known().max()?);
    if past.len() < 2 {
        return Some(html! { (least) " ms" });
    }
    let drawn = line(past, (least, most), now);
    let width = LATENCY_STEPS * LINE_STEP;
    let label = format!("{name}: probes took {least} to {most} ms in the last hours");
    Some(html! {
        svg class="line" role="img" aria-label=(label) viewBox={"0 0 " (width) " " (LINE_HEIGHT)}
            width=(width) height=(LINE_HEIGHT) { title { (label) } path d=(drawn) {} }
        " " span class="quiet" { (least) "–" (most) " ms" }
    })
}

/// The path of the line; the last step is at its right end.
fn line(past: &[PastLatency], (least, most): (Millis, Millis), now: Timestamp) -> String {
    let back = |it: &PastLatency| now.since(it.at) / LATENCY_STEP_MS;
    let x = |it: &PastLatency| (LATENCY_STEPS - 1).saturating_sub(back(it)) * LINE_STEP;
    let y = |ms: Millis| LINE_HEIGHT - 2 - (ms - least) * (LINE_HEIGHT - 4) / (most - least).max(1);
    let mut drawn = String::new();
    let mut before: Option<u64> = None;
    for it in past {
        let is_next = before.is_some_and(|before| before == back(it) + 1);
        let (at, height) = (x(it).to_string(), y(it.latency_ms).to_string());
        drawn.extend([if is_next { "L" } else { "M" }, &at, " ", &height]);
        before = Some(back(it));
    }
    drawn
}

/// A bar that is so full, from 0 to 100.
pub(super) fn bar(percent: u64, mood: Mood, label: &str) -> Markup {
    html! {
        svg class="bar" role="img" aria-label=(label) viewBox="0 0 100 8" width="100" height="8" {
            rect class="rail" width="100" height="8" rx="2" {}
            rect class=(mood.class()) width=(percent.min(100)) height="8" rx="2" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_where_nothing_is_known() {
        let now = Timestamp::from_millis(100 * LATENCY_STEP_MS + 1);
        let at = |step: u64, latency_ms| PastLatency {
            at: Timestamp::from_millis(step * LATENCY_STEP_MS),
            latency_ms,
        };
        let past = [at(96, 10), at(97, 20), at(100, 20)];
        let drawn = sparkline(&past, "eu", now).unwrap().into_string();
        assert!(drawn.contains("M201 22L204 2M213 2"), "{drawn}");
        assert!(drawn.contains("eu: probes took 10 to 20 ms"));
        assert_eq!(sparkline(&[at(100, 10)], "eu", now).unwrap().into_string(), "10 ms");
        assert!(sparkline(&[], "eu", now).is_none());
    }

    #[test]
    fn a_strip_says_in_words_what_it_shows() {
        let shown = down_strip(&[0, 60, 3_600], "eu").into_string();
        assert!(shown.contains("eu was down for 1 h 1 min in the last 3 hours"), "{shown}");
        for (class, title) in
            [("good", "2 h ago: down for 0 ms"), ("odd", "1 h ago"), ("bad", "this hour")]
        {
            assert!(shown.contains(class) && shown.contains(title), "{shown}");
        }
        let hours =
            [HourCounts { requests: 0, failures: 0 }, HourCounts { requests: 9, failures: 1 }];
        let shown = answered_strip(&hours, "api").into_string();
        assert!(shown.contains("api: 1 of 9 requests failed in the last 2 hours"), "{shown}");
    }
}
