use super::*;
use crate::cloudflare::observed::PoolOrigin;
use crate::ids::RegionId;
use crate::ordered::Set;

fn service() -> ServiceId {
    ServiceId::parse("files").unwrap()
}

fn wanted_records(contents: &[&str]) -> Desired {
    let answer = (!contents.is_empty()).then(|| {
        let contents = contents.iter().map(|c| (*c).to_owned()).collect();
        (RegionId::parse("eu-west").unwrap(), contents)
    });
    let permitted: Set<String> = ["192.0.2.1".to_owned(), "192.0.2.2".to_owned()].into();
    let refuge = Some((RegionId::parse("eu-west").unwrap(), ["192.0.2.1".to_owned()].into()));
    let records = DesiredRecords {
        zone: "example.com".to_owned(),
        name: "files.example.com".to_owned(),
        kind: RecordKind::A,
        service: service(),
        ttl_s: 60,
        answer,
        refuge,
        permitted,
        manual: false,
    };
    Desired { records: vec![records], ..Desired::default() }
}

fn record(id: &str, content: &str, comment: Option<&str>) -> Record {
    Record {
        id: id.to_owned(),
        content: content.to_owned(),
        ttl: 60,
        proxied: false,
        comment: comment.map(str::to_owned),
    }
}

const OURS: Option<&str> = Some("pointsman:files");

fn observed_records(records: Vec<Record>) -> Observed {
    let key = ("files.example.com".to_owned(), RecordKind::A);
    Observed { records: [(key, records)].into(), ..Observed::default() }
}

fn ops(desired: &Desired, observed: &Observed) -> Vec<RecordOp> {
    let plan = plan(desired, observed, &Set::new());
    plan.actions
        .into_iter()
        .flat_map(|action| match action {
            Action::Records { ops, .. } => ops,
            Action::Pool { .. } => panic!("no pool was wanted"),
        })
        .collect()
}

fn patch(id: &str, content: &str) -> RecordOp {
    RecordOp::Patch { id: id.to_owned(), content: content.to_owned(), ttl_s: 60 }
}

#[test]
fn what_is_already_so_needs_no_action() {
    let observed = observed_records(vec![record("r1", "192.0.2.1", OURS)]);
    assert_eq!(ops(&wanted_records(&["192.0.2.1"]), &observed), []);
}

#[test]
fn a_failover_is_one_change_of_one_record() {
    let observed = observed_records(vec![record("r1", "192.0.2.1", OURS)]);
    assert_eq!(ops(&wanted_records(&["192.0.2.2"]), &observed), [patch("r1", "192.0.2.2")]);
}

#[test]
fn a_set_grows_and_shrinks_by_whole_records() {
    let observed = observed_records(vec![record("r1", "192.0.2.1", OURS)]);
    let create = RecordOp::Create {
        content: "192.0.2.2".to_owned(),
        ttl_s: 60,
        proxied: false,
        comment: "pointsman:files".to_owned(),
    };
    assert_eq!(ops(&wanted_records(&["192.0.2.1", "192.0.2.2"]), &observed), [create]);
    let both =
        observed_records(vec![record("r2", "192.0.2.2", OURS), record("r1", "192.0.2.1", OURS)]);
    let delete = RecordOp::Delete { id: "r2".to_owned() };
    assert_eq!(ops(&wanted_records(&["192.0.2.1"]), &both), [delete]);
}

#[test]
fn a_foreign_record_is_never_touched() {
    let observed = observed_records(vec![
        record("r1", "192.0.2.1", Some("set by hand")),
        record("r2", "192.0.2.9", OURS),
        record("r3", "192.0.2.8", None),
    ]);
    assert_eq!(ops(&wanted_records(&["192.0.2.2"]), &observed), [patch("r2", "192.0.2.2")]);
}

#[test]
fn where_no_record_is_ours_nothing_is_done_and_it_says_how_to_make_one_ours() {
    let observed = observed_records(vec![record("r1", "192.0.2.1", None)]);
    let plan = plan(&wanted_records(&["192.0.2.2"]), &observed, &Set::new());
    assert_eq!(plan.actions, []);
    assert_eq!(
        plan.withheld[0].to_string(),
        "files.example.com A: none of its 1 records is ours; put `pointsman:files` into the \
         comment of one"
    );
}

#[test]
fn where_no_region_is_up_the_answer_stays() {
    let observed = observed_records(vec![record("r1", "192.0.2.1", OURS)]);
    let plan = plan(&wanted_records(&[]), &observed, &Set::new());
    assert_eq!(plan.actions, []);
    assert_eq!(plan.withheld.len(), 1);
}

#[test]
fn a_record_that_says_what_a_rule_forbids_goes_to_a_permitted_region_even_one_that_is_down() {
    let observed = observed_records(vec![record("r1", "198.51.100.7", OURS)]);
    assert_eq!(ops(&wanted_records(&[]), &observed), [patch("r1", "192.0.2.1")]);
}

#[test]
fn one_more_proxied_record_is_proxied_too() {
    let mut proxied = record("r1", "192.0.2.1", OURS);
    (proxied.proxied, proxied.ttl) = (true, 1);
    let observed = observed_records(vec![proxied]);
    let create = RecordOp::Create {
        content: "192.0.2.2".to_owned(),
        ttl_s: 1,
        proxied: true,
        comment: "pointsman:files".to_owned(),
    };
    assert_eq!(ops(&wanted_records(&["192.0.2.1", "192.0.2.2"]), &observed), [create]);
}

#[test]
fn what_was_not_read_is_not_taken_for_empty() {
    let plan = plan(&wanted_records(&["192.0.2.2"]), &Observed::default(), &Set::new());
    assert_eq!(plan, Plan::default());
}

#[test]
fn a_dot_at_the_end_and_the_case_make_no_difference() {
    let observed = observed_records(vec![record("r1", "EU1.example.com.", OURS)]);
    assert_eq!(ops(&wanted_records(&["eu1.example.com"]), &observed), []);
}

#[test]
fn a_wrong_ttl_is_mended_unless_the_record_is_proxied() {
    let mut slow = record("r1", "192.0.2.1", OURS);
    slow.ttl = 3_600;
    let observed = observed_records(vec![slow.clone()]);
    assert_eq!(ops(&wanted_records(&["192.0.2.1"]), &observed), [patch("r1", "192.0.2.1")]);
    slow.proxied = true;
    let observed = observed_records(vec![slow]);
    assert_eq!(ops(&wanted_records(&["192.0.2.1"]), &observed), []);
}

fn wanted_pools(pools: &[(&str, &[(&str, Switch)])]) -> Desired {
    let pool = |(name, origins): &(&str, &[(&str, Switch)])| DesiredPool {
        account: "acc".to_owned(),
        name: (*name).to_owned(),
        service: service(),
        origins: origins.iter().map(|(a, s)| ((*a).to_owned(), *s)).collect(),
    };
    let pools: Vec<DesiredPool> = pools.iter().map(pool).collect();
    let addresses = pools.iter().flat_map(|pool| pool.origins.keys().cloned()).collect();
    let whole = Jurisdiction { service: service(), under: None, addresses };
    Desired { pools, jurisdictions: vec![whole], ..Desired::default() }
}

fn observed_pools(pools: &[(&str, &[(&str, bool)])]) -> Observed {
    let pool = |(name, origins): &(&str, &[(&str, bool)])| Pool {
        id: format!("id-{name}"),
        name: (*name).to_owned(),
        enabled: true,
        origins: origins
            .iter()
            .map(|(address, enabled)| PoolOrigin {
                address: (*address).to_owned(),
                enabled: *enabled,
            })
            .collect(),
    };
    let pools = pools.iter().map(pool).collect();
    Observed { pools: [("acc".to_owned(), pools)].into(), ..Observed::default() }
}

fn told(plan: &Plan) -> Vec<String> {
    plan.actions.iter().map(ToString::to_string).collect()
}

fn hold(pool: &str, address: &str) -> Hold {
    Hold { account: "acc".to_owned(), pool: pool.to_owned(), address: address.to_owned() }
}

const TWO: &[(&str, &[(&str, bool)])] = &[("eu", &[("eu1", true)]), ("us", &[("us1", true)])];

#[test]
fn an_origin_that_is_down_is_disabled() {
    let desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Enable)])]);
    let plan = plan(&desired, &observed_pools(TWO), &Set::new());
    assert_eq!(told(&plan), ["pool eu: disable eu1"]);
}

#[test]
fn the_last_usable_origin_of_a_service_is_never_disabled() {
    let desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Disable)])]);
    let plan = plan(&desired, &observed_pools(TWO), &Set::new());
    assert_eq!(told(&plan), [""; 0]);
    assert_eq!(plan.withheld.len(), 2);
    assert!(plan.withheld[0].why.starts_with("0 origins"), "{plan:?}");
}

#[test]
fn the_last_usable_origin_that_a_rule_permits_is_never_disabled() {
    let mut desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Enable)])]);
    desired.jurisdictions.push(Jurisdiction {
        service: service(),
        under: Some("rule `gdpr`".to_owned()),
        addresses: ["eu1".to_owned()].into(),
    });
    let plan = plan(&desired, &observed_pools(TWO), &Set::new());
    assert_eq!(told(&plan), [""; 0]);
    assert_eq!(
        plan.withheld[0].to_string(),
        "pool eu: disable eu1: 0 origins of `files` under rule `gdpr` are up and enabled"
    );
}

#[test]
fn a_name_of_which_nothing_is_permitted_any_more_is_not_answered() {
    let mut desired = wanted_records(&[]);
    (desired.records[0].permitted, desired.records[0].refuge) = (Set::new(), None);
    let observed = observed_records(vec![record("r", "192.0.2.1", OURS), record("s", "x", None)]);
    assert_eq!(ops(&desired, &observed), [RecordOp::Delete { id: "r".to_owned() }]);
}

#[test]
fn a_pool_is_read_whatever_the_case_of_its_addresses() {
    let desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("EU1.", true)]), ("us", &[("us1", true)])]);
    assert_eq!(told(&plan(&desired, &observed, &Set::new())).len(), 1);
}

#[test]
fn an_origin_in_a_pool_that_is_switched_off_is_no_survivor() {
    let desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Enable)])]);
    let mut observed = observed_pools(TWO);
    observed.pools.get_mut("acc").unwrap()[1].enabled = false;
    assert_eq!(told(&plan(&desired, &observed, &Set::new())), [""; 0]);
}

#[test]
fn nothing_is_disabled_on_the_promise_of_an_enabling_that_may_fail() {
    let desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1", true)]), ("us", &[("us1", false)])]);
    let plan = plan(&desired, &observed, &[hold("us", "us1")].into());
    assert_eq!(told(&plan), ["pool us: enable us1"]);
    assert!(plan.is_partial, "the next pass comes soon");
}

#[test]
fn what_we_disabled_is_enabled_again_and_what_a_person_disabled_is_not() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable), ("eu2", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1", false), ("eu2", false)])]);
    let plan = plan(&desired, &observed, &[hold("eu", "eu1")].into());
    assert_eq!(told(&plan), ["pool eu: enable eu1"]);
}

#[test]
fn an_origin_of_unknown_health_and_an_origin_of_others_are_left_alone() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Leave), ("eu3", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1", true), ("other", true), ("eu3", true)])]);
    assert_eq!(plan(&desired, &observed, &Set::new()).actions, []);
}

#[test]
fn a_pool_that_is_not_there_is_reported_and_not_created() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Disable)])]);
    let plan = plan(&desired, &observed_pools(&[]), &Set::new());
    assert_eq!(plan.actions, []);
    assert_eq!(plan.withheld[0].to_string(), "pool eu: the account has no pool of this name");
}

#[test]
fn taking_traffic_away_from_what_is_down_comes_first() {
    let desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Enable)]), ("us", &[("us1", Switch::Disable)])]);
    let desired = {
        let mut desired = desired;
        desired.pools[0].origins.insert("eu2".to_owned(), Switch::Enable);
        desired.jurisdictions[0].addresses.insert("eu2".to_owned());
        desired
    };
    let observed =
        observed_pools(&[("eu", &[("eu1", false), ("eu2", true)]), ("us", &[("us1", true)])]);
    let plan = plan(&desired, &observed, &[hold("eu", "eu1")].into());
    assert_eq!(told(&plan), ["pool us: disable us1", "pool eu: enable eu1"]);
}

#[test]
fn the_order_in_which_the_api_lists_things_has_no_meaning() {
    let desired = wanted_records(&["192.0.2.5", "192.0.2.6"]);
    let records = vec![
        record("r1", "192.0.2.1", OURS),
        record("r2", "192.0.2.2", OURS),
        record("r3", "192.0.2.3", OURS),
    ];
    let forwards = ops(&desired, &observed_records(records.clone()));
    let backwards = ops(&desired, &observed_records(records.into_iter().rev().collect()));
    assert_eq!(forwards, backwards);
    assert_eq!(
        forwards,
        [
            patch("r1", "192.0.2.5"),
            patch("r2", "192.0.2.6"),
            RecordOp::Delete { id: "r3".to_owned() }
        ]
    );
}
