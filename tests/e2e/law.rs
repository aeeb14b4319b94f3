//! Rules, tenants and what operators say, on the built Worker.

use crate::support::{World, config};
use pointsman_lab::deployment::{BERLIN, CHICAGO, Client, HOST, SAO_PAULO};
use pointsman_lab::region::Mode;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A settled world of the example with some parts of its config replaced.
async fn settled(change: impl FnOnce(&mut Value)) -> World {
    let mut changed = config();
    change(&mut changed);
    let mut world = World::started_with(&changed).await;
    world.minute().await;
    let refused = world.status().await.unwrap()["config"]["refused"].clone();
    assert_eq!(refused, Value::Null);
    world
}

async fn ask(
    world: &World,
    method: Method,
    path: &str,
    client: Client,
    headers: &[(&str, &str)],
) -> Response {
    let mut request = world.edge().request(method, HOST, path, Some(&client.cf()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// The region that answered, or the code of the refusal.
async fn outcome(response: Response) -> String {
    if let Some(region) = response.headers().get("x-lab-region") {
        return region.to_str().unwrap().to_owned();
    }
    let problem: Value = response.json().await.unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_about_a_path_and_a_named_set_is_kept_however_the_path_is_written() {
    let world = settled(|config| {
        config["residency"] = json!([{
            "id": "gdpr", "mode": "strict", "allow": ["@eea"], "basis": "GDPR ch. V",
            "when": {"host": HOST, "path": "/api/*", "header": {"x-data": "personal"}},
        }]);
    })
    .await;
    let personal = [("x-data", "personal")];
    for path in ["/api/orders", "/api", "/%61pi/orders", "/x/../api/orders", "//api/orders"] {
        let response = ask(&world, Method::GET, path, CHICAGO, &personal).await;
        assert_eq!(outcome(response).await, "eu-west", "{path}");
    }
    for (path, headers) in [("/apix", &personal[..]), ("/api/orders", &[])] {
        let response = ask(&world, Method::GET, path, CHICAGO, headers).await;
        assert_eq!(outcome(response).await, "us-east", "{path} {headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_stays_where_config_or_kv_pins_it_and_an_unknown_one_is_refused() {
    let world = settled(|config| {
        config["residency"] = json!([]);
        config["tenants"] = json!({"acme": {"allow": ["@eu"]}});
        // A pool serves tenants alike, and is refused where KV may pin them anywhere.
        config["services"]["api"]["publish"] = json!([]);
        config["services"]["api"]["tenant"] =
            json!({"header": "x-tenant", "required": true, "kv": true});
    })
    .await;
    let edge = world.edge();
    edge.kv_put("tenant:globex", r#"{"allow": ["BR"]}"#).await.unwrap();
    edge.kv_put("tenant:initech", r#"{"allow": ["@eu_adequate", "@eea"]}"#).await.unwrap();
    edge.kv_put("tenant:broken", "[]").await.unwrap();
    for (tenant, expected) in [
        ("acme", "eu-west"),
        ("ACME", "eu-west"),
        ("globex", "sa-east"),
        // Virginia has attested nothing, and Ireland is nearer to Chicago than São Paulo.
        ("initech", "eu-west"),
        ("stranger", "unknown_tenant"),
        ("broken", "tenant_unavailable"),
        ("not a slug", "unknown_tenant"),
    ] {
        let response = ask(&world, Method::GET, "/", CHICAGO, &[("x-tenant", tenant)]).await;
        assert_eq!(outcome(response).await, expected, "{tenant}");
    }
    let without = ask(&world, Method::GET, "/", CHICAGO, &[]).await;
    assert_eq!(
        (without.status().as_u16(), outcome(without).await.as_str()),
        (403, "unknown_tenant")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_go_to_the_primary_and_are_refused_without_it() {
    let mut world = settled(|config| {
        config["services"]["api"]["writes"] = json!("primary");
        config["services"]["api"]["primary"] = json!("us-east");
        config["services"]["api"]["max_lag_s"] = json!(60);
        config["monitors"]["api"]["expect"]["json"] = json!({"/replication_lag_s": {"max": 600}});
    })
    .await;
    let write = async |world: &World, client| {
        outcome(ask(world, Method::POST, "/orders", client, &[]).await).await
    };
    assert_eq!(write(&world, BERLIN).await, "us-east");
    let read = outcome(ask(&world, Method::GET, "/orders", BERLIN, &[]).await).await;
    assert_eq!(read, "eu-west", "a fresh replica is read from");
    assert_eq!(write(&world, SAO_PAULO).await, "no_permitted_region", "the law keeps it in Brazil");

    world.region("eu-west").unwrap().set_replication_lag_s(61);
    world.minute().await;
    world.crash().await;
    let read = outcome(ask(&world, Method::GET, "/orders", BERLIN, &[]).await).await;
    assert_eq!(read, "us-east", "one that lags is not");

    world.set("us-east", Mode::Refuse).await;
    world.minute().await;
    world.crash().await;
    assert_eq!(write(&world, BERLIN).await, "no_primary");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_sets_in_the_config_counts_until_its_end_and_stands_beside_what_is_seen() {
    let mut world = settled(|config| {
        config["overrides"] = json!([{
            "region": "eu-west", "set": "down", "reason": "new switches", "author": "ann",
            "until": "2999-01-01T00:00:00Z",
        }]);
    })
    .await;
    assert_eq!(world.get(BERLIN, "/").await.unwrap().region.as_deref(), Some("us-east"));
    assert_eq!(world.answer().await, "us1.origin.example.com.");
    let page = world.kv_json("region:eu-west").await.unwrap();
    let origin = &page["origins"]["eu-west-1"];
    assert_eq!(origin["override"]["reason"], "new switches");
    let api = &origin["monitors"]["api"];
    let told = (&api["health"], &api["because"], &api["observed"]);
    assert_eq!(told, (&json!("down"), &json!("override"), &json!("up")), "{origin:#}");

    let mut mended = world.stored_config().await;
    mended["overrides"][0]["until"] = json!("2026-01-01T00:00:00Z");
    world.edge().kv_put("config", &mended.to_string()).await.unwrap();
    world.minute().await;
    world.crash().await;
    assert_eq!(world.get(BERLIN, "/").await.unwrap().region.as_deref(), Some("eu-west"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_composite_monitor_takes_a_region_out_when_a_member_that_must_pass_fails() {
    let mut world = settled(|config| {
        let api = config["monitors"]["api"].clone();
        let mut fresh = api.clone();
        fresh["expect"]["json"] = json!({"/replication_lag_s": {"max": 300}});
        config["monitors"] = json!({
            "api": api,
            "fresh": fresh,
            "deep": {"any": ["api"], "must_pass": ["fresh"]},
        });
        config["services"]["api"]["monitor"] = json!("deep");
    })
    .await;
    assert_eq!(world.health("eu-west").await, "up");
    world.region("eu-west").unwrap().set_replication_lag_s(301);
    world.minute().await;
    assert_eq!(world.health("eu-west").await, "down");
    let page = world.kv_json("region:eu-west").await.unwrap();
    let monitors = &page["origins"]["eu-west-1"]["monitors"];
    assert_eq!(
        (&monitors["api"]["health"], &monitors["fresh"]["health"]),
        (&json!("up"), &json!("down"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_that_answer_make_an_outage_of_every_region_real() {
    let mut world = settled(|config| {
        config["observer"] = json!({"controls": ["https://control.example.net/"]});
    })
    .await;
    let port = world.region("us-east").unwrap().port();
    let route = pointsman_lab::edge::Route { port, ..Default::default() };
    world.edge().route_host("control.example.net", route).await.unwrap();
    let cut = pointsman_lab::edge::Route {
        port: 1,
        delay_ms: 0,
        fault: Some(pointsman_lab::edge::NetFault::Refuse),
    };
    for host in ["eu1", "us1", "br1"] {
        let host = format!("{host}.origin.example.com");
        world.edge().route_host(&host, cut).await.unwrap();
    }
    world.minute().await;
    assert_eq!(world.status().await.unwrap()["doubted_since"], Value::Null);
    assert_eq!(world.health("eu-west").await, "down");

    world.edge().route_host("control.example.net", cut).await.unwrap();
    for host in ["eu1", "us1", "br1"] {
        let host = format!("{host}.origin.example.com");
        world.edge().route_host(&host, route).await.unwrap();
    }
    world.minutes(2).await;
    assert_eq!(world.health("us-east").await, "up");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_carries_the_fingerprint_of_the_law_and_health_does_not_change_it() {
    let mut world = World::settled().await;
    let before = world.kv_json("routes").await.unwrap();
    world.set("eu-west", Mode::Refuse).await;
    world.minute().await;
    let after = world.kv_json("routes").await.unwrap();
    assert_ne!(before["services"], after["services"]);
    assert_eq!(before["law"], after["law"]);
    let mut config = world.stored_config().await;
    config["residency"][0]["allow"] = json!(["BR", "IE"]);
    world.edge().kv_put("config", &config.to_string()).await.unwrap();
    world.minute().await;
    assert_ne!(world.kv_json("routes").await.unwrap()["law"], before["law"]);
}
