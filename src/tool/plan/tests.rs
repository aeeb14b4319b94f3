//! Plans as people read them, what they are made from, and the client.

mod client;

use super::belief::Belief;
use super::report::PlanReport;
use crate::cloudflare::{
    Action, Change, Effect, FieldChange, OriginEdit, Parent, PassReport, Plan, RecordOp, Urgency,
    Weight, Withheld, WithheldReason, desired,
};
use crate::config::{Config, RecordKind};
use crate::controller::Controller;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use crate::testing::{ACCOUNT, config_text, observed, run};
use crate::time::{MINUTE, Timestamp};
use crate::tool::args::{Cli, CliCommand, PlanArgs};
use crate::tool::terminal::{Exit, Terminal};
use crate::view::View;
use clap::Parser;
use serde_json::{Value, json};

const START: u64 = 1_795_305_600_000;
/// Long after every probe.
const LATER: Timestamp = Timestamp::from_millis(START + 3 * 24 * 60 * MINUTE);

fn config() -> Config {
    Config::parse(&config_text()).unwrap()
}

fn args(options: &[&str]) -> PlanArgs {
    let line = [&["pointsman", "plan", "pointsman.toml"], options].concat();
    match Cli::try_parse_from(line).unwrap().command {
        CliCommand::Plan(args) => args,
        other => panic!("{other:?}"),
    }
}

fn belief_of(options: &[&str], input: &str) -> Result<Belief, String> {
    let mut terminal = Terminal {
        input: &mut input.as_bytes(),
        out: &mut Vec::new(),
        err: &mut Vec::new(),
        colour: false,
        clock: &|| LATER,
        variable: &|_| None,
    };
    Belief::of(&args(options), &config(), LATER, &mut terminal)
}

fn belief(options: &[&str], input: &str) -> Belief {
    belief_of(options, input).unwrap()
}

/// The state of a Controller that found everything up but the origins in `down`, and disabled one
/// origin of a pool.
fn saved_state(down: &[&str]) -> String {
    let mut controller = Controller::default();
    controller.offer_config(&config_text(), Timestamp::from_millis(START));
    for minute in 0..5 {
        run(&mut controller, START + minute * MINUTE, down);
    }
    controller.intend("pool eu".to_owned(), Timestamp::from_millis(START));
    let mut state: Value = serde_json::from_str(&controller.saved_state()).unwrap();
    let hold = json!({"account": ACCOUNT, "pool": "eu", "address": "eu.example.com"});
    state["actuation"]["holds"] = json!([hold]);
    state.to_string()
}

fn view(belief: &Belief) -> View<'_> {
    View::new(&belief.config, &belief.state, LATER)
}

/// Where the CNAME should lead.
fn answer(belief: &Belief) -> Option<String> {
    let desired = desired(&view(belief));
    let answer = desired.records.into_iter().find_map(|records| records.answer);
    answer.map(|(region, _)| region.to_string())
}

fn report(pass: PassReport) -> PlanReport {
    PlanReport::of(pass, &config(), belief(&[], ""), LATER)
}

fn shown(report: &PlanReport) -> String {
    let mut text = Vec::new();
    report.write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn planned(actions: Vec<Action>, withheld: Vec<Withheld>) -> PassReport {
    let plan = Plan { actions, withheld, is_partial: false, facts: Vec::new() };
    PassReport { is_planned: true, plan, calls: 1, ..PassReport::default() }
}

fn withheld(what: &str, why: WithheldReason) -> Withheld {
    Withheld { what: what.to_owned(), why, because: "so".to_owned() }
}

fn action(change: Change) -> Action {
    let region = |id| RegionId::parse(id).unwrap();
    Action {
        urgency: Urgency::Failover,
        service: Some(ServiceId::parse("api").unwrap()),
        change,
        reason: "because".to_owned(),
        effect: Effect {
            away: Set::of([region("eu-west")]),
            serving: Some(Set::of([region("sa-east"), region("us-east")])),
        },
    }
}

fn records() -> Change {
    let text = str::to_owned;
    let patch = |was, content, ttl_s, proxied| RecordOp::Patch {
        id: text("1"),
        was: text(was),
        content: text(content),
        ttl_s,
        proxied,
        comment: None,
        tags: None,
    };
    let comment = text("pointsman:files");
    Change::Records {
        zone: text("example.com"),
        name: text("files.example.com"),
        kind: RecordKind::Cname,
        ops: vec![
            patch("a.example.com", "b.example.com", 60, None),
            patch("c.example.com", "c.example.com", 1, Some(true)),
            RecordOp::Create {
                content: text("d.example.com"),
                ttl_s: 60,
                proxied: false,
                comment,
                tags: Vec::new(),
            },
            RecordOp::Delete { id: text("2"), was: text("e.example.com") },
        ],
    }
}

fn origins() -> Change {
    let weight = Some(Weight::of_hundredths(25));
    let edits = [
        ("a.example.com", OriginEdit { enabled: Some(false), ..OriginEdit::default() }),
        (
            "b.example.com",
            OriginEdit {
                enabled: Some(true),
                weight,
                host_header: Some("www.example.com".to_owned()),
            },
        ),
    ];
    Change::Origins {
        account: ACCOUNT.to_owned(),
        id: "1".to_owned(),
        name: "eu".to_owned(),
        edits: Map::of(edits.map(|(address, edit)| (address.to_owned(), edit))),
    }
}

fn fields(id: Option<&str>) -> Change {
    let from = if id.is_some() { json!(["eu", "us"]) } else { Value::Null };
    Change::Fields {
        kind: "load_balancers",
        parent: Parent::Zone("example.com".to_owned()),
        account: ACCOUNT.to_owned(),
        id: id.map(str::to_owned),
        name: "www.example.com".to_owned(),
        fields: vec![FieldChange { name: "default_pools".to_owned(), from, to: json!(["us"]) }],
    }
}

#[test]
fn each_change_shows_what_was_and_what_will_be() {
    let head = "  because\n  away from eu-west, served by sa-east, us-east\n";
    for (change, expected) in [
        (
            records(),
            "failover: files.example.com CNAME, service api\nHEAD\
             \x20 ~ content a.example.com -> b.example.com (ttl 60)\n\
             \x20 ~ content c.example.com stays (ttl automatic, proxied)\n\
             \x20 + content d.example.com (ttl 60, not proxied)\n\
             \x20 - content e.example.com\n",
        ),
        (
            origins(),
            "failover: pool eu, service api\nHEAD\
             \x20 ~ a.example.com: enabled true -> false\n\
             \x20 ~ b.example.com: enabled false -> true\n\
             \x20 ~ b.example.com: weight -> 0.25\n\
             \x20 ~ b.example.com: host -> www.example.com\n",
        ),
        (
            fields(Some("1")),
            "failover: load balancer www.example.com, service api\nHEAD\
             \x20 ~ default_pools: [\"eu\",\"us\"] -> [\"us\"]\n",
        ),
        (
            fields(None),
            "failover: load balancer www.example.com, service api\nHEAD\
             \x20 + default_pools: [\"us\"]\n",
        ),
    ] {
        let text = shown(&report(planned(vec![action(change)], Vec::new())));
        let expected = expected.replace("HEAD", head);
        assert!(text.contains(&format!("\n\n{expected}\n1 change, ")), "{text}\n{expected}");
    }
}

#[test]
fn a_plan_ends_with_0_only_where_nothing_is_to_do_and_nothing_is_wrong() {
    let failed = PassReport { failures: vec!["x".to_owned()], ..planned(Vec::new(), Vec::new()) };
    let put_off = PassReport { put_off: Some(Urgency::Law), ..PassReport::default() };
    for (pass, exit, said) in [
        (planned(Vec::new(), Vec::new()), Exit::Fine, "Nothing to change.\n"),
        (
            planned(Vec::new(), vec![withheld("a", WithheldReason::Manual)]),
            Exit::Fine,
            "a: so [manual]\n",
        ),
        (
            planned(Vec::new(), vec![withheld("a", WithheldReason::Foreign)]),
            Exit::Findings,
            "[foreign]\n",
        ),
        (
            planned(Vec::new(), vec![withheld("a", WithheldReason::Halted)]),
            Exit::Findings,
            "[halted]\n",
        ),
        (planned(vec![action(origins())], Vec::new()), Exit::Findings, "1 change, 0 withheld"),
        (failed, Exit::BadUsage, "failures:\n  x\n\nThe plan is incomplete"),
        (PassReport::default(), Exit::BadUsage, "There is no plan"),
        (put_off, Exit::BadUsage, "`limits.api_calls_per_5_min` allows 0 calls"),
    ] {
        let is_empty = pass.plan.actions.is_empty();
        let report = report(pass);
        assert_eq!(report.exit(), exit, "{said}");
        let text = shown(&report);
        assert!(text.contains(said), "{text}");
        assert_eq!(text.contains("Nothing to change.\n"), report.is_whole && is_empty, "{text}");
    }
}

#[test]
fn what_others_wrote_commands_no_terminal() {
    let mut pass = planned(Vec::new(), vec![withheld("pool \u{1b}[2Jx", WithheldReason::Foreign)]);
    pass.failures = vec!["said\r\nby the API\u{7}".to_owned()];
    let text = shown(&report(pass));
    assert!(text.contains("  pool \\u{1b}[2Jx: so [foreign]\n"), "{text}");
    assert!(text.contains("  said\\r\\nby the API\\u{7}\n"), "{text}");
}

#[test]
fn without_a_state_every_region_is_up_but_those_of_which_something_is_assumed() {
    for (options, leads_to, said) in [
        (&[][..], Some("eu-west"), "health: every region up\n"),
        (&["--down", "eu-west"], Some("us-east"), "health: eu-west down; all others up\n"),
        (&["--draining", "eu-west"], Some("us-east"), "health: eu-west draining; all others up\n"),
        (&["--unknown", "eu-west"], Some("us-east"), "health: eu-west unknown; all others up\n"),
        (
            &["--down", "us-east,sa-east", "--unknown", "eu-west"],
            None,
            "health: sa-east, us-east down; eu-west unknown; all others up\n",
        ),
    ] {
        let belief = belief(options, "");
        assert_eq!(answer(&belief).as_deref(), leads_to, "{options:?}");
        let report = PlanReport::of(planned(Vec::new(), Vec::new()), &config(), belief, LATER);
        let text = shown(&report);
        let said = format!("{said}no state given: nothing that is disabled counts as disabled");
        assert!(text.starts_with(&said), "{text}");
    }
}

#[test]
fn a_state_tells_health_as_it_was_believed_last_and_what_is_disabled_by_us() {
    let state = saved_state(&["eu-1"]);
    let told = belief(&["--state", "-"], &state);
    assert_eq!(answer(&told).as_deref(), Some("us-east"));
    assert_eq!(told.basis.disabled_by_us, ["eu/eu.example.com"]);
    assert_eq!(told.state.actuation.holds.len(), 1);
    let health = |belief: &Belief, origin| observed(&view(belief), origin).health.as_str();
    assert_eq!(["eu-1", "us-1", "br-1"].map(|id| health(&told, id)), ["down", "up", "up"]);
    let assumed = belief(&["--state", "-", "--down", "us-east"], &state);
    assert_eq!(["eu-1", "us-1", "br-1"].map(|id| health(&assumed, id)), ["down", "down", "up"]);
    let report = PlanReport::of(planned(Vec::new(), Vec::new()), &config(), assumed, LATER);
    let text = shown(&report);
    let said = "health: us-east down; all else as in the state of 2026-11-22T00:04:";
    assert!(text.starts_with(said), "{text}");
    assert!(text.contains("\ndisabled by us: eu/eu.example.com\n"), "{text}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (options, input, said) in [
        (&["--down", "eu-wst"][..], "", "`eu-wst` is no region"),
        (&["--unknown", "eu-wst"], "", "`eu-wst` is no region"),
        (&["--down", "eu-west", "--unknown", "eu-west"], "", "both down and unknown"),
        (&["--state", "-"], "{}", "`<stdin>`: the state does not read"),
        (&["--state", "-"], "{\"version\": 2, \"generation\": 1}", "version 2"),
        (&["--state", "absent.json"], "", "cannot read `absent.json`"),
    ] {
        let refused = belief_of(options, input).unwrap_err();
        assert!(refused.contains(said), "{options:?}: {refused}");
    }
}
