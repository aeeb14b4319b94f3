use super::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn form(path: &str) -> String {
    normalise(path).unwrap().into_owned()
}

#[test]
fn every_way_to_write_a_path_is_under_its_rule() {
    let api = pattern("/api/*");
    for path in [
        "/api",
        "/api/",
        "/api/users",
        "/%61pi",
        "/%61%70%69/users",
        "/a/../api",
        "//api",
        "/api/.",
        "/./api",
        "/%2e%2e/api",
        "/x/%2E%2e/api",
        "/x/.%2e/api",
        "\\api",
        "/x\\..\\api",
        "/../../api",
        "/api/x/..",
        "api",
        "/api?x=/y",
        "/api#x",
        "/x/y/../..//api//z/",
    ] {
        assert!(api.matches(&form(path)), "{path} is {}", form(path));
    }
}

#[test]
fn a_path_that_hides_a_separator_has_no_form() {
    for path in ["/api/..%2fpublic", "/x%2Fy", "/x%5cy", "/api/x%5C..%5c..%5cpublic"] {
        assert_eq!(normalise(path), None, "{path}");
    }
    assert_eq!(form("/x%252fy"), "/x%2fy", "an escape of an escape is read once");
}

#[test]
fn another_path_is_not_under_it() {
    let api = pattern("/api/*");
    for path in ["/", "/apix", "/ap", "/API", "/x/api", "/api/..", "/api/../x", "/%2561pi", "/?api"]
    {
        assert!(!api.matches(&form(path)), "{path} is {}", form(path));
    }
}

#[test]
fn escapes_are_read_once() {
    for (path, expected) in [
        ("/%2561pi", "/%61pi"),
        ("/%252e%252e/x", "/%2e%2e/x"),
        ("/%", "/%"),
        ("/%4", "/%4"),
        ("/%zz%41", "/%zzA"),
        ("/%%341", "/%41"),
        ("/a%3Fb%23c", "/a?b#c"),
        ("/a%20b", "/a b"),
        ("/a%00b", "/a\0b"),
    ] {
        assert_eq!(form(path), expected);
    }
}

#[test]
fn bytes_that_are_no_text_stay_escaped() {
    assert_eq!(form("/caf%c3%a9"), "/café");
    assert_eq!(form("/café"), "/café");
    assert_eq!(form("/%ff"), "/%FF");
    assert_eq!(form("/%c3/%a9"), "/%C3/%A9");
    assert_eq!(form("/%e2%82x"), "/%E2%82x");
}

#[test]
fn there_is_no_way_out_of_the_root() {
    for path in ["", "/", "//", "/.", "/..", "/../..", "/a/../..", "\\", ".", "..", "?x"] {
        assert_eq!(form(path), "/", "{path:?}");
    }
}

#[test]
fn names_with_dots_are_names() {
    for path in ["/a/...", "/.well-known/x", "/a.b/c..d", "/..a"] {
        assert_eq!(form(path), path);
    }
}

#[test]
fn a_plain_path_is_not_copied() {
    for path in ["/", "/api", "/api/users/17", "/a.b/c", "/api?x=%41"] {
        assert!(matches!(normalise(path), Some(Cow::Borrowed(_))), "{path}");
    }
}

#[test]
fn a_path_is_read_up_to_its_limit_and_a_query_does_not_count() {
    let long = "/x".repeat(PATH_BYTES_MAX / 2);
    assert_eq!(normalise(&long).as_deref(), Some(long.as_str()));
    assert!(normalise(&format!("{long}?{long}")).is_some());
    assert_eq!(normalise(&format!("{long}x")), None);
}

#[test]
fn a_pattern_reads_back_as_it_was_written() {
    for text in ["/", "/*", "/login", "/api/*", "/a/b.c/d/*", "/café", "/.well-known/*"] {
        assert_eq!(pattern(text).to_string(), text);
    }
}

#[test]
fn what_is_not_a_plain_path_or_prefix_is_refused() {
    let long = format!("/{}", "x".repeat(PATTERN_BYTES_MAX));
    for text in [
        "", "*", "api", "api/*", "/api*", "/*/x", "/a*b", "/api/**", "/api/*/", "/api/", "//*",
        "//", "/a//b", "/a/../b", "/./a", "/%61", "/a\\b", "/a?b", "/a?b/*", "/a#b", &long,
    ] {
        assert!(Pattern::parse(text).is_err(), "{text:?}");
    }
    assert!(Pattern::parse(&long[..PATTERN_BYTES_MAX]).is_ok());
}

#[test]
fn an_exact_pattern_is_for_its_path_alone() {
    let login = pattern("/login");
    assert!(login.matches("/login") && login.matches(&form("/login/")));
    assert!(!login.matches("/login/x") && !login.matches("/logi") && !login.matches("/"));
    assert!(pattern("/").matches("/") && !pattern("/").matches("/x"));
}

#[test]
fn the_prefix_of_all_is_for_all() {
    for path in ["/", "/x", "/x/y"] {
        assert!(pattern("/*").matches(path));
    }
}

#[test]
fn a_pattern_covers_what_it_contains() {
    for (wide, narrow) in [
        ("/*", "/*"),
        ("/*", "/"),
        ("/*", "/api/*"),
        ("/api/*", "/api/*"),
        ("/api/*", "/api"),
        ("/api/*", "/api/v1/*"),
        ("/api", "/api"),
    ] {
        assert!(pattern(wide).covers(&pattern(narrow)), "{wide} {narrow}");
    }
    for (wide, narrow) in
        [("/api/*", "/*"), ("/api", "/api/*"), ("/", "/*"), ("/api/*", "/apix"), ("/api/*", "/")]
    {
        assert!(!pattern(wide).covers(&pattern(narrow)), "{wide} {narrow}");
    }
}

#[test]
fn patterns_that_tell_nothing_apart_need_one_path_only() {
    assert_eq!(representatives(&[]), ["/x"]);
    assert_eq!(representatives(&[pattern("/*")]), ["/x"]);
}

#[test]
fn each_class_has_one_path() {
    let patterns = ["/api/*", "/api/x", "/login", "/api/v1/*"].map(pattern);
    let paths = representatives(&patterns);
    assert_eq!(paths, ["/xx", "/api", "/api/x", "/login", "/api/v1"]);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Paths and patterns over few and short segments, so that they often meet.
    fn any_pattern() -> impl Strategy<Value = Pattern> {
        ("(/(a|b|x|xx)){0,3}", any::<bool>()).prop_map(|(base, wide)| {
            let text = if wide { format!("{base}/*") } else { base };
            pattern(if text.is_empty() { "/" } else { &text })
        })
    }

    fn any_path() -> impl Strategy<Value = String> {
        "(/(a|b|c|x|xx|xxx)){0,4}".prop_map(|path| form(&path))
    }

    fn patterns() -> impl Strategy<Value = Vec<Pattern>> {
        proptest::collection::vec(any_pattern(), 0..6)
    }

    fn class(patterns: &[Pattern], path: &str) -> Vec<bool> {
        patterns.iter().map(|pattern| pattern.matches(path)).collect()
    }

    /// Escapes every byte that `chosen` says.
    fn escaped(path: &str, chosen: &[bool]) -> String {
        let mut chosen = chosen.iter().copied().cycle();
        path.bytes().fold(String::new(), |mut text, byte| {
            let may_be = byte != b'/' && byte != b'\\';
            if may_be && (chosen.next() == Some(true) || !byte.is_ascii()) {
                text.push_str(percent_encode_byte(byte));
            } else {
                text.push(char::from(byte));
            }
            text
        })
    }

    proptest! {
        #[test]
        fn every_path_is_in_the_class_of_a_representative(
            patterns in patterns(),
            path in any_path(),
        ) {
            let paths = representatives(&patterns);
            let same = |other: &String| class(&patterns, other) == class(&patterns, &path);
            prop_assert!(paths.iter().any(same), "{path} in none of {paths:?}");
        }

        #[test]
        fn representatives_are_paths_in_their_form_of_different_classes(patterns in patterns()) {
            let paths = representatives(&patterns);
            for (index, path) in paths.iter().enumerate() {
                prop_assert_eq!(&form(path), path);
                let same = |other: &String| class(&patterns, other) == class(&patterns, path);
                prop_assert!(!paths[index + 1..].iter().any(same));
            }
        }

        #[test]
        fn covering_is_matching_all_that_the_other_matches(
            wide in any_pattern(),
            narrow in any_pattern(),
        ) {
            let paths = representatives(&[wide.clone(), narrow.clone()]);
            let all = paths.iter().all(|path| wide.matches(path) || !narrow.matches(path));
            prop_assert_eq!(wide.covers(&narrow), all);
        }

        #[test]
        fn a_form_is_its_own_form_where_nothing_is_escaped_twice(path in "[a-zé./\\\\ ]{0,16}") {
            let once = form(&path);
            prop_assert_eq!(form(&once), once);
        }

        #[test]
        fn a_form_has_no_dots_no_empty_segments_and_begins_with_a_slash(path in any::<String>()) {
            let form = form(&path);
            prop_assert!(form.starts_with('/'));
            let mut segments = form[1..].split('/');
            prop_assert!(form == "/" || segments.all(|s| !matches!(s, "" | "." | "..")));
        }

        #[test]
        fn escaping_changes_nothing(
            path in "(/[a-zé.]{0,3}){0,5}",
            chosen in proptest::collection::vec(any::<bool>(), 1..8),
        ) {
            prop_assert_eq!(form(&escaped(&path, &chosen)), form(&path));
        }
    }
}
