//! Ages without a least, and times that are compared as something else.

use super::*;

fn expecting(pointer: &str, expected: &Value) -> Vec<String> {
    let mut config = quiet();
    config["monitors"]["web"] = json!({"expect": {"json": {pointer: expected}}});
    told(&config)
}

#[test]
fn an_age_without_a_least_is_told() {
    let at = |pointer: &str| [["W160 monitors.web.expect.json.", pointer].concat()];
    for pointer in ["/master_last_io_seconds_ago", "/idleSecs", "/db/since"] {
        assert_eq!(expecting(pointer, &json!({"max": 30})), at(pointer), "{pointer}");
        assert_eq!(expecting(pointer, &json!({"min": 0, "max": 30})), [""; 0], "{pointer}");
        assert_eq!(expecting(pointer, &json!({"min": 30})), [""; 0], "{pointer}");
    }
    // These begin at 0 by themselves, and these are no ages.
    for pointer in ["/lag_s", "/backup_age", "/connections", "/secondsary"] {
        assert_eq!(expecting(pointer, &json!({"max": 30})), [""; 0], "{pointer}");
    }
}

#[test]
fn a_time_that_is_compared_as_a_text_or_with_a_fixed_instant_is_told() {
    let at = |pointer: &str| [["W161 monitors.web.expect.json.", pointer].concat()];
    for time in ["2026-11-29T10:00:00Z", "2026-11-29T10:00:00+02:00", "2026-11-29 10:00:00"] {
        assert_eq!(expecting("/last", &json!(time)), at("/last"), "{time}");
    }
    assert_eq!(expecting("/stop", &json!({"min": 1_795_305_600_u64})), at("/stop"));
    assert_eq!(expecting("/bytes", &json!({"min": 1_795_305_600_u64})), [""; 0]);
    assert_eq!(expecting("/started", &json!({"min": 1_000_000})), [""; 0]);
    assert_eq!(expecting("/last", &json!({"max_age_s": 900})), [""; 0]);
    assert_eq!(expecting("/version", &json!("2026-11-29")), [""; 0]);
}

#[test]
fn a_contract_about_a_fixed_instant_is_told() {
    let mut config = quiet();
    config["services"]["web"]["contract"] = json!({"components": {"dump": {
        "kind": "api",
        "bounds": {"/at": "2026-11-29T10:00:00Z", "/stopped": {"min": 1_795_305_600_u64}},
    }}});
    let path = "services.web.contract.components.dump.bounds";
    assert_eq!(told(&config), [format!("W161 {path}./at"), format!("W161 {path}./stopped")]);
}
