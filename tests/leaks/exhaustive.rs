//! Small worlds, all of them: three regions in two countries, one rule of every form, every set of
//! failures, every client.

use crate::oracle::Oracle;
use crate::world::{Request, World};
use crate::{Played, check};
use serde_json::{Value, json};

const CLIENTS: [Option<&str>; 4] = [Some("BR"), Some("IE"), Some("JP"), None];

/// The countries that a rule guards, and those that it allows.
const GUARDED: [&[&str]; 5] = [&["BR"], &["IE"], &["JP"], &["BR", "IE"], &["BR", "IE", "JP"]];
const ALLOWED: [&[&str]; 4] = [&["BR"], &["IE"], &["BR", "IE"], &["BR", "JP"]];

fn document(rules: &[Value], writes: bool) -> Value {
    let region = |country: &str, name: &str| {
        let origin =
            json!({"id": format!("{name}-1"), "url": format!("https://{name}.example.net")});
        json!({"country": country, "origins": [origin]})
    };
    let mut service = json!({
        "hosts": ["api.example.com"],
        "monitor": "m",
        "regions": ["a", "b", "c"],
        "steering": "ordered",
    });
    if writes {
        service["writes"] = json!("primary");
        service["primary"] = json!("a");
    }
    json!({
        "version": 1,
        "regions": {"a": region("IE", "a"), "b": region("BR", "b"), "c": region("BR", "c")},
        "monitors": {"m": {}},
        "services": {"s": service},
        "residency": rules,
    })
}

fn all_rules() -> Vec<Value> {
    let mut rules = Vec::new();
    for mode in ["strict", "preferred"] {
        for guarded in GUARDED {
            for allowed in ALLOWED {
                rules.push(json!({"when": {"country": guarded}, "allow": allowed, "mode": mode}));
            }
        }
    }
    rules
}

fn named(rule: &Value, id: &str) -> Value {
    let mut rule = rule.clone();
    rule["id"] = json!(id);
    rule
}

#[test]
fn no_small_world_has_a_leak_and_none_refuses_without_need() {
    let rules = all_rules();
    let mut played = Played::default();
    for one in &rules {
        for other in &rules {
            for writes in [false, true] {
                let document = document(&[named(one, "one"), named(other, "other")], writes);
                // Two rules that have no region in common are sound; one that has none is not.
                let Some(mut world) = World::of(document) else { continue };
                every_failure(&mut world, &mut played);
            }
        }
    }
    println!("{played:?}");
    assert!(played.cases >= 100_000, "{played:?}");
    assert!(played.not_permitted > 1_000 && played.not_usable > 1_000, "{played:?}");
}

fn every_failure(world: &mut World, played: &mut Played) {
    let oracle = Oracle::of(&world.document);
    for failed in 0..8_u32 {
        let is_down = |(index, _): &(usize, &&str)| failed & (1 << index) != 0;
        let down = ["a", "b", "c"];
        let down = down.iter().enumerate().filter(is_down).map(|(_, id)| (*id).to_owned());
        world.set_down(down.collect());
        for country in CLIENTS {
            for method in ["GET", "POST"] {
                let request = Request::plain("api.example.com", country, method);
                check(world, &oracle, &request, played);
            }
        }
    }
}
