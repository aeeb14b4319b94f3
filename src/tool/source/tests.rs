use super::*;
use crate::tool::unreadable::Fault;
use proptest::prelude::*;
use serde_json::json;

const TOML: &str = r#"version = 1   # the only one
valid_from = 2026-01-31 07:32Z

[monitors.api]
expect.json = { "/status" = "healthy", "/a.b[0]" = { max = 300 } }

[services.api]
hosts = [
  "api.example.com",
  "www.example.com",
]
failover.mode = "manual"

[[services.api.publish]]
load_balancer = { zone = "example.com" }
[[services.api.publish]]
dns = { zone = "example.com", ttl_s = 60 }

[[residency]]
id = "gdpr"
when = { country = "@eea" }
"#;

const JSON: &str = r#"{
  "version": 1,
  "services": {
    "api": { "hosts": ["api.example.com"], "weight": 1e2 }
  },
  "residency": [
    {
      "id": "gdpr",
      "when": { "country": "@eea" }
    }
  ]
}
"#;

fn toml() -> Source {
    Source::read("pointsman.toml", TOML).unwrap()
}

fn json() -> Source {
    Source::read("pointsman.json", JSON).unwrap()
}

/// What stands where `path` points.
fn at<'s>(source: &'s Source, path: &str) -> Option<&'s str> {
    source.span(path).map(|span| source.text.get(span).unwrap())
}

fn key_at<'s>(source: &'s Source, path: &str) -> Option<&'s str> {
    source.key_span(path).map(|span| source.text.get(span).unwrap())
}

/// The problems that a text is refused for, with what stands at their places.
fn problems(name: &str, text: &str) -> Vec<(String, String)> {
    let refused = Source::read(name, text).unwrap_err();
    let told = |fault: &Fault| (fault.problem.clone(), text[fault.span.clone()].to_owned());
    refused.faults.iter().map(told).collect()
}

#[test]
fn toml_says_the_same_as_the_json_it_stands_for() {
    assert_eq!(
        toml().value,
        json!({
            "version": 1,
            "valid_from": "2026-01-31T07:32:00Z",
            "monitors": { "api": { "expect": {
                "json": { "/status": "healthy", "/a.b[0]": { "max": 300 } }
            } } },
            "services": { "api": {
                "hosts": ["api.example.com", "www.example.com"],
                "failover": { "mode": "manual" },
                "publish": [
                    { "load_balancer": { "zone": "example.com" } },
                    { "dns": { "zone": "example.com", "ttl_s": 60 } },
                ],
            } },
            "residency": [{ "id": "gdpr", "when": { "country": "@eea" } }],
        })
    );
}

#[test]
fn each_kind_of_number_and_date_becomes_what_json_has_for_it() {
    let text = "a = -1_000\nb = 0xFF\nc = 18446744073709551615\nd = 1.5e3\ne = -0.0\n\
                f = 2026-01-31\ng = 07:32\nh = 2026-01-31T07:32:00.25+01:00\ni = 0b101\n";
    assert_eq!(
        Source::read("x.toml", text).unwrap().value,
        json!({
            "a": -1000, "b": 255, "c": u64::MAX, "d": 1500.0, "e": -0.0, "f": "2026-01-31",
            "g": "07:32:00", "h": "2026-01-31T07:32:00.25+01:00", "i": 5,
        })
    );
}

#[test]
fn a_number_without_a_place_in_json_is_an_error() {
    let text = "z = inf\nb = [1, -nan]\na = 1e999\nd = 18446744073709551616\n";
    let problem = |problem: &str, at: &str| (problem.to_owned(), at.to_owned());
    assert_eq!(
        problems("x.toml", text),
        [
            problem("the number is not finite", "inf"),
            problem("the number is not finite", "-nan"),
            problem("the number is not finite", "1e999"),
            problem("the number does not fit into 64 bits", "18446744073709551616"),
        ]
    );
}

#[test]
fn a_path_points_at_its_value() {
    let source = toml();
    for (path, expected) in [
        ("version", "1"),
        ("valid_from", "2026-01-31 07:32Z"),
        ("residency[0].when.country", "\"@eea\""),
        ("residency[0]", "[[residency]]"),
        ("services.api", "[services.api]"),
        ("services.api.hosts[1]", "\"www.example.com\""),
        ("services.api.failover.mode", "\"manual\""),
        ("services.api.publish[1].dns.ttl_s", "60"),
        ("services.api.publish[1].dns", "{ zone = \"example.com\", ttl_s = 60 }"),
    ] {
        assert_eq!(at(&source, path), Some(expected), "{path}");
    }
}

#[test]
fn a_key_may_hold_slashes_points_and_brackets() {
    let source = toml();
    assert_eq!(at(&source, "monitors.api.expect.json./status"), Some("\"healthy\""));
    assert_eq!(at(&source, "monitors.api.expect.json./a.b[0].max"), Some("300"));
    let source = Source::read("x.toml", "[a]\nb.c = 1\n\"b.c\" = 2\n\"b.c.d\" = 3\n").unwrap();
    assert_eq!(at(&source, "a.b.c.d"), Some("3"));
}

#[test]
fn what_stands_on_several_lines_is_pointed_at_by_its_key() {
    assert_eq!(at(&toml(), "services.api.hosts"), Some("hosts"));
    assert_eq!(at(&json(), "services"), Some("\"services\""));
    assert_eq!(at(&json(), "residency[0]"), Some("{"));
    let source = Source::read("x.toml", "a = [\n  '''one\ntwo''',\n]\n").unwrap();
    assert_eq!(at(&source, "a[0]"), Some("'''one"));
}

#[test]
fn a_key_that_nobody_knows_is_pointed_at_itself() {
    assert_eq!(key_at(&toml(), "services.api.failover.mode"), Some("mode"));
    assert_eq!(key_at(&json(), "services.api.weight"), Some("\"weight\""));
    assert_eq!(key_at(&toml(), "services.api.hosts[0]"), Some("\"api.example.com\""));
}

#[test]
fn a_path_that_leads_nowhere_points_at_the_nearest_around_it() {
    let source = toml();
    for (path, expected) in [
        ("services.api.monitor", Some("[services.api]")),
        ("services.api.hosts[2]", Some("hosts")),
        ("services.api.hosts[x]", Some("hosts")),
        ("services.api.publish[0].dns.ttl_s", Some("[[services.api.publish]]")),
        ("residency[0].when.country.code", Some("\"@eea\"")),
        ("residency[0].whenever", Some("[[residency]]")),
        ("regions.eu-west", None),
        ("", None),
        (".", None),
    ] {
        assert_eq!(at(&source, path), expected, "{path}");
        assert_eq!(key_at(&source, path), expected, "{path}");
    }
}

#[test]
fn json_is_known_by_its_name_or_by_how_it_begins() {
    let source = json();
    assert_eq!(source.value["services"]["api"]["weight"], json!(1e2));
    assert_eq!(at(&source, "residency[0].when.country"), Some("\"@eea\""));
    assert_eq!(Source::read("-", "\n { \"a\": 1 }").unwrap().value, json!({ "a": 1 }));
    assert_eq!(Source::read("a.JSON", "[1]").unwrap().value, json!([1]));
    assert_eq!(Source::read("a.toml", "").unwrap().value, json!({}));
}

#[test]
fn what_only_resembles_json_is_refused() {
    for text in
        ["", "{ \"a\": 1, }", "{ a: 1 }", "{ \"a\": 1 } // no", "{ 'a': 1 }", "{\"a\": NaN}"]
    {
        assert!(Source::read("x.json", text).is_err(), "{text}");
    }
}

#[test]
fn the_place_of_a_mistake_in_json_is_where_it_ceases_to_be_json() {
    let (problem, at) = problems("x.json", "{\n  \"é\": 1,\n  \"b\" 2\n}").remove(0);
    assert_eq!((problem.as_str(), at.as_str()), ("expected `:`", "2"));
    let (problem, _) = problems("x.json", "{ \"a\": 1, \"a\": 2 }").remove(0);
    assert_eq!(problem, "duplicate key `a`");
    let (_, at) = problems("x.json", "{ \"a\": ").remove(0);
    assert_eq!(at.trim(), "");
}

#[test]
fn all_mistakes_in_toml_are_told_at_once_up_to_a_limit() {
    let found = problems("x.toml", "a = \nb = 1\nb = 2\nc = 'é\n");
    assert!(found.len() >= 3, "{found:?}");
    assert!(found.iter().any(|(problem, at)| problem == "duplicate key" && at == "b"), "{found:?}");
    assert_eq!(problems("x.toml", &"a = inf\n[[b]]\n".repeat(50)).len(), FAULTS_MAX);
}

proptest! {
    #[test]
    fn no_text_and_no_path_does_harm(
        text in "[a-c.\\[\\]=\"'{}, \n0-9é]{0,40}",
        path in "[a-c.\\[\\]0-9é]{0,12}",
    ) {
        for name in ["x.toml", "x.json"] {
            match Source::read(name, &text) {
                Ok(source) => if let Some(span) = source.span(&path) {
                    prop_assert!(text.get(span).is_some());
                },
                Err(refused) => prop_assert!(refused.to_string().starts_with("error[E001]: ")),
            }
        }
    }
}

#[test]
fn a_path_may_mean_several_values_and_leads_at_least_to_what_should_contain_it() {
    let text = "a.b = 'one'\n'a.b' = 'two'\n";
    let source = Source::read("a.toml", text).unwrap();
    let told = |path: &str| -> Vec<&str> {
        source.spans(path).into_iter().map(|span| &text[span]).collect()
    };
    assert_eq!(told("a.b"), ["'one'", "'two'"]);
    assert_eq!(told("a.b.c"), ["'one'"]);
    assert!(told("c").is_empty());
}
