//! Orders as the Controller takes, keeps, begins and ends them.

mod effects;

use super::*;
use crate::cloudflare::desired;
use crate::controller::{
    Controller, Memory, Offered, REASON_BYTES_MAX, WakeReason, circumstances, routes,
};
use crate::journal::Actor;
use crate::order::{ActReply, KEY_BYTES_MAX, KEYS_MAX, KEYS_MS, News, Query};
use crate::routes::Table;
use crate::state::rows::{Row, RowChange};
use crate::testing::{config_text, drain, operator, run, set_origin};
use crate::time::SECOND;
use std::collections::BTreeMap;

const NOW: Timestamp = Timestamp::from_millis(115_000);

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn service(id: &str) -> ServiceId {
    ServiceId::parse(id).unwrap()
}

fn settled() -> Controller {
    let mut controller = Controller::default();
    let taken = controller.offer_config(&config_text(), Timestamp::default());
    assert_eq!(taken, Offered::Taken);
    run(&mut controller, 60_000, &[]);
    drop(controller.take_news());
    controller
}

fn request(act: Act) -> ActRequest {
    ActRequest {
        role: crate::journal::Role::Operator,
        act,
        who: operator("ann"),
        reason: "new disks".to_owned(),
        from: None,
        until: None,
        is_dry: false,
        key: None,
    }
}

fn done(controller: &mut Controller, request: &ActRequest, now: Timestamp) -> Acted {
    match controller.act(request, now) {
        ActReply::Done(acted) => acted,
        ActReply::Refused(why) => panic!("{why:?}"),
    }
}

fn refused(controller: &mut Controller, request: &ActRequest) -> (RefusalCode, String) {
    let before = controller.state().clone();
    match controller.act(request, NOW) {
        ActReply::Refused(why) => {
            assert_eq!(*controller.state(), before, "a refusal changes nothing");
            (why.code, why.problem)
        }
        ActReply::Done(acted) => panic!("{acted:?}"),
    }
}

#[test]
fn an_address_in_a_reason_is_kept_and_told_nowhere() {
    let mut controller = settled();
    let drain = request(drain("eu-west", None));
    let reason = "for Ann <ann@example.com>, ticket 7".to_owned();
    let request = ActRequest { reason, key: Some("k".to_owned()), ..drain };
    let order = done(&mut controller, &request, NOW).order;
    let kept = &controller.state().orders[0];
    assert_eq!(kept.reason, "for Ann [address] ticket 7");
    let written = |controller: &mut Controller| {
        let due = controller.due_documents(NOW);
        let pages = due.pages.iter().chain(&due.routes);
        let pages: Vec<String> = pages.map(|page| page.text.clone()).collect();
        let told = controller.take_news().into_iter().map(|line| line.text);
        let rows = controller.unsaved().changes;
        format!("{pages:?} {:?} {rows:?} {}", told.collect::<Vec<_>>(), controller.saved_state())
    };
    let all = written(&mut controller);
    assert!(all.contains("[address] ticket 7") && !all.contains("ann@"), "{all}");
    assert_eq!(done(&mut controller, &request, NOW).order, order, "the same is asked for");
    let lift = ActRequest { act: Act::Lift { order: order.unwrap() }, key: None, ..request };
    done(&mut controller, &lift, NOW);
    let all = written(&mut controller);
    assert!(all.contains("lifted") && !all.contains("ann@"), "{all}");
}

fn give(controller: &mut Controller, act: Act) -> u64 {
    done(controller, &request(act), NOW).order.unwrap()
}

fn ids(controller: &Controller) -> Vec<u64> {
    controller.state().orders.iter().map(|order| order.id).collect()
}

/// What the log says, each as `kind: text; why: reason`.
fn news(controller: &mut Controller) -> Vec<String> {
    let told = |text: String| {
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let word = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        // What an order does to a region is told, too, by the incident that it begins.
        let is_about_orders = ["ordered", "in_force", "lifted", "acted"].contains(&&*word("event"));
        let told = format!("{}: {}; why: {}", word("event"), word("text"), word("why"));
        is_about_orders.then_some(told)
    };
    controller.take_news().into_iter().filter_map(|line| told(line.text)).collect()
}

/// What the Controller's storage has.
#[derive(Default)]
struct Storage(BTreeMap<(String, String), String>, Option<String>);

impl Storage {
    /// Saves and starts again: from what storage has, and nothing else.
    fn restart(&mut self, controller: &mut Controller) -> Controller {
        let saving = controller.unsaved();
        for change in &saving.changes {
            match change.clone() {
                RowChange::PutRow(Row { kind, id, value }) => {
                    self.0.insert((kind, id), value);
                }
                RowChange::DeleteRow { kind, id } => {
                    self.0.remove(&(kind.to_owned(), id));
                }
                RowChange::PutEntry { value, .. } => self.1 = Some(value),
                RowChange::DeleteEntry { .. } => {}
            }
        }
        controller.saved(saving);
        let row = |((kind, id), value): (&(String, String), &String)| Row {
            kind: kind.clone(),
            id: id.clone(),
            value: value.clone(),
        };
        let (rows, config) = (self.0.iter().map(row).collect(), self.1.clone());
        let (again, notes) = Controller::remember(Memory { rows, document: None, config }, None);
        assert_eq!(notes, [""; 0]);
        again
    }
}

fn restarted(controller: &mut Controller) -> Controller {
    Storage::default().restart(controller)
}

fn draining(controller: &Controller, now: Timestamp) -> bool {
    let view = controller.view(now).unwrap();
    view.services().next().unwrap().regions[0].is_draining
}

#[test]
fn an_act_that_names_what_does_not_exist_is_refused_with_what_there_is() {
    let mut controller = settled();
    let switch = |of: &str, to: &str| Act::Switch { service: service(of), to: region(to) };
    let both = Act::Override {
        origin: OriginIdOf("eu-1").id(),
        region: Some(region("eu-west")),
        set: crate::config::OverrideTo::Up,
    };
    let neither = Act::Override { origin: None, region: None, set: crate::config::OverrideTo::Up };
    for (act, code, words) in [
        (drain("eu-north", None), RefusalCode::NotFound, "there are eu-west, sa-east, us-east"),
        (drain("eu-west", Some("web")), RefusalCode::NotFound, "there are api, files"),
        (drain("sa-east", Some("files")), RefusalCode::NotFound, "no region of `files`"),
        (switch("files", "sa-east"), RefusalCode::NotFound, "no region of `files`"),
        (Act::Outage { region: region("eu-north") }, RefusalCode::NotFound, "`eu-north`"),
        (Act::Halt { service: Some(service("web")) }, RefusalCode::NotFound, "`web`"),
        (set_origin("eu-9", crate::config::OverrideTo::Up), RefusalCode::NotFound, "`eu-9`"),
        (both, RefusalCode::Invalid, "not both"),
        (neither, RefusalCode::Invalid, "not both"),
        (Act::Lift { order: 1 }, RefusalCode::NotFound, "no order 1"),
        (Act::Acknowledge { incident: String::new() }, RefusalCode::NotFound, "no incident ``"),
        (Act::Acknowledge { incident: "i-7".to_owned() }, RefusalCode::NotFound, "`i-7`"),
    ] {
        let (told, problem) = refused(&mut controller, &request(act.clone()));
        assert_eq!(told, code, "{act}");
        assert!(problem.contains(words), "{act}: {problem}");
    }
    let mut empty = Controller::default();
    assert_eq!(refused(&mut empty, &request(drain("eu-west", None))).0, RefusalCode::NoConfig);
}

/// An origin's id from its text.
struct OriginIdOf(&'static str);

impl OriginIdOf {
    fn id(&self) -> Option<crate::ids::OriginId> {
        crate::ids::OriginId::parse(self.0).ok()
    }
}

#[test]
fn a_reason_is_needed_and_has_a_limit() {
    for (reason, is_fine) in [
        (String::new(), false),
        ("  ".to_owned(), false),
        ("two\nlines".to_owned(), false),
        ("r".repeat(REASON_BYTES_MAX - 1), true),
        ("r".repeat(REASON_BYTES_MAX), true),
        ("r".repeat(REASON_BYTES_MAX + 1), false),
    ] {
        let mut controller = settled();
        let asked = ActRequest { reason: reason.clone(), ..request(drain("eu-west", None)) };
        let is_done = matches!(controller.act(&asked, NOW), ActReply::Done(_));
        assert_eq!(is_done, is_fine, "{reason:?}");
    }
}

#[test]
fn a_time_has_limits_and_an_end_comes_after_its_beginning() {
    let mut controller = settled();
    let mut asked = |from: Option<Millis>, until: Option<Millis>| {
        let at = |ms: Option<Millis>| ms.map(|ms| NOW.plus(ms));
        let (from, until) = (at(from), at(until));
        let asked = ActRequest { from, until, is_dry: true, ..request(drain("eu-west", None)) };
        matches!(controller.act(&asked, NOW), ActReply::Done(_))
    };
    assert!(asked(None, Some(1)) && !asked(None, Some(0)));
    assert!(asked(Some(10), Some(11)) && !asked(Some(10), Some(10)) && !asked(Some(10), Some(9)));
    let limit = ORDER_MS_MAX;
    assert!(asked(Some(limit - 1), None) && asked(Some(limit), None));
    assert!(!asked(Some(limit + 1), None));
    assert!(asked(None, Some(limit - 1)) && asked(None, Some(limit)));
    assert!(!asked(None, Some(limit + 1)));
}

#[test]
fn what_people_forget_ends_by_itself_and_what_must_not_end_by_itself_does_not() {
    let mut controller = settled();
    let until = |controller: &mut Controller, act: Act| {
        let acted = done(controller, &request(act), NOW);
        let order = controller.state().orders.last().unwrap().clone();
        assert_eq!(Some(order.id), acted.order);
        (order.until, acted.notes[0].clone())
    };
    let end = NOW.plus(ORDER_MS_DEFAULT);
    let maintenance = Act::Maintenance { service: None, region: None };
    let set = set_origin("eu-1", crate::config::OverrideTo::Up);
    for act in [drain("eu-west", None), set, maintenance] {
        let (until, note) = until(&mut controller, act);
        assert_eq!((until, note.starts_with("it ends at ")), (Some(end), true), "{note}");
    }
    let switch = Act::Switch { service: service("api"), to: region("us-east") };
    let outage = Act::Outage { region: region("eu-west") };
    for act in [switch, outage, Act::Halt { service: None }, Act::Corruption { service: None }] {
        let (until, note) = until(&mut controller, act);
        assert_eq!((until, note.as_str()), (None, "it stays in force until it is lifted"));
    }
}

#[test]
fn so_many_orders_and_no_more() {
    let mut controller = settled();
    for _ in 1..ORDERS_MAX {
        give(&mut controller, drain("eu-west", None));
    }
    give(&mut controller, drain("eu-west", None));
    let (code, problem) = refused(&mut controller, &request(drain("eu-west", None)));
    assert_eq!(code, RefusalCode::TooMany);
    assert!(problem.contains("100 orders"), "{problem}");
    done(&mut controller, &request(Act::Lift { order: 1 }), NOW);
    assert_eq!(give(&mut controller, drain("eu-west", None)), 101);
}

#[test]
fn two_people_may_order_the_same_and_each_lifts_their_own() {
    let mut controller = settled();
    let ann = give(&mut controller, drain("eu-west", None));
    let bob = ActRequest { who: operator("bob"), ..request(drain("eu-west", None)) };
    let bob = done(&mut controller, &bob, NOW);
    assert_eq!((ann, bob.order, bob.changes.len()), (1, Some(2), 0), "it is drained already");
    assert_eq!(ids(&controller), [1, 2]);
    let lifted = done(&mut controller, &request(Act::Lift { order: ann }), NOW);
    assert_eq!((lifted.changes, ids(&controller)), (vec![], vec![2]));
    assert!(draining(&controller, NOW), "bob's is left");
    done(&mut controller, &request(Act::Lift { order: 2 }), NOW);
    assert!(!draining(&controller, NOW));
    let mut again = restarted(&mut controller);
    assert_eq!(give(&mut again, drain("eu-west", None)), 3, "no number is used twice");
}

#[test]
fn each_event_of_an_order_says_who_why_and_about_what() {
    let mut controller = settled();
    give(&mut controller, drain("eu-west", Some("api")));
    assert_eq!(news(&mut controller), ["ordered: order 1: drain eu-west for api; why: new disks"]);
    let lift = ActRequest { reason: "done".to_owned(), ..request(Act::Lift { order: 1 }) };
    done(&mut controller, &lift, NOW);
    assert_eq!(news(&mut controller), ["lifted: order 1: drain eu-west for api; why: done"]);
    done(&mut controller, &request(Act::Compare {}), NOW);
    assert_eq!(news(&mut controller), [format!("acted: {}; why: new disks", Act::Compare {})]);
    let (who, why) = (operator("ann"), "why");
    let given = Order { id: 4, ..draft(&mut controller, drain("eu-west", Some("api"))) };
    controller.tell_order(EventKind::Ordered, &given, (&who, why), NOW);
    let [event] = <[Event; 1]>::try_from(controller.news.take()).unwrap();
    assert_eq!((event.who, event.why.as_deref()), (who, Some(why)));
    let subject = (event.subject.service, event.subject.region);
    assert_eq!(subject, (Some(service("api")), Some(region("eu-west"))));
}

fn draft(controller: &mut Controller, act: Act) -> Order {
    let order = controller.drafted(&request(act), NOW);
    order.unwrap().0
}

#[test]
fn an_order_for_later_begins_and_ends_without_a_run_and_each_is_told_once() {
    let (mut controller, mut storage) = (settled(), Storage::default());
    let (from, until) = (NOW.plus(10 * SECOND), NOW.plus(20 * SECOND));
    let asked =
        ActRequest { from: Some(from), until: Some(until), ..request(drain("eu-west", None)) };
    let acted = done(&mut controller, &asked, NOW);
    assert!(acted.changes[0].contains("taking no new clients"), "{acted:?}");
    assert_eq!(news(&mut controller).len(), 1);
    let wake = |controller: &Controller, now| {
        let wake = controller.next_wake_with_cron(now, false).unwrap();
        assert!(wake.reasons.contains(&WakeReason::Order), "{wake:?}");
        wake.at
    };
    assert_eq!((draining(&controller, NOW), wake(&controller, NOW)), (false, from));
    for again in 0..2 {
        controller = storage.restart(&mut controller);
        controller.settle(from);
        let told = if again == 0 { "in_force: order 1: drain eu-west; why: new disks" } else { "" };
        assert_eq!(news(&mut controller).concat(), told);
    }
    assert_eq!((draining(&controller, from), wake(&controller, from)), (true, until));
    assert!(draining(&controller, until.minus(1)) && !draining(&controller, until));
    for again in 0..2 {
        controller.settle(until);
        let told =
            if again == 0 { "lifted: order 1: drain eu-west; why: its time is over" } else { "" };
        assert_eq!(news(&mut controller).concat(), told);
        controller = storage.restart(&mut controller);
    }
    assert_eq!((ids(&controller), controller.next_order()), (vec![], None));
}

#[test]
fn an_order_whose_whole_time_was_slept_through_is_told_as_begun_and_ended() {
    let mut controller = settled();
    let at = |seconds: u64| Some(NOW.plus(seconds * SECOND));
    let asked = ActRequest { from: at(10), until: at(20), ..request(drain("eu-west", None)) };
    done(&mut controller, &asked, NOW);
    drop(news(&mut controller));
    controller.settle(NOW.plus(60 * SECOND));
    let told = news(&mut controller);
    assert!(told[0].starts_with("in_force: ") && told[1].starts_with("lifted: "), "{told:?}");
    assert_eq!(told.len(), 2);
}

#[test]
fn orders_survive_a_restart_as_they_were() {
    let mut controller = settled();
    give(&mut controller, drain("eu-west", Some("api")));
    give(&mut controller, Act::Corruption { service: None });
    let key = Some("k".to_owned());
    done(&mut controller, &ActRequest { key, ..request(Act::Halt { service: None }) }, NOW);
    let again = restarted(&mut controller);
    let (was, is) = (controller.state(), again.state());
    assert_eq!((&is.orders, is.orders_given), (&was.orders, 3));
    assert_eq!((&is.remembered, &is.frozen), (&was.remembered, &was.frozen));
    assert_eq!(is.frozen.len(), 2);
}

#[test]
fn the_same_key_is_one_act_and_with_another_body_a_conflict() {
    let mut controller = settled();
    let asked = |key: &str, act| ActRequest { key: Some(key.to_owned()), ..request(act) };
    let first = done(&mut controller, &asked("k", drain("eu-west", None)), NOW);
    controller = restarted(&mut controller);
    let later = NOW.plus(KEYS_MS - 1);
    assert_eq!(done(&mut controller, &asked("k", drain("eu-west", None)), later), first);
    assert_eq!(ids(&controller), [1]);
    let (code, _) = refused(&mut controller, &asked("k", drain("us-east", None)));
    assert_eq!(code, RefusalCode::Conflict);
    let other = ActRequest { who: operator("bob"), ..asked("k", drain("us-east", None)) };
    assert_eq!(done(&mut controller, &other, NOW).order, Some(2), "keys are an actor's own");
    let over = NOW.plus(KEYS_MS);
    assert_eq!(done(&mut controller, &asked("k", drain("us-east", None)), over).order, Some(3));
}

#[test]
fn a_key_has_a_limit_and_only_so_many_are_remembered() {
    let mut controller = settled();
    for (bytes, is_fine) in
        [(0, false), (1, true), (KEY_BYTES_MAX, true), (KEY_BYTES_MAX + 1, false)]
    {
        let key = Some("k".repeat(bytes));
        let asked = ActRequest { key, ..request(Act::Compare {}) };
        assert_eq!(matches!(controller.act(&asked, NOW), ActReply::Done(_)), is_fine, "{bytes}");
    }
    controller.state.remembered.clear();
    for (n, kept) in [(KEYS_MAX - 1, KEYS_MAX - 1), (1, KEYS_MAX), (1, KEYS_MAX)] {
        for _ in 0..n {
            let number = controller
                .state
                .remembered
                .last()
                .map_or(0, |last| last.key.parse::<u32>().unwrap() + 1);
            let key = Some(number.to_string());
            done(&mut controller, &ActRequest { key, ..request(Act::Compare {}) }, NOW);
        }
        assert_eq!(controller.state().remembered.len(), kept);
    }
    assert_eq!(controller.state().remembered[0].key, "1", "the oldest is forgotten");
}

#[test]
fn a_dry_run_says_the_same_and_does_nothing() {
    let mut controller = settled();
    let before = controller.state().clone();
    let key = Some("k".to_owned());
    let asked = ActRequest { is_dry: true, key, ..request(drain("eu-west", None)) };
    let dry = done(&mut controller, &asked, NOW);
    assert_eq!((*controller.state() == before, dry.is_dry, dry.order), (true, true, None));
    assert_eq!(news(&mut controller), [""; 0]);
    let wet = done(&mut controller, &ActRequest { is_dry: false, ..asked }, NOW);
    assert_eq!((&wet.changes, &wet.notes), (&dry.changes, &dry.notes));
    let expected = [
        "api: eu-west is up, taking no new clients, and was up",
        "api: the first region for new clients is us-east, and was eu-west",
        "files: eu-west is up, taking no new clients, and was up",
        "files: the first region for new clients is us-east, and was eu-west",
        "files.example.com CNAME: answer us.example.com (us-east)",
        "pool br: disable eu-1 (eu.example.com)",
        "pool eu: disable eu-1 (eu.example.com)",
        "pool us: disable eu-1 (eu.example.com)",
    ];
    assert_eq!(wet.changes, expected);
}

#[test]
fn where_all_regions_are_drained_they_serve_all_the_same() {
    let mut controller = settled();
    give(&mut controller, drain("us-east", Some("files")));
    let dry = ActRequest { is_dry: true, ..request(drain("eu-west", Some("files"))) };
    let acted = done(&mut controller, &dry, NOW);
    assert_eq!(
        acted.changes,
        [
            "files: eu-west is up, taking no new clients, and was up",
            "files.example.com CNAME: stays as it is, because no permitted region is up and takes \
             new clients",
        ],
        "clients go where they went"
    );
    let note = "files: no region takes new clients; those that are drained serve all the same";
    assert!(acted.notes.contains(&note.to_owned()), "{acted:?}");
}

#[test]
fn it_is_said_before_that_guards_would_withhold_and_that_nobody_is_left() {
    let mut controller = settled();
    give(&mut controller, Act::Halt { service: Some(service("api")) });
    give(&mut controller, drain("us-east", None));
    let dry = |act| ActRequest { is_dry: true, ..request(act) };
    let notes = done(&mut controller, &dry(drain("eu-west", None)), NOW).notes.join("\n");
    for words in ["api: changes at Cloudflare are halted by ann", "files: no region takes new"] {
        assert!(notes.contains(words), "{notes}");
    }
    let switch = Act::Switch { service: service("api"), to: region("us-east") };
    let notes = done(&mut controller, &dry(switch), NOW).notes.join("\n");
    assert!(notes.contains("us-east is not up") && notes.contains("a rule or a pin"), "{notes}");
}
