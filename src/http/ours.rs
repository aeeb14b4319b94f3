//! Which paths are ours.
//!
//! Our pages are below `/.pointsman/`, in exactly this spelling. Whoever asks for one sends the
//! operator's token with it, so a path that only nearly says so must not reach an origin either:
//! `//.pointsman/status`, `/.Pointsman/status`, `/.pointsman%2fstatus`. Servers differ in what they
//! take for the same path, so a path is brought into the widest form that any of them could read:
//! percent-decoded again and again, `\` as `/`, empty and dot segments removed, letters without
//! their case, without `;parameters` and without what cannot be seen at the ends of a segment. If
//! its first segment is ours then, and its spelling is not, it is a near miss, and refused.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The path prefix of our own pages.
pub const ADMIN_PREFIX: &str = "/.pointsman/";
/// The page behind it that everybody may read.
pub const BLOCKED_PAGE: &str = "blocked";
/// The page that everybody may read where a service has one: how it stands.
pub const STATUS_PAGE: &str = "public";
/// The first segment of their paths.
const SEGMENT: &str = ".pointsman";
/// How often escapes are decoded: a chain of servers may do it once each.
const DECODINGS_MAX: usize = 4;

/// Whose a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'p> {
    /// Ours; the rest of the path says which page is meant.
    Ours(&'p str),
    /// Nobody's: it is ours to some servers, and misspelt.
    NearMiss,
    /// A service's.
    Theirs,
}

/// Says whose a path is. It starts with `/` and has no query.
#[must_use]
pub fn whose(path: &str) -> Whose<'_> {
    if let Some(page) = path.strip_prefix(ADMIN_PREFIX) {
        Whose::Ours(page)
    } else if may_be_read_as_ours(path) && is_read_as_ours(path) {
        Whose::NearMiss
    } else {
        Whose::Theirs
    }
}

/// Whether it is worth a closer look, which costs allocations: it has our name, or an escape that
/// may hide it.
fn may_be_read_as_ours(path: &str) -> bool {
    let is_it = |part: &[u8]| part.eq_ignore_ascii_case(SEGMENT.as_bytes());
    path.contains('%') || path.as_bytes().windows(SEGMENT.len()).any(is_it)
}

fn is_read_as_ours(path: &str) -> bool {
    let mut read = Cow::Borrowed(path);
    for _ in 0..=DECODINGS_MAX {
        if is_first(&read) {
            return true;
        }
        let decoded = percent_decode_str(&read).decode_utf8_lossy().into_owned();
        if decoded == read {
            return false;
        }
        read = Cow::Owned(decoded);
    }
    false
}

/// Whether our segment comes first, once dot segments are removed.
fn is_first(path: &str) -> bool {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split(['/', '\\']) {
        let name = segment.split([';', '?', '#']).next().unwrap_or_default();
        match name.trim_matches(|c: char| c.is_whitespace() || c.is_control()) {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    segments.first().is_some_and(|first| first.eq_ignore_ascii_case(SEGMENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_page_of_ours_is_told_by_its_exact_spelling() {
        for (path, page) in [
            ("/.pointsman/status", "status"),
            ("/.pointsman/", ""),
            ("/.pointsman//status", "/status"),
            ("/.pointsman/%2e%2e/api", "%2e%2e/api"),
        ] {
            assert_eq!(whose(path), Whose::Ours(page), "{path}");
        }
    }

    #[test]
    fn what_some_server_reads_as_ours_is_a_near_miss() {
        for path in [
            "//.pointsman/status",
            "/.pointsman",
            "/.Pointsman/status",
            "/.POINTSMAN",
            "/.pointsman%2fstatus",
            "/./.pointsman/status",
            "/%2epointsman/status",
            "/%2Epoints%6Dan/status",
            "/%252epointsman/status",
            "/%252525/../.pointsman",
            "/\\.pointsman\\status",
            "/%5c.pointsman/status",
            "/x/../.pointsman/status",
            "/x/%2e%2e/.pointsman/status",
            "/x/..%2f.pointsman/status",
            "/..;/.pointsman/status",
            "/.pointsman;v=1/status",
            "/.pointsman%20/status",
            "/%09.pointsman/status",
            "/.pointsman%00/status",
            "/.pointsman%3fx",
        ] {
            assert_eq!(whose(path), Whose::NearMiss, "{path}");
        }
    }

    #[test]
    fn what_no_server_reads_as_ours_belongs_to_services() {
        for path in [
            "/",
            "/pointsman/status",
            "/.pointsmanlike",
            "/.pointsman-status",
            "/..pointsman/",
            "/.well-known/pointsman",
            "/a/.pointsman/status",
            "/a%2f.pointsman/status",
            "/caf%C3%A9/%zz/%",
            "/.point%25/sman",
        ] {
            assert_eq!(whose(path), Whose::Theirs, "{path}");
        }
    }

    #[test]
    fn escapes_are_decoded_up_to_a_limit() {
        let behind = |layers: usize| format!("/%{}2epointsman/status", "25".repeat(layers - 1));
        assert_eq!(whose(&behind(DECODINGS_MAX - 1)), Whose::NearMiss);
        assert_eq!(whose(&behind(DECODINGS_MAX)), Whose::NearMiss);
        assert_eq!(whose(&behind(DECODINGS_MAX + 1)), Whose::Theirs);
    }

    /// One letter of our segment as somebody may write it.
    fn letter(letter: char) -> impl Strategy<Value = String> {
        let code = u32::from(letter);
        prop_oneof![
            Just(letter.to_string()),
            Just(letter.to_ascii_uppercase().to_string()),
            Just(format!("%{code:02x}")),
            Just(format!("%{code:02X}")),
            Just(format!("%25{code:02x}")),
        ]
    }

    fn separator() -> impl Strategy<Value = String> {
        let all = ["/", "//", "/./", "/a/../", "\\", "%2f", "%5C", "/%2e/"].map(str::to_owned);
        proptest::sample::select(all.to_vec())
    }

    proptest! {
        #[test]
        fn no_spelling_of_our_path_is_a_services(
            before in separator(),
            letters in SEGMENT.chars().map(letter).collect::<Vec<_>>(),
            after in proptest::option::of(separator()),
        ) {
            let after = after.map(|after| after + "status").unwrap_or_default();
            let path = ["/", &before, &letters.concat(), &after].concat();
            prop_assert_ne!(whose(&path), Whose::Theirs, "{}", path);
        }

        #[test]
        fn a_path_whose_first_segment_is_another_is_a_services(
            first in "[a-z0-9_-]{1,12}(\\.[a-z]{1,3})?",
            rest in "(/[a-z0-9.]{0,8}){0,3}",
        ) {
            // What goes up may end in ours.
            prop_assume!(!rest.contains(".."));
            let path = format!("/{first}{rest}");
            prop_assert_eq!(whose(&path), Whose::Theirs);
        }
    }
}
