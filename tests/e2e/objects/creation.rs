//! What is missing is created where the config says so, and found again whatever happens meanwhile.

use super::scene::{BALANCER, FILES, conforms, one_of_each, path, settled, tables, writes};
use crate::support::World;
use pointsman_lab::api::{Fault, FaultKind};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_managed_is_created_in_one_run_and_then_left_alone() {
    let mut world = settled().await;
    let tables = tables(&world);
    let pools = tables["pools"].as_array().unwrap();
    let pool = pools.iter().find(|pool| pool["name"] == "bulk-eu").unwrap();
    assert_eq!(pool["description"], "pointsman:bulk");
    assert_eq!(pool["monitor"], "pointsman:monitor:api");
    assert_eq!(pool["origins"][0]["address"], "eu1.origin.example.com");
    assert_eq!(pool["origins"][0]["header"]["Host"][0], "eu1.origin.example.com");
    let monitor = &tables["monitors"][0];
    assert_eq!((&monitor["path"], &monitor["interval"]), (&json!("/api/health"), &json!(60)));
    assert_eq!((&monitor["consecutive_up"], &monitor["consecutive_down"]), (&json!(2), &json!(3)));
    let balancer = world.api().world().lock().load_balancer(BALANCER).unwrap();
    assert_eq!(balancer["steering_policy"], "off");
    assert_eq!(balancer["description"], "pointsman:bulk");
    let records = world.api().world().lock().records(FILES);
    let contents: Vec<&Value> = records.iter().map(|record| &record["content"]).collect();
    assert_eq!(contents, ["192.0.2.1", "192.0.2.2"]);
    world.api().clear_transcript();
    world.compare().await;
    world.minutes(3).await;
    assert_eq!(writes(&world), Vec::<String>::new(), "a plan after an apply is empty");
    conforms(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_every_creation_ends_in_the_same_tables() {
    let clean = tables(&settled().await);
    let kinds = [
        FaultKind::DropReplyAfterApply,
        FaultKind::CloseBeforeApply,
        FaultKind::Status(500),
        FaultKind::MalformedJson,
    ];
    for object in ["records", "monitors", "pools", "balancer"] {
        for kind in kinds {
            let mut world = World::started_with(&one_of_each()).await;
            world.api().inject(Fault::new(kind).on("POST", &path(&world, object)));
            world.minutes(3).await;
            assert_eq!(world.api().waiting_faults(), 0, "{object} {kind:?} never struck");
            assert_eq!(tables(&world), clean, "{object} {kind:?}");
            conforms(&world);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_and_not_managed_is_told_and_not_created() {
    let mut config = one_of_each();
    config["services"]["files"]["publish"][0]["dns"]["manage"] = json!(false);
    for publish in config["services"]["bulk"]["publish"].as_array_mut().unwrap() {
        for object in publish.as_object_mut().unwrap().values_mut() {
            object.as_object_mut().unwrap().remove("manage");
            object.as_object_mut().unwrap().remove("monitor");
        }
    }
    let world = World::settled_with(&config).await;
    assert_eq!(writes(&world), Vec::<String>::new());
    let withheld = world.status().await.unwrap()["cloudflare"]["withheld"].to_string();
    for what in [
        "files.example.com A: there is no such record",
        "pool bulk-eu",
        "load balancer \
                                                                          lb.example.com",
    ] {
        assert!(withheld.contains(what), "{what}: {withheld}");
    }
}
