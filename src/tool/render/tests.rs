use super::*;
use crate::tool::tree::Part;

const TEXT: &str = "\
version = 1

[services.api]
hosts = [\"api.example.com\"]
regions = [\"eu-west\", \"nowhere\"]
wieght = 5

[services.web]
hosts = [
  \"www.example.com\",
]
";

fn source() -> Source {
    Source::read("pointsman.toml", TEXT).unwrap()
}

/// A literal begins on a line of its own.
fn assert_shown(shown: &str, expected: &str) {
    assert_eq!(shown, expected.trim_start());
}

fn nowhere() -> Finding {
    Finding {
        severity: Severity::Error,
        code: "E006".to_owned(),
        path: "services.api.regions[1]".to_owned(),
        part: Part::Value,
        problem: "`nowhere` names nothing".to_owned(),
        allowed: "a region that `[regions]` has".to_owned(),
        hint: Some("did you mean `no-west`?".to_owned()),
        also: Vec::new(),
        more: 0,
    }
}

fn shown(told: &Finding) -> String {
    render(&source(), std::slice::from_ref(told), false)
}

#[test]
fn the_caret_stands_under_the_value() {
    let expected = r#"
error[E006]: `nowhere` names nothing
 --> pointsman.toml:5:23
  |
5 | regions = ["eu-west", "nowhere"]
  |                       ^^^^^^^^^
  |
  = allowed: a region that `[regions]` has
  = hint: did you mean `no-west`?
"#;
    assert_shown(&shown(&nowhere()), expected);
}

#[test]
fn a_key_that_nobody_knows_is_underlined_itself() {
    let told = Finding {
        severity: Severity::Warning,
        code: "W002".to_owned(),
        path: "services.api.wieght".to_owned(),
        part: Part::Key,
        problem: "the key `wieght` is not known".to_owned(),
        allowed: String::new(),
        hint: None,
        also: Vec::new(),
        more: 0,
    };
    let expected = "
warning[W002]: the key `wieght` is not known
 --> pointsman.toml:6:1
  |
6 | wieght = 5
  | ^^^^^^
";
    assert_shown(&shown(&told), expected);
}

#[test]
fn what_is_missing_is_told_where_it_belongs() {
    let told = Finding {
        path: "services.web.regions".to_owned(),
        problem: "`regions` is missing".to_owned(),
        hint: None,
        ..nowhere()
    };
    let expected = "
error[E006]: `regions` is missing
 --> pointsman.toml:8:1
  |
8 | [services.web]
  | ^^^^^^^^^^^^^^ services.web.regions
  |
  = allowed: a region that `[regions]` has
";
    assert_shown(&shown(&told), expected);
}

#[test]
fn what_is_missing_from_the_document_is_told_without_a_line() {
    let told = Finding {
        path: "regions.eu-west".to_owned(),
        problem: "`regions` is missing".to_owned(),
        severity: Severity::Note,
        hint: None,
        ..nowhere()
    };
    let expected = "
note[E006]: `regions` is missing
--> pointsman.toml
 = at: regions.eu-west
 = allowed: a region that `[regions]` has
";
    assert_shown(&shown(&told), expected);
    let told = Finding { path: ".".to_owned(), allowed: String::new(), ..told };
    assert_shown(&shown(&told), "note[E006]: `regions` is missing\n--> pointsman.toml\n");
}

#[test]
fn an_empty_line_parts_two_diagnostics() {
    let one = shown(&nowhere());
    let both = render(&source(), &[nowhere(), nowhere()], false);
    assert_eq!(both, format!("{one}\n{one}"));
    assert_eq!(render(&source(), &[], false), "");
}

#[test]
fn a_mistake_in_the_syntax_is_shown_alike() {
    let refused = Source::read("pointsman.toml", "version = 1\nhosts = [\"a\"\n").unwrap_err();
    let expected = r#"
error[E001]: unclosed array, expected `]`
 --> pointsman.toml:2:13
  |
2 | hosts = ["a"
  |             ^
"#;
    assert_shown(&refused.to_string(), expected);
    let refused = Source::read("x.json", "{\n  \"version\": 1,\n  \"hosts\" []\n}\n").unwrap_err();
    let expected = r#"
error[E001]: expected `:`
 --> x.json:3:11
  |
3 |   "hosts" []
  |           ^
"#;
    assert_shown(&refused.to_string(), expected);
}

#[test]
fn colour_adds_colour_and_nothing_else() {
    let coloured = render(&source(), &[nowhere()], true);
    assert_ne!(coloured, shown(&nowhere()));
    let mut plain = String::new();
    for (at, part) in coloured.split("\u{1b}[").enumerate() {
        plain.push_str(if at == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(plain, shown(&nowhere()));
}

#[test]
fn what_the_config_says_cannot_steer_the_terminal() {
    let told = Finding { problem: "`\u{1b}[2J` names nothing".to_owned(), ..nowhere() };
    assert!(!shown(&told).contains('\u{1b}'));
}
