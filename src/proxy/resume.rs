//! Downloads that are resumed where they did not begin.
//!
//! A client whose download was cut asks for the rest: `Range: bytes=1000-`. Four widely used
//! clients do so without `If-Range` or `If-Match`, and join what they get to what they have,
//! although another region may have another version of the file: one file of two versions, and
//! success is reported. Only a refusal makes them fail honestly. So a service can ask for it
//! (`resume = "same_version"`): the rest of a download comes from the region in which it began, or
//! from nowhere (412).
//!
//! Where it began, three witnesses say, the most exact first: what this isolate has noted of this
//! client and URL; the client's affinity cookie; and where the client would go if no breaker were
//! open and nothing had been tried. The last one alone does not know of moves that the routing
//! table made.

use super::question::Question;
use crate::config::Resume;
use crate::fnv::Fnv;
use crate::routes::Serving;
use crate::time::{MINUTE, Millis, Timestamp};
use std::hash::Hasher;

/// How many downloads of a service an isolate remembers; a newer one takes the place of an older.
pub const DOWNLOADS_MAX: usize = 1_024;
/// For how long it remembers where one began.
pub const DOWNLOAD_MS: Millis = 60 * MINUTE;

/// Where downloads began: for each place the client and URL as a hash, the region, and when.
/// Nothing is allocated before the first one.
#[derive(Debug, Default)]
pub(super) struct Downloads(Vec<Option<Download>>);

#[derive(Debug, Clone, Copy)]
struct Download {
    key: u64,
    region: usize,
    at: Timestamp,
}

impl Downloads {
    /// Notes that the answer to a request comes from this region, an index in failover order.
    pub(super) fn note(&mut self, key: u64, region: usize, now: Timestamp) {
        if self.0.is_empty() {
            self.0.resize(DOWNLOADS_MAX, None);
        }
        if let Some(place) = self.0.get_mut(place(key)) {
            *place = Some(Download { key, region, at: now });
        }
    }

    /// Forgets a download: which region answers is open.
    pub(super) fn forget(&mut self, key: u64) {
        if let Some(place) = self.0.get_mut(place(key)) {
            *place = place.filter(|download| download.key != key);
        }
    }

    /// The region in which a download began, if that is known.
    pub(super) fn region(&self, key: u64, now: Timestamp) -> Option<usize> {
        let download = (*self.0.get(place(key))?)?;
        let is_it = download.key == key && now.since(download.at) < DOWNLOAD_MS;
        is_it.then_some(download.region)
    }

    /// The same by the indexes of another table. What `index` does not find is forgotten.
    pub(super) fn renumbered(&self, index: impl Fn(usize) -> Option<usize>) -> Self {
        let moved =
            |download: Download| Some(Download { region: index(download.region)?, ..download });
        Self(self.0.iter().map(|place| place.and_then(moved)).collect())
    }
}

fn place(key: u64) -> usize {
    // Cut in 64 bits: the wasm's own numbers have 32.
    let places = u64::try_from(DOWNLOADS_MAX).unwrap_or(1);
    usize::try_from(key % places).unwrap_or(0)
}

/// What stands for the client and the URL of a download; `None` if the service does not ask, or the
/// request is none.
pub(super) fn download_key(question: &Question<'_>, service: &Serving) -> Option<u64> {
    if service.proxy.resume != Resume::SameVersion || question.method != "GET" {
        return None;
    }
    let mut key = Fnv::default();
    for part in [question.client, &question.target.host, question.target.path_and_query] {
        key.write(part.as_bytes());
        key.write(b"\n");
    }
    Some(key.finish())
}

/// Whether a request asks for the rest of something and leaves the version open.
pub(super) fn is_resumed(question: &Question<'_>) -> bool {
    let names_version = question.header("if-range").or(question.header("if-match")).is_some();
    !names_version && question.header("range").is_some_and(starts_later)
}

/// Whether any of the ranges begins after the first byte. Source: RFC 9110 §14.1.2.
fn starts_later(range: &str) -> bool {
    let Some((unit, ranges)) = range.split_once('=') else { return false };
    let begin = |range: &str| range.trim().split('-').next()?.trim().parse::<u64>().ok();
    unit.trim().eq_ignore_ascii_case("bytes")
        && ranges.split(',').filter_map(begin).any(|first| first > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_range_that_begins_after_the_first_byte_asks_for_the_rest() {
        for (range, is_later) in [
            ("bytes=1-", true),
            ("Bytes = 1000-1999", true),
            ("bytes=0-9, 20-29", true),
            ("bytes=0-", false),
            ("bytes=0-499", false),
            ("bytes=-500", false),
            ("bytes=", false),
            ("items=5-", false),
            ("5-", false),
            ("bytes=18446744073709551616-", false),
        ] {
            assert_eq!(starts_later(range), is_later, "{range}");
        }
    }

    #[test]
    fn a_download_is_remembered_for_an_hour_and_no_longer() {
        let mut downloads = Downloads::default();
        assert_eq!(downloads.region(7, at(0)), None);
        downloads.note(7, 2, at(0));
        assert_eq!(downloads.region(7, at(DOWNLOAD_MS - 1)), Some(2));
        assert_eq!(downloads.region(7, at(DOWNLOAD_MS)), None);
    }

    #[test]
    fn two_downloads_in_one_place_are_not_taken_for_each_other() {
        let (one, other) = (7, 7 + u64::try_from(DOWNLOADS_MAX).unwrap());
        let mut downloads = Downloads::default();
        downloads.note(one, 2, at(0));
        assert_eq!(downloads.region(other, at(0)), None);
        downloads.forget(other);
        assert_eq!(downloads.region(one, at(0)), Some(2));
        downloads.note(other, 1, at(0));
        assert_eq!((downloads.region(one, at(0)), downloads.region(other, at(0))), (None, Some(1)));
        downloads.forget(other);
        assert_eq!(downloads.region(other, at(0)), None);
    }

    #[test]
    fn the_places_are_as_many_as_their_name_says_however_many_downloads_there_are() {
        let mut downloads = Downloads::default();
        assert_eq!(downloads.0.len(), 0, "nothing is kept for services that do not ask");
        for key in 0..10_000 {
            downloads.note(key, 0, at(0));
        }
        assert_eq!(downloads.0.len(), DOWNLOADS_MAX);
    }

    #[test]
    fn a_download_keeps_its_region_when_the_order_changes_and_is_lost_with_it() {
        let mut downloads = Downloads::default();
        downloads.note(1, 0, at(0));
        downloads.note(2, 1, at(0));
        let moved = downloads.renumbered(|old| (old == 0).then_some(2));
        assert_eq!((moved.region(1, at(0)), moved.region(2, at(0))), (Some(2), None));
    }
}
