//! `A` and `AAAA` of one name lead to one region, whatever the API does.

use super::scene::{FILES, conforms, one_of_each, set};
use crate::support::World;
use pointsman_lab::api::{Fault, FaultKind};
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

const EU: [&str; 2] = ["192.0.2.1", "2001:db8::1"];
/// The second region has no IPv6.
const US: [&str; 1] = ["192.0.2.2"];

/// What the name answers, A before AAAA.
fn said(world: &World) -> Vec<String> {
    let records = world.api().world().lock().records(FILES);
    let content = |record: &Value| record["content"].as_str().unwrap().to_owned();
    let mut said: Vec<String> = records.iter().map(content).collect();
    said.sort();
    said
}

/// A name with both types; neither follows anything but the first region that is up.
async fn settled() -> World {
    let mut config = one_of_each();
    config["regions"]["eu-west"]["origins"][0]["ipv6"] = json!(EU[1]);
    let set = |kind: &str| {
        let managed = json!({"zone": "example.com", "name": FILES, "type": kind, "manage": true});
        json!({"dns": managed})
    };
    config["services"]["files"]["publish"] = json!([set("A"), set("AAAA")]);
    let world = World::settled_with(&config).await;
    assert_eq!(said(&world), EU);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_without_ipv6_takes_the_aaaa_away_in_the_same_call_and_gives_it_back() {
    let mut world = settled().await;
    world.api().clear_transcript();
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(said(&world), US);
    set(&mut world, "eu-west", Mode::Healthy).await;
    world.minutes(2).await;
    assert_eq!(said(&world), EU);
    let transcript = world.api().transcript();
    let of_records = transcript
        .iter()
        .filter(|exchange| exchange.method != "GET" && exchange.path.contains("/dns_records"));
    let mut paths = of_records.map(|exchange| exchange.path.as_str()).collect::<Vec<_>>();
    paths.retain(|path| !path.ends_with("/dns_records/batch"));
    assert_eq!(paths, [""; 0], "each move of the name is one batch");
    conforms(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_call_the_two_never_part() {
    for kind in [
        FaultKind::DropReplyAfterApply,
        FaultKind::CloseBeforeApply,
        FaultKind::Status(500),
        FaultKind::Status(400),
        FaultKind::MalformedJson,
    ] {
        let mut world = settled().await;
        world.api().inject(Fault::new(kind).on("POST", "/zones/"));
        set(&mut world, "eu-west", Mode::Refuse).await;
        for _ in 0..3 {
            let now = said(&world);
            assert!(now == EU || now == US, "{kind:?}: {now:?}");
            world.minute().await;
        }
        assert_eq!(world.api().waiting_faults(), 0, "{kind:?} never struck");
        assert_eq!(said(&world), US, "{kind:?}");
        conforms(&world);
    }
}
