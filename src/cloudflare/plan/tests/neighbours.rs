//! What else answers a name of ours is told, and a breach of the law before anything.

use super::*;

/// Ours says 192.0.2.1; a rule permits `eu-west` alone, and `us-east` has other addresses.
fn guarded() -> Desired {
    let mut desired = wanted_records(&["192.0.2.1"]);
    desired.places = Map::from([
        ("192.0.2.1".to_owned(), region("eu-west")),
        ("192.0.2.3".to_owned(), region("eu-west")),
        ("2001:db8::1".to_owned(), region("eu-west")),
        ("192.0.2.2".to_owned(), region("us-east")),
        ("2001:db8::2".to_owned(), region("us-east")),
    ]);
    let wanted = &mut desired.records[0];
    wanted.regions = vec![region("eu-west")];
    wanted.permitted = Map::from([
        ("192.0.2.1".to_owned(), member(Switch::Enable, "eu-west")),
        ("192.0.2.3".to_owned(), member(Switch::Disable, "eu-west")),
    ]);
    desired
}

fn free() -> Desired {
    let mut desired = guarded();
    desired.records[0].is_guarded = false;
    desired
}

fn of_type(kind: &str, content: &str) -> Record {
    Record { kind: kind.to_owned(), ..record("r9", content, None) }
}

fn beside(desired: &Desired, stranger: Record) -> Plan {
    planned(desired, &observed_records(vec![record("r1", "192.0.2.1", OURS), stranger]))
}

fn reasons(plan: &Plan) -> Vec<WithheldReason> {
    plan.withheld.iter().map(|withheld| withheld.why).collect()
}

#[test]
fn a_record_that_is_not_ours_is_told_with_its_value_and_where_it_leads() {
    let plan = beside(&free(), record("r9", "192.0.2.3", Some("by hand")));
    assert_eq!(
        withheld(&plan),
        ["files.example.com: clients are also led to `192.0.2.3` (region eu-west, which is down; \
             A record `r9`, not marked as ours); Pointsman moves its own records all the same, \
             and these stay: delete them, or put `pointsman:files` into their comments [foreign]"]
    );
    assert_eq!(plan.actions, []);
}

#[test]
fn ours_moves_although_another_stays() {
    let mut desired = free();
    let wanted = &mut desired.records[0];
    wanted.answer = Some((region("eu-west"), ["192.0.2.3".to_owned()].into()));
    wanted.permitted = Map::from([
        ("192.0.2.1".to_owned(), member(Switch::Disable, "eu-west")),
        ("192.0.2.3".to_owned(), member(Switch::Enable, "eu-west")),
    ]);
    let plan = beside(&desired, record("r9", "192.0.2.1", None));
    assert_eq!(ops(&plan), [patch("r1", "192.0.2.1", "192.0.2.3")]);
    assert!(withheld(&plan)[0].contains("`192.0.2.1` (region eu-west, which is down"));
}

#[test]
fn where_a_rule_binds_the_name_what_it_does_not_permit_is_a_breach() {
    for (stranger, place) in [
        (record("r9", "192.0.2.2", None), "`192.0.2.2` (region us-east; A record `r9`"),
        (record("r9", "198.51.100.7", None), "`198.51.100.7` (no origin of the config; A record"),
        (of_type("AAAA", "2001:DB8:0::2"), "`2001:db8::2` (region us-east; AAAA record `r9`"),
        (of_type("CNAME", "x.example.net."), "`x.example.net` (no origin of the config; CNAME"),
        (of_type("HTTPS", "1 . ipv4hint=192.0.2.2"), "`192.0.2.2` (region us-east; HTTPS record"),
        (of_type("SVCB", "0 x.example.net."), "`x.example.net` (no origin of the config; SVCB"),
        (
            record("r9", "192.0.2.2", Some("pointsman:another")),
            "`192.0.2.2` (region us-east; A record `r9`, marked for `another`)",
        ),
    ] {
        let plan = beside(&guarded(), stranger.clone());
        assert_eq!(reasons(&plan), [WithheldReason::Breach], "{stranger:?}");
        let told = &withheld(&plan)[0];
        assert!(told.contains(place), "{told}");
        assert!(told.contains("the residency rules over this name permit eu-west"), "{told}");
        assert_eq!(reasons(&beside(&free(), stranger)), [WithheldReason::Foreign]);
    }
}

#[test]
fn what_the_rules_permit_is_foreign_and_no_breach() {
    for stranger in [
        record("r9", "192.0.2.3", None),
        of_type("AAAA", "2001:db8::1"),
        of_type("HTTPS", r#"1 . alpn="h3" ipv4hint="192.0.2.1" ipv6hint="2001:db8::1""#),
    ] {
        assert!(!reasons(&beside(&guarded(), stranger)).contains(&WithheldReason::Breach));
    }
}

#[test]
fn what_answers_no_client_is_not_told() {
    for stranger in [
        of_type("TXT", "v=spf1 -all"),
        of_type("MX", "mail.example.net"),
        of_type("CAA", "0 issue \"x.example\""),
        of_type("HTTPS", r#"1 . alpn="h3,h2""#),
        of_type("SRV", "1 1 443 x.example.net"),
    ] {
        assert_eq!(withheld(&beside(&guarded(), stranger.clone())), [""; 0], "{stranger:?}");
    }
}

#[test]
fn a_breach_is_told_before_anything_and_also_where_no_record_is_ours() {
    let mut desired = guarded();
    let mut other = desired.records[0].clone();
    (other.name, other.manage) = ("a.example.com".to_owned(), false);
    desired.records.insert(0, other);
    let mut observed = observed_records(vec![record("r9", "192.0.2.2", None)]);
    observed.records.insert("a.example.com".to_owned(), Vec::new());
    let plan = planned(&desired, &observed);
    assert_eq!(
        reasons(&plan),
        [WithheldReason::Breach, WithheldReason::Missing, WithheldReason::Foreign]
    );
}

#[test]
fn what_another_set_of_the_config_publishes_under_the_name_is_no_stranger() {
    let mut desired = guarded();
    let mut six = desired.records[0].clone();
    (six.kind, six.answer) =
        (RecordKind::Aaaa, Some((region("eu-west"), ["2001:db8::1".to_owned()].into())));
    six.permitted = Map::from([("2001:db8::1".to_owned(), member(Switch::Enable, "eu-west"))]);
    desired.records.push(six);
    let of_six = Record { comment: OURS.map(str::to_owned), ..of_type("AAAA", "2001:db8::1") };
    assert_eq!(withheld(&beside(&desired, of_six)), [""; 0]);
    let stranger = beside(&desired, of_type("AAAA", "2001:db8::2"));
    assert_eq!(
        reasons(&stranger)[0],
        WithheldReason::Breach,
        "told once, though two sets share it"
    );
    assert_eq!(reasons(&stranger).iter().filter(|r| **r == WithheldReason::Breach).count(), 1);
}

#[test]
fn of_many_so_many_are_listed_and_the_others_are_counted() {
    for (strangers, more) in
        [(4, None), (5, None), (6, Some(" and 1 more")), (9, Some(" and 4 more"))]
    {
        let mut records = vec![record("r1", "192.0.2.1", OURS)];
        records.extend(
            (0..strangers).map(|n| record(&format!("s{n}"), &format!("198.51.100.{n}"), None)),
        );
        let told = withheld(&planned(&free(), &observed_records(records)));
        assert_eq!(told[0].contains(" more"), more.is_some(), "{told:?}");
        assert!(told[0].contains(more.unwrap_or("")), "{told:?}");
    }
}

#[test]
fn a_wildcard_counts_while_the_name_has_no_record_and_the_nearest_one_does() {
    let wildcard =
        |of: &str, content: &str| Record { name: of.to_owned(), ..record("w1", content, None) };
    let mut observed = observed_records(Vec::new());
    let far = vec![wildcard("*.example.com", "198.51.100.7")];
    observed.records.insert("*.example.com".to_owned(), far);
    let plan = planned(&guarded(), &observed);
    assert_eq!(reasons(&plan), [WithheldReason::Breach, WithheldReason::Missing]);
    let told = "`198.51.100.7` (no origin of the config; A record `w1` of `*.example.com`";
    assert!(withheld(&plan)[0].contains(told), "{plan:?}");
    observed.records.insert("files.example.com".to_owned(), vec![record("r1", "192.0.2.1", OURS)]);
    assert_eq!(withheld(&planned(&guarded(), &observed)), [""; 0]);
}
