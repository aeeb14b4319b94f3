//! Warnings that a config accepts, and texts that begin with a byte-order mark.

use super::batch::decided;
use super::{NOW, SHOP, fed, json};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn shop() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SHOP)).unwrap()
}

/// What `check` says of a config on standard input: the exit code and the JSON of the file.
fn checked(config: &str, options: &[&str]) -> (i32, Value) {
    let args = [&["check", "-", "--json", "--now", NOW], options].concat();
    let ended = fed(&args, config);
    (ended.code, json(&ended.out)["files"][0].clone())
}

fn warnings(report: &Value) -> Vec<(String, String)> {
    let problems = report["problems"].as_array().unwrap().iter();
    let warnings = problems.filter(|problem| problem["severity"] == "warning");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    warnings.map(|warning| (text(&warning["code"]), text(&warning["path"]))).collect()
}

#[test]
fn a_config_that_accepts_its_warnings_passes_where_warnings_are_denied() {
    let (code, before) = checked(&shop(), &["--deny-warnings"]);
    let found = warnings(&before);
    assert!(code == 1 && found.len() > 3, "{found:?}");
    let mut accepting = shop();
    let rules = ["gdpr", "lgpd", "near"];
    let mut accepted: Vec<_> = found
        .iter()
        .map(|(code, path)| {
            let table = path.split(['.', '[']).next().unwrap();
            let rule = path.strip_prefix("residency[").and_then(|path| path.split_once(']'));
            let index = rule.and_then(|(index, _)| index.parse::<usize>().ok());
            let path = match index {
                Some(index) => format!("residency[{}]", rules.get(index).unwrap_or(&"?")),
                None => table.to_owned(),
            };
            (code, path)
        })
        .collect();
    accepted.sort();
    accepted.dedup();
    for (code, path) in &accepted {
        accepting.push_str("\n[[check.accept]]\nreason = \"known\"\n");
        writeln!(accepting, "code = \"{code}\"\npath = \"{path}\"").unwrap();
    }
    let (code, after) = checked(&accepting, &["--deny-warnings"]);
    assert_eq!((code, warnings(&after)), (0, vec![]), "{}", after["problems"]);
    let listed = after["accepted"].as_array().unwrap();
    let count: u64 = listed.iter().map(|accepted| accepted["count"].as_u64().unwrap()).sum();
    assert_eq!(count, found.len() as u64);
    assert!(listed.iter().all(|accepted| accepted["reason"] == "known"));
    let text = fed(&["check", "-", "--now", NOW], &accepting).out;
    assert!(text.starts_with(&format!("<stdin>: valid, {} accepted", listed.len())), "{text}");
    assert!(!text.contains("because: known"), "{text}");
    let text = fed(&["check", "-", "--verbose", "--now", NOW], &accepting).out;
    assert_eq!(text.matches("because: known").count(), listed.len(), "{text}");
}

#[test]
fn the_number_of_mistakes_is_told_where_they_are_not_all_listed() {
    let keys: String = (0..150).map(|n| ["k", &n.to_string(), " = 1\n"].concat()).collect();
    let config = keys + &shop();
    let (code, report) = checked(&config, &[]);
    assert_eq!((code, report["problems"].as_array().unwrap().len()), (1, 100));
    assert_eq!(report["problems_total"], 150);
    let ended = fed(&["check", "-", "--now", NOW], &config);
    assert!(ended.err.ends_with("error: 50 more mistakes not listed: mend these first\n"));
    assert_eq!(ended.out, "<stdin>: invalid, 150 errors\n");
}

#[test]
fn a_byte_order_mark_at_the_start_means_nothing_and_anywhere_else_it_is_named() {
    let canonical = fed(&["canonical", SHOP], "").out;
    for config in [shop(), canonical.clone()] {
        let (_, plain) = checked(&config, &[]);
        let (_, marked) = checked(&format!("\u{feff}{config}"), &[]);
        assert_eq!(marked["sound"], true, "{}", marked["problems"]);
        assert_eq!(marked["summary"], plain["summary"]);
    }
    let twice = checked(&format!("\u{feff}{{\u{feff}{}", &canonical[1..]), &[]).1;
    let problem = twice["problems"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("byte-order mark (BOM)"), "{problem}");
    let case = "{\"host\":\"shop.example.com\",\"country\":\"DE\"}\n";
    let joined = format!("\u{feff}{case}\u{feff}{case}");
    assert_eq!(decided(&joined).0, 0);
    let (code, lines) = decided(&format!("{{\u{feff}{}", &case[1..]));
    assert_eq!(code, 2);
    assert!(lines[0]["error"].as_str().unwrap().contains("byte-order mark (BOM)"), "{lines:?}");
}
