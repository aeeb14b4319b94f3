//! Each command of `docs/runbook.md`, typed as it stands there, in the situation that it is for.
//!
//! The answers to "Do it?" are yes. What only a real account could answer is asked of the emulated
//! API: the page takes its address from a variable.

use crate::recovery::{Hooked, with_hooks};
use crate::support::{World, config, until};
use pointsman_lab::deployment::{ADMIN_TOKEN, API_TOKEN, HOST, root};
use pointsman_lab::region::Mode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// What the page lets people type before anything else.
const VARIABLES: &str = "Two variables";
/// The same for those who go by the API.
const WAY_TO_THE_API: &str = "A way to the API";

/// The blocks of commands of the page, each with its heading.
fn blocks() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let (mut blocks, mut heading, mut block) = (Vec::new(), String::new(), None::<String>);
    for line in page.lines() {
        match (&mut block, line) {
            (Some(_), "```") => blocks.push((heading.clone(), block.take().unwrap())),
            (Some(block), line) => block.extend([line, "\n"]),
            (None, "```sh") => block = Some(String::new()),
            (None, line) if line.starts_with("```") => panic!("not run: {line}"),
            (None, line) => {
                let is_heading = line.starts_with('#');
                let text = line.trim_start_matches('#').trim();
                heading = if is_heading { text.to_owned() } else { heading };
            }
        }
    }
    assert_eq!(block, None, "a block has no end");
    blocks
}

/// The blocks below a heading.
fn below(heading: &str) -> Vec<String> {
    let all = blocks().into_iter().filter(|(of, _)| of == heading);
    let found: Vec<String> = all.map(|(_, block)| block).collect();
    assert!(!found.is_empty(), "the page has no commands under `{heading}`");
    found
}

/// A shell in which the page's variables stand for the lab.
struct Shell<'w>(&'w World);

impl Shell<'_> {
    /// Types this. Returns what was shown, and the exit code.
    async fn end(&self, commands: &str) -> (String, Option<i32>) {
        let tool = Path::new(env!("CARGO_BIN_EXE_pointsman")).parent().unwrap().to_owned();
        let path = format!("{}:{}", tool.display(), env::var("PATH").unwrap());
        let (url, port) = (self.0.edge().url(), self.0.edge().port());
        // curl finds the service at the lab's port.
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("curl-{port}"));
        fs::create_dir_all(&home).unwrap();
        let way = format!("connect-to = \"{HOST}:80:127.0.0.1:{port}\"\n");
        fs::write(home.join(".curlrc"), way).unwrap();
        let script = format!("set -euo pipefail\nexec < <(yes 2>/dev/null)\n{commands}");
        let api = self.0.api().base_url();
        let typed = move || {
            Command::new("bash")
                .args(["-c", &script])
                .env("PATH", path)
                .env("CURL_HOME", home)
                .env("POINTSMAN_URL", url)
                .env("POINTSMAN_TOKEN", ADMIN_TOKEN)
                .env("API", api)
                .env("CLOUDFLARE_API_TOKEN", API_TOKEN)
                .env("SERVICE_URL", format!("http://{HOST}"))
                .output()
                .unwrap()
        };
        let ended = tokio::task::spawn_blocking(typed).await.unwrap();
        let [out, err] = [ended.stdout, ended.stderr].map(|it| String::from_utf8(it).unwrap());
        (format!("{out}{err}"), ended.status.code())
    }

    /// Types a block, which must work.
    async fn types(&self, commands: &str) -> String {
        let variables = below(VARIABLES).concat();
        let (shown, code) = self.end(&format!("{variables}{commands}")).await;
        assert_eq!(code, Some(0), "{commands}\n{shown}\n{:#?}", self.0.edge().log());
        shown
    }

    /// The same, with a way to the API.
    async fn types_at_the_api(&self, commands: &str) -> String {
        self.types(&format!("{}{commands}", below(WAY_TO_THE_API).concat())).await
    }
}

/// The only block of a section.
fn only(heading: &str) -> String {
    let [block] = below(heading).try_into().unwrap();
    block
}

/// One test for each section that has commands.
macro_rules! sections {
    ($($test:ident: $heading:literal,)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            scenes::$test($heading).await;
        })*

        #[test]
        fn each_section_of_the_runbook_with_commands_is_played() {
            let played = [VARIABLES, WAY_TO_THE_API, $($heading),*].map(str::to_owned);
            let all = blocks().into_iter().map(|(heading, _)| heading);
            let there: BTreeSet<String> = all.collect();
            assert_eq!(there, BTreeSet::from(played));
        }
    };
}

sections! {
    how_it_stands_is_shown: "Look first",
    an_incident_is_taken: "Somebody looks after it",
    a_plan_that_waits_goes_on: "A plan waits for you",
    a_plan_that_failed_is_followed_by_another: "It did not fail over",
    a_plan_is_ended: "A plan must not go on",
    an_outage_is_declared_and_over: "A region is bad and its probes pass",
    servers_may_be_stopped_after_a_switch: "Planned switch",
    the_old_primary_is_confirmed_and_comes_back: "The old primary may take writes again",
    clients_come_back_by_stages: "Clients come back by stages",
    corruption_is_declared_and_over: "Data may be corrupt",
    changes_are_halted_and_resumed: "Nothing may change at Cloudflare",
    a_drill_is_begun_and_looked_at: "Drill",
    a_record_is_moved_by_hand_and_stays: "Move a record and keep it moved",
    a_pool_is_disabled_by_hand_and_stays: "Take a region out of a load balancer",
}

mod scenes {
    use super::*;

    pub(super) async fn how_it_stands_is_shown(heading: &str) {
        let world = World::settled().await;
        let shown = Shell(&world).types(&only(heading)).await;
        for line in
            ["api: eu-west is up", "there are no incidents", "no order is in force", "eu-west"]
        {
            assert!(shown.contains(line), "{line}\n{shown}");
        }
    }

    pub(super) async fn an_incident_is_taken(heading: &str) {
        let mut world = World::settled().await;
        world.set("eu-west", Mode::Refuse).await;
        world.minutes(2).await;
        Shell(&world).types(&only(heading)).await;
        let taken = world.status().await.unwrap()["incidents"][0]["taken_by"].clone();
        assert!(taken.is_string(), "{taken}");
    }

    pub(super) async fn a_plan_that_waits_goes_on(heading: &str) {
        let mut hooked = Hooked::waiting().await;
        let shown = Shell(&hooked.world).types(&only(heading)).await;
        assert!(shown.contains("is at approve"), "{shown}");
        hooked.ends("done").await;
    }

    pub(super) async fn a_plan_that_failed_is_followed_by_another(heading: &str) {
        let mut hooked = Hooked::start(&with_hooks()).await;
        hooked.hooks.set("fence", pointsman_lab::hooks::HookManner::Status(404));
        hooked.world.set("eu-west", Mode::Refuse).await;
        hooked.world.minute().await;
        hooked.ends("failed").await;
        hooked.hooks.set("fence", pointsman_lab::hooks::HookManner::Proper);
        Shell(&hooked.world).types(&only(heading)).await;
        hooked.ends("done").await;
    }

    pub(super) async fn a_plan_is_ended(heading: &str) {
        let hooked = Hooked::waiting().await;
        Shell(&hooked.world).types(&only(heading)).await;
        assert_eq!(hooked.plan().await["end"], "aborted");
    }

    pub(super) async fn an_outage_is_declared_and_over(heading: &str) {
        let mut hooked = Hooked::start(&with_hooks()).await;
        let [declare, lift] = below(heading).try_into().unwrap();
        Shell(&hooked.world).types(&declare).await;
        hooked.ends("done").await;
        assert_eq!(hooked.world.health("eu-west").await, "down");
        Shell(&hooked.world).types(&lift).await;
        assert_eq!(hooked.world.status().await.unwrap()["orders"], json!([]));
    }

    pub(super) async fn servers_may_be_stopped_after_a_switch(heading: &str) {
        let mut hooked = Hooked::start(&with_hooks()).await;
        let [switch, maintenance] = below(heading).try_into().unwrap();
        Shell(&hooked.world).types(&switch).await;
        hooked.ends("done").await;
        let log = hooked.world.edge().log().join("\n");
        assert!(log.contains("the servers of eu-west may be stopped now"), "{log}");
        Shell(&hooked.world).types(&maintenance).await;
        let orders = hooked.world.status().await.unwrap()["orders"].to_string();
        assert!(orders.contains("maintenance"), "{orders}");
    }

    pub(super) async fn the_old_primary_is_confirmed_and_comes_back(heading: &str) {
        let mut hooked = Hooked::start(&with_hooks()).await;
        hooked.world.set("eu-west", Mode::Refuse).await;
        hooked.world.minute().await;
        hooked.ends("done").await;
        hooked.world.set("eu-west", Mode::Healthy).await;
        hooked.world.minutes(3).await;
        Shell(&hooked.world).types(&only(heading)).await;
        assert_eq!(hooked.recovery().await["stage"], "failing_back");
        hooked.ends("done").await;
        assert_eq!(hooked.write_target().await.as_deref(), Some("eu-west"));
    }

    pub(super) async fn clients_come_back_by_stages(heading: &str) {
        let mut config = config();
        config["services"]["api"]["failover"] = json!({"failback": {"mode": "manual"}});
        let mut world = World::settled_with(&config).await;
        world.set("eu-west", Mode::Refuse).await;
        world.minutes(3).await;
        world.set("eu-west", Mode::Healthy).await;
        world.minutes(3).await;
        let percent = async |world: &World| {
            let status = world.status().await.unwrap();
            status["reasons"]["api"]["eu-west"]["returning"]["percent"].clone()
        };
        assert_eq!(percent(&world).await, 0);
        let shown = Shell(&world).types(&only(heading)).await;
        assert!(shown.contains("drain eu-west"), "{shown}");
        assert_eq!(percent(&world).await, 10);
        assert_eq!(world.status().await.unwrap()["orders"], json!([]));
    }

    pub(super) async fn corruption_is_declared_and_over(heading: &str) {
        let world = World::settled().await;
        let [declare, look, lift] = below(heading).try_into().unwrap();
        Shell(&world).types(&declare).await;
        assert!(world.status().await.unwrap()["frozen"]["api"].is_object());
        let shown = Shell(&world).types(&look).await;
        assert!(shown.contains("orders without lines"), "{shown}");
        Shell(&world).types(&lift).await;
        assert_eq!(world.status().await.unwrap()["frozen"], Value::Null);
    }

    pub(super) async fn changes_are_halted_and_resumed(heading: &str) {
        let world = World::settled().await;
        let shown = Shell(&world).types(&only(heading)).await;
        assert!(shown.contains("halt"), "{shown}");
        assert_eq!(world.status().await.unwrap()["cloudflare"]["halted"], false);
    }

    pub(super) async fn a_drill_is_begun_and_looked_at(heading: &str) {
        let hooked = Hooked::start(&with_hooks()).await;
        let shell = Shell(&hooked.world);
        let [begin, look] = below(heading).try_into().unwrap();
        let variables = below(VARIABLES).concat();
        let (shown, code) = shell.end(&format!("{variables}{begin}")).await;
        assert_eq!(code, Some(0), "{shown}");
        let shown = shell.types("pointsman drill --help\n").await;
        assert!(shown.contains("`plan`, `decision`, `canary` or `full`"), "{shown}");
        let shown = shell.types(&look).await;
        assert_eq!(shown.matches(": 200\n").count(), 3, "{shown}");
    }

    pub(super) async fn a_record_is_moved_by_hand_and_stays(heading: &str) {
        let mut world = World::settled().await;
        world.compare().await;
        let [away, back] = below(heading).try_into().unwrap();
        let shell = Shell(&world);
        shell.types_at_the_api(&away).await;
        assert_eq!(world.answer().await, "us1.origin.example.com.");
        world.minutes(2).await;
        world.compare().await;
        assert_eq!(world.answer().await, "us1.origin.example.com.", "nobody moves it back");
        Shell(&world).types_at_the_api(&back).await;
        until("it is led home", async || world.answer().await == "eu1.origin.example.com.").await;
    }

    pub(super) async fn a_pool_is_disabled_by_hand_and_stays(heading: &str) {
        let mut world = World::settled().await;
        world.compare().await;
        let is_enabled = |world: &World| {
            let pool = world.api().world().lock().pool("api-eu-west").unwrap();
            pool["enabled"].as_bool()
        };
        let [away, back] = below(heading).try_into().unwrap();
        Shell(&world).types_at_the_api(&away).await;
        assert_eq!(is_enabled(&world), Some(false));
        world.minutes(2).await;
        world.compare().await;
        assert_eq!(is_enabled(&world), Some(false), "it stays as somebody wants it");
        let pools = away.lines().take(2).collect::<Vec<_>>().join("\n");
        Shell(&world).types_at_the_api(&format!("{pools}\n{back}")).await;
        assert_eq!(is_enabled(&world), Some(true));
    }
}
