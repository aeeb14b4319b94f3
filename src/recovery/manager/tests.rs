use super::*;
use crate::ids::MonitorId;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const SILENT_MS: Millis = 35 * SECOND;

fn follow(manager: Manager) -> Follow {
    let monitor = MonitorId::parse("manager").unwrap();
    Follow { manager, monitor, primary: manager.says_of_primary() }
}

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

/// A document that was last read a second ago, and first with these values so long ago.
fn document(values: Value, first_ago_ms: Millis) -> Document {
    let Value::Object(values) = values else { panic!("{values}") };
    let fields = values.into_iter().map(|(name, value)| {
        let value = match value {
            Value::Bool(flag) => Field::Flag(flag),
            Value::Number(number) => Field::Number(number),
            Value::String(text) => Field::Text(text),
            _ => Field::Null {},
        };
        let (at, since) = (NOW.minus(SECOND), NOW.minus(first_ago_ms));
        (format!("/{name}"), Seen { value, at, since, took_ms: 0 })
    });
    Map::of(fields)
}

/// A leader under Patroni that is well.
fn leader() -> Value {
    let seen = NOW.millis() / SECOND - 4;
    json!({"role": "primary", "state": "running", "timeline": 4, "dcs_last_seen": seen})
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

fn patroni(values: Value) -> Claim {
    let document = document(values, 60 * SECOND);
    let documents = std::iter::once(&document);
    claim(documents, &follow(Manager::Patroni), Some(4), (SILENT_MS, NOW))
}

fn primary(is_steady: bool) -> Claim {
    Claim::Primary { is_steady }
}

#[test]
fn a_leader_is_one_whose_server_runs_and_who_sees_its_store() {
    assert_eq!(patroni(leader()), primary(true));
    for (name, value) in [("state", json!("starting")), ("role", json!("replica"))] {
        assert_eq!(patroni(with(leader(), name, value)), Claim::Standby, "{name}");
    }
}

#[test]
fn a_document_whose_witness_is_lost_is_in_doubt() {
    let seen_ago = |seconds: u64| json!(NOW.millis() / SECOND - 1 - seconds);
    for (name, value, why) in [
        ("cluster_unlocked", json!(true), "nobody holds the lock of the leader"),
        ("dcs_last_seen", json!(null), "`/dcs_last_seen` does not say when it last saw its store"),
        ("dcs_last_seen", json!(0), "it has not seen its store for 1795305599 s"),
        ("dcs_last_seen", seen_ago(36), "it has not seen its store for 36 s"),
        ("timeline", json!(3), "another region is on a later timeline"),
        ("timeline", json!(null), "another region is on a later timeline"),
    ] {
        let doubted = patroni(with(leader(), name, value));
        assert_eq!(doubted, Claim::Doubted { why: why.to_owned() }, "{name}");
    }
    assert_eq!(patroni(with(leader(), "dcs_last_seen", seen_ago(35))), primary(true));
    assert_eq!(patroni(with(leader(), "cluster_unlocked", json!(false))), primary(true));
}

#[test]
fn who_says_it_for_a_moment_only_is_not_steady() {
    for (first_ago_ms, is_steady) in [(SECOND + STEADY_MS - 1, false), (SECOND + STEADY_MS, true)] {
        let document = document(json!({"role": "master"}), first_ago_ms);
        let documents = std::iter::once(&document);
        let said = claim(documents, &follow(Manager::Sentinel), None, (SILENT_MS, NOW));
        assert_eq!(said, primary(is_steady), "{first_ago_ms}");
    }
}

#[test]
fn an_old_document_says_nothing() {
    let document = document(leader(), 60 * SECOND);
    for (silent_ms, said) in [(SECOND, primary(true)), (SECOND - 1, Claim::Silent)] {
        let documents = std::iter::once(&document);
        let claimed = claim(documents, &follow(Manager::Patroni), Some(4), (silent_ms, NOW));
        assert_eq!(claimed, said);
    }
    let none = claim(std::iter::empty(), &follow(Manager::Patroni), None, (SILENT_MS, NOW));
    assert_eq!(none, Claim::Silent);
}

#[test]
fn of_several_members_in_one_region_one_that_leads_is_enough() {
    let (leads, follows) = (document(leader(), 60 * SECOND), document(json!({}), 0));
    let replica = document(with(leader(), "role", json!("replica")), 60 * SECOND);
    let documents = [&follows, &replica, &leads].into_iter();
    let said = claim(documents, &follow(Manager::Patroni), Some(4), (SILENT_MS, NOW));
    assert_eq!(said, primary(true));
    assert_eq!(latest_timeline([&follows, &replica].into_iter()), Some(4));
}

#[test]
fn writes_follow_the_one_region_that_says_so_for_a_while() {
    let (eu, us) = (region("eu"), region("us"));
    let told =
        |of_eu: Claim, of_us: Claim| believe(Some(&eu), &[(&eu, of_eu), (&us, of_us)], false);
    let doubted = || Claim::Doubted { why: "it has not seen its store for 40 s".to_owned() };
    let nobody = |why: &str| Belief::Nobody { why: why.to_owned() };
    assert_eq!(told(primary(true), Claim::Standby), Belief::Stays);
    assert_eq!(told(primary(false), Claim::Silent), Belief::Stays);
    assert_eq!(told(Claim::Standby, primary(false)), Belief::Stays, "not yet");
    assert_eq!(told(Claim::Standby, primary(true)), Belief::Moves(us.clone()));
    assert_eq!(told(doubted(), primary(true)), Belief::Moves(us.clone()));
    let both = "`eu` and `us` all say that they are the primary";
    assert_eq!(told(primary(true), primary(false)), nobody(both));
    let why = "`us` says so, but it has not seen its store for 40 s";
    assert_eq!(told(Claim::Silent, doubted()), nobody(why));
    let none = "no region says that it is the primary";
    assert_eq!(told(Claim::Standby, Claim::Silent), nobody(none));
}

#[test]
fn in_galera_several_take_writes_and_the_one_that_has_them_keeps_them() {
    let (eu, us, br) = (region("eu"), region("us"), region("br"));
    let told = |of_eu: Claim, of_us: Claim, of_br: Claim| {
        believe(Some(&us), &[(&eu, of_eu), (&us, of_us), (&br, of_br)], true)
    };
    assert_eq!(told(primary(true), primary(true), primary(true)), Belief::Stays);
    let first = told(primary(false), Claim::Standby, primary(true));
    assert_eq!(first, Belief::Moves(br.clone()), "the first that has said so for a while");
    assert_eq!(told(primary(false), Claim::Silent, Claim::Silent), Belief::Stays);
}

#[test]
fn what_is_expected_is_a_text_a_flag_or_a_number() {
    let number = |json: &str| Field::Number(json.parse().unwrap());
    let bounds =
        ExpectedJson::Bounds { min: Some(0.into()), max: Some(5.into()), behind_max: None };
    for (field, expected, fits) in [
        (Field::Text("ON".to_owned()), ExpectedJson::Equals(json!("ON")), true),
        (Field::Text("on".to_owned()), ExpectedJson::Equals(json!("ON")), false),
        (Field::Flag(true), ExpectedJson::Equals(json!(true)), true),
        (Field::Flag(true), ExpectedJson::Equals(json!("true")), false),
        (number("4"), ExpectedJson::Equals(json!(4.0)), true),
        (number("5"), bounds.clone(), true),
        (number("6"), bounds.clone(), false),
        (number("-1"), bounds.clone(), false),
        (Field::Null {}, bounds, false),
        (Field::Missing {}, ExpectedJson::Equals(json!(null)), false),
    ] {
        assert_eq!(is_as_expected(&field, &expected), fits, "{field:?} {expected:?}");
    }
}
