use super::*;
use crate::testing::config_text;
use serde_json::json;

/// The difference that an edit makes, as `--json` prints it, and as text.
fn difference(edit: impl Fn(&mut Value)) -> (Value, String) {
    let old = config_text();
    let mut new: Value = serde_json::from_str(&old).unwrap();
    edit(&mut new);
    let new = new.to_string();
    let [before, after] = [&old, &new].map(|text| Config::parse(text).unwrap());
    let [from, to] =
        [(&before, &old), (&after, &new)].map(|(config, text)| Version { config, text });
    let difference = Difference::of(from, to, Timestamp::from_millis(0)).unwrap();
    let mut out = Vec::new();
    difference.write(&mut out).unwrap();
    (serde_json::to_value(&difference).unwrap(), String::from_utf8(out).unwrap())
}

#[test]
fn the_same_config_changes_nothing() {
    let (_, text) = difference(|_| {});
    assert_eq!(text, "nothing changes\n");
}

#[test]
fn a_figure_that_moves_nobody_is_named_and_nothing_else_changes() {
    let (all, text) = difference(|config| config["monitors"]["api"]["interval_s"] = json!(30));
    let places = json!([{"path": "monitors.api.interval_s", "change": "changed"}]);
    assert_eq!(all["places"], places);
    for part in ["law", "served", "objects", "rules"] {
        assert_eq!(all[part], json!([]), "{part}");
    }
    assert!(text.contains("residency permits their data: nothing changes"), "{text}");
}

#[test]
fn a_rule_that_is_gone_says_whose_data_may_be_where_from_now_on() {
    let (all, text) = difference(|config| config["residency"] = json!([]));
    assert_eq!(all["rules"], json!([{"rule": "lgpd", "change": "removed"}]));
    let [law] = all["law"].as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!((&law["from"], &law["to"]), (&json!("sa-east"), &json!("eu-west sa-east us-east")));
    assert_eq!((&law["countries"], &law["unknown_country"]), (&json!(["BR"]), &json!(true)));
    assert_eq!(law["clients"], "lgpd → no rule");
    assert!(text.contains("  - lgpd"), "{text}");
}

#[test]
fn a_rule_that_is_added_says_who_is_served_elsewhere() {
    let (all, _) = difference(|config| {
        let rule = json!({
            "id": "us-only", "when": {"country": "US", "host": "api.example.com"},
            "allow": ["US"], "mode": "strict",
        });
        config["residency"].as_array_mut().unwrap().push(rule);
    });
    assert_eq!(all["rules"], json!([{"rule": "us-only", "change": "added"}]));
    let served = all["served"].as_array().unwrap();
    let us = served.iter().find(|it| it["countries"] == json!(["US"])).unwrap();
    assert_eq!(us["to"], "us-east", "{served:?}");
    assert!(us["from"].as_str().unwrap().contains("eu-west"), "{served:?}");
}

#[test]
fn a_service_that_is_gone_is_said_to_be() {
    let (all, text) = difference(|config| {
        let services = config["services"].as_object_mut().unwrap();
        services.remove("api");
        config["residency"] = json!([]);
    });
    assert!(all["served"].as_array().unwrap().iter().all(|it| it["to"] == "no such service"));
    assert!(!all["served"].as_array().unwrap().is_empty(), "{text}");
    assert!(!all["objects"].as_array().unwrap().is_empty(), "{text}");
}

#[test]
fn an_order_of_regions_that_changes_moves_a_record() {
    let (all, text) = difference(|config| {
        config["services"]["files"]["regions"] = json!(["us-east", "eu-west"]);
    });
    let objects = all["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 1, "{text}");
    assert_eq!(objects[0]["to"][0], "us-east", "{text}");
}
