use super::super::advised;
use super::super::settled::{ACCEPTANCE_ENDS_SOON, ALIKE_MAX, ALSO_SHOWN_MAX};
use super::*;

/// Tenants `t0001`, `t0002` and so on, all pinned to the one region in Germany.
fn pinned(many: usize) -> Value {
    let mut config = quiet();
    let tenant = |n| (format!("t{n:04}"), json!({"allow": "DE"}));
    config["tenants"] = Value::Object((1..=many).map(tenant).collect());
    config["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    config
}

fn accepting(mut config: Value, accept: &Value) -> Value {
    config["check"] = json!({"accept": accept});
    config
}

fn accept(code: &str, path: &str) -> Value {
    json!({"code": code, "path": path, "reason": "we know"})
}

fn all_at(config: &Value, now: Timestamp) -> (Vec<String>, Vec<String>) {
    let advised = advised(&Config::parse(&config.to_string()).unwrap(), now);
    let words = |advice: &super::super::Advice| format!("{:?} {}", advice.code, advice.path);
    let accepted = advised.accepted.iter().map(|accepted| words(&accepted.advice));
    // W114 is said of every config with a default.
    let given = advised.given.iter().map(words).filter(|told| !told.starts_with("W114"));
    (given.collect(), accepted.collect())
}

fn all(config: &Value) -> (Vec<String>, Vec<String>) {
    all_at(config, at(NOW))
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[test]
fn a_warning_that_is_accepted_is_no_longer_given() {
    let config = with_rule(&["DE"]);
    assert_eq!(all(&config), (texts(["W101 residency[0].allow"]), vec![]));
    for path in ["residency[law].allow", "residency[law]", "residency"] {
        let config = accepting(config.clone(), &json!([accept("W101", path)]));
        assert_eq!(all(&config), (vec![], texts(["W101 residency[0].allow"])), "{path}");
    }
}

#[test]
fn an_acceptance_of_another_code_or_path_accepts_nothing_and_is_a_warning() {
    let config = with_rule(&["DE"]);
    for (code, path) in [
        ("W102", "residency[law].allow"),
        ("W101", "residency[la]"),
        ("W101", "residency[law].allo"),
        ("W101", "resid"),
        ("W101", "services.web"),
        ("W999", "residency"),
        ("W128", "check"),
    ] {
        let config = accepting(config.clone(), &json!([accept(code, path)]));
        let given = texts(["W128 check.accept[0]", "W101 residency[0].allow"]);
        assert_eq!(all(&config), (given, vec![]), "{code} {path}");
    }
}

/// An id stays when rules are added before it, so what is accepted stays the same.
#[test]
fn an_acceptance_stays_with_its_rule_when_rules_change_places() {
    let mut config = with_rule(&["DE"]);
    let rule = config["residency"][0].clone();
    let other = json!({"id": "other", "allow": ["IE"], "mode": "strict",
        "when": {"country": "IE"}});
    config["residency"] = json!([other, rule]);
    let config = accepting(config, &json!([accept("W101", "residency[law]")]));
    let (given, accepted) = all(&config);
    assert_eq!(given, ["W101 residency[0].allow", "W124 residency[1].allow"]);
    assert_eq!(accepted, ["W101 residency[1].allow"]);
}

#[test]
fn an_acceptance_holds_until_its_end_and_says_so_before() {
    let end = at("2027-01-01T00:00:00Z");
    let mut entry = accept("W101", "residency");
    entry["until"] = end.to_string().into();
    let config = accepting(with_rule(&["DE"]), &json!([entry]));
    let accepted = || texts(["W101 residency[0].allow"]);
    let note = || texts(["W129 check.accept[0]"]);
    let over = texts(["W128 check.accept[0]", "W101 residency[0].allow"]);
    let before = |ms: u64| Timestamp::from_millis(end.millis() - ms);
    assert_eq!(all_at(&config, before(ACCEPTANCE_ENDS_SOON + 1)), (vec![], accepted()));
    assert_eq!(all_at(&config, before(ACCEPTANCE_ENDS_SOON)), (note(), accepted()));
    assert_eq!(all_at(&config, before(1)), (note(), accepted()));
    assert_eq!(all_at(&config, end), (over.clone(), vec![]));
    assert_eq!(all_at(&config, end.plus(1)), (over, vec![]));
    assert!(AdviceCode::W129.is_note() && !AdviceCode::W128.is_note());
}

#[test]
fn many_warnings_that_differ_in_an_id_alone_are_one() {
    for (many, told) in [(1, 1), (ALIKE_MAX, ALIKE_MAX), (ALIKE_MAX + 1, 1), (3_000, 1)] {
        let config = Config::parse(&pinned(many).to_string()).unwrap();
        let given = advised(&config, at(NOW)).given;
        let given: Vec<_> = given.iter().filter(|advice| !advice.code.is_note()).collect();
        assert_eq!(given.len(), told, "{many}");
        assert_eq!(given[0].path, "tenants.t0001.allow");
        let is_joined = told == 1 && many > 1;
        let (also, more) = (given[0].also.len(), given[0].more);
        assert_eq!((also, more), if is_joined { (ALSO_SHOWN_MAX, many - 3) } else { (0, 0) });
    }
}

#[test]
fn warnings_that_differ_in_more_than_an_id_are_told_apart() {
    let mut config = pinned(8);
    for n in 5..=8 {
        config["tenants"][format!("t{n:04}")] = json!({"allow": "IE"});
    }
    assert_eq!(all(&config).0, ["W101 tenants.t0001.allow", "W101 tenants.t0005.allow"]);
}

#[test]
fn one_of_many_is_accepted_alone_and_all_by_what_contains_them() {
    let config = pinned(5);
    let one = accepting(config.clone(), &json!([accept("W101", "tenants.t0001")]));
    let (given, accepted) = all(&one);
    assert_eq!(given, ["W101 tenants.t0002.allow"]);
    assert_eq!(accepted, ["W101 tenants.t0001.allow"]);
    let every = accepting(config, &json!([accept("W101", "tenants")]));
    assert_eq!(all(&every), (vec![], texts(["W101 tenants.t0001.allow"])));
}
