use super::*;
use crate::config::Config;
use crate::controller::{Controller, Due, Offered};
use crate::journal::{Actor, Role, Way};
use crate::order::{Act, ActReply, Order};
use crate::state::State;
use crate::testing::{config_text, order, run};
use crate::traffic::{Latencies, Line, Report};
use serde_json::{Value, json};

/// Requests that clients make in each minute.
const REQUESTS: u64 = 1_000;

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn api() -> ServiceId {
    ServiceId::parse("api").unwrap()
}

fn minute(minute: u64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE)
}

/// Three regions behind one name of the proxy.
fn config(failback: &Value) -> Value {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["services"]["api"]["publish"] = json!([]);
    config["services"]["api"]["steering"] = json!("ordered");
    config["services"]["api"]["failover"] = json!({"failback": failback});
    config["services"].as_object_mut().unwrap().remove("files");
    config["monitors"]["api"]["damping"] = json!({"half_life_s": 0});
    config
}

/// What clients meet in `eu-west`, by the percentage of them that has returned: how many of 1,000
/// requests fail, and how long the others take.
type Meets = fn(u8) -> (u64, Millis);

fn well(_: u8) -> (u64, Millis) {
    (0, 20)
}

/// A controller, and clients who go where it sends them.
struct Play {
    controller: Controller,
    minute: u64,
    told: Vec<String>,
    urgent: Vec<String>,
    reports: u64,
}

impl Play {
    fn with(config: &Value) -> Self {
        let mut controller = Controller::default();
        let taken = controller.offer_config(&config.to_string(), minute(0));
        assert_eq!(taken, Offered::Taken, "{:?}", controller.state().refused);
        let (told, urgent) = (Vec::new(), Vec::new());
        let mut play = Self { controller, minute: 1, told, urgent, reports: 0 };
        play.minutes(2, &[], well);
        play
    }

    fn new(failback: &Value) -> Self {
        Self::with(&config(failback))
    }

    /// The same after `eu-west` was down for three minutes and is up again.
    fn after_an_outage(failback: &Value) -> Self {
        let mut play = Self::new(failback);
        play.minutes(3, &["eu-1"], well);
        play.minutes(1, &[], well);
        play
    }

    fn minutes(&mut self, count: u64, down: &[&str], meets: Meets) {
        for _ in 0..count {
            run(&mut self.controller, self.minute * MINUTE, down);
            self.requests(down, meets);
            let now = minute(self.minute).plus(50_000);
            let Due { routes, pages, .. } = self.controller.due_documents(now);
            for document in routes.into_iter().chain(pages) {
                self.controller.written(&document, now);
            }
            self.hear();
            self.minute += 1;
        }
    }

    /// The requests of this minute, as the proxies tell of them.
    fn requests(&mut self, down: &[&str], meets: Meets) {
        let now = minute(self.minute).plus(45_000);
        let percent = if down.contains(&"eu-1") { 0 } else { self.share("eu-west") };
        let here = REQUESTS * u64::from(percent) / 100;
        let (failing, ms) = meets(percent);
        let counts = |requests: u64, failing: u64, ms: u64| {
            let failures = requests * failing / 1_000;
            let latency_ms_sum = (requests - failures) * ms;
            Counts { requests, failures, unanswered: 0, latency_ms_sum }
        };
        let line = |id: &str, counts| Line {
            minute: minute(self.minute),
            service: api(),
            region: Some(region(id)),
            counts,
            latencies: Latencies::default(),
        };
        let lines = vec![
            line("eu-west", counts(here, failing, ms)),
            line("us-east", counts(REQUESTS - here, 0, 90)),
        ];
        self.reports += 1;
        let (isolate, happened) = ("a".to_owned(), Vec::new());
        let report = Report { isolate, number: self.reports, area: None, lines, happened };
        self.controller.hear_traffic(&report, now);
    }

    /// The percentage of its clients that a region has, by the view.
    fn share(&self, id: &str) -> u8 {
        let view = self.controller.view(minute(self.minute).plus(45_000)).unwrap();
        let standing = view.services().next().unwrap();
        standing.region(&region(id)).unwrap().share.returned_percent.unwrap_or(100)
    }

    fn hear(&mut self) {
        for said in self.controller.take_news() {
            let line: Value = serde_json::from_str(&said.text).unwrap();
            // What is said of a region: not the stage of the service, which follows from it.
            let text = line["text"].as_str().unwrap_or_default().to_owned();
            if line["event"] == "stage" && !text.starts_with('`') {
                if said.is_error {
                    self.urgent.push(text.clone());
                }
                self.told.push(format!("{} min: {text}", self.minute));
            }
        }
    }

    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }

    fn back(&self) -> Option<&Return> {
        self.controller.state().recoveries.get(&api())?.returns.get(&region("eu-west"))
    }

    fn held(&self) -> Option<String> {
        self.back().and_then(|back| back.held.clone())
    }

    fn failback(&mut self, is_dry: bool) -> ActReply {
        let request = ActRequest {
            act: Act::FailBack { service: api(), region: region("eu-west") },
            who: Actor { name: "ann".to_owned(), way: Way::Token },
            reason: "the leak is mended".to_owned(),
            from: None,
            until: None,
            is_dry,
            key: None,
            role: Role::Operator,
        };
        let reply = self.controller.act(&request, minute(self.minute));
        self.hear();
        reply
    }

    fn order(&mut self, order: Order) {
        self.controller.state.orders.push(order);
    }
}

fn refused(reply: ActReply) -> String {
    match reply {
        ActReply::Refused(refusal) => refusal.problem,
        ActReply::Done(acted) => panic!("{acted:?}"),
    }
}

#[test]
fn a_region_that_is_up_again_gets_its_clients_stage_by_stage() {
    let mut play = Play::after_an_outage(&json!({}));
    assert_eq!(play.share("eu-west"), 0);
    play.minutes(25, &[], well);
    assert_eq!(
        play.told(),
        [
            "6 min: api: eu-west is up again, and none of its clients have returned",
            "7 min: api: 10 % of its clients return to eu-west, 0 % before",
            "12 min: api: 25 % of its clients return to eu-west, 10 % before",
            "17 min: api: 50 % of its clients return to eu-west, 25 % before",
            "22 min: api: 100 % of its clients return to eu-west, 50 % before",
            "27 min: api: eu-west has all of its clients again, and is well",
        ]
    );
    assert_eq!(play.controller.state().recoveries.get(&api()), None);
}

#[test]
fn without_stages_in_the_config_all_clients_return_at_once_and_nothing_is_kept() {
    let mut config = config(&json!({}));
    config["services"]["api"]["failover"] = json!({});
    let mut play = Play::with(&config);
    play.minutes(3, &["eu-1"], well);
    play.minutes(1, &[], well);
    assert_eq!(play.share("eu-west"), 100);
    assert!(play.controller.state().recoveries.is_empty() && play.told().is_empty());
}

#[test]
fn an_incident_is_back_only_with_the_last_stage() {
    let mut play = Play::after_an_outage(&json!({}));
    let phases = |play: &Play| {
        let incident = &play.controller.state().incidents[0];
        [Phase::Up, Phase::Back].map(|phase| incident.phases.at(phase))
    };
    let [up, back] = phases(&play);
    assert!(up.unwrap() >= minute(6) && back.is_none());
    play.minutes(16, &[], well);
    assert_eq!((play.minute, play.share("eu-west")), (23, 100));
    let [same, back] = phases(&play);
    assert_eq!(same, up);
    assert!(back.unwrap() >= minute(22), "{back:?}");
}

/// From a quarter of the clients on, one request in ten fails.
fn breaks_at_a_quarter(percent: u8) -> (u64, Millis) {
    (if percent >= 25 { 100 } else { 0 }, 20)
}

#[test]
fn a_failback_that_regresses_at_25_percent_goes_back_three_times_and_waits_for_a_person() {
    let mut play = Play::after_an_outage(&json!({}));
    play.minutes(40, &[], breaks_at_a_quarter);
    let told = play.told();
    let stages: Vec<&str> = told.iter().map(|line| line.split(": api: ").nth(1).unwrap()).collect();
    assert_eq!(
        stages,
        [
            "eu-west is up again, and none of its clients have returned",
            "10 % of its clients return to eu-west, 0 % before",
            "25 % of its clients return to eu-west, 10 % before",
            "eu-west goes back from 25 % to 10 %",
            "25 % of its clients return to eu-west, 10 % before",
            "eu-west goes back from 25 % to 10 %",
            "25 % of its clients return to eu-west, 10 % before",
            "eu-west goes back from 25 % to 10 %",
            "eu-west stays at 10 %",
        ]
    );
    assert_eq!(play.urgent, ["api: eu-west goes back from 25 % to 10 %"], "somebody has to look");
    assert_eq!(play.held().as_deref(), Some("it went back 3 times"));
    assert_eq!(play.share("eu-west"), 10);
    play.minutes(60, &[], breaks_at_a_quarter);
    assert_eq!((play.share("eu-west"), play.told().len()), (10, 0), "it stays");
    let ActReply::Done(acted) = play.failback(false) else { panic!("refused") };
    assert_eq!(acted.changes, ["api: 25 % of its clients return to eu-west, 10 % before"]);
    assert_eq!(play.back().unwrap().regressions, 0);
    play.minutes(20, &[], well);
    assert_eq!(play.share("eu-west"), 100);
}

#[test]
fn a_region_that_is_much_slower_than_before_goes_back() {
    let mut play = Play::after_an_outage(&json!({"stages": [25, 100]}));
    // Before the outage its answers took 20 ms, those of the other region take 90 ms.
    play.minutes(5, &[], |_| (0, 170));
    assert_eq!((play.share("eu-west"), play.back().unwrap().usual_ms), (25, Some(20)));
    let mut slow = Play::after_an_outage(&json!({"stages": [25, 100]}));
    slow.minutes(5, &[], |_| (0, 190));
    assert_eq!((slow.share("eu-west"), slow.back().unwrap().regressions), (0, 1));
}

#[test]
fn a_region_that_goes_down_while_clients_return_begins_anew_and_that_counts() {
    let mut play = Play::after_an_outage(&json!({}));
    for round in 1..=3 {
        play.minutes(5, &[], well);
        assert_eq!(play.share("eu-west"), 10, "{round}");
        play.minutes(2, &["eu-1"], well);
        let recovery = play.controller.state().recoveries.get(&api()).unwrap();
        assert!(recovery.returns.is_empty());
        assert_eq!(recovery.away.get(&region("eu-west")).unwrap().regressions, round);
        play.minutes(1, &[], well);
        assert_eq!(play.share("eu-west"), 0);
    }
    play.minutes(30, &[], well);
    assert_eq!((play.share("eu-west"), play.urgent.len()), (0, 1), "{:?}", play.urgent);
}

#[test]
fn too_few_requests_hold_a_stage_until_there_are_enough() {
    let mut play = Play::after_an_outage(&json!({"analysis": {"min_samples": 100_000}}));
    play.minutes(30, &[], well);
    assert_eq!(play.share("eu-west"), 10);
    let held = "it has had fewer than 100000 requests to compare";
    assert_eq!(play.held().as_deref(), Some(held));
    let analysis = json!({"min_samples": 100_000, "few_samples": "go_on"});
    let mut play = Play::after_an_outage(&json!({"analysis": analysis}));
    play.minutes(30, &[], well);
    assert_eq!(play.share("eu-west"), 100);
}

#[test]
fn a_manual_one_waits_for_the_word_and_goes_on_by_itself_from_there() {
    let mut play = Play::after_an_outage(&json!({"mode": "manual"}));
    play.minutes(30, &[], well);
    assert_eq!(play.share("eu-west"), 0);
    assert_eq!(play.held().as_deref(), Some("a person has to begin it"));
    let before = play.controller.state().clone();
    assert!(matches!(play.failback(true), ActReply::Done(acted) if acted.is_dry));
    assert_eq!(play.controller.state().recoveries, before.recoveries);
    assert!(matches!(play.failback(false), ActReply::Done(_)));
    assert_eq!(play.share("eu-west"), 10);
    play.minutes(16, &[], well);
    assert_eq!(play.share("eu-west"), 100);
    let told = refused(play.failback(false));
    assert_eq!(told, "all clients of `api` have returned to eu-west");
}

#[test]
fn what_cannot_return_is_refused_with_the_reason() {
    let mut play = Play::new(&json!({}));
    assert_eq!(refused(play.failback(false)), "all clients of `api` have returned to eu-west");
    play.minutes(3, &["eu-1"], well);
    assert_eq!(refused(play.failback(false)), "eu-west is down for `api`");
    let mut config = config(&json!({}));
    config["services"]["api"]["failover"] = json!({});
    let told = refused(Play::with(&config).failback(false));
    assert_eq!(told, "`api` has no `failback`, so its clients return at once");
}

#[test]
fn where_nobody_else_serves_all_clients_return_at_once() {
    let mut play = Play::new(&json!({}));
    play.minutes(3, &["eu-1", "us-1", "br-1"], well);
    play.minutes(1, &["us-1", "br-1"], well);
    // With no controls and all down at once the observer doubts itself; nobody went anywhere.
    assert_eq!(play.share("eu-west"), 100);
    let mut play = Play::new(&json!({}));
    play.minutes(2, &["eu-1"], well);
    play.minutes(2, &["eu-1", "us-1"], well);
    play.minutes(1, &["us-1"], well);
    assert_eq!(play.share("eu-west"), 0, "the third region serves");
    play.minutes(2, &["us-1", "br-1"], well);
    assert_eq!((play.share("eu-west"), play.back()), (100, None));
    let told = play.told().pop().unwrap();
    assert!(told.ends_with("all clients return to eu-west at once"), "{told}");
}

#[test]
fn between_the_end_of_an_order_and_the_next_look_nobody_returns() {
    let mut play = Play::new(&json!({}));
    let until = minute(6);
    play.order(order(1, Act::Outage { region: region("eu-west") }, Some(until)));
    play.minutes(2, &[], well);
    let share = |now: Timestamp| {
        let view = play.controller.view(now).unwrap();
        let standing = view.services().next().unwrap();
        let here = standing.region(&region("eu-west")).unwrap();
        (here.health, here.share.returned_percent)
    };
    assert_eq!(share(until.minus(1)), (Health::Down, None));
    assert_eq!(share(until), (Health::Up, Some(0)));
}

#[test]
fn while_corruption_is_declared_nothing_moves_and_while_changes_are_halted_nothing_goes_on() {
    for act in [Act::Corruption { service: None }, Act::Halt { service: None }] {
        let mut play = Play::after_an_outage(&json!({}));
        play.minutes(1, &[], well);
        assert_eq!(play.share("eu-west"), 10);
        play.order(order(1, act, None));
        play.minutes(20, &[], well);
        assert_eq!(play.share("eu-west"), 10);
        play.controller.state.orders.clear();
        play.minutes(1, &[], well);
        assert_eq!(play.share("eu-west"), 25);
    }
}

#[test]
fn without_stages_in_a_later_config_all_clients_are_back() {
    let mut play = Play::after_an_outage(&json!({}));
    play.minutes(2, &[], well);
    assert_eq!(play.share("eu-west"), 10);
    let mut later = config(&json!({}));
    later["services"]["api"]["failover"] = json!({});
    let taken = play.controller.offer_config(&later.to_string(), minute(play.minute));
    assert_eq!(taken, Offered::Taken);
    assert_eq!(play.share("eu-west"), 100);
    play.minutes(1, &[], well);
    assert_eq!(play.controller.state().recoveries.get(&api()), None);
    assert!(play.controller.state().incidents[0].phases.has(Phase::Back));
}

#[test]
fn a_switch_to_a_region_that_returns_brings_all_clients() {
    let mut play = Play::after_an_outage(&json!({}));
    play.order(order(1, Act::Switch { service: api(), to: region("eu-west") }, None));
    play.minutes(1, &[], well);
    assert_eq!((play.share("eu-west"), play.back()), (100, None));
}

fn database(primary: &str) -> Value {
    let mut config = config(&json!({}));
    let service = config["services"]["api"].as_object_mut().unwrap();
    let writes = json!({"writes": "primary", "primary": primary, "max_lag_s": 60});
    service.extend(writes.as_object().unwrap().clone());
    config
}

#[test]
fn a_replica_whose_lag_nobody_knows_gets_no_reads() {
    let mut play = Play::with(&database("us-east"));
    play.minutes(3, &["eu-1"], well);
    play.minutes(20, &[], well);
    assert_eq!(play.share("eu-west"), 0);
    assert_eq!(play.held().as_deref(), Some("its replication lag is not known"));
    let told = refused(play.failback(false));
    let why = "no clients of `api` return to eu-west: its replication lag is not known";
    assert_eq!(told, why);
}

#[test]
fn an_old_primary_gets_nobody_before_a_person_has_confirmed_its_data() {
    let mut play = Play::with(&database("eu-west"));
    let recovery = Recovery {
        primary: Some(region("us-east")),
        unconfirmed: [region("eu-west")].into_iter().collect(),
        ..Recovery::default()
    };
    play.controller.state.recoveries.insert(api(), recovery);
    play.minutes(3, &["eu-1"], well);
    play.minutes(20, &[], well);
    let held = play.held().unwrap();
    assert!(held.contains("`pointsman confirm api eu-west`"), "{held}");
    assert_eq!(play.share("eu-west"), 0);
}

#[test]
fn a_restart_in_the_middle_goes_on_at_the_same_stage() {
    let mut play = Play::after_an_outage(&json!({}));
    play.minutes(3, &[], well);
    let state = State::parse(&play.controller.saved_state()).unwrap();
    let back = play.back().cloned();
    play.controller = Controller::restore(Some(state), Some(&config(&json!({})).to_string()));
    assert_eq!(play.back().cloned(), back);
    play.told();
    play.minutes(4, &[], well);
    assert_eq!(play.told(), ["12 min: api: 25 % of its clients return to eu-west, 10 % before"]);
}

#[test]
fn what_is_published_without_shares_has_one_stage() {
    let mut config = config(&json!({}));
    config["services"]["api"]["hosts"] = json!([]);
    config["residency"] = json!([]);
    config["services"]["api"]["publish"] = json!([{"dns": {
        "zone": "example.com", "name": "files.example.com", "type": "CNAME",
    }}]);
    assert!(
        !Config::parse(&config.to_string()).unwrap().services.get(&api()).unwrap().has_shares()
    );
    let mut play = Play::with(&config);
    play.minutes(3, &["eu-1"], well);
    play.minutes(3, &[], well);
    let told = play.told();
    assert_eq!(told[1], "7 min: api: 100 % of its clients return to eu-west, 0 % before");
}

#[test]
fn people_read_how_far_a_return_has_come_and_why_it_stays() {
    let mut play = Play::after_an_outage(&json!({"mode": "manual"}));
    play.minutes(3, &[], well);
    let status = play.controller.status(minute(play.minute));
    let here = status.reasons.get(&api()).unwrap().get(&region("eu-west")).unwrap();
    let told = here.returning.clone().unwrap();
    assert_eq!((here.health, told.percent), (Health::Up, 0));
    assert_eq!(told.held.as_deref(), Some("a person has to begin it"));
}
