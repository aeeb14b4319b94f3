use super::*;
use crate::config::Config;
use crate::controller::{Controller, Offered};
use crate::routes::{self, BadRoutes, Table};
use crate::testing::{config_text, run};
use serde_json::json;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn bound(config: &Config) -> usize {
    parts(config).iter().map(|part| part.bytes).sum()
}

/// The table that the Controller would write.
fn text(config: &str, down: &[&str]) -> String {
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(config, at(0)), Offered::Taken);
    run(&mut controller, 60_000, down);
    controller.due_documents(at(115_000)).routes.unwrap().text
}

/// The config of `testing` with a rule whose ground is so many bytes.
fn with_basis(bytes: usize) -> serde_json::Value {
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    config["residency"][0]["basis"] = "x".repeat(bytes).into();
    config
}

/// Tenants that may be everywhere, in regions with long ids.
fn with_tenants(tenants: usize, regions: usize) -> serde_json::Value {
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    for number in 0..regions {
        let id = format!("r{number:062}");
        let url = format!("https://o{number}.example.net");
        config["regions"][&id] = json!({
            "country": "IE",
            "origins": [{"id": format!("o-{number}"), "url": url}],
        });
    }
    for number in 0..tenants {
        config["tenants"][format!("t-{number}")] = json!({"allow": "IE"});
    }
    // No pool serves tenants whose pins are in KV.
    config["services"]["api"].as_object_mut().unwrap().remove("publish");
    config["services"]["api"]["tenant"] = json!({"header": "x-tenant", "kv": true});
    config["sets"]["ours"] = json!(["IE", "US"]);
    config
}

fn parsed(config: &serde_json::Value) -> Config {
    Config::parse(&config.to_string()).unwrap()
}

#[test]
fn the_bound_is_above_what_is_written_and_not_far() {
    for config in [with_basis(10), with_tenants(50, 20)] {
        let bound = bound(&parsed(&config));
        for down in [&[][..], &["eu-1"], &["eu-1", "us-1"]] {
            let written = text(&config.to_string(), down).len();
            assert!(written <= bound, "{written} of {bound}");
            assert!(bound <= written * 2, "{written} of {bound}");
        }
    }
}

#[test]
fn the_bytes_of_a_value_are_those_of_its_text() {
    let value = json!({
        "a": [], "b": {}, "c": [1, -2.5, null, true, "x\"\n"], "d": {"e": {"f": [[1], {"g": 2}]}},
    });
    // The line end and the comma of an entry are counted with the entry, and the last has none.
    let deep = format!("{value:#}");
    let containers = 6;
    let counted = pretty_bytes(&value, 0);
    assert!(counted >= deep.len() && counted <= deep.len() + 2 * containers, "{counted}");
}

#[test]
fn a_config_may_have_a_table_of_so_many_bytes_and_no_more() {
    let without = bound(&parsed(&with_basis(1)));
    let longest = ROUTES_BYTES_MAX - without + 1;
    let judged = |bytes| {
        let mut config = parsed(&with_basis(1));
        // A text of this length is longer than a config may be.
        config.residency[0].basis = Some("x".repeat(bytes));
        assert_eq!(bound(&config), without + bytes - 1);
        table_too_large(&config).map(|problem| problem.path)
    };
    assert_eq!(judged(longest - 1), None);
    assert_eq!(judged(longest), None);
    assert_eq!(judged(longest + 1), Some("residency".to_owned()));
}

#[test]
fn a_text_of_so_many_bytes_is_read_and_no_more() {
    let table = text(&config_text(), &[]);
    let of_bytes =
        |bytes: usize| Table::parse(&format!("{table}{}", " ".repeat(bytes - table.len())));
    assert!(of_bytes(ROUTES_BYTES_MAX - 1).is_ok());
    assert!(of_bytes(ROUTES_BYTES_MAX).is_ok());
    let refused = of_bytes(ROUTES_BYTES_MAX + 1).unwrap_err();
    assert!(matches!(refused, BadRoutes::TooLarge(_)), "{refused}");
}

#[test]
fn a_short_config_with_a_long_table_is_refused_with_what_is_large() {
    let config = with_tenants(5_000, 90);
    let text = config.to_string();
    let problem = table_too_large(&parsed(&config)).unwrap();
    assert_eq!((problem.path.as_str(), problem.code), ("tenants", Code::E024));
    assert!(text.len() < 150_000, "the config itself is short: {}", text.len());
    assert!(problem.problem.contains("67088545 bytes"), "{problem}");
    assert!(problem.hint.unwrap().contains("tenant:<id>"));
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&config_text(), at(0)), Offered::Taken);
    assert_eq!(controller.offer_config(&text, at(1)), Offered::Refused);
    let refused = controller.status(at(1)).config.refused.unwrap();
    assert_eq!(refused.problems[0].code, Code::E024);
    assert_eq!(
        controller.config().unwrap(),
        &parsed(&serde_json::from_str(&config_text()).unwrap())
    );
}

#[test]
fn a_large_table_of_an_earlier_build_is_not_written_and_the_status_says_so() {
    let config = with_tenants(5_000, 90).to_string();
    let mut controller = Controller::restore(None, Some(&config));
    run(&mut controller, 60_000, &[]);
    let due = controller.due_documents(at(115_000));
    assert_eq!(due.routes, None);
    assert!(due.too_large[0].contains("`routes`"), "{:?}", due.too_large);
    assert!(due.pages.iter().any(|document| document.key == "status"));
    let told = controller.status(at(115_000)).too_large.unwrap();
    assert!(told[0].starts_with(routes::KEY), "{told:?}");
    assert_eq!(controller.due_documents(at(116_000)).too_large, [""; 0], "it is said once");
    assert_eq!(controller.offer_config(&config_text(), at(117_000)), Offered::Taken);
    assert!(controller.due_documents(at(118_000)).routes.is_some());
    assert_eq!(controller.status(at(118_000)).too_large, None);
}
