//! What is foretold of an order is what the passes after it do.

use super::play::Play;
use super::worlds::World;
use crate::ids::{RegionId, ServiceId};
use crate::order::{Act, ActReply, ActRequest, Acted};
use crate::testing::{drain, operator, set_origin};
use crate::time::{SECOND, Timestamp};
use serde_json::{Value, json};

/// A deployment at rest, with these guards.
fn at_rest(world: World, guards: &Value) -> Play {
    let mut play = Play::new(world);
    let mut config: Value = serde_json::from_str(&world.config(&["IE", "US"])).unwrap();
    config["guards"] = guards.clone();
    play.reconfigure(config.to_string(), &[]);
    play.set_down(&[]);
    play.settle();
    play
}

fn order(play: &mut Play, act: &Act, is_dry: bool, from: Option<Timestamp>) -> Acted {
    let (who, reason) = (operator("ann"), "a try".to_owned());
    let act = act.clone();
    let role = crate::journal::Role::Operator;
    let asked = ActRequest { act, who, reason, from, until: None, is_dry, key: None, role };
    match play.controller.act(&asked, play.now) {
        ActReply::Done(acted) => acted,
        ActReply::Refused(why) => panic!("{why:?}"),
    }
}

fn switch(service: &str, to: &str) -> Act {
    let (service, to) = (ServiceId::parse(service), RegionId::parse(to));
    Act::Switch { service: service.unwrap(), to: to.unwrap() }
}

/// What is said of objects at Cloudflare; of a load balancer, which one it is.
fn at_cloudflare<'t>(told: impl Iterator<Item = &'t str>) -> Vec<String> {
    let is_object = |text: &&str| ["CNAME: ", " A: ", "pool "].iter().any(|it| text.contains(it));
    let short = |text: &str| match text.strip_prefix("load balancer ") {
        Some(rest) => format!("load balancer {}", rest.split(':').next().unwrap()),
        None => text.to_owned(),
    };
    let mut told: Vec<String> = told.filter(is_object).map(short).collect();
    told.sort();
    told
}

fn foretold(acted: &Acted) -> Vec<String> {
    at_cloudflare(acted.changes.iter().map(String::as_str))
}

fn not_at_once(acted: &Acted) -> Vec<&str> {
    let notes = acted.notes.iter();
    notes.filter_map(|note| note.strip_prefix("not at once: ")).collect()
}

#[test]
fn a_dry_run_names_the_changes_that_are_then_made_and_no_others() {
    let free = json!({"hold_down_s": 0, "zone_percent": 100});
    for world in [World::Name, World::Set, World::Both, World::Five, World::Balancer] {
        let eu = RegionId::parse("eu-west").unwrap();
        let down = set_origin("eu-1", crate::config::OverrideTo::Down);
        for act in [drain("eu-west", None), Act::Outage { region: eu }, down] {
            let mut play = at_rest(world, &free);
            for act in [act, Act::Lift { order: 1 }] {
                let dry = order(&mut play, &act, true, None);
                assert_ne!(foretold(&dry), [""; 0], "{world:?}: {act}");
                assert_eq!(not_at_once(&dry), [""; 0], "{world:?}: {act}");
                let before = play.controller.state().actuation.applied.len();
                order(&mut play, &act, false, None);
                // Not until the order ends by itself.
                let end = play.now.plus(30 * SECOND);
                play.settle_until(end);
                play.now = play.now.min(end);
                let applied = &play.controller.state().actuation.applied[before..];
                let made = at_cloudflare(applied.iter().map(|done| done.what.as_str()));
                assert_eq!(foretold(&dry), made, "{world:?}: {act}");
            }
        }
    }
}

#[test]
fn a_dry_run_says_until_when_traffic_stays_where_it_is() {
    let mut play = at_rest(World::Name, &json!({"hold_down_s": 300}));
    play.now = play.now.plus(300 * SECOND);
    order(&mut play, &switch("www", "us-east"), false, None);
    play.settle_until(play.now.plus(SECOND));
    assert_eq!(play.contents(), ["us.example.com"]);
    let service = ServiceId::parse("www").unwrap();
    let moved_at = *play.controller.state().actuation.moved_at.get(&service).unwrap();
    let until = moved_at.plus(300 * SECOND);
    let lift = order(&mut play, &Act::Lift { order: 1 }, true, None);
    let told = format!(
        "www.example.com CNAME: answer eu.example.com (eu-west): traffic moved at {moved_at} and \
         stays for 300 s, until {until} [hold_down]"
    );
    assert_eq!((not_at_once(&lift), foretold(&lift)), (vec![told.as_str()], vec![]));
    assert_eq!(lift.notes[0], "order 1 is: switch www to us-east, by ann (token): a try");
    // What goes down does not wait, and neither does what begins later.
    let outage = Act::Outage { region: RegionId::parse("us-east").unwrap() };
    let back = "www.example.com CNAME: answer eu.example.com (eu-west)";
    for (act, from) in [(outage, None), (switch("www", "eu-west"), Some(until))] {
        let dry = order(&mut play, &act, true, from);
        assert_eq!((not_at_once(&dry), foretold(&dry)), (vec![], vec![back.to_owned()]), "{act}");
    }
}

#[test]
fn a_dry_run_says_that_the_changes_of_the_hour_are_used_up() {
    let mut play = at_rest(World::Name, &json!({"hold_down_s": 0, "changes_per_hour": 2}));
    order(&mut play, &switch("www", "us-east"), false, None);
    play.settle_until(play.now.plus(SECOND));
    let used: u32 = play
        .controller
        .state()
        .actuation
        .changes
        .values()
        .map(|it| it.within(3_600 * SECOND, play.now))
        .sum();
    assert_eq!(used, 2, "the record was made and moved");
    let lift = order(&mut play, &Act::Lift { order: 1 }, true, None);
    let told = not_at_once(&lift);
    assert!(told.len() == 1 && told[0].ends_with("[change_budget]"), "{lift:?}");
}

#[test]
fn a_dry_run_says_which_records_wait_because_too_much_of_the_zone_would_change() {
    let mut play = at_rest(World::Five, &json!({"hold_down_s": 0, "zone_percent": 100}));
    for n in 0..7 {
        play.account.records.push(json!({
            "id": format!("f{n}"), "name": format!("f{n}.example.com"), "type": "TXT",
            "content": "x", "ttl": 60, "proxied": false, "comment": null,
        }));
    }
    let mut config: Value = serde_json::from_str(&World::Five.config(&["IE", "US"])).unwrap();
    config["guards"] = json!({"hold_down_s": 0, "zone_percent": 30});
    play.reconfigure(config.to_string(), &[]);
    play.now = play.now.plus(3_600 * SECOND);
    play.controller.compare_soon();
    play.settle_until(play.now.plus(SECOND));
    let dry = order(&mut play, &switch("www", "us-east"), true, None);
    let told = not_at_once(&dry);
    assert_eq!((foretold(&dry).len(), told.len()), (4, 1), "30 % of 14: {dry:?}");
    assert!(told[0].starts_with("e.example.com CNAME") && told[0].ends_with("[zone_share]"));
}
