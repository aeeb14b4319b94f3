//! Calls side by side: in whatever order they are carried out and answered, the account ends as if
//! one had followed the other, and what must come first has come first.

use super::line::Line;
use super::model::{Account, Fate, text};
use super::properties::{Life, fate, is_on, sorted};
use super::world::{World, world};
use super::*;
use crate::cloudflare::desired::{DesiredBalancer, DesiredMonitor};
use crate::json;
use crate::time::MINUTE;
use proptest::prelude::*;
use proptest::sample::select;

const ZONES: [(&str, &str); 2] = [("z1", "example.com"), ("z2", "example.net")];
const MONITOR: &str = "pointsman:monitor:api";

/// One service of many: its records, its pool with two origins, its load balancer.
#[derive(Debug, Clone)]
struct One {
    /// The region that answers, of two.
    answers: usize,
    /// What its record says: either region, or what no rule permits.
    says: &'static str,
    switches: [Switch; 2],
    /// Which origins of its pool are enabled; `None` if there is no pool yet.
    enabled: Option<[bool; 2]>,
    /// Whether a disabled origin is one that we disabled.
    is_held: bool,
    is_balanced: bool,
}

fn one() -> impl Strategy<Value = One> {
    let switch = || select(vec![Switch::Enable, Switch::Disable, Switch::Leave]);
    let enabled = proptest::option::weighted(0.8, any::<[bool; 2]>());
    let said = select(vec!["192.0.2.0", "192.0.2.1", "203.0.113.9"]);
    let parts = (0..2_usize, said, [switch(), switch()], enabled, any::<[bool; 2]>());
    parts.prop_map(|(answers, says, switches, enabled, [is_held, is_balanced])| One {
        answers,
        says,
        switches,
        enabled,
        is_held,
        is_balanced,
    })
}

/// Some services in two zones and one account, beside what others have there.
fn many(services: &[One]) -> World {
    let mut desired = Desired::default();
    let mut account = Account { zones: Map::of(ZONES.map(owned)), ..Account::default() };
    let mut holds = Set::new();
    for (number, one) in services.iter().enumerate() {
        let (name, zone) = (format!("s{number}"), ZONES[number % 2].1);
        let [id, host] = [format!("r{number}"), format!("{name}.{zone}")];
        let mut wanted = addresses(&["192.0.2.0", "192.0.2.1"]);
        wanted.answer =
            wanted.answer.map(|(region, _)| (region, [format!("192.0.2.{}", one.answers)].into()));
        (wanted.zone, wanted.name, wanted.service) = (zone.to_owned(), host, service(&name));
        account.records.push(json!({
            "id": id, "name": wanted.name, "type": "A", "content": one.says, "ttl": 60,
            "proxied": false, "comment": format!("pointsman:{name}"), "tags": [],
        }));
        desired.records.push(wanted);
        let pool = wanted_pool(&name, one);
        if let Some(enabled) = one.enabled {
            account.pools.push(seen_pool(&name, enabled));
            for address in addresses_of(&name).iter().zip(enabled).filter(|(_, on)| !on) {
                let (account, pool) = (pool.account.clone(), name.clone());
                let hold = Hold { account, pool, address: address.0.clone() };
                holds.extend(one.is_held.then_some(hold));
            }
        }
        desired.balancers.extend(one.is_balanced.then(|| balancer(&name, zone)));
        desired.pools.push(pool);
    }
    desired.monitors = vec![DesiredMonitor {
        account: "acc".to_owned(),
        name: MONITOR.to_owned(),
        fields: json::read("{}").unwrap(),
    }];
    add_others(&mut account);
    World { desired, account, holds }
}

fn owned((id, name): (&str, &str)) -> (String, String) {
    (id.to_owned(), name.to_owned())
}

fn addresses_of(name: &str) -> [String; 2] {
    ["eu", "us"].map(|region| format!("{region}.{name}.example.org"))
}

fn wanted_pool(name: &str, one: &One) -> DesiredPool {
    let mut wanted = pool("eu", "unused.example.org", Switch::Enable);
    let members = addresses_of(name).into_iter().zip(one.switches).enumerate();
    let members = members.map(|(index, (address, switch))| {
        let id = OriginId::parse(&format!("{name}-{index}")).unwrap();
        let endpoint = Endpoint::at(&address);
        let region = region(["eu", "us"][index]);
        let member = PoolMember { switch, region, endpoint, id, weight: None, host_header: None };
        (address, member)
    });
    wanted.origins = members.collect();
    (wanted.name, wanted.service) = (name.to_owned(), service(name));
    (wanted.manage, wanted.monitor) = (true, Some(MONITOR.to_owned()));
    wanted
}

fn seen_pool(name: &str, enabled: [bool; 2]) -> Value {
    let origins = addresses_of(name).into_iter().zip(enabled).map(|(address, is_on)| {
        let mut origin = json!({"name": address, "address": address, "enabled": is_on});
        if !is_on {
            origin["disabled_at"] = json!("2026-08-01T00:00:00Z");
        }
        origin
    });
    json!({"id": format!("p-{name}"), "name": name, "description": format!("pointsman:{name}"),
           "origins": origins.collect::<Vec<_>>(), "monitor": null})
}

fn balancer(name: &str, zone: &str) -> DesiredBalancer {
    let fields = json!({"default_pools": [name], "fallback_pool": name, "country_pools": {},
                        "steering_policy": "off"});
    DesiredBalancer {
        zone: zone.to_owned(),
        name: format!("lb-{name}.{zone}"),
        service: service(name),
        account: "acc".to_owned(),
        pools: [(name.to_owned(), vec![region("eu"), region("us")])].into(),
        down: Set::new(),
        is_guarded: false,
        fields: Some(json::read(&fields.to_string()).unwrap()),
        manage: true,
        manual: false,
    }
}

fn add_others(account: &mut Account) {
    account.records.push(json!({"id": "theirs-1", "name": "mail.example.com", "type": "TXT",
                                "content": "x", "ttl": 60, "comment": null}));
    account.pools.push(json!({"id": "theirs-2", "name": "theirs", "description": "by hand",
                              "origins": [{"address": "192.0.2.77", "enabled": false}]}));
    account.monitors.push(json!({"id": "theirs-3", "description": "by hand", "type": "tcp"}));
    account.balancers.push(json!({"id": "theirs-4", "name": "else.example.com",
                                  "default_pools": ["theirs-2"], "fallback_pool": "theirs-2"}));
}

fn theirs(account: &Account) -> Vec<Value> {
    let rows = sorted(account.clone()).into_iter();
    rows.filter(|row| text(row, "id").starts_with("theirs-")).collect()
}

/// What stays disabled because a person did it.
fn by_hand(world: &World) -> Vec<(String, String)> {
    let mut off = Vec::new();
    for pool in &world.account.pools {
        let name = text(pool, "name");
        for origin in pool["origins"].as_array().unwrap().iter().filter(|origin| !is_on(origin)) {
            let address = text(origin, "address");
            if !world.holds.iter().any(|hold| hold.pool == name && hold.address == address) {
                off.push((name.to_owned(), address.to_owned()));
            }
        }
    }
    off
}

fn is_enabled(account: &Account, pool: &str, address: &str) -> bool {
    let row = account.pools.iter().find(|row| text(row, "name") == pool).unwrap();
    let mut origins = row["origins"].as_array().unwrap().iter();
    is_on(origins.find(|origin| text(origin, "address") == address).unwrap())
}

fn settled(start: &World, fates: Vec<Fate>, order: Line) -> Result<Life, TestCaseError> {
    let mut life = Life::new(start.clone(), fates);
    life.line = order;
    life.settle(Allowance::default())?;
    Ok(life)
}

fn draws() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..80)
}

fn worlds() -> impl Strategy<Value = World> {
    prop_oneof![
        3 => proptest::collection::vec(one(), 1..10).prop_map(|services| many(&services)),
        1 => world(),
    ]
}

/// Faults, of which one may be that the API asks for no more calls.
fn fates() -> impl Strategy<Value = Vec<Fate>> {
    proptest::collection::vec(prop_oneof![9 => fate(), 1 => Just(Fate::Limited)], 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn in_any_order_of_replies_it_ends_as_one_after_the_other(world in worlds(), draws in draws()) {
        let one_by_one = settled(&world, Vec::new(), Line::default())?;
        let beside = settled(&world, Vec::new(), Line::drawn(draws))?;
        prop_assert_eq!(sorted(beside.account.clone()), sorted(one_by_one.account));
        prop_assert_eq!(theirs(&beside.account), theirs(&world.account));
        prop_assert_eq!(beside.holds, one_by_one.holds);
        prop_assert_eq!(beside.claims, []);
        let [mut calls, mut same] = [beside.line.begun, one_by_one.line.begun];
        calls.sort();
        same.sort();
        prop_assert_eq!(calls, same, "the same calls, and no more");
    }

    #[test]
    fn in_any_order_of_replies_and_with_faults_it_ends_the_same(
        world in worlds(),
        draws in draws(),
        fates in fates(),
    ) {
        let one_by_one = settled(&world, Vec::new(), Line::default())?;
        let mut beside = settled(&world, fates, Line::drawn(draws))?;
        beside.fates.clear();
        beside.settle(Allowance::default())?;
        prop_assert_eq!(sorted(beside.account.clone()), sorted(one_by_one.account));
        prop_assert_eq!(theirs(&beside.account), theirs(&world.account));
        prop_assert_eq!(beside.holds, one_by_one.holds);
        prop_assert_eq!(beside.claims, []);
    }

    #[test]
    fn few_calls_at_a_time_side_by_side_lead_to_the_same_end(
        world in worlds(),
        draws in draws(),
        calls in 5..12_u32,
    ) {
        let allowance = Allowance { calls, upkeep: calls };
        let [mut one_by_one, mut beside] = [(); 2].map(|()| Life::new(world.clone(), Vec::new()));
        beside.line = Line::drawn(draws);
        let mut failures = [0, 0];
        for (life, failures) in [&mut one_by_one, &mut beside].into_iter().zip(&mut failures) {
            for _ in 0..40 {
                let report = life.pass(allowance);
                prop_assert!(report.calls <= calls);
                *failures += report.failures.len();
                if report.put_off.is_none() && report.failures.is_empty() && !report.is_partial {
                    break;
                }
            }
        }
        // A balancer may be tried before its pool, if only one of both has been read again.
        prop_assert!(failures[1] == 0 || failures[0] > 0, "{failures:?}");
        prop_assert_eq!(sorted(beside.account), sorted(one_by_one.account));
    }

    #[test]
    fn a_process_that_ends_with_calls_under_way_takes_nothing_for_its_own_that_a_person_disabled(
        world in proptest::collection::vec(one(), 2..10).prop_map(|services| many(&services)),
        draws in draws(),
        calls in 1..40_usize,
    ) {
        let one_by_one = settled(&world, Vec::new(), Line::default())?;
        let mut life = Life::new(world.clone(), Vec::new());
        life.line = Line::drawn(draws);
        life.die_in_pass(calls);
        life.settle(Allowance::default())?;
        // The claims of calls that never came are over by then.
        life.wait(MINUTE);
        life.settle(Allowance::default())?;
        prop_assert_eq!(sorted(life.account.clone()), sorted(one_by_one.account));
        prop_assert_eq!(theirs(&life.account), theirs(&world.account));
        prop_assert_eq!(&life.holds, &one_by_one.holds);
        prop_assert_eq!(&life.claims, &[]);
        for member in life.desired.pools.iter_mut().flat_map(|pool| pool.origins.values_mut()) {
            member.switch = Switch::Enable;
        }
        life.settle(Allowance::default())?;
        for (pool, address) in by_hand(&world) {
            prop_assert!(!is_enabled(&life.account, &pool, &address), "{address} of {pool}");
        }
    }
}

/// So many services, each with a pool whose first origin is to be disabled.
fn failing(count: usize) -> World {
    let mut world = many(&vec![
        One {
            answers: 1,
            says: "192.0.2.1",
            switches: [Switch::Disable, Switch::Enable],
            enabled: Some([true, true]),
            is_held: false,
            is_balanced: false,
        };
        count
    ]);
    for pool in &mut world.desired.pools {
        (pool.monitor, pool.manage) = (None, false);
    }
    world.desired.monitors.clear();
    world.desired.records.clear();
    world
}

/// A pass over it in which the list of pools is read.
fn planned(count: usize, allowance: Allowance) -> Reconcile {
    let World { desired, account, .. } = failing(count);
    let mut pass = Reconcile::new(PassInput { desired, allowance, ..PassInput::default() });
    let (number, _) = asked(&mut pass);
    assert_eq!(pass.next_step(), Next::Wait, "the first call is alone");
    pass.answer(number, &ok(&json!(account.pools)), Timestamp::default());
    pass
}

/// Begins all that may begin. Returns the calls, and how many intents came with them.
fn begin_all(pass: &mut Reconcile) -> (Vec<(CallNumber, Call)>, usize) {
    let (mut calls, mut intents) = (Vec::new(), 0);
    loop {
        match pass.next_step() {
            Next::Call(number, call) => calls.push((number, call)),
            Next::Intend { .. } => intents += 1,
            Next::Wait | Next::Done => return (calls, intents),
        }
    }
}

fn answer_from(account: &mut Account, pass: &mut Reconcile, (number, call): &(CallNumber, Call)) {
    pass.answer(*number, &account.meet(call, Fate::Answered), Timestamp::default());
}

fn pools_of(calls: &[(CallNumber, Call)]) -> Vec<String> {
    let name = |call: &Call| {
        let id = call.path.rsplit('/').next().unwrap();
        format!("{} {id}", call.method.as_str())
    };
    calls.iter().map(|(_, call)| name(call)).collect()
}

#[test]
fn six_pools_are_under_way_at_once_and_each_is_written_when_it_was_read() {
    let mut account = failing(8).account;
    let mut pass = planned(8, Allowance::default());
    let (reads, intents) = begin_all(&mut pass);
    let expected = ["GET p-s0", "GET p-s1", "GET p-s2", "GET p-s3", "GET p-s4", "GET p-s5"];
    assert_eq!((pools_of(&reads).as_slice(), intents), (&expected.map(str::to_owned)[..], 6));
    answer_from(&mut account, &mut pass, &reads[4]);
    let (calls, intents) = begin_all(&mut pass);
    assert_eq!((pools_of(&calls), intents), (vec!["PATCH p-s4".to_owned()], 0));
    answer_from(&mut account, &mut pass, &calls[0]);
    let (calls, intents) = begin_all(&mut pass);
    assert_eq!((pools_of(&calls), intents), (vec!["GET p-s6".to_owned()], 1));
}

#[test]
fn pools_of_one_service_follow_one_another() {
    let World { mut desired, mut account, .. } = failing(3);
    for (pool, row) in desired.pools.iter_mut().zip(&mut account.pools).take(2) {
        (pool.service, row["description"]) = (service("both"), json!("pointsman:both"));
    }
    let mut pass = Reconcile::new(PassInput { desired, ..PassInput::default() });
    let (number, _) = asked(&mut pass);
    pass.answer(number, &ok(&json!(account.pools)), Timestamp::default());
    assert_eq!(pools_of(&begin_all(&mut pass).0), ["GET p-s0", "GET p-s2"]);
}

#[test]
fn after_a_429_nothing_begins_and_what_is_under_way_counts() {
    let mut account = failing(8).account;
    let mut pass = planned(8, Allowance::default());
    let (reads, _) = begin_all(&mut pass);
    for read in &reads {
        answer_from(&mut account, &mut pass, read);
    }
    let (writes, _) = begin_all(&mut pass);
    assert_eq!(writes.len(), 6);
    let limited = account.meet(&writes[0].1, Fate::Limited);
    pass.answer(writes[0].0, &limited, Timestamp::default());
    // Of one, nobody hears what became of it. To read it back would be one more call.
    pass.answer(writes[1].0, &lost(), Timestamp::default());
    for write in &writes[2..] {
        assert_eq!(begin_all(&mut pass), (Vec::new(), 0));
        answer_from(&mut account, &mut pass, write);
    }
    assert_eq!(pass.next_step(), Next::Done);
    let report = pass.finish();
    assert_eq!((report.applied.len(), report.blocked_ms), (4, Some(20_000)));
    assert_eq!((report.open.len(), report.holds.claimed.len()), (1, 4));
    assert_eq!(report.holds.dropped.len(), 1, "the first was refused");
}

#[test]
fn every_change_whose_reply_is_lost_is_read_back() {
    let mut account = failing(6).account;
    let mut pass = planned(6, Allowance::default());
    let (reads, _) = begin_all(&mut pass);
    for read in &reads {
        answer_from(&mut account, &mut pass, read);
    }
    let (writes, _) = begin_all(&mut pass);
    for (number, call) in &writes {
        pass.answer(*number, &account.meet(call, Fate::LostAfter), Timestamp::default());
    }
    let (back, intents) = begin_all(&mut pass);
    assert_eq!((back.len(), intents), (6, 0));
    assert!(back.iter().all(|(_, call)| !call.is_write()));
    for read in &back {
        answer_from(&mut account, &mut pass, read);
    }
    assert_eq!(pass.next_step(), Next::Done);
    let report = pass.finish();
    assert_eq!((report.holds.claimed.len(), report.open.len()), (6, 6));
}

#[test]
fn a_pass_that_is_abandoned_takes_in_what_is_under_way() {
    let mut account = failing(8).account;
    let mut pass = planned(8, Allowance::default());
    let (reads, _) = begin_all(&mut pass);
    for read in &reads[..3] {
        answer_from(&mut account, &mut pass, read);
    }
    let (writes, _) = begin_all(&mut pass);
    let [first, second, third] = writes.as_slice() else { panic!("{writes:?}") };
    pass.abandon(third.0, "it was made from yesterday".to_owned());
    answer_from(&mut account, &mut pass, first);
    pass.answer(second.0, &account.meet(&second.1, Fate::LostAfter), Timestamp::default());
    let (back, _) = begin_all(&mut pass);
    assert_eq!(pools_of(&back), ["GET p-s1"]);
    for read in &back {
        answer_from(&mut account, &mut pass, read);
    }
    for read in &reads[3..] {
        assert_eq!(begin_all(&mut pass), (Vec::new(), 0));
        answer_from(&mut account, &mut pass, read);
    }
    assert_eq!(pass.next_step(), Next::Done);
    let report = pass.finish();
    assert_eq!((report.applied.len(), report.holds.claimed.len()), (1, 2));
    assert_eq!(report.open.len(), 1, "{:?}", report.open);
    assert_eq!(report.put_off, Some(Urgency::Law));
    assert_eq!(report.withheld.iter().filter(|it| it.why.as_str() == "stale").count(), 1);
}

#[test]
fn with_few_calls_as_many_pools_are_finished_as_one_after_the_other() {
    for calls in 1..14 {
        let mut account = failing(8).account;
        let mut pass = planned(8, Allowance { calls, upkeep: calls });
        let mut under_way = Vec::new();
        loop {
            under_way.extend(begin_all(&mut pass).0);
            let Some(last) = under_way.pop() else { break };
            answer_from(&mut account, &mut pass, &last);
        }
        let report = pass.finish();
        assert_eq!(report.calls, calls);
        let finished = usize::try_from((calls - 1) / 2).unwrap();
        assert_eq!(report.applied.len(), finished, "{calls} calls: one lists, two for each pool");
        assert_eq!((report.open.len(), report.holds.claimed.len()), (0, finished));
    }
}

#[test]
fn what_a_zone_is_read_with_keeps_room_for_its_other_pages() {
    let mut input = over(vec![records("us.example.com"), named("a.example.net")]);
    input.desired.records[1].zone = "example.net".to_owned();
    input.zone_ids.insert("example.net".to_owned(), "z2".to_owned());
    input.desired.pools = vec![pool("eu", "eu.example.com", Switch::Leave)];
    // Three pages of one zone are four calls with the first zone; and so each pass gets further.
    let mut pass = limited(input, 5, 0, Readings::default());
    let (number, _) = asked(&mut pass);
    let rows: Vec<Value> = (0..500).map(|n| json!({"id": n.to_string(), "name": "x"})).collect();
    pass.answer(number, &page(&json!(rows), 1_400), Timestamp::default());
    let (calls, _) = begin_all(&mut pass);
    let asked: Vec<&str> = calls.iter().map(|(_, call)| call.path.as_str()).collect();
    assert_eq!(asked[0], "/zones/z1/dns_records?per_page=500&page=2");
    assert_eq!(asked[1..], ["/zones/z2/dns_records?per_page=500&page=1"]);
}
