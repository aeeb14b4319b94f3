//! What is served where KV, the table or every region is gone.

use super::{asks_to_return, header, waits, waits_and};
use crate::support::{World, front, until};
use pointsman_lab::deployment::{BERLIN, CHICAGO, Client, SAO_PAULO};
use pointsman_lab::edge::KvFaults;
use pointsman_lab::region::Mode;
use reqwest::Response;
use serde_json::{Value, json};

const NO_READS: KvFaults = KvFaults { fail_reads: true, fail_writes: false, propagation_ms: 0 };
/// A path that the config declares public, whose answer says that it may be kept.
const PUBLIC: &str = "/told?body=kept&header=cache-control:public,max-age=60";

async fn get(world: &World, client: Client, path: &str) -> Response {
    world.ask(client, "GET", path).send().await.unwrap()
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

/// Both clients are served, each where the law permits, and told if this is by an old view.
async fn serves_by_law(world: &World, is_stale: bool) {
    for (client, region) in [(BERLIN, "eu-west"), (SAO_PAULO, "sa-east")] {
        let answer = get(world, client, "/x").await;
        assert_eq!((answer.status().as_u16(), header(&answer, "x-lab-region")), (200, region));
        let mark = header(&answer, "x-pointsman");
        assert_eq!(mark.ends_with("; stale"), is_stale, "{mark}");
    }
    world.set("sa-east", Mode::Refuse).await;
    let refused = get(world, SAO_PAULO, "/x").await;
    assert!(!refused.status().is_success());
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["rules"], json!(["lgpd"]));
    world.set("sa-east", Mode::Healthy).await;
    assert_eq!(world.residency_violations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_on_when_kv_cannot_be_read_any_more() {
    let world = World::settled_with(&waits()).await;
    assert_eq!(get(&world, BERLIN, "/x").await.status(), 200);
    world.edge().set_kv_faults(NO_READS).await.unwrap();
    // Each failure makes the proxy want to look at the table again.
    world.set("eu-west", Mode::Refuse).await;
    for _ in 0..20 {
        let answer = get(&world, BERLIN, "/x").await;
        assert_eq!((answer.status().as_u16(), header(&answer, "x-lab-region")), (200, "us-east"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isolate_that_cannot_read_kv_has_its_table_from_the_controller() {
    let world = World::settled_with(&waits()).await;
    world.edge().set_kv_faults(NO_READS).await.unwrap();
    world.crash().await;
    serves_by_law(&world, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isolate_that_never_had_a_table_refuses_until_it_can_read_one() {
    let world = World::settled_with(&waits()).await;
    world.edge().set_kv_faults(NO_READS).await.unwrap();
    // Then the Controller has none either.
    world.edge().lose_objects("Controller").await.unwrap();
    for _ in 0..2 {
        let refused = get(&world, BERLIN, "/x").await;
        assert!(asks_to_return(&refused));
        assert_eq!(code(refused).await, (503, "no_routes".to_owned()));
    }
    world.edge().set_kv_faults(KvFaults::default()).await.unwrap();
    until("the table is read", async || get(&world, BERLIN, "/x").await.status() == 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_nobody_has_renewed_is_used_and_called_stale() {
    let world = World::settled_with(&waits()).await;
    let mut routes = world.kv_json("routes").await.unwrap();
    assert!(routes["as_of"].is_string(), "{routes}");
    routes["as_of"] = json!("2026-01-01T00:00:00Z");
    world.edge().kv_put("routes", &routes.to_string()).await.unwrap();
    world.crash().await;
    serves_by_law(&world, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_from_tomorrow_is_used_and_called_stale_and_gives_way() {
    let world = World::settled_with(&waits()).await;
    let mut routes = world.kv_json("routes").await.unwrap();
    let real = routes.to_string();
    routes["as_of"] = json!("2099-01-01T00:00:00Z");
    world.edge().kv_put("routes", &routes.to_string()).await.unwrap();
    world.crash().await;
    serves_by_law(&world, true).await;
    let log = world.edge().log().join("\n");
    assert!(log.contains("the routes are of 2099-01-01T00:00:00.000Z"), "{log}");
    world.edge().kv_put("routes", &real).await.unwrap();
    world.set("eu-west", Mode::Refuse).await;
    until("the proxy has the table of today", async || {
        let answer = get(&world, BERLIN, "/x").await;
        assert_eq!(answer.status(), 200);
        !header(&answer, "x-pointsman").contains("stale")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_is_no_url_costs_neither_its_region_nor_the_next() {
    let world = World::settled_with(&waits()).await;
    let mut routes = world.kv_json("routes").await.unwrap();
    for (origins, region) in [
        (json!(["not a url", "https://eu1.origin.example.com"]), "eu-west"),
        (json!(["https://eu 1.origin.example.com"]), "us-east"),
        // Whoever checks only the form takes it for a name; the runtime does not.
        (json!(["https://1.2.3.4.5"]), "us-east"),
    ] {
        routes["services"]["api"]["regions"][0]["origins"] = origins.clone();
        world.edge().kv_put("routes", &routes.to_string()).await.unwrap();
        world.crash().await;
        let answer = get(&world, BERLIN, "/x").await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "x-lab-region")),
            (200, region),
            "{origins}"
        );
    }
    let log = world.edge().log().join("\n");
    assert!(log.contains("the routes have 1 origins that are no URL; they are left out"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_does_not_read_is_told_once_in_the_log_and_without_the_tenant() {
    let tenant = json!({"tenant": {"header": "x-tenant", "kv": true}});
    let mut config = waits_and(&tenant);
    // A record and a balancer could obey no pin that only KV knows.
    config["services"]["api"].as_object_mut().unwrap().remove("publish");
    let world = World::settled_with(&config).await;
    assert_eq!(world.status().await.unwrap()["config"]["refused"], Value::Null);
    let ask = async |tenant: &str| {
        let request = world.ask(BERLIN, "GET", "/x").header("x-tenant", tenant);
        code(request.send().await.unwrap()).await
    };
    world.edge().kv_put("tenant:anna", "{\"allow\": [\"DE\"").await.unwrap();
    world.edge().kv_put("tenant:bert", &" ".repeat(9_000)).await.unwrap();
    for _ in 0..3 {
        for tenant in ["anna", "bert"] {
            assert_eq!(ask(tenant).await, (503, "tenant_unavailable".to_owned()));
        }
    }
    let log = world.edge().log();
    let told: Vec<&String> = log.iter().filter(|line| line.contains("a pin in KV")).collect();
    assert_eq!(told.len(), 2, "{log:#?}");
    assert!(told[0].contains("it is not JSON: line 1, column 15"), "{told:?}");
    assert!(told[1].contains("of at most 8192"), "{told:?}");
    assert!(!log.join("\n").contains("anna"), "{log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_table_the_config_says_what_is_permitted_or_the_controller() {
    // A table from the config knows nobody's health. The Worker for requests alone reads no config,
    // and gets the table of now.
    let is_stale = front().is_none();
    let world = World::settled_with(&waits()).await;
    let twice = "{\"version\": 2, \"version\": 2}";
    let texts = ["not json", "{}", "{\"version\": 999}", "", twice];
    for text in [None].into_iter().chain(texts.map(Some)) {
        match text {
            None => world.edge().kv_delete("routes").await.unwrap(),
            Some(text) => world.edge().kv_put("routes", text).await.unwrap(),
        }
        world.crash().await;
        serves_by_law(&world, is_stale).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_table_and_config_the_controller_says_what_is_permitted() {
    let world = World::settled_with(&waits()).await;
    for key in ["routes", "config"] {
        world.edge().kv_put(key, "garbage").await.unwrap();
    }
    world.crash().await;
    serves_by_law(&world, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_table_config_and_controller_nobody_is_served() {
    let world = World::settled_with(&waits()).await;
    for text in [None, Some("garbage")] {
        for key in ["routes", "config", "state"] {
            match text {
                None => world.edge().kv_delete(key).await.unwrap(),
                Some(text) => world.edge().kv_put(key, text).await.unwrap(),
            }
        }
        world.edge().lose_objects("Controller").await.unwrap();
        let refused = get(&world, BERLIN, "/x").await;
        assert_eq!(header(&refused, "cache-control"), "no-store");
        assert_eq!(code(refused).await, (503, "no_routes".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_does_not_read_leaves_the_last_one_in_force() {
    let world = World::settled_with(&waits()).await;
    assert_eq!(get(&world, BERLIN, "/x").await.status(), 200);
    world.edge().kv_put("routes", "{\"version\":").await.unwrap();
    world.edge().reset_kv_counts().await.unwrap();
    world.set("eu-west", Mode::Refuse).await;
    until("the proxy has looked at the table", async || {
        let answer = get(&world, BERLIN, "/x").await;
        assert_eq!((answer.status().as_u16(), header(&answer, "x-lab-region")), (200, "us-east"));
        world.edge().kv_counts().await.unwrap().reads > 0
    })
    .await;
    let answer = get(&world, BERLIN, "/x").await;
    assert_eq!(answer.status(), 200);
    assert!(!header(&answer, "x-pointsman").contains("stale"), "the last table is a minute old");
}

/// Who asks for which path, with which headers.
type Asked<'a> = (Client, &'a str, &'a [(&'a str, &'a str)]);

/// A world that keeps answers of `/told`, in which every region is dead by the table.
async fn with_everything_down(asked: &[Asked<'_>]) -> World {
    let keys = json!({"proxy": {"stale_paths": ["/told", "/public/*"]}});
    let mut world = World::settled_with(&waits_and(&keys)).await;
    for (client, path, headers) in asked {
        let mut request = world.ask(*client, "GET", path);
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}");
        response.bytes().await.unwrap();
    }
    for region in ["eu-west", "us-east", "sa-east"] {
        world.set(region, Mode::Refuse).await;
    }
    world.minute().await;
    world
}

async fn is_kept(world: &World, client: Client, path: &str) -> bool {
    let answer = get(world, client, path).await;
    let is_kept = header(&answer, "x-pointsman") == "kept answer; stale";
    // The table says that all are down as soon as the isolate has it; before that, tries find out.
    let expected: &[u16] = if is_kept { &[200] } else { &[502, 503] };
    assert!(expected.contains(&answer.status().as_u16()), "{path}: {}", answer.status());
    is_kept
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_answer_is_given_again_and_marked_while_every_region_is_down() {
    let world = with_everything_down(&[(BERLIN, PUBLIC, &[]), (BERLIN, "/public/a", &[])]).await;
    for client in [BERLIN, CHICAGO, SAO_PAULO] {
        let answer = get(&world, client, PUBLIC).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "x-pointsman"), "kept answer; stale");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(answer.text().await.unwrap(), "kept");
    }
    assert!(is_kept(&world, BERLIN, "/public/a").await);
    assert!(!is_kept(&world, BERLIN, "/public/b").await, "nobody has asked for it before");
    let head = world.ask(BERLIN, "HEAD", PUBLIC).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(header(&head, "x-pointsman"), "kept answer; stale");
    assert!(header(&head, "age").parse::<u32>().unwrap() < 60);
    assert_eq!(head.text().await.unwrap(), "", "a head has no body");
    let post = world.ask(BERLIN, "POST", PUBLIC).send().await.unwrap();
    assert!([502, 503].contains(&post.status().as_u16()), "only what is got is kept");
}

/// A large answer, whose length nobody has announced.
const LARGE: &str = "/told?body=0123456789abcdef%0d%0a&pieces=20000";

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_has_the_bytes_and_the_encoding_of_the_one_before() {
    let keys = json!({"proxy": {"stale_paths": ["/gzip", "/told", "/x"]}});
    let world = World::settled_with(&waits_and(&keys)).await;
    let named = "/told?body=caf%C3%A9&header=x-name:Z%C3%BCrich";
    let read = async |path: &str| {
        let answer = get(&world, BERLIN, path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let kept = header(&answer, "x-pointsman") == "kept answer; stale";
        let told = ["content-encoding", "content-type", "x-name"]
            .map(|name| answer.headers().get(name).map(|value| value.as_bytes().to_vec()));
        (kept, told, answer.bytes().await.unwrap())
    };
    let paths = ["/gzip", LARGE, named, "/x"];
    let mut before = Vec::new();
    for path in paths {
        before.push(read(path).await);
    }
    for region in ["eu-west", "us-east", "sa-east"] {
        world.set(region, Mode::Refuse).await;
    }
    for (path, before) in paths.iter().zip(before) {
        let (is_kept, told, bytes) = read(path).await;
        assert!(is_kept && !before.0, "{path}");
        assert_eq!(told, before.1, "{path}");
        assert_eq!(bytes, before.2, "{path}");
        assert!(!bytes.is_empty(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_and_an_answer_that_may_not_be_kept_end_what_was_kept() {
    let keys = json!({"proxy": {"stale_paths": ["/told", "/public/*"]}});
    let world = World::settled_with(&waits_and(&keys)).await;
    let ask = async |method: &str, path: &str| {
        let answer = world.ask(BERLIN, method, path).send().await.unwrap();
        let status = answer.status().as_u16();
        answer.bytes().await.unwrap();
        status
    };
    for path in ["/public/a", "/public/b", "/public/c"] {
        assert_eq!(ask("GET", path).await, 200);
    }
    assert_eq!(ask("PUT", "/public/a").await, 200);
    assert_eq!(ask("HEAD", "/public/b").await, 200);
    world.set("eu-west", Mode::Status { code: 400 }).await;
    assert_eq!(ask("DELETE", "/public/c").await, 400);
    for region in ["eu-west", "us-east", "sa-east"] {
        world.set(region, Mode::Refuse).await;
    }
    assert!(!is_kept(&world, BERLIN, "/public/a").await, "it was written");
    assert!(is_kept(&world, BERLIN, "/public/b").await, "it was only read");
    assert!(is_kept(&world, BERLIN, "/public/c").await, "the write did not succeed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_stands_in_for_a_refusal_by_the_table_as_well() {
    let keys = json!({"proxy": {"stale_paths": ["/told"]}});
    let mut world = World::settled_with(&waits_and(&keys)).await;
    let first = get(&world, SAO_PAULO, PUBLIC).await;
    assert_eq!(first.text().await.unwrap(), "kept");
    world.set("sa-east", Mode::Refuse).await;
    world.minute().await;
    let before = world.arrived("us-east") + world.arrived("eu-west");
    // The look at the table comes some seconds after the first failure.
    until("the table says that it is down", async || {
        code(get(&world, SAO_PAULO, "/x").await).await == (503, "no_usable_region".to_owned())
    })
    .await;
    let kept = get(&world, SAO_PAULO, PUBLIC).await;
    assert_eq!((kept.status().as_u16(), header(&kept, "cache-control")), (200, "no-store"));
    assert_eq!(kept.text().await.unwrap(), "kept");
    assert_eq!(world.arrived("us-east") + world.arrived("eu-west"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anybodys_own_is_never_kept() {
    let public = "/told?body=kept&header=cache-control:public,max-age=60";
    let with = |more: &str| format!("/told?body=kept&n={}&header={more}", more.len());
    let own: Vec<String> = [
        "set-cookie:a=1",
        "cache-control:private",
        "cache-control:max-age=60,%20Private",
        "cache-control:no-store",
        "vary:cookie",
        "cache-control:s-maxage=0",
        "cache-control:must-revalidate,%20max-age=0",
        "cache-control:proxy-revalidate",
        "cache-control:no-cache=%22x-a%22",
        "cdn-cache-control:no-store",
    ]
    .map(with)
    .into();
    let (with_name, with_cookie) = (format!("{public}&m=1"), format!("{public}&m=2"));
    let unwanted = format!("{public}&m=4");
    let (part, missing) = (format!("{public}&m=3"), "/told?code=203&body=x".to_owned());
    let mut asked: Vec<Asked<'_>> =
        own.iter().map(|path| (BERLIN, path.as_str(), &[][..])).collect();
    asked.push((BERLIN, &with_name, &[("authorization", "Bearer lab")]));
    asked.push((BERLIN, &part, &[("range", "bytes=0-1")]));
    asked.push((BERLIN, &missing, &[]));
    asked.push((BERLIN, &unwanted, &[("cache-control", "no-store")]));
    asked.push((BERLIN, "/x", &[]));
    asked.push((BERLIN, &with_cookie, &[]));
    let world = with_everything_down(&asked).await;
    let (kept, others) = asked.split_last().unwrap();
    for (client, path, _) in others {
        assert!(!is_kept(&world, *client, path).await, "{path}");
    }
    assert!(is_kept(&world, BERLIN, kept.1).await, "the world keeps what it may");
}
