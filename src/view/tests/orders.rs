//! What each kind of order does to how everything stands, and what it cannot do.

use super::*;
use crate::cloudflare::{Switch, desired};
use crate::controller::routes;
use crate::country::Country;
use crate::health::Because;
use crate::ids::ServiceId;
use crate::order::Act;
use crate::ordered::Map;
use crate::routes::Table;
use crate::steering::{Decision, Evidence, RequestFacts, decide};
use crate::testing::{drain, order};
use proptest::prelude::*;

const HOST: &str = "web.example.com";

fn web() -> ServiceId {
    ServiceId::parse("web").unwrap()
}

fn outage(region: &str) -> Act {
    Act::Outage { region: region_id(region) }
}

fn switch(to: &str) -> Act {
    Act::Switch { service: web(), to: region_id(to) }
}

fn corruption() -> Act {
    Act::Corruption { service: None }
}

/// All regions up, and these orders.
fn world(acts: &[Act]) -> World {
    let mut world = World::plain();
    all_up(&mut world);
    give(&mut world, acts);
    world
}

fn all_up(world: &mut World) {
    for region in REGIONS {
        world.believe_region(region, Health::Up);
    }
}

fn give(world: &mut World, acts: &[Act]) {
    for act in acts {
        let id = u64::try_from(world.state.orders.len()).unwrap() + 1;
        world.state.orders.push(order(id, act.clone(), None));
    }
}

/// Declares corruption as everything stands.
fn freeze(world: &mut World) {
    let healths = world.service().regions.iter().map(|it| (it.id.clone(), it.health)).collect();
    give(world, &[corruption()]);
    world.state.frozen = Map::of([(web(), healths)]);
}

fn table(world: &World) -> Table {
    Table::try_from(routes(&world.view())).unwrap()
}

/// The regions that would be tried, in order, or the refusal.
fn tried(world: &World) -> String {
    let table = table(world);
    let decision = decide(&table, &RequestFacts::new(HOST), &Evidence::default());
    words(&decision)
}

fn words(decision: &Decision<'_>) -> String {
    let regions: Vec<&str> = decision.regions.iter().map(|it| it.entry.id.as_str()).collect();
    decision.refusal.map_or(regions.join(" "), |refusal| refusal.as_str().to_owned())
}

/// The region of the record, and the order of the balancer's pools with its policy.
fn published(world: &World) -> (String, String) {
    let desired = desired(&world.view());
    let answer = desired.records[0].answer.as_ref().map_or("-", |(region, _)| region.as_str());
    let fields = desired.balancers[0].fields.clone().unwrap();
    let policy = fields.steering_policy.unwrap();
    (answer.to_owned(), format!("{policy}: {}", fields.default_pools.unwrap().join(" ")))
}

#[test]
fn without_orders_regions_are_tried_in_failover_order() {
    assert_eq!(tried(&world(&[])), "de ie us br");
    assert_eq!(published(&world(&[])), ("de".to_owned(), "off: de ie us br".to_owned()));
}

#[test]
fn a_drained_region_takes_no_new_clients_and_says_by_which_order() {
    for service in [None, Some("web")] {
        let world = world(&[drain("de", service)]);
        let standing = world.region("de");
        assert_eq!((standing.health, standing.because()), (Health::Up, Because::Drain));
        assert!(standing.is_draining && standing.is_drained());
        let why = standing.why().unwrap();
        assert!(why.contains("drained by ann (token) (order 1; `pointsman lift 1`"), "{why}");
        assert_eq!(tried(&world), "ie us br de");
        assert_eq!(published(&world).0, "ie");
    }
}

#[test]
fn a_drain_for_another_service_leaves_this_one_alone() {
    let mut document = config();
    let mut other = document["services"]["web"].clone();
    (other["hosts"], other["publish"]) = (json!(["other.example.com"]), json!([]));
    document["services"]["other"] = other;
    let mut world = World::new(&document);
    all_up(&mut world);
    give(&mut world, &[drain("de", Some("other"))]);
    assert_eq!(tried(&world), "de ie us br");
    let view = world.view();
    let drained = view.services().map(|it| it.regions[0].is_draining).collect::<Vec<_>>();
    assert_eq!(drained, [true, false], "other, web");
}

#[test]
fn a_region_that_is_declared_out_is_down_whatever_is_observed_and_whoever_says_up() {
    let mut world = world(&[outage("de")]);
    world.config.overrides.insert(origin_id("de-1"), said(OverrideTo::Up, NOW.plus(1_000)));
    let standing = world.region("de");
    assert_eq!((standing.health, standing.because()), (Health::Down, Because::Outage));
    assert!(standing.why().unwrap().contains("declared out by ann"), "{:?}", standing.why());
    assert_eq!(tried(&world), "ie us br");
    assert_eq!(published(&world), ("ie".to_owned(), "off: ie us br de".to_owned()));
}

#[test]
fn an_override_of_a_region_sets_all_of_its_origins() {
    for (set, health) in [(OverrideTo::Down, Health::Down), (OverrideTo::Up, Health::Up)] {
        let act = Act::Override { origin: None, region: Some(region_id("de")), set };
        let mut world = world(&[act]);
        world.believe_region("de", Health::Unknown);
        let standing = world.region("de");
        assert_eq!((standing.health, standing.because()), (health, Because::Override));
    }
}

#[test]
fn a_drain_by_order_is_added_to_what_the_config_says() {
    let mut world = world(&[drain("de", None)]);
    world.believe_region("de", Health::Down);
    for origin in ["de-1", "de-2"] {
        world.config.overrides.insert(origin_id(origin), said(OverrideTo::Up, NOW.plus(1_000)));
    }
    let standing = world.region("de");
    assert_eq!((standing.health, standing.is_draining), (Health::Up, true));
}

#[test]
fn a_switch_puts_one_region_before_all_others_for_every_policy_while_it_is_up() {
    for policy in ["ordered", "weighted", "proximity", "latency", "least_outstanding"] {
        let mut document = config();
        document["services"]["web"]["steering"] = json!(policy);
        let mut world = World::new(&document);
        all_up(&mut world);
        give(&mut world, &[switch("us")]);
        let first = |world: &World| tried(world).split(' ').next().unwrap().to_owned();
        assert_eq!(first(&world), "us", "{policy}");
        assert_eq!(published(&world), ("us".to_owned(), "off: us de ie br".to_owned()), "{policy}");
        for health in [Health::Down, Health::Unknown] {
            world.believe_region("us", health);
            assert_ne!(first(&world), "us", "{policy}");
            assert_eq!(published(&world).0, "de", "{policy}");
        }
    }
}

#[test]
fn a_switch_to_a_canary_takes_all_clients_and_a_drain_of_it_none() {
    let mut document = config();
    document["services"]["web"]["canary"] = json!({"br": 1});
    let mut world = World::new(&document);
    all_up(&mut world);
    give(&mut world, &[switch("br")]);
    assert!(tried(&world).starts_with("br "), "{}", tried(&world));
    give(&mut world, &[drain("br", None)]);
    assert!(tried(&world).starts_with("de "), "{}", tried(&world));
    assert_eq!(published(&world).0, "de");
}

#[test]
fn a_switch_of_a_set_of_members_leaves_one_region_in_it() {
    let mut document = config();
    let publish = document["services"]["web"]["publish"].as_array_mut().unwrap();
    publish[4]["dns"]["mode"] = json!("members");
    let mut world = World::new(&document);
    all_up(&mut world);
    let enabled = |world: &World| {
        let desired = desired(&world.view());
        let members = desired.records[0].permitted.iter();
        let enabled = members.filter(|(_, member)| member.switch == Switch::Enable);
        enabled.map(|(_, member)| member.region.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(enabled(&world).len(), 8);
    give(&mut world, &[switch("us")]);
    assert_eq!(enabled(&world), ["us", "us"]);
    world.believe_region("us", Health::Down);
    assert_eq!(enabled(&world).len(), 6);
}

#[test]
fn a_switch_moves_a_service_that_only_people_move() {
    let mut document = config();
    document["services"]["web"]["failover"] = json!({"mode": "manual"});
    let mut world = World::new(&document);
    all_up(&mut world);
    assert_eq!(desired(&world.view()).records[0].answer, None);
    give(&mut world, &[switch("us")]);
    assert_eq!(published(&world).0, "us");
    world.believe_region("us", Health::Down);
    assert_eq!(desired(&world.view()).records[0].answer, None);
}

#[test]
fn while_data_may_be_corrupt_nobody_is_moved_and_nothing_comes_back() {
    let mut world = world(&[]);
    world.believe_region("ie", Health::Down);
    freeze(&mut world);
    assert_eq!(tried(&world), "de", "one try, in the region that serves");
    world.believe_region("de", Health::Unknown);
    assert_eq!(tried(&world), "de", "doubt moves nobody either");
    world.believe_region("de", Health::Down);
    assert_eq!(tried(&world), "no_usable_region", "and what is down gets no request that fails");
    assert_eq!(world.region("de").because(), Because::Observed);
    world.believe_region("ie", Health::Up);
    let back = world.region("ie");
    assert_eq!((back.health, back.because()), (Health::Down, Because::Corruption));
    assert!(back.why().unwrap().contains("when corruption was declared by ann"), "{back:?}");
    assert_eq!(tried(&world), "no_usable_region");
    world.believe_region("de", Health::Up);
    assert_eq!(tried(&world), "de");
}

#[test]
fn while_data_may_be_corrupt_people_may_still_move_clients() {
    for (act, first) in [(outage("de"), "ie"), (drain("de", None), "ie"), (switch("us"), "us")] {
        let mut world = world(&[]);
        freeze(&mut world);
        give(&mut world, std::slice::from_ref(&act));
        assert_eq!(tried(&world), first, "{act}");
    }
}

#[test]
fn once_it_is_lifted_clients_go_where_health_sends_them() {
    let mut world = world(&[]);
    freeze(&mut world);
    world.believe_region("de", Health::Down);
    assert_eq!(tried(&world), "no_usable_region");
    world.state.orders.clear();
    assert_eq!(tried(&world), "ie us br");
}

/// A kind of order, a region, and what an override says.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let set = prop_oneof![Just(OverrideTo::Up), Just(OverrideTo::Down), Just(OverrideTo::Drain)];
    let act = (0..8_u8, 0..REGIONS.len(), set).prop_map(|(kind, region, set)| {
        let region = REGIONS[region];
        match kind {
            0 => drain(region, None),
            1 => drain(region, Some("web")),
            2 => Act::Override { origin: None, region: Some(region_id(region)), set },
            3 => {
                Act::Override { origin: Some(origin_id(&format!("{region}-1"))), region: None, set }
            }
            4 => outage(region),
            5 => switch(region),
            6 => Act::Halt { service: None },
            _ => corruption(),
        }
    });
    proptest::collection::vec(act, 0..6)
}

const COUNTRIES: [&str; 6] = ["DE", "IE", "US", "BR", "FR", "JP"];
const POLICIES: [&str; 4] = ["ordered", "weighted", "proximity", "latency"];

/// Rules over the host: whose clients, what is allowed, and whether strictly.
fn rules() -> impl Strategy<Value = Value> {
    let allow = proptest::sample::subsequence(&COUNTRIES[..4], 1..4);
    let rule =
        (0..COUNTRIES.len() + 1, allow, any::<bool>()).prop_map(|(who, allow, is_strict)| {
            let mut when = json!({"host": HOST});
            if let Some(country) = COUNTRIES.get(who) {
                when["country"] = json!(country);
            }
            let mode = if is_strict { "strict" } else { "preferred" };
            json!({"when": when, "allow": allow, "mode": mode})
        });
    proptest::collection::vec(rule, 0..4).prop_map(|mut rules| {
        rules.iter_mut().enumerate().for_each(|(n, rule)| rule["id"] = json!(format!("r{n}")));
        Value::Array(rules)
    })
}

fn healths() -> impl Strategy<Value = Vec<Health>> {
    let health = prop_oneof![Just(Health::Up), Just(Health::Unknown), Just(Health::Down)];
    proptest::collection::vec(health, REGIONS.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_order_lets_a_request_or_an_answer_go_where_the_law_does_not(
        rules in rules(),
        policy in 0..POLICIES.len(),
        (before, after) in (healths(), healths()),
        acts in acts(),
        country in 0..COUNTRIES.len() + 1,
        (method, seed) in (prop_oneof![Just("GET"), Just("POST")], any::<u64>()),
    ) {
        let mut document = config();
        document["residency"] = rules;
        document["services"]["web"]["steering"] = json!(POLICIES[policy]);
        let Ok(parsed) = Config::parse(&document.to_string()) else { return Ok(()) };
        let mut world = World { config: parsed, state: State::default() };
        let config = world.config.clone();
        world.state.follow(&config);
        let believe = |world: &mut World, healths: &[Health]| {
            let all = REGIONS.iter().zip(healths);
            all.for_each(|(region, health)| world.believe_region(region, *health));
        };
        believe(&mut world, &before);
        let standing = world.service();
        let frozen = standing.regions.iter().map(|it| (it.id.clone(), it.health)).collect();
        world.state.frozen = Map::of([(web(), frozen)]);
        believe(&mut world, &after);
        let (lawful, plain) = (table(&world), desired(&world.view()));
        give(&mut world, &acts);
        let (ordered, wanted) = (table(&world), desired(&world.view()));
        let country = COUNTRIES.get(country).map(|code| Country::parse(code).unwrap());
        let facts = RequestFacts { method, country, seed, ..RequestFacts::new(HOST) };
        let evidence = Evidence::default();
        let without = decide(&lawful, &facts, &evidence);
        let with = decide(&ordered, &facts, &evidence);
        let permitted = without.ruling.as_ref().unwrap().permitted.clone();
        prop_assert_eq!(&with.ruling.as_ref().unwrap().permitted, &permitted);
        for region in &with.regions {
            prop_assert!(permitted.contains(region.index), "{} by {:?}", region.entry.id, acts);
        }
        prop_assert_eq!(with.regions.is_empty(), with.refusal.is_some());
        for (plain, wanted) in plain.records.iter().zip(&wanted.records) {
            let answer = wanted.answer.iter().chain(&wanted.refuge).map(|(region, _)| region);
            for region in answer.chain(wanted.permitted.values().map(|member| &member.region)) {
                prop_assert!(plain.regions.contains(region), "{region} by {acts:?}");
            }
        }
        for (plain, wanted) in plain.balancers.iter().zip(&wanted.balancers) {
            prop_assert_eq!(lists(plain), lists(wanted), "by {:?}", acts);
        }
    }
}

/// Which pools each list of a balancer has, whatever their order.
fn lists(balancer: &crate::cloudflare::DesiredBalancer) -> Option<Vec<(String, Vec<String>)>> {
    let fields = balancer.fields.as_ref()?;
    let sorted = |pools: &Vec<String>| {
        let mut pools = pools.clone();
        pools.sort();
        pools
    };
    let mut lists = vec![("default".to_owned(), sorted(fields.default_pools.as_ref()?))];
    let countries = fields.country_pools.iter().flatten();
    lists.extend(countries.map(|(code, pools)| (code.clone(), sorted(pools))));
    Some(lists)
}
