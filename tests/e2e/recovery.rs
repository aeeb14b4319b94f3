//! A primary that goes down is fenced and replaced, and whatever dies on the way, only once.

use crate::signed::official_library_verifies;
use crate::support::{World, config, until};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
use pointsman_lab::edge::Route;
use pointsman_lab::hooks::{HookManner, Hooks};
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The host of the operator's hooks, in the lab's network.
const OPS: &str = "ops.example.net";

/// Put together so that no scanner takes it for a leak.
fn hook_key() -> String {
    ["whsec", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"].join("_")
}

/// The example service with one region that takes the writes, and hooks to move them.
pub(crate) fn with_hooks() -> Value {
    let mut config = config();
    let hook = |step: &str| json!({"url": format!("https://{OPS}/{step}"), "secret": "HOOK_KEY"});
    let mut promote = hook("promote");
    promote["fence"] = hook("fence");
    promote["contact_age_pointer"] = "/contact_age_s".into();
    let service = &mut config["services"]["api"];
    service["writes"] = "primary".into();
    service["failover"] = json!({"promote": promote});
    config
}

/// A deployment with hooks.
pub(crate) struct Hooked {
    pub(crate) world: World,
    pub(crate) hooks: Hooks,
}

impl Hooked {
    pub(crate) async fn start(config: &Value) -> Hooked {
        let mut world = World::started_on(config, |options| {
            options.vars.insert("HOOK_KEY".to_owned(), hook_key());
        })
        .await;
        let hooks = Hooks::start("eu-west").await.unwrap();
        let route = Route { port: hooks.port(), ..Route::default() };
        world.edge().route_host(OPS, route).await.unwrap();
        world.minutes(2).await;
        Hooked { world, hooks }
    }

    pub(crate) async fn recovery(&self) -> Value {
        self.world.status().await.unwrap()["recovery"]["api"].clone()
    }

    pub(crate) async fn plan(&self) -> Value {
        self.page().await["services"]["api"]["plan"].clone()
    }

    async fn page(&self) -> Value {
        self.asked("recovery").await
    }

    async fn asked(&self, page: &str) -> Value {
        let edge = self.world.edge();
        let path = format!("/.pointsman/v1/{page}");
        let request = edge.request(Method::GET, ADMIN_HOST, &path, None);
        let text = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn act(&self, act: &Value) -> (u16, Value) {
        let body = json!({"act": act, "reason": "a test"}).to_string();
        let edge = self.world.edge();
        let request = edge.request(Method::POST, ADMIN_HOST, "/.pointsman/v1/acts", None);
        let request = request.bearer_auth(ADMIN_TOKEN).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// A deployment whose plan waits for a person.
    pub(crate) async fn waiting() -> Hooked {
        let mut config = with_hooks();
        config["services"]["api"]["failover"]["mode"] = "approve".into();
        let mut hooked = Hooked::start(&config).await;
        hooked.world.set("eu-west", Mode::Refuse).await;
        hooked.world.minutes(2).await;
        assert_eq!(hooked.recovery().await["plan"]["step"], "approve");
        hooked
    }

    /// Makes runs until the plan has ended so.
    pub(crate) async fn ends(&mut self, end: &str) {
        for _ in 0..6 {
            if self.plan().await["end"] == end {
                return;
            }
            self.world.minute().await;
        }
        panic!("{:#}\n{:#?}", self.plan().await, self.world.edge().log());
    }

    /// Waits until a hook was called for a step so many times.
    async fn called(&self, step: &str, times: usize) {
        let count = || self.hooks.calls().iter().filter(|call| call.step == step).count();
        until(&format!("{step} is called {times} times"), async || count() >= times).await;
    }

    /// The ids under which hooks were called, each once.
    fn ids(&self) -> BTreeSet<String> {
        self.hooks.calls().into_iter().map(|call| call.id).collect()
    }

    /// The region that gets writes by the table that proxies read.
    pub(crate) async fn write_target(&self) -> Option<String> {
        let table = self.world.kv_json("routes").await.unwrap();
        let steering = &table["services"]["api"]["steering"];
        let primary = steering["primary"].as_str().map(str::to_owned);
        primary.filter(|_| steering["no_writer"] != true)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_controller_is_killed_a_failover_comes_to_its_end_once() {
    let mut config = with_hooks();
    // Minutes are skipped, and no hook may be late for that.
    let promote = &mut config["services"]["api"]["failover"]["promote"];
    promote["timeout_s"] = 300.into();
    promote["fence"]["timeout_s"] = 300.into();
    let mut hooked = Hooked::start(&config).await;
    assert_eq!(hooked.write_target().await.as_deref(), Some("eu-west"));
    for step in ["fence", "promote"] {
        hooked.hooks.set(step, HookManner::DoAndHang);
    }
    hooked.world.set("eu-west", Mode::Refuse).await;
    hooked.world.minute().await;
    // Done, and nobody heard so.
    hooked.called("fence", 1).await;
    hooked.world.crash().await;
    assert_eq!(hooked.write_target().await, None, "nobody gets writes meanwhile");
    hooked.hooks.set("fence", HookManner::Proper);
    hooked.world.minute().await;
    hooked.called("promote", 1).await;
    hooked.world.crash().await;
    hooked.hooks.set("promote", HookManner::Proper);
    hooked.ends("done").await;
    hooked.world.crash().await;
    hooked.world.minute().await;
    let plan = hooked.plan().await;
    let epoch = plan["epoch"].as_u64().unwrap();
    let ids = ["fence", "promote"].map(|step| format!("api-{epoch}-{step}"));
    assert_eq!(hooked.ids(), ids.into(), "each step has one id for all tries");
    let done = ["fence", "promote"].map(|step| (epoch, step.to_owned()));
    assert_eq!(hooked.hooks.done(), done);
    assert_eq!(hooked.hooks.writers(), [plan["to"].as_str().unwrap().to_owned()].into());
    assert_eq!(hooked.write_target().await.as_deref(), plan["to"].as_str());
    let recovery = hooked.recovery().await;
    assert_eq!(recovery["stage"], "failed_over", "{recovery:#}");
    assert_eq!(recovery["unconfirmed"], json!(["eu-west"]));
    until("KV says so", async || {
        let page = hooked.world.kv_json("recovery").await.unwrap();
        page["services"]["api"]["plan"]["end"] == "done"
    })
    .await;
    let call = &hooked.hooks.calls()[0];
    assert!(official_library_verifies(&call.text, &call.headers, &hook_key()), "{call:#?}");
    let altered = call.text.replace("fence", "fance");
    assert!(!official_library_verifies(&altered, &call.headers, &hook_key()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_refuses_ends_the_plan_and_one_that_has_begun_is_asked_again() {
    let mut hooked = Hooked::start(&with_hooks()).await;
    hooked.hooks.set("fence", HookManner::Begun(2));
    hooked.hooks.set("promote", HookManner::Status(409));
    hooked.world.set("eu-west", Mode::Refuse).await;
    hooked.world.minute().await;
    hooked.called("fence", 3).await;
    hooked.called("promote", 1).await;
    hooked.ends("refused").await;
    let plan = hooked.plan().await;
    let why = plan["why_ended"].as_str().unwrap();
    assert_eq!(why, "promote: it answered 409: as it was told to");
    hooked.world.minutes(2).await;
    assert_eq!(hooked.plan().await["epoch"], plan["epoch"], "nothing goes on by itself");
    assert_eq!(hooked.write_target().await, None);
    hooked.hooks.set("promote", HookManner::Proper);
    let (status, answer) = hooked.act(&json!({"approve": {"service": "api"}})).await;
    assert_eq!(status, 200, "{answer:#}");
    hooked.ends("done").await;
    assert!(hooked.plan().await["epoch"].as_u64() > plan["epoch"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_needs_a_person_waits_for_one_and_the_old_primary_for_another() {
    let mut hooked = Hooked::waiting().await;
    assert!(hooked.hooks.calls().is_empty());
    let (status, answer) = hooked.act(&json!({"approve": {"service": "api"}})).await;
    assert_eq!(status, 200, "{answer:#}");
    hooked.ends("done").await;
    hooked.world.set("eu-west", Mode::Healthy).await;
    hooked.world.minutes(2).await;
    let to = hooked.plan().await["to"].as_str().unwrap().to_owned();
    assert_eq!(hooked.write_target().await, Some(to), "it is up, and gets no writes");
    let back = json!({"fail_back": {"service": "api", "region": "eu-west"}});
    let (status, answer) = hooked.act(&back).await;
    assert_eq!(status, 409, "{answer:#}");
    let confirm = json!({"confirm": {"service": "api", "region": "eu-west"}});
    assert_eq!(hooked.act(&confirm).await.0, 200);
    assert_eq!(hooked.act(&back).await.0, 200);
    assert_eq!(hooked.recovery().await["stage"], "failing_back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_would_not_work_is_told_before_it_is_needed() {
    let mut hooked = Hooked::start(&with_hooks()).await;
    let dry = async |hooked: &Hooked, times| {
        let count = || hooked.hooks.dry_calls().iter().filter(|call| call.step == "fence").count();
        until(&format!("{times} dry calls"), async || count() >= times).await;
    };
    dry(&hooked, 1).await;
    let call = hooked.hooks.dry_calls().remove(0);
    assert!(official_library_verifies(&call.text, &call.headers, &hook_key()), "{call:#?}");
    assert_eq!((&call.body["from"], &call.body["is_dry"]), (&json!("eu-west"), &json!(true)));
    let reasons = async |hooked: &Hooked| hooked.recovery().await["not_ready"].clone();
    until("it would work", async || reasons(&hooked).await == json!([])).await;
    // What was answered is kept.
    hooked.world.crash().await;
    hooked.world.minutes(2).await;
    assert_eq!(reasons(&hooked).await, json!([]));
    assert_eq!(hooked.hooks.dry_calls().len(), 2);
    hooked.hooks.set_dry("fence", 503);
    hooked.world.skip_minutes(31);
    // In the first of these nobody knows yet whether the region that serves is up.
    hooked.world.minutes(2).await;
    dry(&hooked, 2).await;
    let why = json!(["the hook fence would not work: it answered 503: a dry call"]);
    until("it is shown", async || reasons(&hooked).await == why).await;
    // Two dry calls that fail, and two probes at the longest interval.
    hooked.world.minutes(7).await;
    let edge = hooked.world.edge();
    let lines = |kind: &str| {
        let kind = format!(r#""event":"{kind}""#);
        let told = |line: &&String| line.contains(&kind) && line.contains("a failover of `api`");
        edge.log().iter().filter(told).count()
    };
    assert_eq!((lines("not_ready"), lines("ready")), (1, 0), "{:#?}", hooked.world.edge().log());
    until("KV says so", async || {
        let status = hooked.world.kv_json("status").await.unwrap();
        status["recovery"]["api"]["not_ready"] == why
    })
    .await;
    assert!(hooked.hooks.calls().is_empty(), "nothing was done");
    hooked.hooks.set_dry("fence", 200);
    hooked.world.minutes(14).await;
    assert_eq!(reasons(&hooked).await, json!([]));
    assert_eq!((lines("not_ready"), lines("ready")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_drill_moves_the_primary_there_and_back_with_a_word_of_a_person() {
    let mut config = with_hooks();
    config["services"]["api"]["failover"]["failback"] = json!({"bake_s": 0});
    let mut hooked = Hooked::start(&config).await;
    let drill = json!({"drill": {"service": "api", "kind": "full"}});
    let (status, answer) = hooked.act(&drill).await;
    assert_eq!(status, 200, "{answer:#}");
    hooked.world.minute().await;
    hooked.world.crash().await;
    let stage = async |hooked: &Hooked| {
        let status = hooked.world.status().await.unwrap();
        status["drill"]["stage"].as_str().unwrap_or("over").to_owned()
    };
    for _ in 0..6 {
        if stage(&hooked).await == "confirm" {
            break;
        }
        hooked.world.minute().await;
    }
    assert_eq!(stage(&hooked).await, "confirm", "{:#?}", hooked.world.edge().log());
    let there = hooked.plan().await["to"].as_str().unwrap().to_owned();
    assert_ne!(there, "eu-west");
    assert_eq!(hooked.hooks.writers(), [there].into());
    let confirm = json!({"confirm": {"service": "api", "region": "eu-west"}});
    assert_eq!(hooked.act(&confirm).await.0, 200);
    for _ in 0..6 {
        if stage(&hooked).await == "over" {
            break;
        }
        hooked.world.minute().await;
    }
    let plan = hooked.plan().await;
    assert_eq!(stage(&hooked).await, "over", "{plan:#}\n{:#?}", hooked.world.edge().log());
    let page = hooked.asked("drills").await;
    assert_eq!(page["drills"][0]["outcome"], "SUCCEEDED", "{page:#}");
    assert_eq!(hooked.hooks.writers(), ["eu-west".to_owned()].into());
    assert_eq!(hooked.write_target().await.as_deref(), Some("eu-west"));
}
