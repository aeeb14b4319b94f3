//! One record set in failover mode: what is ours, what it should say, and how it gets there.

use super::*;
use proptest::prelude::*;

fn one(record: Record, contents: &[&str]) -> Vec<RecordOp> {
    ops(&planned(&wanted_records(contents), &observed_records(vec![record])))
}

#[test]
fn what_is_already_so_needs_no_action() {
    assert_eq!(one(record("r1", "192.0.2.1", OURS), &["192.0.2.1"]), []);
}

#[test]
fn a_failover_is_one_change_of_one_record() {
    let ops = one(record("r1", "192.0.2.1", OURS), &["192.0.2.2"]);
    assert_eq!(ops, [patch("r1", "192.0.2.1", "192.0.2.2")]);
}

#[test]
fn a_set_grows_and_shrinks_by_whole_records() {
    let ours = record("r1", "192.0.2.1", OURS);
    assert_eq!(one(ours.clone(), &["192.0.2.1", "192.0.2.2"]), [create("192.0.2.2")]);
    let both = observed_records(vec![record("r2", "192.0.2.2", OURS), ours]);
    let plan = planned(&wanted_records(&["192.0.2.1"]), &both);
    assert_eq!(ops(&plan), [delete("r2", "192.0.2.2")]);
}

#[test]
fn a_foreign_record_is_never_touched() {
    let observed = observed_records(vec![
        record("r1", "192.0.2.1", Some("set by hand")),
        record("r2", "192.0.2.9", OURS),
        record("r3", "192.0.2.8", None),
        record("r4", "192.0.2.7", Some("pointsman:files-eu")),
    ]);
    let plan = planned(&wanted_records(&["192.0.2.2"]), &observed);
    assert_eq!(ops(&plan), [patch("r2", "192.0.2.9", "192.0.2.2")]);
}

#[test]
fn where_no_record_is_ours_nothing_is_done_and_it_says_how_to_make_one_ours() {
    let observed = observed_records(vec![record("r1", "192.0.2.1", None)]);
    let plan = planned(&wanted_records(&["192.0.2.2"]), &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["files.example.com A: its records (`192.0.2.1`) are not marked as ours; put \
             `pointsman:files` into the comment of one, or set `adopt = true` [foreign]"]
    );
}

#[test]
fn what_is_adopted_is_ours_unless_it_is_marked_for_another_service() {
    let mut desired = wanted_records(&["192.0.2.2"]);
    desired.records[0].adopt = true;
    let observed = observed_records(vec![
        record("r1", "192.0.2.1", Some("set by hand")),
        record("r2", "192.0.2.9", Some("pointsman:other")),
    ]);
    assert_eq!(ops(&planned(&desired, &observed)), [patch("r1", "192.0.2.1", "192.0.2.2")]);
}

#[test]
fn where_no_region_is_up_the_answer_stays() {
    let observed = observed_records(vec![record("r1", "192.0.2.1", OURS)]);
    let plan = planned(&wanted_records(&[]), &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["files.example.com A: no permitted region is up and takes new clients, so the records \
          stay as they are [none_up]"]
    );
}

#[test]
fn a_person_moves_the_answer_of_a_service_that_fails_over_by_hand() {
    let mut desired = wanted_records(&[]);
    desired.records[0].manual = true;
    let plan = planned(&desired, &observed_records(vec![record("r1", "192.0.2.1", OURS)]));
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["files.example.com A: the failover mode of its service is `manual` [manual]"]
    );
}

#[test]
fn a_record_that_says_what_a_rule_forbids_goes_to_a_permitted_region_even_one_that_is_down() {
    let observed = observed_records(vec![record("r1", "198.51.100.7", OURS)]);
    for manual in [false, true] {
        let mut desired = wanted_records(&[]);
        desired.records[0].manual = manual;
        let plan = planned(&desired, &observed);
        assert_eq!(ops(&plan), [patch("r1", "198.51.100.7", "192.0.2.1")]);
        assert_eq!(urgencies(&plan), [Urgency::Law]);
        assert_eq!(
            told(&plan),
            ["files.example.com A: answer 192.0.2.1 (eu-west), because the residency rules \
                 permit no other"]
        );
    }
}

#[test]
fn of_lawful_and_unlawful_records_the_lawful_stay_while_nothing_is_up() {
    let observed =
        observed_records(vec![record("r1", "198.51.100.7", OURS), record("r2", "192.0.2.2", OURS)]);
    let plan = planned(&wanted_records(&[]), &observed);
    assert_eq!(ops(&plan), [delete("r1", "198.51.100.7")]);
    assert_eq!(
        told(&plan),
        ["files.example.com A: answer 192.0.2.2, because the residency rules permit no other"]
    );
}

#[test]
fn a_name_of_which_nothing_is_permitted_any_more_is_not_answered() {
    let mut desired = wanted_records(&[]);
    (desired.records[0].permitted, desired.records[0].refuge) = (Map::new(), None);
    let observed = observed_records(vec![record("r", "192.0.2.1", OURS), record("s", "x", None)]);
    let plan = planned(&desired, &observed);
    assert_eq!(ops(&plan), [delete("r", "192.0.2.1")]);
    assert_eq!(urgencies(&plan), [Urgency::Law]);
}

#[test]
fn what_was_not_read_is_not_taken_for_empty() {
    let mut desired = wanted_records(&["192.0.2.2"]);
    desired.records[0].manage = true;
    assert_eq!(planned(&desired, &Observed::default()), Plan::default());
}

#[test]
fn a_first_record_is_created_only_where_it_is_managed() {
    let mut desired = wanted_records(&["192.0.2.1"]);
    let none = observed_records(Vec::new());
    let plan = planned(&desired, &none);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["files.example.com A: there is no such record; create one, or set `manage = true` \
             [missing]"]
    );
    desired.records[0].manage = true;
    assert_eq!(ops(&planned(&desired, &none)), [create("192.0.2.1")]);
    desired.records[0].answer = None;
    assert_eq!(ops(&planned(&desired, &none)), [], "nothing is known to be up");
}

#[test]
fn a_cname_stands_alone() {
    let mut desired = wanted_records(&["192.0.2.1"]);
    (desired.records[0].manage, desired.records[0].is_guarded) = (true, false);
    let mut other = record("r1", "elsewhere.example.net", None);
    other.kind = "CNAME".to_owned();
    let plan = planned(&desired, &observed_records(vec![other]));
    assert_eq!(plan.actions, []);
    let alone = |of: &str, beside: &str| {
        format!(
            "files.example.com {of}: a CNAME must be the only record of its name, unless \
             Cloudflare answers it with addresses (`proxied = true`, or at the zone's root), and \
             there is a record of type {beside} [foreign]"
        )
    };
    assert_eq!(withheld(&plan).last(), Some(&alone("A", "CNAME")));
    desired.records[0].kind = RecordKind::Cname;
    let mut other = record("r1", "v=spf1 -all", None);
    other.kind = "TXT".to_owned();
    let beside = planned(&desired, &observed_records(vec![other.clone()]));
    assert_eq!(withheld(&beside), [alone("CNAME", "TXT")]);
    desired.records[0].kind = RecordKind::A;
    let plan = planned(&desired, &observed_records(vec![other]));
    assert_eq!(ops(&plan), [create("192.0.2.1")], "an A may have others beside it");
}

#[test]
fn a_name_that_is_delegated_is_left_to_whoever_answers_it() {
    let mut server = record("n1", "ns1.example.net", None);
    server.kind = "NS".to_owned();
    let observed = observed_records(vec![server.clone(), record("r1", "192.0.2.1", OURS)]);
    let mut desired = wanted_records(&["192.0.2.2"]);
    let plan = planned(&desired, &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        [
            "files.example.com: clients may be led to whatever the name servers `ns1.example.net` \
             answer, and the residency rules over this name permit no region; Pointsman does not \
             touch what is not its own: delete it, or mark it [breach]",
            "files.example.com A: the name is delegated (NS records: 1) [root_ns]"
        ]
    );
    desired.records[0].is_guarded = false;
    let plan = planned(&desired, &observed);
    assert_eq!(
        withheld(&plan),
        ["files.example.com A: the name is delegated (NS records: 1) [root_ns]"]
    );
    desired.records[0].zone = "files.example.com".to_owned();
    assert_eq!(ops(&planned(&desired, &observed)).len(), 1, "the root has name servers anyway");
}

#[test]
fn a_cname_that_is_answered_with_addresses_may_have_others_beside_it() {
    let beside = |kind: &str, content: &str| {
        let mut other = record("r1", content, None);
        other.kind = kind.to_owned();
        other
    };
    let planned = |zone: &str, proxied: Option<bool>, other: &Record| {
        let mut desired = wanted_records(&["eu.example.com"]);
        let wanted = &mut desired.records[0];
        (wanted.manage, wanted.is_guarded, wanted.proxied) = (true, false, proxied);
        (wanted.kind, wanted.zone) = (RecordKind::Cname, zone.to_owned());
        planned(&desired, &observed_records(vec![other.clone()]))
    };
    let mail = beside("MX", "mail.example.net");
    let servers = beside("NS", "ada.ns.cloudflare.com");
    let address = beside("AAAA", "2001:db8::1");
    let root = "files.example.com";
    for other in [&mail, &servers] {
        assert_eq!(ops(&planned(root, None, other)).len(), 1, "flattened at the root: {other:?}");
        assert_eq!(ops(&planned(root, Some(true), other)).len(), 1, "{other:?}");
    }
    assert_eq!(ops(&planned("example.com", Some(true), &mail)).len(), 1, "proxied anywhere");
    assert_eq!(ops(&planned("example.com", Some(false), &mail)), []);
    assert_eq!(ops(&planned("example.com", None, &mail)), []);
    let delegated = planned("example.com", Some(true), &servers);
    assert_eq!(delegated.withheld[0].why, WithheldReason::RootNs);
    for zone in [root, "example.com"] {
        let plan = planned(zone, Some(true), &address);
        assert_eq!(ops(&plan), [], "an address of the same name is in the way anywhere");
        assert!(withheld(&plan).last().unwrap().contains("a record of type AAAA"));
    }
}

#[test]
fn too_many_records_of_a_name_cannot_be_compared() {
    let many = |count: usize| {
        (0..count).map(|n| record(&format!("r{n}"), &format!("192.0.2.{n}"), OURS)).collect()
    };
    let plan = planned(&wanted_records(&["192.0.2.1"]), &observed_records(many(100)));
    assert_eq!(
        withheld(&plan),
        ["files.example.com A: 100 or more records are too many to compare [unclear]"]
    );
    let plan = planned(&wanted_records(&["192.0.2.1"]), &observed_records(many(99)));
    assert_eq!(ops(&plan).len(), 98);
}

#[test]
fn a_dot_at_the_end_the_case_and_punycode_make_no_difference() {
    for (written, wanted) in [
        ("EU1.example.com.", "eu1.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("2001:DB8::1", "2001:db8::1"),
    ] {
        assert_eq!(one(record("r1", written, OURS), &[wanted]), [], "{written}");
    }
}

#[test]
fn a_wrong_ttl_is_mended_unless_the_record_is_proxied() {
    let mut slow = record("r1", "192.0.2.1", OURS);
    slow.ttl = 3_600;
    let plan = planned(&wanted_records(&["192.0.2.1"]), &observed_records(vec![slow.clone()]));
    assert_eq!(ops(&plan), [patch("r1", "192.0.2.1", "192.0.2.1")]);
    assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
    assert_eq!(told(&plan), ["files.example.com A: restore its settings"]);
    assert_eq!(plan.actions[0].effect, Effect::default());
    (slow.proxied, slow.ttl) = (true, 1);
    assert_eq!(one(slow, &["192.0.2.1"]), []);
}

#[test]
fn one_more_proxied_record_is_proxied_too() {
    let mut proxied = record("r1", "192.0.2.1", OURS);
    (proxied.proxied, proxied.ttl) = (true, 1);
    let create = RecordOp::Create {
        content: "192.0.2.2".to_owned(),
        ttl_s: 1,
        proxied: true,
        comment: "pointsman:files".to_owned(),
        tags: Vec::new(),
    };
    assert_eq!(one(proxied, &["192.0.2.1", "192.0.2.2"]), [create]);
}

#[test]
fn whether_records_are_proxied_follows_the_config_only_where_it_says_so() {
    let mut proxied = record("r1", "192.0.2.1", OURS);
    (proxied.proxied, proxied.ttl) = (true, 1);
    let plain = record("r1", "192.0.2.1", OURS);
    let patched = |wanted: Option<bool>, record: &Record| {
        let mut desired = wanted_records(&["192.0.2.1"]);
        desired.records[0].proxied = wanted;
        let ops = ops(&planned(&desired, &observed_records(vec![record.clone()])));
        ops.first().map(|op| match op {
            RecordOp::Patch { ttl_s, proxied, .. } => (*ttl_s, *proxied),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(patched(None, &proxied), None);
    assert_eq!(patched(Some(true), &proxied), None);
    assert_eq!(patched(Some(false), &proxied), Some((60, Some(false))));
    assert_eq!(patched(None, &plain), None);
    assert_eq!(patched(Some(true), &plain), Some((1, Some(true))));
}

#[test]
fn how_urgent_a_change_is_depends_on_what_is_answered_now() {
    let urgency = |present: &[&str], down: bool| {
        let mut desired = wanted_records(&["192.0.2.1"]);
        let switch = if down { Switch::Disable } else { Switch::Enable };
        desired.records[0].permitted.insert("192.0.2.2".to_owned(), member(switch, "us-east"));
        desired.records[0].manage = true;
        let records = present.iter().map(|content| record(content, content, OURS)).collect();
        urgencies(&planned(&desired, &observed_records(records)))
    };
    assert_eq!(urgency(&["192.0.2.1"], false), []);
    assert_eq!(urgency(&["192.0.2.2"], false), [Urgency::Restore]);
    assert_eq!(urgency(&["192.0.2.2"], true), [Urgency::Failover]);
    assert_eq!(urgency(&[], true), [Urgency::Failover]);
    assert_eq!(urgency(&["198.51.100.7"], true), [Urgency::Law]);
}

#[test]
fn a_change_says_which_regions_lose_traffic_and_which_serve() {
    let observed = observed_records(vec![record("r1", "192.0.2.2", OURS)]);
    let plan = planned(&wanted_records(&["192.0.2.1"]), &observed);
    let effect = Effect { away: regions(&["us-east"]), serving: Some(regions(&["eu-west"])) };
    assert_eq!(plan.actions[0].effect, effect);
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let comments =
        prop_oneof![Just(OURS), Just(None), Just(Some("by hand")), Just(Some("pointsman:other")),];
    let one = (0_u8..6, comments, any::<bool>(), prop_oneof![Just(60_u32), Just(300)]);
    proptest::collection::vec(one, 0..6).prop_map(|records| {
        let made = records.into_iter().zip(0..).map(|((address, comment, proxied, ttl), id)| {
            let mut made = record(&format!("r{id}"), &format!("192.0.2.{address}"), comment);
            (made.proxied, made.ttl) = (proxied, if proxied { 1 } else { ttl });
            made
        });
        made.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_change_is_of_a_record_that_is_not_ours(
        records in records(),
        adopt in any::<bool>(),
        manage in any::<bool>(),
    ) {
        let mut desired = wanted_records(&["192.0.2.1", "192.0.2.2"]);
        (desired.records[0].adopt, desired.records[0].manage) = (adopt, manage);
        let plan = planned(&desired, &observed_records(records.clone()));
        let may = |id: &String| {
            let comment = records.iter().find(|r| r.id == *id).unwrap().comment.as_deref();
            comment == OURS || (adopt && comment != Some("pointsman:other"))
        };
        for op in ops(&plan) {
            match op {
                RecordOp::Patch { id, .. } | RecordOp::Delete { id, .. } => prop_assert!(may(&id)),
                RecordOp::Create { .. } => {
                    prop_assert!(manage || records.iter().any(|record| may(&record.id)));
                }
            }
        }
    }

    #[test]
    fn the_listing_order_has_no_meaning(records in records().prop_shuffle()) {
        let desired = wanted_records(&["192.0.2.1", "192.0.2.2"]);
        let mut sorted = records.clone();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let (one, other) = (observed_records(records), observed_records(sorted));
        prop_assert_eq!(planned(&desired, &one), planned(&desired, &other));
    }
}

#[test]
fn what_no_law_binds_is_never_mended_as_a_breach_of_it() {
    let observed = observed_records(vec![record("r1", "203.0.113.80", OURS)]);
    let mut desired = wanted_records(&[]);
    desired.records[0].is_guarded = false;
    let plan = planned(&desired, &observed);
    assert_eq!(plan.actions, [], "an operator shows a page of his own while nothing is up");
    let mut desired = wanted_records(&["192.0.2.1"]);
    desired.records[0].is_guarded = false;
    assert_eq!(urgencies(&planned(&desired, &observed)), [Urgency::Restore]);
}

#[test]
fn nobody_leaves_a_region_only_because_nothing_is_known_of_it() {
    let regions = ["eu-west", "us-east"].map(|id| RegionId::parse(id).unwrap());
    let member = |switch, at: usize| RecordMember { switch, region: regions[at].clone() };
    let mut desired = wanted_records(&["192.0.2.2"]);
    desired.records[0].answer.as_mut().unwrap().0 = regions[1].clone();
    desired.records[0].regions = regions.to_vec();
    desired.records[0].permitted = [
        ("192.0.2.1".to_owned(), member(Switch::Leave, 0)),
        ("192.0.2.2".to_owned(), member(Switch::Enable, 1)),
    ]
    .into();
    let observed = observed_records(vec![record("r1", "192.0.2.1", OURS)]);
    let plan = planned(&desired, &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(plan.withheld[0].why, WithheldReason::NoneUp);
    let permitted = &mut desired.records[0].permitted;
    permitted.insert("192.0.2.1".to_owned(), member(Switch::Disable, 0));
    assert_eq!(urgencies(&planned(&desired, &observed)), [Urgency::Failover]);
}
