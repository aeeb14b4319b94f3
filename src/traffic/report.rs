//! What one isolate tells of its requests.

use super::counts::Counts;
use super::happened::Happened;
use super::latencies::Latencies;
use super::requests::Requests;
use crate::geo::Area;
use crate::ids::{RegionId, ServiceId};
use crate::json::fields;
use crate::time::{MINUTE, Millis, Timestamp};

/// Most lines of a report.
pub const LINES_MAX: usize = 1_000;
/// Most things that happened to requests, told in one report.
pub const HAPPENED_MAX: usize = 1_000;
/// Most requests of a line: an isolate that answers 16,000 a second.
const REQUESTS_MAX: u64 = 1_000_000;
/// Longest name of an isolate, in bytes.
const ISOLATE_BYTES_MAX: usize = 32;
/// How old a line may be: an isolate is told to wait for up to an hour, and may have to tell twice.
pub const LATE_MS_MAX: Millis = 3 * 60 * MINUTE;
/// How far ahead of the Controller's clock a minute may begin.
pub const AHEAD_MS_MAX: Millis = MINUTE;

/// What one isolate tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// A name that the isolate chose by chance. It stands for no client.
    pub isolate: String,
    /// Grows by one with each report of the isolate. Where no answer came, the same report is sent
    /// again with the same number.
    pub number: u64,
    /// The area of one of its clients; absent where no country is known.
    pub area: Option<Area>,
    /// What it counted.
    pub lines: Vec<Line>,
    /// What else happened to them.
    pub happened: Vec<Happened>,
}

/// The requests of one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When the minute began.
    pub minute: Timestamp,
    /// The service.
    pub service: ServiceId,
    /// The region that was tried; absent where answers to clients are counted, after all tries.
    pub region: Option<RegionId>,
    /// What became of them.
    pub counts: Counts,
    /// How long those took that did not fail.
    pub latencies: Latencies,
}

fields!(Report { isolate, number, area if any, lines, happened = Vec::new() });
fields!(Line { minute, service, region if any, counts, latencies if any });

impl Report {
    /// Whether it can be a report at all.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let named = (1..=ISOLATE_BYTES_MAX).contains(&self.isolate.len())
            && self.isolate.bytes().all(|byte| byte.is_ascii_alphanumeric());
        named && self.lines.len() <= LINES_MAX && self.happened.len() <= HAPPENED_MAX
    }
}

impl Line {
    /// The requests of a service in that minute, or the tries at one of its regions.
    #[must_use]
    pub fn of(
        minute: Timestamp,
        (service, region): (ServiceId, Option<RegionId>),
        requests: Requests,
    ) -> Self {
        let Requests { counts, latencies } = requests;
        Self { minute, service, region, counts, latencies }
    }

    /// What was counted.
    pub(super) fn requests(&self) -> Requests {
        Requests { counts: self.counts, latencies: self.latencies }
    }

    /// Whether the figures go together, and the minute is one of the last.
    #[must_use]
    pub fn is_sound(&self, now: Timestamp) -> bool {
        self.counts.is_sound(REQUESTS_MAX)
            && self.latencies.total() <= self.counts.requests
            && now.since(self.minute) <= LATE_MS_MAX
            && self.minute.since(now) <= AHEAD_MS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn line(minute: Timestamp) -> Line {
        Line {
            minute,
            service: ServiceId::parse("api").unwrap(),
            region: None,
            counts: Counts { requests: 1, ..Counts::default() },
            latencies: Latencies::default(),
        }
    }

    fn report(isolate: &str, lines: usize) -> Report {
        let lines = vec![line(Timestamp::from_millis(60_000)); lines];
        let (isolate, area) = (isolate.to_owned(), Some(Area::Weur));
        Report { isolate, number: 1, area, lines, happened: Vec::new() }
    }

    #[test]
    fn a_report_reads_back_and_is_short() {
        let told = report("0a1b", 2);
        let text = json::write(&told);
        assert_eq!(json::read::<Report>(&text).unwrap(), told);
        assert!(text.len() < 220, "{text}");
    }

    #[test]
    fn a_report_has_a_plain_name_and_so_many_lines() {
        for (told, is_sound) in [
            (report("", 1), false),
            (report(&"a".repeat(ISOLATE_BYTES_MAX), 0), true),
            (report(&"a".repeat(ISOLATE_BYTES_MAX + 1), 0), false),
            (report("10.0.0.1", 0), false),
            (report("a", LINES_MAX), true),
            (report("a", LINES_MAX + 1), false),
        ] {
            assert_eq!(told.is_sound(), is_sound, "{} {}", told.isolate, told.lines.len());
        }
    }

    #[test]
    fn a_line_is_of_one_of_the_last_minutes() {
        let now = Timestamp::from_millis(1_000 * MINUTE);
        for (minute, is_sound) in [
            (now.minus(LATE_MS_MAX), true),
            (now.minus(LATE_MS_MAX + 1), false),
            (now.plus(AHEAD_MS_MAX), true),
            (now.plus(AHEAD_MS_MAX + 1), false),
        ] {
            assert_eq!(line(minute).is_sound(now), is_sound, "{minute}");
        }
        let mut many = line(now);
        many.counts.requests = REQUESTS_MAX;
        assert!(many.is_sound(now));
        many.counts.requests += 1;
        assert!(!many.is_sound(now));
        let mut fast = line(now);
        fast.latencies.note(3);
        assert!(fast.is_sound(now));
        fast.latencies.note(3);
        assert!(!fast.is_sound(now), "no more are timed than there were");
    }
}
