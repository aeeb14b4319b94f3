//! When the status of a known zone is looked up again.

use crate::ordered::Set;
use crate::state::Actuation;
use crate::time::{MINUTE, Millis, Timestamp};

/// How long a zone counts as active that was seen to be. One that moved away takes every change and
/// answers nobody; to look costs one call for each zone.
const ZONE_SEEN_MS: Millis = 60 * MINUTE;

/// Zones whose status was not seen for that long.
pub(super) fn zones_due(actuation: &Actuation, now: Timestamp) -> Set<String> {
    let is_due = |zone: &&String| {
        let seen = actuation.zones_seen.get(*zone);
        seen.is_none_or(|at| now.since(*at) >= ZONE_SEEN_MS)
    };
    Set::of(actuation.zone_ids.keys().filter(is_due).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_looked_up_again_an_hour_after_it_was_seen_and_one_never_seen_at_once() {
        let mut actuation = Actuation::default();
        for zone in ["example.com", "example.net"] {
            actuation.zone_ids.insert(zone.to_owned(), "z".to_owned());
        }
        let seen = Timestamp::from_millis(5);
        actuation.zones_seen.insert("example.com".to_owned(), seen);
        actuation.zones_seen.insert("example.org".to_owned(), seen);
        for (after_ms, due) in [
            (ZONE_SEEN_MS - 1, &["example.net"][..]),
            (ZONE_SEEN_MS, &["example.com", "example.net"]),
            (ZONE_SEEN_MS + 1, &["example.com", "example.net"]),
        ] {
            let due = Set::of(due.iter().map(|zone| (*zone).to_owned()));
            assert_eq!(zones_due(&actuation, seen.plus(after_ms)), due, "{after_ms}");
        }
    }
}
