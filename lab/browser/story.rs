//! What is looked at, in which order, and what has to come of it.

use crate::chromium::Chromium;
use anyhow::{Context as _, Result, bail, ensure};
use pointsman_lab::deployment::{
    ADMIN_HOST, ADMIN_TOKEN, Deployment, bundle, example_config, now_ms,
};
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

/// Pages that are always there.
const PAGES: [(&str, &str); 8] = [
    ("overview", ""),
    ("service", "services/api"),
    ("region", "regions/eu-west"),
    ("incidents", "incidents"),
    ("contracts", "contracts"),
    ("drills", "drills"),
    ("who", "who?host=api.example.com"),
    ("changes", "changes"),
];
const THEMES: [&str; 2] = ["light", "dark"];
/// The service's record that follows its regions.
const RECORD: &str = "downloads.example.com";

/// A deployment whose minutes pass when they are told to, and a browser.
struct Stage<'s> {
    world: Deployment,
    browser: Chromium,
    minute: i64,
    pictures: Option<&'s Path>,
    looked: u32,
    /// What is wrong, page by page.
    wrong: Vec<String>,
}

/// Plays it all.
///
/// **Errors**: something did not come, or a page has a fault.
pub(crate) async fn play(programs: &Path, pictures: Option<&Path>) -> Result<()> {
    if let Some(folder) = pictures {
        std::fs::create_dir_all(folder)?;
    }
    let world = Deployment::start(&bundle(), &config()?).await?;
    let browser = Chromium::start(programs, &world.edge().url())?;
    let mut stage =
        Stage { world, browser, minute: now_ms(), pictures, looked: 0, wrong: Vec::new() };
    stage.minutes(2).await?;
    stage.logs_in().await?;
    stage.looks("quiet", &PAGES).await?;
    stage.drains().await?;
    stage.fails().await?;
    stage.is_refreshed().await?;
    stage.drills().await?;
    println!("{} pages looked at, {} faults", stage.looked, stage.wrong.len());
    ensure!(stage.wrong.is_empty(), "{}", stage.wrong.join("\n"));
    Ok(())
}

/// The example's config, with places, areas and a contract to look at.
fn config() -> Result<Value> {
    let mut config = example_config()?;
    config["monitors"]["api"]["interval_s"] = json!(60);
    config["areas"] = json!({"use": ["weur", "enam", "sam"]});
    config["services"]["api"]["contract"] = json!({
        "rto_s": 600, "rpo_s": 600, "availability": 99.9, "drill_every_days": 90,
    });
    Ok(config)
}

impl Stage<'_> {
    async fn minutes(&mut self, count: u32) -> Result<()> {
        for _ in 0..count {
            self.minute += 60_000;
            self.world.edge().run_cron(self.minute).await?;
        }
        Ok(())
    }

    /// Logs in with each theme, and without JavaScript.
    async fn logs_in(&mut self) -> Result<()> {
        for (theme, script) in [("light", true), ("dark", true), ("light", false)] {
            let job = json!({
                "job": "login", "token": ADMIN_TOKEN, "theme": theme, "script": script,
            });
            let told = self.browser.ask(&job).await?;
            ensure!(told["asked"] == "/.pointsman/login", "it did not ask for a token: {told}");
            self.hears("login", &told);
        }
        Ok(())
    }

    /// Looks at pages in each theme.
    async fn looks(&mut self, when: &str, pages: &[(&str, &str)]) -> Result<()> {
        for (name, page) in pages {
            for theme in THEMES {
                let picture = self.pictures.map(|it| it.join(format!("{when}-{name}-{theme}.png")));
                let path = format!("/.pointsman/{page}");
                let job = json!({"job": "look", "path": path, "theme": theme, "picture": picture});
                let told = self.browser.ask(&job).await?;
                let where_ = format!("{when} {name} {theme}");
                if told["status"] != 200 {
                    self.wrong.push(format!("{where_}: status {}", told["status"]));
                }
                for fault in told["serious"].as_array().into_iter().flatten() {
                    self.wrong.push(format!("{where_}: {fault}"));
                }
                self.hears(&where_, &told);
                println!("{where_}: {}; minor: {}", told["title"], told["minor"]);
                self.looked += 1;
            }
        }
        Ok(())
    }

    fn hears(&mut self, where_: &str, told: &Value) {
        let complaints = told["complaints"].as_array().into_iter().flatten();
        self.wrong.extend(complaints.map(|it| format!("{where_}: console: {it}")));
    }

    /// Drains Europe by the keyboard, without JavaScript: KV, the API and DNS follow.
    async fn drains(&mut self) -> Result<()> {
        let before = self.world.dig(RECORD, "CNAME").await?;
        let job = json!({
            "job": "act", "path": "/.pointsman/regions/eu-west", "link": "Drain",
            "reason": "a rack is moved", "keys": true, "script": false,
        });
        let told = self.browser.ask(&job).await?;
        self.hears("drain", &told);
        let shown = told["shown"].as_str().unwrap_or_default();
        ensure!(shown.contains("eu-west"), "it did not say what would change: {shown}");
        self.minutes(2).await?;
        let status = self.world.kv_json("status").await?;
        let order = status["orders"].as_array().and_then(|orders| orders.first());
        ensure!(
            order.is_some_and(|order| order["act"]["drain"]["region"] == "eu-west"),
            "KV has no such order: {}",
            status["orders"]
        );
        ensure!(self.world.enabled_in_pool("eu-west") == Some(false), "the pool still has it");
        let after = self.world.dig(RECORD, "CNAME").await?;
        ensure!(before != after, "DNS still says {after:?}");
        println!("drained by the keyboard: KV, the pool, and DNS from {before:?} to {after:?}");
        self.looks("drained", &[("overview", ""), ("service", "services/api")]).await
    }

    /// Brazil fails; somebody looks after it.
    async fn fails(&mut self) -> Result<()> {
        self.world.region("sa-east")?.set(Mode::Refuse).await?;
        self.minutes(4).await?;
        let status = self.world.status().await?;
        let incident = status["incidents"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|it| it["region"] == "sa-east");
        let id = incident.and_then(|it| it["id"].as_str()).context("there is no incident")?;
        let page = format!("incidents/{id}");
        self.looks("failed", &[("overview", ""), ("incident", &page), ("contracts", "contracts")])
            .await?;
        let job = json!({
            "job": "act", "path": format!("/.pointsman/{page}"), "link": "Acknowledge",
            "reason": "I look at it", "theme": "dark",
        });
        let told = self.browser.ask(&job).await?;
        self.hears("acknowledge", &told);
        let status = self.world.status().await?;
        let taken = status["incidents"].as_array().into_iter().flatten();
        ensure!(
            taken.clone().any(|it| it["id"] == *id && it["taken_by"].is_string()),
            "nobody has taken it: {}",
            status["incidents"]
        );
        Ok(())
    }

    /// An open page shows by itself that things are better, and has it read out.
    async fn is_refreshed(&mut self) -> Result<()> {
        self.browser.begin(&json!({"job": "refresh", "path": "/.pointsman/"})).await?;
        let before = self.browser.answer().await?;
        ensure!(before["before"].as_str().is_some_and(|it| it.contains("incident")), "{before}");
        self.world.region("sa-east")?.set(Mode::Healthy).await?;
        ensure!(self.lift().await?, "the drain was not lifted");
        self.minutes(6).await?;
        let told = self.browser.answer().await?;
        ensure!(told["news"] == told["after"], "it was not read out: {told}");
        self.hears("refresh", &told);
        println!("an open page went from {} to {} by itself", before["before"], told["after"]);
        Ok(())
    }

    /// Lifts the drain by the API, while the browser waits.
    async fn lift(&self) -> Result<bool> {
        let status = self.world.status().await?;
        let Some(order) = status["orders"][0]["id"].as_u64() else { bail!("there is no order") };
        let edge = self.world.edge();
        let path = "/.pointsman/v1/acts";
        let request = edge.request(Method::POST, ADMIN_HOST, path, None);
        let body = json!({"act": {"lift": {"order": order}}, "reason": "it is moved"});
        let answer = request.bearer_auth(ADMIN_TOKEN).json(&body).send().await?;
        Ok(answer.status().is_success())
    }

    /// A drill, from the service's page to its report.
    async fn drills(&mut self) -> Result<()> {
        let job = json!({
            "job": "act", "path": "/.pointsman/services/api", "link": "Drill: decision",
            "reason": "Monday",
        });
        let told = self.browser.ask(&job).await?;
        self.hears("drill", &told);
        let done = told["done"].as_str().unwrap_or_default();
        ensure!(done.contains("Done."), "it was not begun: {told}");
        let drills = self.drills_in_kv().await?;
        let id = drills["drills"][0]["id"].as_str().context("KV has no drill")?;
        let page = format!("drills/{id}");
        self.looks("after", &[("drill", &page), ("drills", "drills"), ("changes", "changes")]).await
    }

    /// The list of drills, as soon as it is among the documents that KV has.
    async fn drills_in_kv(&mut self) -> Result<Value> {
        for _ in 0..10 {
            self.minutes(1).await?;
            let drills = self.world.kv_json("drills").await?;
            if !drills.is_null() {
                return Ok(drills);
            }
        }
        bail!("KV has no drill after ten minutes: {}", self.world.status().await?["kv"])
    }
}
