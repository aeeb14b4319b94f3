//! Who waits for a promotion while a primary is down, as `check` and `whatif` say.

use super::{NOW, fed, json};
use serde_json::{Value, json as value};

const STANDBY: &str = include_str!("../../examples/warm-standby.toml");
const FOLLOWED: &str = include_str!("../../examples/recipes/patroni.toml");
const OTHERS: &str = "regions = [\"frankfurt\", \"ashburn\", \"dublin\"]";
const ASHBURN: &str = "[regions.ashburn]\ncountry = \"US\"\n\
    origins = [{ id = \"ash\", url = \"https://ash.origin.example.com\" }]\n";
const GDPR: &str = "[[residency]]\nid = \"gdpr\"\nwhen = { country = \"@eea\" }\n\
    allow = [\"@eea\"]\nmode = \"strict\"\n";

/// What is lost without a region, as the table of `check` says it, the verdict, and the promotion.
fn check(config: &str) -> (String, String, Value) {
    let said = fed(&["check", "-", "--now", NOW], config);
    assert_eq!(said.code, 0, "{}{}", said.err, said.out);
    let find = |word: &str| said.out.lines().find_map(|line| Some(line.split_once(word)?.1));
    let report = json(&fed(&["check", "-", "--now", NOW, "--json"], config).out);
    let rows = report["files"][0]["survivors"]["rows"].as_array().unwrap();
    let lost = rows.iter().find(|row| row["refusal"] == "no_primary").unwrap();
    assert_eq!(lost["loses_service"], true);
    let [verdict, told] =
        ["if one region fails: ", "LOSES SERVICE, "].map(|word| find(word).unwrap().to_owned());
    (verdict, told, lost["promotion"].clone())
}

#[test]
fn writes_that_a_plan_leads_elsewhere_wait_until_the_standby_is_promoted() {
    let (verdict, told, promotion) = check(STANDBY);
    assert_eq!(verdict, "service is lost in 1 case, until another region is promoted");
    assert_eq!(told, "503 no_primary, until dublin is promoted");
    assert_eq!(promotion, value!({"by": "automatic", "to": "dublin"}));
    let said = fed(&["whatif", "-", "--down", "frankfurt", "--now", NOW], STANDBY);
    assert!(said.out.contains("NOWHERE: 503 no_primary, until dublin is promoted"), "{}", said.out);
}

#[test]
fn who_has_to_agree_or_to_begin_is_told() {
    for (mode, told) in [
        ("approve", "503 no_primary, until a person agrees that dublin is promoted"),
        ("manual", "503 no_primary, until a person has dublin promoted"),
    ] {
        // Who waits for a person promises no time.
        let config = STANDBY.replacen("rto_s = 300\n", "", 1);
        let (_, text, promotion) =
            check(&config.replacen("mode = \"automatic\"", &format!("mode = \"{mode}\""), 1));
        assert_eq!((text.as_str(), &promotion), (told, &value!({"by": mode, "to": "dublin"})));
    }
}

#[test]
fn a_standby_that_the_law_forbids_to_some_takes_over_from_nobody() {
    let unlawful = STANDBY.replacen("regions = [\"frankfurt\", \"dublin\"]", OTHERS, 1) + ASHBURN;
    let (_, told, _) = check(&unlawful);
    assert_eq!(told, "503 no_primary, until ashburn is promoted", "the first in failover order");
    let (_, _, promotion) = check(&(unlawful.clone() + GDPR));
    assert_eq!(promotion["to"], "dublin");
    let alone = unlawful.replacen("\"ashburn\", \"dublin\"", "\"ashburn\"", 1) + GDPR;
    let (verdict, told, promotion) = check(&alone);
    assert_eq!(told, "503 no_primary, and no other region may be promoted");
    assert_eq!(promotion, value!({"by": "automatic", "to": null}));
    assert!(!verdict.contains("until"), "{verdict}");
}

#[test]
fn a_failover_manager_is_named() {
    let (_, told, promotion) = check(FOLLOWED);
    assert_eq!(told, "503 no_primary, until patroni promotes another region");
    assert_eq!(promotion, value!({"by": "patroni", "to": null}));
}

#[test]
fn without_any_of_these_nothing_is_promised() {
    let (from, _) = STANDBY.split_once("[services.orders.contract]").unwrap();
    let (verdict, told, promotion) = check(from);
    assert_eq!(verdict, "service is lost in 1 case");
    assert_eq!((told.as_str(), promotion), ("503 no_primary", Value::Null));
}
