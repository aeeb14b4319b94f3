//! The data points that an isolate has not written yet.

use super::point::Point;
use crate::geo::Area;
use crate::time::Timestamp;
use crate::traffic::{Happened, Line};
use serde_json::Value;

/// Most points that are kept until they are written. Of more, those that came first stay.
pub const POINTS_MAX: usize = 1_000;
/// Most points that are written behind one request. Cloudflare takes 250 from one invocation of the
/// Worker (its page of April 2026; 25 before), and refuses the next one with an error. What it does
/// not take is written later.
pub const POINTS_AT_ONCE_MAX: usize = 250;

/// What became of points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Points that the dataset took.
    pub written: u64,
    /// Points that nobody will get: there was no room to keep them, or the dataset refused them.
    pub dropped: u64,
}

/// The points of minutes that are not over, or not written.
///
/// **Invariant.** Sorted by what they are about, the oldest first; each of it once; at most
/// [`POINTS_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Points {
    kept: Vec<Point>,
    counts: Counts,
    /// How many were dropped since the log heard of it.
    unsaid: u64,
}

impl Points {
    /// Adds what became of requests.
    pub fn add_lines(&mut self, lines: &[Line]) {
        for line in lines {
            self.add(Point::of_line(line));
        }
    }

    /// Adds what else happened to requests of this minute.
    pub fn add_happened(&mut self, happened: &[Happened], minute: Timestamp) {
        for happened in happened {
            self.add(Point::of_happened(happened, minute));
        }
    }

    fn add(&mut self, point: Point) {
        match self.kept.binary_search_by(|known| known.about.cmp(&point.about)) {
            Ok(place) => self.kept.get_mut(place).into_iter().for_each(|known| known.add(&point)),
            Err(place) if self.kept.len() < POINTS_MAX => self.kept.insert(place, point),
            Err(_) => self.drop_some(1),
        }
    }

    /// The next points to be written, as JavaScript takes them: a list of lists. They are of
    /// minutes that have ended, so each is written once. `None` where there are none.
    #[must_use]
    pub fn due(&self, area: Option<Area>, now: Timestamp) -> Option<Value> {
        let minute = now.minute();
        let ended = self.kept.iter().take_while(|point| point.about.minute < minute);
        let due: Vec<Value> =
            ended.take(POINTS_AT_ONCE_MAX).map(|point| point.value(area)).collect();
        (!due.is_empty()).then(|| due.into())
    }

    /// Notes how many of the due points the dataset took, from the first. If it took none, it
    /// refused the first: then that one is dropped, so that it does not keep back the others.
    pub fn taken(&mut self, count: usize) {
        let count = count.min(self.kept.len());
        self.kept.drain(..count.max(1).min(self.kept.len()));
        let written = u64::try_from(count).unwrap_or(u64::MAX);
        self.counts.written = self.counts.written.saturating_add(written);
        if count == 0 {
            self.drop_some(1);
        }
    }

    fn drop_some(&mut self, count: u64) {
        self.counts.dropped = self.counts.dropped.saturating_add(count);
        self.unsaid = self.unsaid.saturating_add(count);
    }

    /// How many were dropped since this was last asked.
    pub fn dropped_since(&mut self) -> u64 {
        std::mem::take(&mut self.unsaid)
    }

    /// What became of all of them so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }
}
