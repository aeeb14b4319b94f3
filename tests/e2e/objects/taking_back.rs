//! Another owner touches a record of ours while nothing is down: each fact is told before the next
//! outage, and a person takes the record back.

use super::scene::{FILES, path, settled, writes};
use crate::support::{World, until};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
use reqwest::Method;
use serde_json::{Value, json};

const RECORD: &str = pointsman_lab::deployment::RECORD;

async fn act(world: &World, record: &str, is_dry: bool) -> (u16, Value) {
    let body = json!({
        "act": {"take_back": {"record": record}}, "reason": "octodns is told", "is_dry": is_dry,
    });
    let request = world.edge().request(Method::POST, ADMIN_HOST, "/.pointsman/v1/acts", None);
    let request = request.bearer_auth(ADMIN_TOKEN).header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

/// What the status says of other owners of this record set: fact, values, count.
async fn others(world: &World, record: &str) -> Vec<Value> {
    let status = world.status().await.unwrap();
    let all = status["cloudflare"]["other_owners"].as_array().unwrap().clone();
    all.into_iter().filter(|owner| owner["record"] == record).collect()
}

fn record(world: &World) -> Value {
    world.api().world().lock().record(RECORD, "CNAME").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fact_is_an_event_and_in_the_status_before_the_next_outage() {
    let mut world = settled().await;
    let zone = path(&world, "records").split('/').nth(2).unwrap().to_owned();
    let ours = record(&world);
    {
        let tables = world.api().world();
        let mut tables = tables.lock();
        // What octodns does: a PUT without the comment, and with a TTL of its own.
        let put = json!({
            "name": RECORD, "type": "CNAME", "content": "us1.origin.example.com", "ttl": 3600,
        });
        tables.overwrite_record(RECORD, "CNAME", &put).unwrap();
        // What Ansible does: a second record.
        let second = json!({"name": FILES, "type": "A", "content": "203.0.113.9", "ttl": 60});
        tables.add_record(&zone, &second).unwrap();
    }
    // Nobody asks: the regular look at the account finds it.
    world.skip_minutes(10);
    world.minute().await;
    let log = world.edge().log().join("\n");
    let told = |fact: &str| {
        let line = log.lines().find(|line| line.contains(&format!(": {fact}: ")));
        line.unwrap_or_else(|| panic!("{fact} is not in {log}")).to_owned()
    };
    for (fact, says) in [
        ("marker_lost", "the comment is `no comment` instead of `pointsman:downloads`"),
        ("content_moved", "the content is `us1.origin.example.com` instead of"),
        ("ttl_changed", "the TTL is 3600 s instead of 60 s"),
        ("second_record", "`203.0.113.9` answers beside our"),
    ] {
        let line = told(fact);
        assert!(line.contains("\"event\":\"other_owner\"") && line.contains(says), "{line}");
        assert!(line.contains("found at ") && line.contains("ours since "), "{line}");
    }
    assert_eq!(record(&world)["comment"], "pointsman:downloads");
    assert_eq!(record(&world)["content"], ours["content"]);
    let facts = others(&world, &format!("{RECORD} CNAME")).await;
    assert_eq!(facts.len(), 3, "{facts:#?}");
    world.minutes(2).await;
    let facts = others(&world, &format!("{RECORD} CNAME")).await;
    assert!(facts.iter().all(|fact| fact["over_at"].is_string()), "{facts:#?}");
    let log = world.edge().log().join("\n");
    let over = format!("\"text\":\"over: {RECORD} CNAME: marker_lost");
    assert_eq!(log.matches(&over).count(), 1, "{log}");
    assert_eq!(log.matches(": second_record: ").count(), 1, "told once, and it goes on");
    let keys = world.edge().kv_list("status").await.unwrap();
    let summary = keys[0].metadata.as_ref().unwrap()["summary"].as_str().unwrap().to_owned();
    assert!(summary.contains("1 other owner"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_gone_is_told_and_made_anew() {
    let world = settled().await;
    let id = world.api().world().lock().records(FILES)[0]["id"].as_str().unwrap().to_owned();
    let url = format!("{}{}/{id}", world.api().base_url(), path(&world, "records"));
    let token = pointsman_lab::deployment::API_TOKEN;
    let sent = reqwest::Client::new().delete(url).bearer_auth(token).send().await.unwrap();
    assert!(sent.status().is_success());
    world.compare().await;
    assert_eq!(world.api().world().lock().records(FILES).len(), 2);
    let log = world.edge().log().join("\n");
    assert!(log.contains(&format!("\"text\":\"{FILES} A: gone: our record")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_left_is_set_right_by_one_command() {
    let world = settled().await;
    let set = format!("{RECORD} CNAME");
    let slow = json!({"ttl": 3600});
    for _ in 0..4 {
        world.api().world().lock().edit_record(RECORD, "CNAME", &slow).unwrap();
        world.compare().await;
    }
    assert_eq!(record(&world)["ttl"], 3600, "set right three times, then left");
    let facts = others(&world, &set).await;
    assert_eq!((&facts[0]["stopped"], &facts[0]["count"]), (&json!(true), &json!(4)));
    let log = world.edge().log().join("\n");
    assert!(log.contains(&format!("\"text\":\"stopped: {set}: ttl_changed")), "{log}");
    assert!(log.contains(&format!("`pointsman take-back {set}`")), "{log}");
    world.api().clear_transcript();
    let (status, dry) = act(&world, &set, true).await;
    assert_eq!(status, 200, "{dry}");
    assert!(dry["changes"][0].as_str().unwrap().contains("TTL 3600 s to 60 s"), "{dry}");
    assert_eq!(writes(&world), Vec::<String>::new());
    let (status, done) = act(&world, &set, false).await;
    assert_eq!((status, &done["changes"]), (200, &dry["changes"]));
    until("the record is taken back", async || record(&world)["ttl"] == 60).await;
    let goes_on = async || others(&world, &set).await[0]["stopped"] == json!(false);
    until("it is set right again from now on", goes_on).await;
    let log = world.edge().log().join("\n");
    let said = |line: &str| line.contains(&format!("take back {set}")) && line.contains("octodns");
    assert!(log.lines().any(said), "{log}");
    for (record, status) in [("www.example.com A", 404), ("www.example.com", 400)] {
        let (refused, problem) = act(&world, record, false).await;
        assert_eq!(refused, status, "{problem}");
    }
    super::scene::conforms(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_given_away_comes_back_by_command_alone() {
    let world = settled().await;
    let put = json!({
        "name": RECORD, "type": "CNAME", "content": "shop.example.net", "ttl": 300,
        "comment": "the new shop",
    });
    let ours = record(&world);
    world.api().world().lock().overwrite_record(RECORD, "CNAME", &put).unwrap();
    world.compare().await;
    assert_eq!(record(&world)["content"], "shop.example.net", "it may have another purpose");
    let (status, done) = act(&world, &format!("{RECORD} CNAME"), false).await;
    assert_eq!(status, 200, "{done}");
    let is_back = async || record(&world)["content"] == ours["content"];
    until("the record is taken back", is_back).await;
    assert_eq!(record(&world)["comment"], "pointsman:downloads the new shop");
    assert_eq!(record(&world)["id"], ours["id"]);
}
