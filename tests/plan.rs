//! `pointsman plan` as an operator runs it, against the lab's API: the built program, what it says,
//! its exit code, and what it asked of the API.
//!
//! What it prints is kept under `tests/tool`, word for word. `POINTSMAN_UPDATE=1 cargo test --test
//! plan` writes it anew; read the difference before you commit it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use pointsman_lab::api::{Api, ApiToken, Exchange, Fault, FaultKind, Permission, Plan, World};
use pointsman_lab::deployment::API_TOKEN;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

const NOW: &str = "2026-01-01T00:00:00Z";
const CONFIG: &str = "tests/tool/plan.toml";
/// Of the lab's account; the config names it.
const ACCOUNT: &str = "beeb8da1658eec67f893a2eefb32555e";
/// May read everything and write nothing.
const READER: &str = "reader-0123456789-abcdefghij";
/// May read everything but pools and monitors.
const HALF: &str = "half-0123456789-abcdefghijklm";

struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// Where the program runs: what its environment says, and what it can read.
struct Shell<'s> {
    base: &'s str,
    token: Option<&'s str>,
    input: &'s str,
}

impl Shell<'_> {
    fn run(&self, args: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
        command.env_remove("CLOUDFLARE_API_TOKEN").env("CLOUDFLARE_API_BASE", self.base);
        // Whoever would use a proxy for this machine ends nowhere.
        command.envs(["http_proxy", "https_proxy", "all_proxy"].map(|name| (name, NOWHERE)));
        command.envs(self.token.map(|token| ("CLOUDFLARE_API_TOKEN", token)));
        let pipes = || Stdio::piped();
        let mut child = command.stdin(pipes()).stdout(pipes()).stderr(pipes()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that does not read ends the pipe, which is its right.
        let _ = stdin.write_all(self.input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A port that nobody listens on.
const NOWHERE: &str = "http://127.0.0.1:9";

/// An account as the config wants it, but for one name that is somebody else's.
fn furnished() -> World {
    let mut world = World::new(1);
    assert_eq!(world.account_id(), ACCOUNT);
    world.add_token(ApiToken::read_only(READER));
    let half = [Permission::ZoneRead, Permission::DnsRead, Permission::LoadBalancersRead];
    world.add_token(ApiToken::new(HALF, &half));
    let zone = world.add_zone("example.com", Plan::Free);
    let pool = |name, address| {
        let origin = json!({"name": name, "address": address, "enabled": true});
        json!({"name": name, "origins": [origin]})
    };
    let eu = world.add_pool(&pool("api-eu", "eu1.origin.example.com")).unwrap();
    let us = world.add_pool(&pool("api-us", "us1.origin.example.com")).unwrap();
    let balancer = json!({
        "name": "api.example.com", "default_pools": [eu, us], "fallback_pool": eu,
        "steering_policy": "off", "proxied": true,
    });
    world.add_load_balancer(&zone, &balancer).unwrap();
    let record = |name, comment| {
        json!({
            "name": name, "type": "CNAME", "content": "eu1.origin.example.com", "ttl": 60,
            "comment": comment,
        })
    };
    world.add_record(&zone, &record("files.example.com", "pointsman:files")).unwrap();
    world.add_record(&zone, &record("mirror.example.com", "pointsman:files")).unwrap();
    world
}

/// The lab's API, with the shell of somebody who may read it.
struct Lab {
    api: Api,
    base: String,
}

impl Lab {
    async fn start() -> Self {
        let api = Api::start(furnished()).await.unwrap();
        let base = api.base_url();
        Self { api, base }
    }

    fn shell(&self) -> Shell<'_> {
        Shell { base: &self.base, token: Some(READER), input: "" }
    }

    fn plan(&self, options: &[&str]) -> Ended {
        self.shell().run(&[&["plan", CONFIG, "--now", NOW], options].concat())
    }

    /// Compares everything that a plan says with what it said when somebody last looked.
    fn golden(&self, name: &str, options: &[&str]) -> Ended {
        let ended = self.plan(options);
        let line = [&["pointsman", "plan", CONFIG, "--now", NOW], options].concat().join(" ");
        let Ended { code, out, err } = &ended;
        let shown = format!("$ {line}\n{out}--- errors\n{err}--- exit {code}\n");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tool/{name}.out"));
        if env::var_os("POINTSMAN_UPDATE").is_some() {
            fs::write(&path, &shown).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert!(shown == expected, "{name} is\n{shown}\nand was\n{expected}");
        ended
    }

    /// Edits the account as another person.
    fn edit(&self, edit: impl FnOnce(&mut World)) {
        edit(&mut self.api.world().lock());
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_as_it_should_be_has_nothing_to_change() {
    let lab = Lab::start().await;
    assert_eq!(lab.golden("plan-nothing", &[]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_told_and_not_made() {
    let lab = Lab::start().await;
    let somebody = json!({"comment": "pointsman:other"});
    lab.edit(|world| world.edit_record("mirror.example.com", "CNAME", &somebody).unwrap());
    let before = lab.api.world().lock().snapshot();
    assert_eq!(lab.golden("plan-failover", &["--down", "eu-west"]).code, 1);
    assert_eq!(lab.api.world().lock().snapshot(), before);
    let asked = lab.api.transcript();
    assert!(asked.iter().all(|exchange| exchange.method == "GET"), "{asked:#?}");
    assert!(asked.iter().all(|exchange| exchange.status == Some(200)), "{asked:#?}");
    assert!(!asked.iter().any(Exchange::is_write) && !asked.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_json_says_the_same() {
    let lab = Lab::start().await;
    let ended = lab.plan(&["--down", "eu-west", "--json"]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""));
    let report = json(&ended.out);
    assert_eq!([&report["is_planned"], &report["is_whole"]], [true, true]);
    assert_eq!(report["calls"], lab.api.transcript().len());
    assert_eq!(report["basis"]["down"], json!(["eu-west"]));
    let changes = report["changes"].as_array().unwrap();
    let what: Vec<&str> = changes.iter().map(|change| change["what"].as_str().unwrap()).collect();
    let files = ["files.example.com CNAME", "mirror.example.com CNAME"];
    let expected = [files[0], files[1], "pool api-eu", "load balancer api.example.com"];
    assert_eq!(what, expected);
    assert!(changes.iter().all(|change| change["urgency"] == "failover"), "{report}");
    let [record, _, pool, balancer] = changes.as_slice() else { panic!("{report}") };
    let origin = json!({"address": "eu1.origin.example.com", "enabled": false, "weight": null,
        "host_header": null});
    assert_eq!(pool["origins"], json!([origin]));
    assert_eq!([&pool["away"], &pool["serving"]], [&json!(["eu-west"]), &json!(["us-east"])]);
    let content = json!({
        "from": "eu1.origin.example.com", "to": "us1.origin.example.com", "ttl_s": 60,
        "proxied": null,
    });
    assert_eq!(record["records"], json!([content]));
    assert_eq!(balancer["fields"][0]["name"], "default_pools");
    assert_eq!(balancer["fields"][0]["to"], json!(["api-us", "api-eu"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_disabled_is_enabled_only_where_the_state_says_that_it_was_us() {
    let lab = Lab::start().await;
    let origin = json!({"name": "api-eu", "address": "eu1.origin.example.com", "enabled": false});
    lab.edit(|world| world.edit_pool("api-eu", &json!({"origins": [origin]})).unwrap());
    let without = lab.plan(&[]);
    assert_eq!(without.code, 0, "{}{}", without.out, without.err);
    let known = json!({"memory": {"health": "up", "failures": [], "passes": 2}});
    let judged = |mut known: Value| {
        known["judged_at"] = json!("2025-12-01T00:00:00.000Z");
        known
    };
    let state = json!({
        "version": 1, "generation": 7,
        "targets": {"eu-west-1/http": judged(known.clone()), "us-east-1/http": judged(known)},
        "actuation": {"holds": [
            {"account": ACCOUNT, "pool": "api-eu", "address": "eu1.origin.example.com"},
        ]},
    });
    let shell = Shell { input: &state.to_string(), ..lab.shell() };
    let with = shell.run(&["plan", CONFIG, "--now", NOW, "--state", "-"]);
    assert_eq!((with.code, with.err.as_str()), (1, ""), "{}", with.out);
    for said in [
        "health: as in the state of 2025-12-01T00:00:00.000Z\n",
        "disabled by us: api-eu/eu1.origin.example.com\n",
        "restore: pool api-eu, service api\n  enable eu1.origin.example.com\n",
        "  ~ eu1.origin.example.com: enabled false -> true\n",
    ] {
        assert!(with.out.contains(said), "{said}{}", with.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_the_token_lacks_is_named_and_the_rest_is_planned() {
    let lab = Lab::start().await;
    let shell = Shell { token: Some(HALF), ..lab.shell() };
    let ended = shell.run(&["plan", CONFIG, "--now", NOW, "--down", "eu-west"]);
    assert_eq!((ended.code, ended.err.as_str()), (2, ""), "{}", ended.out);
    for said in [
        "failover: files.example.com CNAME, service files\n",
        "it needs the permission Load Balancing: Monitors and Pools Read\n",
        "\nThe plan is incomplete: part of the account could not be read.\n",
    ] {
        assert!(ended.out.contains(said), "{said}{}", ended.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_knows_ends_with_2_and_is_not_shown() {
    let lab = Lab::start().await;
    let token = "nobody-0123456789-abcdefghij";
    let ended = Shell { token: Some(token), ..lab.shell() }.run(&["plan", CONFIG]);
    assert_eq!(ended.code, 2, "{}", ended.out);
    assert!(ended.out.contains("Invalid access token"), "{}", ended.out);
    assert!(!(ended.out + &ended.err).contains(token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_account_echoes_is_printed_nowhere() {
    let lab = Lab::start().await;
    let comment = json!({"description": format!("pointsman:{READER}")});
    lab.edit(|world| world.edit_pool("api-eu", &comment).unwrap());
    let content = json!({"content": format!("{READER}.example.com")});
    lab.edit(|world| world.edit_record("files.example.com", "CNAME", &content).unwrap());
    for options in [&[][..], &["--json"]] {
        let ended = lab.plan(&[options, &["--down", "eu-west"]].concat());
        assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
        assert!(ended.out.contains("[redacted].example.com"), "{}", ended.out);
        assert!(ended.out.contains("marked for `[redacted]`"), "{}", ended.out);
        assert!(!(ended.out + &ended.err).contains(READER));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_fails_leaves_no_plan_that_looks_whole() {
    let lab = Lab::start().await;
    for (fault, said) in [
        (FaultKind::Status(500), "records of example.com: the API reports a server error (500)"),
        (FaultKind::MalformedJson, "records of example.com: unexpected reply from the API"),
        (FaultKind::TooManyRequests { retry_after_s: 17 }, "it asks to wait 17 s"),
        (FaultKind::CloseBeforeApply, "no reply from the API (no connection"),
    ] {
        lab.api.inject(Fault::new(fault).on("GET", "/zones/"));
        let ended = lab.plan(&[]);
        assert_eq!((ended.code, ended.err.as_str()), (2, ""), "{}", ended.out);
        assert!(ended.out.contains(said), "{said}: {}", ended.out);
        assert!(!ended.out.contains("Nothing to change."), "{}", ended.out);
        lab.api.clear_faults();
    }
}

#[test]
fn an_api_that_nobody_reaches_leaves_no_plan() {
    let shell = Shell { base: NOWHERE, token: Some(READER), input: "" };
    let ended = shell.run(&["plan", CONFIG]);
    assert_eq!((ended.code, ended.err.as_str()), (2, ""), "{}", ended.out);
    let said = "\nfailures:\n  zone example.com: no reply from the API (no connection: ";
    assert!(ended.out.contains(said), "{}", ended.out);
    assert!(ended.out.contains("\nThere is no plan: the account could not be read.\n"));
    let report = json(&shell.run(&["plan", CONFIG, "--json"]).out);
    assert_eq!([&report["is_planned"], &report["is_whole"]], [false, false]);
    assert_eq!(report["changes"], json!([]));
}

/// The demo prints a line with it to paste.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_the_demo_is_one() {
    let mut world = furnished();
    world.add_token(ApiToken::all(API_TOKEN));
    let api = Api::start(world).await.unwrap();
    let shell = Shell { base: &api.base_url(), token: Some(API_TOKEN), input: "" };
    let ended = shell.run(&["plan", CONFIG, "--now", NOW]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_asks_nothing_of_the_api() {
    let lab = Lab::start().await;
    let shell = lab.shell();
    let plan = |shell: &Shell<'_>, args: &[&str], said: &str| {
        let ended = shell.run(&[&["plan"], args].concat());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(said), "{args:?}: {}", ended.err);
    };
    let none = Shell { token: None, ..lab.shell() };
    plan(&none, &[CONFIG], "error: the variable CLOUDFLARE_API_TOKEN is not set");
    plan(&Shell { token: Some(""), ..lab.shell() }, &[CONFIG], "is not set");
    plan(&shell, &[CONFIG, "--api-base", "http://192.0.2.1"], "unencrypted");
    plan(&Shell { base: "http://192.0.2.1", ..lab.shell() }, &[CONFIG], "unencrypted");
    plan(&shell, &["tests/tool/mistaken.toml"], "E011");
    plan(&shell, &["tests/tool/absent.toml"], "cannot read `tests/tool/absent.toml`");
    plan(&shell, &[CONFIG, "--down", "eu-wst"], "is no region");
    plan(&shell, &[CONFIG, "--state", "tests/tool/shop.toml"], "the state does not read");
    plan(&shell, &["-", "--state", "-"], "cannot both be on standard input");
    plan(&shell, &[CONFIG, "--token", READER], "unexpected argument");
    assert_eq!(lab.api.transcript().len(), 0);
}
