//! Every guard with its exact words, and what none of them holds back.

use super::*;
use crate::cloudflare::desired::ServiceLoad;
use crate::config::Guards;
use crate::time::Timestamp;

const NOON_MS: u64 = 1_785_585_600_000;

fn noon() -> Timestamp {
    Timestamp::from_millis(NOON_MS)
}

fn calm() -> Circumstances {
    Circumstances { now: noon(), ..Circumstances::default() }
}

fn with(guards: Guards) -> Circumstances {
    Circumstances { guards, ..calm() }
}

/// The answer is to move from `us-east`, which is up or down, to `eu-west`.
fn moves(us: Switch) -> (Desired, Observed) {
    let mut desired = wanted_records(&["192.0.2.1"]);
    desired.records[0].permitted.insert("192.0.2.2".to_owned(), member(us, "us-east"));
    (desired, observed_records(vec![record("r1", "192.0.2.2", OURS)]))
}

fn restore() -> (Desired, Observed) {
    moves(Switch::Enable)
}

fn failover() -> (Desired, Observed) {
    moves(Switch::Disable)
}

/// The answer stays, and its time to live is wrong.
fn upkeep() -> (Desired, Observed) {
    let mut slow = record("r1", "192.0.2.1", OURS);
    slow.ttl = 300;
    (wanted_records(&["192.0.2.1"]), observed_records(vec![slow]))
}

/// What is answered is forbidden.
fn breach() -> (Desired, Observed) {
    (wanted_records(&["192.0.2.1"]), observed_records(vec![record("r1", "198.51.100.7", OURS)]))
}

/// What is withheld, of a plan whose only action it would be.
fn refused((desired, observed): &(Desired, Observed), circumstances: &Circumstances) -> String {
    let plan = plan(desired, observed, &Set::new(), circumstances);
    assert_eq!(plan.actions, []);
    assert_eq!(plan.withheld.len(), 1);
    plan.withheld[0].because.clone()
}

fn passes((desired, observed): &(Desired, Observed), circumstances: &Circumstances) {
    let plan = plan(desired, observed, &Set::new(), circumstances);
    assert_eq!((plan.actions.len(), plan.withheld), (1, Vec::new()));
}

#[test]
fn what_is_withheld_says_what_it_was() {
    let (desired, observed) = restore();
    let guards = Guards { halted: true, ..Guards::default() };
    let plan = plan(&desired, &observed, &Set::new(), &with(guards));
    assert_eq!(
        withheld(&plan),
        ["files.example.com A: answer 192.0.2.1 (eu-west): `guards.halted` is set [halted]"]
    );
}

#[test]
fn nothing_changes_while_the_operator_has_halted_all() {
    let halted = with(Guards { halted: true, ..Guards::default() });
    for world in [restore(), failover(), upkeep()] {
        assert_eq!(refused(&world, &halted), "`guards.halted` is set");
    }
}

#[test]
fn an_observer_that_doubts_itself_moves_no_traffic() {
    let doubtful = Circumstances { doubted_since: Some(noon()), ..calm() };
    for world in [restore(), failover()] {
        assert_eq!(
            refused(&world, &doubtful),
            "the observer has doubted itself since 2026-08-01T12:00:00.000Z"
        );
    }
    passes(&upkeep(), &doubtful);
}

#[test]
fn traffic_that_was_moved_stays_for_a_while_unless_it_is_led_to_what_is_down() {
    let moved = |ago_ms: u64| Circumstances {
        now: noon().plus(ago_ms),
        moved_at: [(service(), noon())].into(),
        guards: Guards { hold_down_ms: 90_000, ..Guards::default() },
        ..Circumstances::default()
    };
    assert_eq!(
        refused(&restore(), &moved(89_999)),
        "traffic moved at 2026-08-01T12:00:00.000Z and stays for 90 s, until \
         2026-08-01T12:01:30.000Z"
    );
    passes(&restore(), &moved(90_000));
    passes(&failover(), &moved(0));
    passes(&upkeep(), &moved(0));
    let other = [(ServiceId::parse("other").unwrap(), noon())].into();
    passes(&restore(), &Circumstances { moved_at: other, ..moved(0) });
}

#[test]
fn a_service_that_was_changed_too_often_waits_and_upkeep_waits_at_half_of_it() {
    let changed = |changes: u32| Circumstances {
        changes: [(service(), changes)].into(),
        guards: Guards { changes_per_hour: 5, ..Guards::default() },
        ..calm()
    };
    assert_eq!(
        refused(&failover(), &changed(5)),
        "`files` used 5 of its 5 changes in the last hour"
    );
    passes(&failover(), &changed(4));
    passes(&restore(), &changed(4));
    assert_eq!(refused(&upkeep(), &changed(3)), "`files` used 3 of its 3 changes in the last hour");
    passes(&upkeep(), &changed(2));
}

#[test]
fn the_changes_of_the_same_plan_count() {
    let (mut desired, mut observed) = failover();
    let mut second = desired.records[0].clone();
    second.name = "more.example.com".to_owned();
    desired.records.push(second);
    let mut records = observed.records.get("files.example.com").unwrap().clone();
    records[0].name = "more.example.com".to_owned();
    observed.records.insert("more.example.com".to_owned(), records);
    let guards = Guards { changes_per_hour: 1, ..Guards::default() };
    let plan = plan(&desired, &observed, &Set::new(), &with(guards));
    assert_eq!(told(&plan), ["files.example.com A: answer 192.0.2.1 (eu-west)"]);
    assert_eq!(plan.withheld[0].because, "`files` used 1 of its 1 changes in the last hour");
}

/// Three regions with a pool each; of each origin whether it is up, and whether it is enabled.
fn three(origins: [(bool, bool); 3]) -> (Desired, Observed) {
    let named = ["br", "eu", "us"].into_iter().zip(origins);
    let (mut desired, mut observed) = (Vec::new(), Vec::new());
    for (name, (up, enabled)) in named {
        let switch = if up { Switch::Enable } else { Switch::Disable };
        desired.push(wanted_pool(name, &[(name, switch)]));
        observed.push(observed_pool(name, &[(name, enabled)]));
    }
    let pools = [(ACCOUNT.to_owned(), observed)].into();
    (Desired { pools: desired, ..Desired::default() }, Observed { pools, ..Observed::default() })
}

fn at_most_away(most: u32) -> Circumstances {
    with(Guards { regions_away: Some(most), ..Guards::default() })
}

#[test]
fn no_more_regions_are_left_at_once_than_the_operator_permits() {
    let (desired, observed) = three([(false, true), (false, true), (true, true)]);
    let plan_with = |most| plan(&desired, &observed, &Set::new(), &at_most_away(most));
    assert_eq!(plan_with(2).actions.len(), 2);
    let one = plan_with(1);
    assert_eq!(told(&one), ["pool br: disable br"]);
    assert_eq!(
        withheld(&one),
        ["pool eu: disable eu: 2 regions would be away (br, eu), at most 1 may be [regions_away]"]
    );
    assert_eq!(plan_with(0).withheld.len(), 2);
}

#[test]
fn regions_that_we_took_out_earlier_are_away_already() {
    let (mut desired, mut observed) = three([(false, false), (false, true), (true, true)]);
    for (address, switched) in [("br", PoolSwitch::Origins), ("*", PoolSwitch::Pool)] {
        desired.pools[0].switched = switched;
        let holds = Set::of([hold("br", address)]);
        let plan = plan(&desired, &observed, &holds, &at_most_away(1));
        assert_eq!(plan.actions, []);
        assert_eq!(
            withheld(&plan),
            ["pool eu: disable eu: 2 regions would be away (br, eu), at most 1 may be \
                 [regions_away]"],
            "{address}"
        );
        pool_at(&mut observed, 0).enabled = false;
    }
}

#[test]
fn a_region_of_which_an_origin_is_left_is_not_away() {
    let (mut desired, mut observed) = three([(true, true), (false, true), (true, true)]);
    desired.pools[0].origins.insert("br2".to_owned(), pool_member(Switch::Disable, "br", "br2"));
    let two = observed_pool("br", &[("br", true), ("br2", false)]);
    *pool_at(&mut observed, 0) = two;
    let plan = plan(&desired, &observed, &Set::of([hold("br", "br2")]), &at_most_away(1));
    assert_eq!(told(&plan), ["pool eu: disable eu"]);
}

#[test]
fn what_remains_must_carry_the_load_at_peak() {
    let (mut desired, observed) = three([(true, true), (false, true), (true, true)]);
    let capacities = [("br", 100), ("eu", 500), ("us", 250)];
    let capacity_rps = Map::of(capacities.map(|(id, rps)| (region(id), rps)));
    let mut peak = |peak_rps: u32| {
        let load = ServiceLoad { peak_rps, capacity_rps: capacity_rps.clone() };
        desired.loads = [(service(), load)].into();
        plan(&desired, &observed, &Set::new(), &calm())
    };
    assert_eq!(peak(350).actions.len(), 1);
    let short = peak(351);
    assert_eq!(short.actions, []);
    assert_eq!(
        withheld(&short),
        ["pool eu: disable eu: the remaining regions carry 350 rps, the peak is 351 rps \
             [capacity]"]
    );
}

#[test]
fn the_load_holds_a_move_of_records_as_well() {
    let mut world = failover();
    let capacity_rps = [(region("eu-west"), 10), (region("us-east"), 90)].into();
    world.0.loads = [(service(), ServiceLoad { peak_rps: 50, capacity_rps })].into();
    assert_eq!(refused(&world, &calm()), "the remaining regions carry 10 rps, the peak is 50 rps");
}

fn in_a_zone_of(
    records: usize,
    (desired, mut observed): (Desired, Observed),
) -> (Desired, Observed) {
    observed.records_total = [("example.com".to_owned(), records)].into();
    (desired, observed)
}

fn at_most_percent(percent: u32) -> Circumstances {
    with(Guards { zone_percent: percent, ..Guards::default() })
}

#[test]
fn too_large_a_part_of_a_zone_does_not_change_at_once() {
    assert_eq!(
        refused(&in_a_zone_of(10, restore()), &at_most_percent(9)),
        "0 of 10 records of example.com changed within the hour without a failure behind it, and \
         this would change 1 more; at most 9 % may (0, `guards.zone_percent`)"
    );
    passes(&in_a_zone_of(10, restore()), &at_most_percent(10));
    passes(&in_a_zone_of(11, restore()), &at_most_percent(10));
    let mut proxied = upkeep();
    proxied.0.records[0].proxied = Some(true);
    assert!(refused(&in_a_zone_of(11, proxied), &at_most_percent(9)).starts_with("0 of 11"));
}

#[test]
fn what_changed_within_the_hour_counts_for_the_share_of_a_zone() {
    let after = |count: u32| Circumstances {
        zone_changes: [("example.com".to_owned(), count)].into(),
        ..at_most_percent(30)
    };
    passes(&in_a_zone_of(14, restore()), &after(3));
    assert!(refused(&in_a_zone_of(14, restore()), &after(4)).starts_with("4 of 14 records"));
    passes(&in_a_zone_of(14, failover()), &after(4));
}

#[test]
fn to_change_only_the_time_to_live_is_no_change_of_a_zone() {
    passes(&in_a_zone_of(10, upkeep()), &at_most_percent(1));
}

/// Five names of which each would move.
fn five(us: Switch) -> (Desired, Observed) {
    let (mut desired, mut observed) = moves(us);
    let (set, named) =
        (desired.records.remove(0), observed.records.get("files.example.com").unwrap().clone());
    for letter in ["e", "b", "d", "a", "c"] {
        let name = format!("{letter}.example.com");
        let mut row = named[0].clone();
        (row.id, row.name) = (format!("r-{letter}"), name.clone());
        observed.records.insert(name.clone(), vec![row]);
        desired.records.push(DesiredRecords { name, ..set.clone() });
    }
    desired.records.sort_by(|a, b| a.name.cmp(&b.name));
    in_a_zone_of(14, (desired, observed))
}

#[test]
fn as_much_of_a_zone_changes_as_may_and_always_the_same() {
    let (desired, observed) = five(Switch::Enable);
    let plan = plan(&desired, &observed, &Set::new(), &at_most_percent(30));
    let names: Vec<String> = plan.actions.iter().map(Action::what).collect();
    assert_eq!(names, ["a", "b", "c", "d"].map(|letter| format!("{letter}.example.com A")));
    assert_eq!(
        withheld(&plan),
        ["e.example.com A: answer 192.0.2.1 (eu-west): 4 of 14 records of example.com changed \
          within the hour without a failure behind it, and this would change 1 more; at most 30 % \
          may (4, `guards.zone_percent`) [zone_share]"]
    );
}

#[test]
fn to_bring_back_what_we_moved_is_no_change_of_a_zone() {
    let (desired, observed) = five(Switch::Enable);
    let taken: Set<String> = ["192.0.2.1".to_owned()].into();
    let sets = desired.records.iter().map(|set| format!("{} A", set.name));
    let moved = Map::of(sets.map(|set| (set, taken.clone())));
    let of_us = Circumstances { moved: moved.clone(), ..at_most_percent(1) };
    assert_eq!(plan(&desired, &observed, &Set::new(), &of_us).actions.len(), 5);
    // Another content than the one that was there, as after a slip in the config.
    let other = Map::of(moved.keys().map(|set| (set.clone(), ["192.0.2.9".to_owned()].into())));
    let of_nobody = Circumstances { moved: other, ..at_most_percent(1) };
    assert_eq!(plan(&desired, &observed, &Set::new(), &of_nobody).withheld.len(), 5);
}

#[test]
fn a_small_zone_may_change_as_a_whole_and_so_may_what_is_led_to_what_is_down() {
    passes(&in_a_zone_of(9, restore()), &at_most_percent(1));
    passes(&in_a_zone_of(10, failover()), &at_most_percent(1));
}

#[test]
fn the_law_passes_every_guard() {
    let every = Circumstances {
        now: noon(),
        guards: Guards {
            halted: true,
            hold_down_ms: 60_000,
            changes_per_hour: 0,
            regions_away: Some(0),
            zone_percent: 0,
        },
        doubted_since: Some(noon()),
        moved_at: [(service(), noon())].into(),
        changes: [(service(), 1_000)].into(),
        zone_changes: [("example.com".to_owned(), 1_000)].into(),
        ..Circumstances::default()
    };
    let (mut desired, observed) = in_a_zone_of(10, breach());
    let load = ServiceLoad { peak_rps: 1_000, capacity_rps: Map::new() };
    desired.loads = [(service(), load)].into();
    passes(&(desired, observed), &every);
}

#[test]
fn what_is_withheld_does_not_count_against_what_follows() {
    let (desired, observed) = three([(false, true), (false, true), (true, false)]);
    let guards = Guards { changes_per_hour: 1, regions_away: Some(0), ..Guards::default() };
    let holds = Set::of([hold("us", "us")]);
    let mut all = desired;
    all.jurisdictions = Vec::new();
    let plan = plan(&all, &observed, &holds, &with(guards));
    assert_eq!(told(&plan), ["pool us: enable us"]);
    assert!(plan.is_partial, "what was withheld may be right once that is done");
}
