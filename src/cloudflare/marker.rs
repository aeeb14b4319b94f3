//! Who owns an object: the marker in its comment or description.
//!
//! Records of one name may belong to several owners, so ours carry `pointsman:<service>`. The
//! config names pools and balancers one by one, and naming one adopts it. What we create is marked
//! too, and what is marked for another owner is never touched.

use crate::ids::{MonitorId, ServiceId};

/// The start of the comment of a DNS record that is ours; the service's id follows.
pub const MARKER: &str = "pointsman:";
/// Most characters of a record's comment on the free plan. Source:
/// developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes.
const COMMENT_CHARS: usize = 100;
/// The same on paid plans.
const COMMENT_CHARS_PAID: usize = 500;
/// Stands before the id of a monitor.
const MONITOR: &str = "monitor:";

/// Who owns an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'m> {
    /// This service.
    Ours,
    /// Another service or another deployment.
    Other(&'m str),
    /// No marker.
    Unmarked,
}

/// The marker of a service's object.
pub(super) fn of(service: &ServiceId) -> String {
    format!("{MARKER}{service}")
}

/// The marker of a monitor, which is also its name in a plan.
pub(super) fn of_monitor(monitor: &MonitorId) -> String {
    format!("{MARKER}{MONITOR}{monitor}")
}

/// The comment with the marker put before the words that are in it, within the limit of the plan
/// that the comment shows the zone to be on. Words that find no room are left out at the end.
pub(super) fn restored(service: &ServiceId, words: &str) -> String {
    let chars_max =
        if words.chars().count() > COMMENT_CHARS { COMMENT_CHARS_PAID } else { COMMENT_CHARS };
    let comment = format!("{} {words}", of(service));
    comment.trim_end().chars().take(chars_max).collect()
}

/// Reads the marker: the first word of a comment or description. People may add text after it.
pub(super) fn owner<'m>(text: Option<&'m str>, service: &ServiceId) -> Owner<'m> {
    let word = text.unwrap_or_default().split_whitespace().next().unwrap_or_default();
    match word.strip_prefix(MARKER) {
        None => Owner::Unmarked,
        Some(id) if id == service.as_str() => Owner::Ours,
        Some(id) => Owner::Other(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_says_whose_it_is() {
        let files = ServiceId::parse("files").unwrap();
        let whose = |text: &'static str| owner(Some(text), &files);
        assert_eq!(whose("pointsman:files"), Owner::Ours);
        assert_eq!(whose("pointsman:files kept by the platform team"), Owner::Ours);
        assert_eq!(whose("pointsman:files-eu"), Owner::Other("files-eu"));
        assert_eq!(whose("see pointsman:files"), Owner::Unmarked);
        assert_eq!(whose(""), Owner::Unmarked);
        assert_eq!(owner(None, &files), Owner::Unmarked);
    }

    #[test]
    fn the_marker_is_put_before_the_words_and_both_fit() {
        let files = ServiceId::parse("files").unwrap();
        assert_eq!(restored(&files, ""), "pointsman:files");
        assert_eq!(restored(&files, "managed by octodns"), "pointsman:files managed by octodns");
        for (words, comment) in [(84, 100), (85, 100), (100, 100), (101, 117), (500, 500)] {
            let restored = restored(&files, &"x".repeat(words));
            assert_eq!(restored.chars().count(), comment, "{words}");
            assert_eq!(owner(Some(&restored), &files), Owner::Ours);
        }
    }
}
