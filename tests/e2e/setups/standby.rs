//! `warm-standby.toml`: the primary is lost, its standby takes over, and a person leads back.

use super::{Setup, example};
use crate::support::until;
use pointsman::time::Timestamp;
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN, BERLIN, now_ms};
use pointsman_lab::hooks::Hooks;
use pointsman_lab::receivers::Service;
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};

const HOST: &str = "orders.example.com";
const SERVICE: &str = "orders";
/// Longest that a plan may take here, in minutes.
const PLAN_MAX: u32 = 8;
/// Longest that a drill may take here, in minutes.
const DRILL_MAX: u32 = 24;

struct Standby {
    setup: Setup,
    hooks: Hooks,
}

/// When it will be so many minutes from now, as a drill's `at` has it.
fn at(minutes: i64) -> String {
    let instant =
        Timestamp::from_millis(u64::try_from(now_ms() + minutes * 60_000).unwrap()).to_string();
    instant.split_at(11).1.chars().take(5).collect()
}

/// The config, whose drills begin so many minutes from now on whatever day it is.
fn with_drills_in(minutes: [i64; 2]) -> Value {
    let mut config = example("warm-standby.toml");
    for (drill, minutes) in config["drills"].as_array_mut().unwrap().iter_mut().zip(minutes) {
        drill["at"] = at(minutes).into();
        drill.as_object_mut().unwrap().remove("weekdays");
    }
    config
}

impl Standby {
    /// Deploys it with hooks in both regions, which share what they know.
    async fn start(config: &Value) -> Standby {
        let setup = Setup::start(config).await;
        let hooks = Hooks::start("frankfurt").await.unwrap();
        for region in ["frankfurt", "dublin"] {
            setup.route(&format!("hook-{region}.example.net"), hooks.port()).await;
        }
        let mut standby = Standby { setup, hooks };
        standby.setup.minutes(2).await;
        standby
    }

    /// What becomes of a write: the region that took it, with the epoch it was told, or the code.
    async fn write(&self) -> (String, u64) {
        let edge = self.setup.edge();
        let request = edge.request(Method::POST, HOST, "/orders", Some(&BERLIN.cf()));
        let answer = request.body("one").send().await.unwrap();
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let epoch = body["headers"]["x-failover-epoch"].as_str().unwrap_or("0");
        let place = body["region"].as_str().or(body["code"].as_str()).unwrap();
        (place.to_owned(), epoch.parse().unwrap())
    }

    /// The same by a proxy that has just been told the newest table.
    async fn write_anew(&self) -> (String, u64) {
        self.setup.crash().await;
        self.write().await
    }

    async fn act(&self, act: &Value) -> u16 {
        let body = json!({"act": act, "reason": "a test"}).to_string();
        let edge = self.setup.edge();
        let request = edge.request(Method::POST, ADMIN_HOST, "/.pointsman/v1/acts", None);
        let request = request.bearer_auth(ADMIN_TOKEN).header("content-type", "application/json");
        request.body(body).send().await.unwrap().status().as_u16()
    }

    async fn page(&self, path: &str) -> Value {
        let edge = self.setup.edge();
        let path = format!("/.pointsman/v1/{path}");
        let request = edge.request(Method::GET, ADMIN_HOST, &path, None);
        let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn plan(&self) -> Value {
        self.page("recovery").await["services"][SERVICE]["plan"].clone()
    }

    /// Makes runs until a plan to a region is done. Returns its epoch.
    async fn done(&mut self, to: &str) -> u64 {
        for _ in 0..PLAN_MAX {
            let plan = self.plan().await;
            if plan["to"] == to && plan["end"] == "done" {
                return plan["epoch"].as_u64().unwrap();
            }
            self.setup.minute().await;
        }
        panic!("{:#}\n{:#?}", self.plan().await, self.setup.edge().log());
    }

    /// Says that the data of a region are in step again.
    async fn confirm(&self, region: &str) {
        let confirm = json!({"confirm": {"service": SERVICE, "region": region}});
        assert_eq!(self.act(&confirm).await, 200);
    }

    /// The calls of hooks that were not dry, and where each one went.
    fn calls(&self) -> Vec<(String, String)> {
        let calls = self.hooks.calls().into_iter();
        calls.map(|call| (call.step, call.headers["x-lab-host"].clone())).collect()
    }

    /// Makes runs until the stage of the drill is this one, or `over`.
    async fn drill_comes_to(&mut self, stage: &str) {
        for _ in 0..DRILL_MAX {
            let status = self.setup.status().await.unwrap();
            if status["drill"]["stage"].as_str().unwrap_or("over") == stage {
                return;
            }
            self.setup.minute().await;
        }
        panic!("{:#}\n{:#?}", self.page("drills").await, self.setup.edge().log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_promoted_behind_a_fence_and_a_person_leads_back() {
    let mut it = Standby::start(&with_drills_in([700, 700])).await;
    let ready = async |it: &Standby| {
        let status = it.setup.status().await.unwrap();
        status["recovery"][SERVICE]["not_ready"].clone()
    };
    until("a failover would work", async || ready(&it).await == json!([])).await;
    let (place, before) = it.write_anew().await;
    assert_eq!(place, "frankfurt");

    it.setup.set("frankfurt", Mode::Refuse).await;
    it.setup.minute().await;
    let epoch = it.done("dublin").await;
    let hook = "hook-dublin.example.net";
    let steps = ["fence", "promote", "smoke-test"];
    assert_eq!(it.calls(), steps.map(|step| (step.to_owned(), hook.to_owned())));
    assert_eq!(it.hooks.writers(), ["dublin".to_owned()].into(), "one takes writes");
    assert_eq!(it.write_anew().await, ("dublin".to_owned(), epoch));
    assert!(epoch > before, "{epoch} {before}");
    it.setup.hears(Service::Slack, "frankfurt").await;
    it.setup.hears(Service::Pagerduty, SERVICE).await;

    it.setup.set("frankfurt", Mode::Healthy).await;
    it.setup.minutes(3).await;
    assert_eq!(it.write_anew().await.0, "dublin", "up again, and nobody has looked at its data");
    // A Controller that starts anew goes by the machine's clock until a run tells it the time of
    // this world, ten minutes later: an act before that would be overdue at once.
    it.setup.minute().await;
    let back = json!({"fail_back": {"service": SERVICE, "region": "frankfurt"}});
    assert_eq!(it.act(&back).await, 409);
    it.confirm("frankfurt").await;
    assert_eq!(it.act(&back).await, 200);
    let later = it.done("frankfurt").await;
    assert!(later > epoch, "{later} {epoch}");
    assert_eq!(it.hooks.writers(), ["frankfurt".to_owned()].into());
    assert_eq!(it.write_anew().await, ("frankfurt".to_owned(), later));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lags_too_far_is_not_promoted_and_somebody_is_called() {
    let mut it = Standby::start(&with_drills_in([700, 700])).await;
    it.setup.regions["dublin"].set_replication_lag_s(3_600);
    it.setup.minutes(3).await;
    it.setup.set("frankfurt", Mode::Refuse).await;
    it.setup.minutes(4).await;
    assert_eq!(it.calls(), [], "nothing was fenced for nothing");
    assert_eq!(it.hooks.writers(), ["frankfurt".to_owned()].into());
    assert_eq!(it.write_anew().await.0, "no_primary");
    it.setup.hears(Service::Pagerduty, SERVICE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drills_of_the_schedule_succeed_one_by_itself_and_one_with_a_word_of_a_person() {
    let mut it = Standby::start(&with_drills_in([6, 10])).await;
    it.drill_comes_to("confirm").await;
    assert_eq!(it.hooks.writers(), ["dublin".to_owned()].into());
    it.confirm("frankfurt").await;
    it.drill_comes_to("over").await;
    let page = it.page("drills").await;
    let drills = page["drills"].as_array().unwrap();
    let ended: Vec<_> = drills.iter().map(|it| it["summary"].as_str().unwrap()).collect();
    let kinds = ["full", "plan"].map(|kind| format!("SUCCEEDED · {kind} · orders"));
    assert_eq!(ended.len(), kinds.len(), "{page:#}");
    let all = ended.iter().zip(&kinds).all(|(told, kind)| told.starts_with(kind));
    assert!(all, "{ended:?}");
    assert_eq!(it.hooks.writers(), ["frankfurt".to_owned()].into());
    assert_eq!(it.write_anew().await.0, "frankfurt");
}
