//! What the emulated API does to those who write DNS records.
mod api_support;

use api_support::{scene, scene_with};
use pointsman_lab::api::Plan;
use pointsman_lab::dns::RecordSource as _;
use serde_json::{Value, json};

fn a(name: &str, content: &str) -> Value {
    json!({"name": name, "type": "A", "content": content, "ttl": 60})
}

#[tokio::test]
async fn names_are_completed_to_the_zone_and_defaults_filled_in() {
    let s = scene().await;
    let body = json!({"name": "X", "type": "A", "content": "192.0.2.9"});
    let record = s.post(&s.records(), body).await.result().clone();
    assert_eq!(record["name"], json!("x.example.com"));
    assert_eq!(record["ttl"], json!(1));
    assert_eq!(record["proxied"], json!(false));
    assert_eq!(record["proxiable"], json!(true));
    assert_eq!(record["tags"], json!([]));
    let apex = s.post(&s.records(), a("@", "192.0.2.9")).await.result().clone();
    assert_eq!(apex["name"], json!("example.com"));
}

#[tokio::test]
async fn bad_records_are_refused_with_the_codes_that_clients_have_seen() {
    let s = scene().await;
    for (body, refusal) in [
        (a("x", "192.0.2.256"), (400, 9005)),
        (json!({"name": "x", "type": "AAAA", "content": "192.0.2.1"}), (400, 9006)),
        (json!({"name": "x", "type": "CNAME", "content": "not a host"}), (400, 9007)),
        (json!({"name": "x", "type": "TXT", "content": "t", "proxied": true}), (400, 9004)),
        (a("db", "192.0.2.10"), (400, 81058)),
        (a("www", "192.0.2.10"), (400, 81054)),
        (json!({"name": "db", "type": "CNAME", "content": "a.example.net"}), (400, 81053)),
        (json!({"type": "A", "content": "192.0.2.1"}), (400, 9000)),
        (json!({"name": "x", "content": "192.0.2.1"}), (400, 1004)),
        (json!({"name": "x", "type": "SPF", "content": "x"}), (400, 1004)),
        (json!({"name": "x", "type": "A"}), (400, 9005)),
    ] {
        assert_eq!(s.post(&s.records(), body.clone()).await.refusal(), refusal, "{body}");
    }
}

#[tokio::test]
async fn a_ttl_is_auto_or_within_the_plans_limits() {
    let s = scene().await;
    let other = s.api.world().lock().add_zone("example.org", Plan::Enterprise);
    let enterprise = format!("/zones/{other}/dns_records");
    for (path, ttl, accepted) in [
        (s.records(), 1, true),
        (s.records(), 0, false),
        (s.records(), 2, false),
        (s.records(), 59, false),
        (s.records(), 60, true),
        (s.records(), 86_400, true),
        (s.records(), 86_401, false),
        (enterprise.clone(), 29, false),
        (enterprise, 30, true),
    ] {
        let body =
            json!({"name": format!("t{ttl}"), "type": "A", "content": "192.0.2.1", "ttl": ttl});
        let seen = s.post(&path, body).await;
        assert_eq!(seen.status == 200, accepted, "{ttl}: {}", seen.body);
        if !accepted {
            assert_eq!(seen.refusal(), (400, 9021));
        }
    }
}

#[tokio::test]
async fn a_proxied_record_always_has_the_automatic_ttl() {
    let s = scene().await;
    let path = format!("{}/{}", s.records(), s.www);
    let record = s.patch(&path, json!({"proxied": true, "ttl": 300})).await.result().clone();
    assert_eq!(record["ttl"], json!(1));
}

#[tokio::test]
async fn a_patch_keeps_unsent_fields_and_a_put_does_not() {
    let s = scene().await;
    let path = format!("{}/{}", s.records(), s.www);
    let patched = s.patch(&path, json!({"comment": "ours"})).await.result().clone();
    assert_eq!(patched["ttl"], json!(60));
    assert_eq!(patched["content"], json!("eu.example.net"));
    assert!(patched["comment_modified_on"].is_string());
    let moved = s.patch(&path, json!({"content": "us.example.net"})).await.result().clone();
    assert_eq!(moved["comment"], json!("ours"));
    assert_eq!(moved["comment_modified_on"], patched["comment_modified_on"]);
    let body = json!({"name": "www", "type": "CNAME", "content": "sa.example.net"});
    let replaced = s.put(&path, body).await.result().clone();
    assert_eq!(replaced["ttl"], json!(1));
    assert_eq!(replaced.get("comment"), None);
    assert_eq!(replaced["id"], json!(s.www));
}

#[tokio::test]
async fn comments_have_the_free_plans_length() {
    let s = scene().await;
    let path = format!("{}/{}", s.records(), s.www);
    s.patch(&path, json!({"comment": "x".repeat(100)})).await.result();
    assert_eq!(s.patch(&path, json!({"comment": "x".repeat(101)})).await.pointer(), "/comment");
    assert_eq!(s.patch(&path, json!({"tags": ["a:b"]})).await.pointer(), "/tags");
}

#[tokio::test]
async fn an_absent_comment_is_null_only_with_the_quirk() {
    let s = scene_with(|world| world.quirks.absent_comment_is_null = true).await;
    let record = s.get(&format!("{}/{}", s.records(), s.www)).await;
    assert_eq!(record.result().get("comment"), Some(&Value::Null));
}

#[tokio::test]
async fn a_batch_runs_deletes_before_posts_whatever_the_order_of_its_body() {
    let s = scene().await;
    let body = json!({"posts": [a("www", "192.0.2.1")], "deletes": [{"id": s.www}]});
    let result = s.post(&format!("{}/batch", s.records()), body).await.result().clone();
    assert_eq!(result["deletes"][0]["id"], json!(s.www));
    assert_eq!(result["posts"][0]["content"], json!("192.0.2.1"));
    let left = s.api.world().lock().records("www.example.com");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["type"], json!("A"));
}

#[tokio::test]
async fn a_batch_with_one_bad_change_applies_nothing() {
    let s = scene().await;
    let before = s.api.world().lock().snapshot();
    let body = json!({
        "deletes": [{"id": s.www}],
        "posts": [a("fine", "192.0.2.1"), a("bad", "192.0.2.300")],
    });
    let seen = s.post(&format!("{}/batch", s.records()), body).await;
    assert_eq!(seen.refusal(), (400, 9005));
    assert_eq!(seen.pointer(), "/posts/1/content");
    assert_eq!(s.api.world().lock().snapshot(), before);
}

#[tokio::test]
async fn a_batch_with_a_twin_or_a_name_beside_its_alias_applies_nothing_and_tells_which() {
    let s = scene().await;
    let before = s.api.world().lock().snapshot();
    let alias = json!({"name": "db", "type": "CNAME", "content": "a.example.net"});
    let twin = json!({"name": "db", "type": "A", "content": "192.0.2.10", "ttl": 300});
    for (body, code, pointer) in [
        (json!({"posts": [a("new", "192.0.2.1"), twin]}), 81058, "/posts/1"),
        (json!({"posts": [a("new", "192.0.2.1"), a("www", "192.0.2.2")]}), 81054, "/posts/1"),
        (json!({"patches": [{"id": s.www, "ttl": 300}], "posts": [alias]}), 81053, "/posts/0"),
        (json!({"patches": [{"id": s.www, "name": "db"}]}), 81053, "/patches/0"),
    ] {
        let seen = s.post(&format!("{}/batch", s.records()), body.clone()).await;
        assert_eq!((seen.refusal(), seen.pointer()), ((400, code), pointer), "{body}");
    }
    assert_eq!(s.api.world().lock().snapshot(), before);
}

#[tokio::test]
async fn a_batch_patches_and_puts_by_id() {
    let s = scene().await;
    let db = s.api.world().lock().records("db.example.com")[0]["id"].clone();
    let body = json!({
        "patches": [{"id": s.www, "ttl": 300}],
        "puts": [{"id": db, "name": "db", "type": "A", "content": "192.0.2.77", "ttl": 60}],
    });
    let result = s.post(&format!("{}/batch", s.records()), body).await.result().clone();
    assert_eq!(result["patches"][0]["ttl"], json!(300));
    assert_eq!(result["puts"][0]["content"], json!("192.0.2.77"));
    let ghost = json!({"patches": [{"id": "0123456789abcdef0123456789abcdef", "ttl": 60}]});
    let seen = s.post(&format!("{}/batch", s.records()), ghost).await;
    assert_eq!(seen.refusal(), (404, 81044));
}

#[tokio::test]
async fn a_batch_on_the_free_plan_holds_200_changes_and_a_zone_200_records() {
    let s = scene().await;
    let batch = format!("{}/batch", s.records());
    let posts =
        |n: usize| -> Vec<Value> { (0..n).map(|i| a(&format!("h{i}"), "192.0.2.1")).collect() };
    assert_eq!(s.post(&batch, json!({"posts": posts(201)})).await.status, 400);
    assert_eq!(s.post(&batch, json!({})).await.status, 400);
    assert_eq!(s.post(&batch, json!({"posts": posts(198)})).await.refusal(), (400, 81045));
    s.post(&batch, json!({"posts": posts(197)})).await.result();
    assert_eq!(s.post(&s.records(), a("over", "192.0.2.1")).await.refusal(), (400, 81045));
}

#[tokio::test]
async fn lists_are_filtered() {
    let s = scene().await;
    let marked = json!({"comment": "pointsman:api"});
    s.patch(&format!("{}/{}", s.records(), s.www), marked).await.result();
    for (query, count) in [
        ("", 3),
        ("name=db.example.com", 2),
        ("name.exact=DB.example.com", 2),
        ("name.contains=w", 1),
        ("name.startswith=d", 2),
        ("name.endswith=.com", 3),
        ("type=CNAME", 1),
        ("content=192.0.2.10", 1),
        ("content.exact=192.0.2.10&type=A", 1),
        ("content.exact=192.0.2.10&type=CNAME", 0),
        ("content.exact=192.0.2.10&type=CNAME&match=any", 2),
        ("comment.startswith=pointsman%3A", 1),
        ("comment.present=", 1),
        ("comment.absent=", 2),
        ("proxied=true", 0),
    ] {
        let seen = s.get(&format!("{}?{query}", s.records())).await;
        assert_eq!(seen.result().as_array().unwrap().len(), count, "{query}");
    }
    for query in ["nam=db", "order=age", "per_page=0", "page=0", "page=x", "tag=a"] {
        let seen = s.get(&format!("{}?{query}", s.records())).await;
        assert_eq!(seen.status, 400, "{query}");
    }
}

#[tokio::test]
async fn pages_cover_the_list_once_and_tell_its_length() {
    let s = scene().await;
    let mut seen = Vec::new();
    for page in 1..=3 {
        let path = format!("{}?per_page=2&page={page}&order=content&direction=desc", s.records());
        let reply = s.get(&path).await;
        let info = &reply.body["result_info"];
        assert_eq!((&info["page"], &info["total_count"]), (&json!(page), &json!(3)));
        assert_eq!(info["total_pages"], json!(2));
        assert_eq!(info["count"], json!(reply.result().as_array().unwrap().len()));
        let rows = reply.result().as_array().unwrap().iter();
        seen.extend(rows.map(|row| row["content"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, ["eu.example.net", "192.0.2.11", "192.0.2.10"]);
}

#[tokio::test]
async fn one_page_holds_up_to_five_million_records_and_a_page_past_the_end_is_empty() {
    let s = scene().await;
    let whole = s.get(&format!("{}?per_page=5000000", s.records())).await;
    assert_eq!(whole.result().as_array().unwrap().len(), 3);
    let info = json!({"page": 1, "per_page": 5_000_000, "count": 3, "total_count": 3,
        "total_pages": 1});
    assert_eq!(whole.body["result_info"], info);
    assert_eq!(s.get(&format!("{}?per_page=5000001", s.records())).await.status, 400);
    let past = s.get(&format!("{}?per_page=2&page=3", s.records())).await;
    assert_eq!(past.result(), &json!([]));
    assert_eq!(past.body["result_info"]["total_count"], json!(3));
    let none = s.get(&format!("{}?name=nothing.example.com", s.records())).await;
    assert_eq!(none.body["result_info"]["total_pages"], json!(0));
}

#[tokio::test]
async fn zones_are_found_by_name() {
    let s = scene().await;
    let found = s.get("/zones?name=example.com").await;
    assert_eq!(found.result()[0]["id"], json!(s.zone));
    assert_eq!(found.result()[0]["account"]["id"], json!(s.account));
    assert_eq!(s.get("/zones?name=example.net").await.result(), &json!([]));
    for filter in ["name=contains:example", "order=name", "type=full", "nam=example.com"] {
        assert_eq!(s.get(&format!("/zones?{filter}")).await.status, 400, "{filter}");
    }
    for (per_page, status) in [(4, 400), (5, 200), (50, 200), (51, 400)] {
        assert_eq!(s.get(&format!("/zones?per_page={per_page}")).await.status, status);
    }
}

#[tokio::test]
async fn zones_of_one_name_are_told_apart_by_their_status_and_only_the_active_one_answers() {
    let s = scene().await;
    let world = s.api.world();
    let moved = world.lock().add_zone_of_status("example.com", Plan::Free, "moved");
    let found = s.get("/zones?name=example.com").await.result().clone();
    let told: Vec<_> = found.as_array().unwrap().iter().map(|zone| &zone["status"]).collect();
    assert_eq!(told, ["active", "moved"]);
    let active = s.get("/zones?name=example.com&status=moved").await.result().clone();
    assert_eq!(active[0]["id"], json!(moved));
    let path = format!("/zones/{moved}/dns_records");
    s.post(&path, a("only-there", "192.0.2.9")).await.result();
    assert_eq!(world.zones(), ["example.com"]);
    assert_eq!(world.records("only-there.example.com").len(), 0, "nobody asks it");
    world.lock().set_zone_status(&moved, "active").unwrap();
    assert_eq!(world.records("only-there.example.com").len(), 1);
}

#[tokio::test]
async fn another_tool_that_puts_a_record_drops_its_comment_and_its_tags() {
    let s = scene().await;
    let zone = s.api.world().lock().add_zone("example.org", Plan::Enterprise);
    let mut record = a("tool", "192.0.2.9");
    record["comment"] = json!("pointsman:files");
    record["tags"] = json!(["team:edge"]);
    s.post(&format!("/zones/{zone}/dns_records"), record).await.result();
    let world = s.api.world();
    let name = "tool.example.org";
    let put = json!({"name": name, "type": "A", "content": "192.0.2.9", "ttl": 120});
    world.lock().overwrite_record(name, "A", &put).unwrap();
    let now = world.lock().record(name, "A").unwrap();
    assert_eq!((&now["ttl"], &now["tags"]), (&json!(120), &json!([])));
    assert!(now.get("comment").is_none_or(serde_json::Value::is_null), "{now}");
}

#[tokio::test]
async fn dns_answers_from_the_table_that_the_api_writes() {
    let s = scene().await;
    let world = s.api.world();
    assert_eq!(world.zones(), ["example.com"]);
    s.patch(&format!("{}/{}", s.records(), s.www), json!({"content": "us.example.net"})).await;
    let mail = json!({"name": "@", "type": "MX", "content": "mail.example.com", "priority": 10});
    s.post(&s.records(), mail).await.result();
    let records = world.records("www.example.com");
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].content.as_str(), records[0].ttl_s), ("us.example.net", 60));
    assert_eq!(world.records("example.com")[0].content, "10 mail.example.com");
}
