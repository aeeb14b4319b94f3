use super::*;
use crate::controller::{Due, Offered};
use crate::drill::Milestone;
use crate::journal::Role;
use crate::order::ActReply;
use crate::state::rows;
use crate::testing::{config_text, drain, operator, run};
use crate::traffic::{Counts, Line, Report, Requests};
use proptest::prelude::*;
use serde_json::{Value, json};

mod limits;
mod scheduled;

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn api() -> ServiceId {
    ServiceId::parse("api").unwrap()
}

/// 2026-12-01 is a Tuesday.
const BEGIN: u64 = 1_796_083_200_000;

fn minute(minute: u64) -> Timestamp {
    Timestamp::from_millis(BEGIN + minute * MINUTE)
}

/// Three regions behind one name of the proxy.
fn config() -> Value {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["services"]["api"]["publish"] = json!([]);
    config["services"]["api"]["steering"] = json!("ordered");
    config["services"]["api"]["failover"] =
        json!({"failback": {"stages": [10, 50, 100], "bake_s": 120}});
    config["services"].as_object_mut().unwrap().remove("files");
    config["monitors"]["api"]["damping"] = json!({"half_life_s": 0});
    config
}

struct Play {
    controller: Controller,
    minute: u64,
    config: String,
}

impl Play {
    fn with(config: &Value) -> Self {
        let mut controller = Controller::default();
        let taken = controller.offer_config(&config.to_string(), minute(0));
        assert_eq!(taken, Offered::Taken, "{:?}", controller.state().refused);
        let mut play = Self { controller, minute: 1, config: config.to_string() };
        play.minutes(2, &[]);
        play
    }

    fn new() -> Self {
        Self::with(&config())
    }

    fn minutes(&mut self, count: u64, down: &[&str]) {
        for _ in 0..count {
            run(&mut self.controller, minute(self.minute).millis(), down);
            self.write(self.now());
            self.minute += 1;
        }
    }

    /// What is due is written, and arrives.
    fn write(&mut self, now: Timestamp) {
        let Due { routes, pages, .. } = self.controller.due_documents(now);
        for document in routes.into_iter().chain(pages) {
            self.controller.written(&document, now);
        }
        self.controller.published(true, now);
    }

    fn now(&self) -> Timestamp {
        minute(self.minute).plus(50_000)
    }

    fn request(act: Act) -> ActRequest {
        ActRequest {
            act,
            who: operator("ann"),
            reason: "quarterly".to_owned(),
            from: None,
            until: None,
            is_dry: false,
            key: None,
            role: Role::Operator,
        }
    }

    fn act(&mut self, act: Act) -> Result<Acted, ActRefusal> {
        let now = self.now();
        match self.controller.act(&Self::request(act), now) {
            ActReply::Done(acted) => Ok(acted),
            ActReply::Refused(why) => Err(why),
        }
    }

    fn drill(&mut self, kind: DrillKind, at: &str) -> Result<Acted, ActRefusal> {
        self.act(Act::Drill { service: api(), kind, region: Some(region(at)) })
    }

    /// What was told so far, as the log has it.
    fn news(&mut self) -> Vec<String> {
        self.controller.take_news().into_iter().map(|line| line.text).collect()
    }

    fn last(&self) -> &Drill {
        self.controller.state().drills.drills.last().unwrap()
    }

    fn standing<T>(&self, read: impl Fn(&crate::view::RegionStanding<'_>) -> T) -> Vec<T> {
        let view = self.controller.view(self.now()).unwrap();
        let standing = view.services().next().unwrap();
        standing.regions.iter().map(read).collect()
    }

    /// Percent of its clients that each region has.
    fn shares(&self) -> Vec<u8> {
        self.standing(|it| it.share.returned_percent.unwrap_or(100))
    }

    /// The same with the state as storage has it: the machine was changed.
    fn restart(&mut self) {
        let mut kept = rows::Kept::default();
        let saving = kept.changes(self.controller.state());
        let changes = saving.changes.iter().filter_map(|change| match change {
            rows::RowChange::PutRow(row) => Some(row.clone()),
            _ => None,
        });
        let restored = rows::restore(changes.collect());
        assert_eq!(restored.notes, Vec::<String>::new());
        kept.saved(saving);
        self.controller = Controller::restore(Some(restored.state), Some(&self.config));
    }
}

#[test]
fn a_canary_leads_the_first_stage_of_the_clients_away_and_brings_them_back() {
    let mut play = Play::new();
    let acted = play.drill(DrillKind::Canary, "eu-west").unwrap();
    assert!(acted.changes[0].starts_with("10 % of the clients of `api` in eu-west"), "{acted:?}");
    assert_eq!(play.shares(), [90, 100, 100]);
    assert_eq!(play.standing(|it| it.is_draining), [false; 3]);
    assert_eq!(play.last().stage, DrillStage::Away);
    play.write(play.now());
    assert_eq!(play.last().stage, DrillStage::Verify, "the table arrived");
    play.minutes(1, &[]);
    assert_eq!(play.last().stage, DrillStage::Watch);
    play.minutes(6, &[]);
    let drill = play.last();
    assert_eq!((drill.outcome, &drill.why_ended), (Outcome::Succeeded, &None));
    let reached: Vec<_> = drill.reached.iter().map(|it| it.milestone).collect();
    assert_eq!(reached, Milestone::ALL);
    assert_eq!(play.shares(), [100; 3]);
    assert!(play.controller.state().drills.succeeded.contains_key(&api()));
}

#[test]
fn a_full_one_empties_the_region_opens_no_incident_and_fills_it_again() {
    let mut play = Play::new();
    play.drill(DrillKind::Full, "eu-west").unwrap();
    assert_eq!(play.standing(|it| it.left_percent().map(u32::from)), [Some(0), None, None]);
    assert_eq!(play.standing(|it| it.is_draining), [true, false, false]);
    let status = play.controller.status(play.now());
    let why = status.reasons.get(&api()).unwrap().get(&region("eu-west")).unwrap().why.clone();
    assert!(why.unwrap().contains("leads 100 % of its clients away (`pointsman abort api`"));
    play.minutes(8, &[]);
    assert_eq!(play.last().outcome, Outcome::Succeeded, "{:?}", play.last());
    assert_eq!(play.standing(|it| it.is_draining), [false; 3]);
    assert_eq!(play.controller.state().incidents, []);
}

#[test]
fn a_region_that_goes_down_ends_it_and_all_clients_return() {
    for down in ["us-1", "eu-1"] {
        let mut play = Play::new();
        play.drill(DrillKind::Full, "eu-west").unwrap();
        play.minutes(3, &[down]);
        assert_eq!(play.shares(), [100; 3]);
        assert_eq!(play.standing(|it| it.is_draining), [false; 3]);
        let drill = play.last();
        assert_eq!(drill.outcome, Outcome::AbortedSafety);
        assert!(drill.why_ended.as_deref().unwrap().ends_with("is down"), "{drill:?}");
        assert!(!play.controller.state().drills.succeeded.contains_key(&api()));
    }
}

#[test]
fn who_aborts_it_takes_it_back_at_once() {
    let mut play = Play::new();
    assert!(play.act(Act::Abort { service: api() }).is_err(), "nothing is under way");
    play.drill(DrillKind::Full, "eu-west").unwrap();
    play.minutes(1, &[]);
    play.act(Act::Abort { service: api() }).unwrap();
    assert_eq!(play.shares(), [100; 3]);
    play.minutes(2, &[]);
    assert_eq!(play.last().outcome, Outcome::Interrupted);
    assert_eq!(play.last().why_ended.as_deref(), Some("ann (token): quarterly"));
}

#[test]
fn a_halt_a_drain_and_a_config_without_the_service_interrupt_it() {
    let halt = Act::Halt { service: None };
    for act in [halt, drain("us-east", None), Act::Switch { service: api(), to: region("us-east") }]
    {
        let mut play = Play::new();
        play.drill(DrillKind::Canary, "eu-west").unwrap();
        play.minutes(1, &[]);
        play.act(act.clone()).unwrap();
        assert_eq!(play.shares()[0], 100, "{act}");
        play.minutes(2, &[]);
        assert_eq!(play.last().outcome, Outcome::Interrupted, "{act}");
    }
    let mut play = Play::new();
    play.drill(DrillKind::Canary, "eu-west").unwrap();
    let mut other = config();
    other["services"]["other"] = other["services"]["api"].take();
    other["services"].as_object_mut().unwrap().remove("api");
    other["services"]["other"]["hosts"] = json!(["api.example.com"]);
    assert_eq!(play.controller.offer_config(&other.to_string(), play.now()), Offered::Taken);
    play.minutes(2, &[]);
    assert_eq!(play.last().outcome, Outcome::Interrupted);
}

#[test]
fn errors_of_clients_end_it() {
    let mut play = Play::with(&{
        let mut config = config();
        config["services"]["api"]["contract"] = json!({"availability": 99.9});
        config
    });
    play.drill(DrillKind::Canary, "eu-west").unwrap();
    let counts = Counts { requests: 1_000, failures: 400, unanswered: 0, latency_ms_sum: 0 };
    let requests = Requests { counts, ..Requests::default() };
    let line = Line::of(minute(play.minute), (api(), None), requests);
    let (isolate, lines, happened) = ("a".to_owned(), vec![line], Vec::new());
    let report = Report { isolate, number: 1, area: None, lines, happened };
    let now = play.now();
    play.controller.hear_traffic(&report, now);
    play.minutes(2, &[]);
    let drill = play.last();
    assert_eq!(drill.outcome, Outcome::AbortedSafety);
    assert!(drill.why_ended.as_deref().unwrap().starts_with("errors use up"), "{drill:?}");
    assert_eq!(drill.traffic.as_ref().unwrap().failures, 400);
}

#[test]
fn a_plan_and_a_decision_change_nothing_and_say_what_would_be() {
    let mut play = Play::new();
    for kind in [DrillKind::Plan, DrillKind::Decision] {
        play.drill(kind, "eu-west").unwrap();
        let drill = play.last();
        assert_eq!((drill.outcome, drill.is_under_way()), (Outcome::Succeeded, false), "{drill:?}");
        assert_eq!(play.shares(), [100; 3]);
    }
    let says = |text: &str| play.last().findings.iter().any(|it| it.contains(text));
    assert!(says("eu-west is down, and was up"), "{:?}", play.last());
    assert!(says("the first region for new clients is us-east"), "{:?}", play.last());
    assert!(!play.controller.state().drills.succeeded.contains_key(&api()), "nothing was moved");
    // The rule permits nobody but sa-east to some.
    play.drill(DrillKind::Decision, "sa-east").unwrap();
    let why = "the rule `lgpd` leaves its clients no other region";
    assert_eq!(play.last().why_ended.as_deref(), Some(why));
    assert_eq!(play.last().outcome, Outcome::Failed);
}

#[test]
fn a_dry_one_says_the_same_and_begins_nothing() {
    let mut play = Play::new();
    let act = Act::Drill { service: api(), kind: DrillKind::Full, region: None };
    let request = ActRequest { is_dry: true, ..Play::request(act) };
    let reply = play.controller.act(&request, play.now());
    let ActReply::Done(acted) = reply else { panic!("{reply:?}") };
    assert!(acted.notes.iter().any(|it| it.contains("eu-west is up, taking no new clients")));
    assert_eq!(play.controller.state().drills.drills, []);
    assert_eq!(play.shares(), [100; 3]);
}

#[test]
fn pages_tell_it_and_keep_its_report() {
    let mut play = Play::new();
    play.drill(DrillKind::Canary, "eu-west").unwrap();
    let Due { pages, .. } = play.controller.due_documents(play.now());
    let page = |key: &str| pages.iter().find(|page| page.key == key);
    let id = play.last().id.clone();
    let summary = &page("drills").unwrap().metadata.summary;
    assert_eq!(summary, "goes on (away) · canary · api without eu-west");
    let drill: Value = serde_json::from_str(&page(&format!("drill:{id}")).unwrap().text).unwrap();
    assert_eq!(drill["drill"]["outcome"], "PENDING");
    assert_eq!(drill["report"][0], format!("# Drill {id}"));
    let status = play.controller.status(play.now());
    assert_eq!(status.drill.unwrap().id, id);
    play.minutes(8, &[]);
    let told = play.controller.drill_page(&id, play.now()).unwrap();
    let told = told.report.join("\n");
    assert!(told.contains("| clients were elsewhere, acknowledged |"), "{told}");
    let Due { pages, .. } = play.controller.due_documents(play.now());
    assert!(!pages.iter().any(|page| page.key.starts_with("drill")), "told, and no news");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever comes between, at most one drill goes on, what it leads away is what its stage
    /// says, and it ends.
    #[test]
    fn no_history_leaves_a_region_drained_or_has_two_drills(
        deeds in proptest::collection::vec((0..9_u8, 0..4_u8), 1..14),
    ) {
        let mut play = Play::new();
        for (deed, weather) in deeds {
            let _ = match deed {
                0 => play.drill(DrillKind::Canary, "eu-west").map(drop),
                1 => play.drill(DrillKind::Full, "us-east").map(drop),
                2 => play.drill(DrillKind::Decision, "eu-west").map(drop),
                3 => play.act(Act::Abort { service: api() }).map(drop),
                4 => play.act(Act::Halt { service: None }).map(drop),
                5 => play.act(Act::Lift { order: 1 }).map(drop),
                6 => {
                    play.restart();
                    Ok(())
                }
                _ => Ok(()),
            };
            let down: &[&str] = match weather {
                0 => &["us-1"],
                1 if deed > 6 => &["eu-1", "us-1", "br-1"],
                _ => &[],
            };
            play.minutes(1, down);
            let drills = &play.controller.state().drills;
            prop_assert!(drills.drills.iter().filter(|it| it.is_under_way()).count() <= 1);
            let leads = drills.under_way().is_some_and(|it| it.stage.is_away());
            let drained = play.standing(|it| it.is_draining || it.drill.is_some());
            prop_assert_eq!(drained.contains(&true), leads);
        }
        play.minutes(40, &[]);
        prop_assert!(play.controller.state().drills.under_way().is_none());
        prop_assert_eq!(play.standing(|it| it.is_draining), [false; 3]);
    }
}
