use super::*;
use crate::controller::memory::tests::Storage;
use crate::controller::{Controller, Due, Offered};
use crate::journal::Way;
use crate::order::ActReply;
use crate::ordered::Map;
use crate::state::configs::REVISIONS_MAX;
use crate::testing::config_text;
use crate::time::MINUTE;
use proptest::prelude::*;
use serde_json::Value;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// A config that differs from the others by a number.
fn text(number: u32) -> String {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["limits"] = serde_json::json!({"kv_writes_per_day": 1_000 + number});
    config.to_string()
}

fn print(number: u32) -> Fingerprint {
    config::fingerprint(&text(number))
}

fn request(act: Act) -> ActRequest {
    ActRequest {
        role: crate::journal::Role::Operator,
        act,
        who: Actor { name: "on-call".to_owned(), way: Way::Token },
        reason: "a new region".to_owned(),
        from: None,
        until: None,
        is_dry: false,
        key: None,
    }
}

fn push(number: u32, base: u32) -> ActRequest {
    request(Act::PushConfig { text: text(number), base: Some(print(base)) })
}

fn done(mind: &mut Controller, request: &ActRequest, now: u64) -> Acted {
    match mind.act(request, at(now)) {
        ActReply::Done(acted) => acted,
        ActReply::Refused(why) => panic!("{why:?}"),
    }
}

fn refused(mind: &mut Controller, request: &ActRequest, now: u64) -> ActRefusal {
    let before = mind.state().clone();
    let ActReply::Refused(why) = mind.act(request, at(now)) else { panic!("it was done") };
    assert_eq!(*mind.state(), before, "a refusal changes nothing");
    why
}

/// A Controller that has this config from KV.
fn with(number: u32) -> Controller {
    let mut mind = Controller::default();
    assert_eq!(mind.offer_config(&text(number), at(0)), Offered::Taken);
    mind.settle(at(0));
    mind
}

/// The config that is due in KV.
fn due(mind: &mut Controller, now: u64) -> Option<Document> {
    let Due { pages, .. } = mind.due_documents(at(now));
    pages.into_iter().find(|document| document.key == config::KEY)
}

fn in_use(mind: &Controller) -> Fingerprint {
    mind.config().unwrap().fingerprint
}

#[test]
fn a_pushed_config_is_in_use_at_once_and_goes_to_kv() {
    let mut mind = with(1);
    let acted = done(&mut mind, &push(2, 1), 1_000);
    let [one, two] = [print(1), print(2)];
    assert_eq!(acted.changes, [format!("the config {two} comes into use in place of {one}")]);
    assert_eq!(in_use(&mind), two);
    let document = due(&mut mind, 1_000).unwrap();
    assert_eq!(document.text, text(2));
    assert!(document.metadata.summary.starts_with(&format!("revision 2: {two}")), "{document:?}");
    let entry = mind.state().audit.entries.last().unwrap();
    assert_eq!((entry.kind.as_str(), entry.why.as_deref()), ("config_taken", Some("a new region")));
    assert_eq!(entry.who.name, "on-call");
    assert_eq!(entry.config, Some(two));
}

#[test]
fn it_is_written_until_it_arrives_and_never_again() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    let lost = due(&mut mind, 1_000).unwrap();
    mind.writing(&lost, at(1_000));
    assert!(mind.config_status().kv.unwrap().contains("is on its way to KV"));
    let again = due(&mut mind, 5_000).unwrap();
    mind.writing(&again, at(5_000));
    mind.written(&again, at(6_000));
    assert_eq!(due(&mut mind, 60_000), None);
    assert!(mind.config_status().kv.unwrap().contains("an older one is not taken"));
    for (ms, is_told) in [(60_000, true), (6_000 + LATE_VIEW_MS, false)] {
        assert_eq!(mind.offer_config(&text(2), at(ms)), Offered::Same);
        assert_eq!(mind.config_status().kv.is_some(), is_told, "{ms}");
    }
    assert_eq!(mind.config_status().revision, Some(2));
}

#[test]
fn it_goes_to_kv_though_the_days_writes_are_spent() {
    let mut mind = with(1);
    mind.state.spent.pages_until = at(100 * 3_600_000);
    done(&mut mind, &push(2, 1), 1_000);
    assert!(due(&mut mind, 1_000).is_some());
}

#[test]
fn a_stale_base_and_none_are_refused_with_what_is_in_use() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    let why = refused(&mut mind, &push(3, 1), 2_000);
    assert_eq!(why.code, RefusalCode::Conflict);
    let in_use = format!("{} (revision 2, by on-call (token) at ", print(2));
    assert!(
        why.problem.contains(&in_use) && why.problem.contains(&print(1).to_string()),
        "{why:?}"
    );
    let act = Act::PushConfig { text: text(3), base: None };
    assert_eq!(refused(&mut mind, &request(act.clone()), 2_000).code, RefusalCode::Conflict);
    let mut empty = Controller::default();
    done(&mut empty, &request(act), 0);
    assert_eq!(super::tests::in_use(&empty), print(3), "the first one has none");
}

#[test]
fn what_is_no_config_is_refused_with_its_first_problems() {
    let mut mind = with(1);
    let act = Act::PushConfig { text: r#"{"version": 1}"#.to_owned(), base: Some(print(1)) };
    let why = refused(&mut mind, &request(act), 1_000);
    assert_eq!(why.code, RefusalCode::Invalid);
    assert!(why.problem.contains("E012"), "{why:?}");
    let timed = ActRequest { until: Some(at(9_000)), ..push(2, 1) };
    assert!(refused(&mut mind, &timed, 1_000).problem.contains("leave out the times"));
}

#[test]
fn a_dry_run_says_what_it_would_change_and_changes_nothing() {
    let mut mind = with(1);
    let before = mind.state().clone();
    let acted = done(&mut mind, &ActRequest { is_dry: true, ..push(2, 1) }, 1_000);
    assert!(acted.is_dry && acted.changes.len() == 1, "{acted:?}");
    assert_eq!((mind.state(), in_use(&mind)), (&before, print(1)));
}

#[test]
fn the_config_in_use_is_no_change_unless_kv_has_a_refused_one() {
    let mut mind = with(1);
    let acted = done(&mut mind, &push(1, 1), 1_000);
    assert_eq!(acted.changes, [""; 0]);
    assert_eq!(due(&mut mind, 1_000), None);
    assert_eq!(mind.offer_config("{}", at(2_000)), Offered::Refused);
    let acted = done(&mut mind, &push(1, 1), 3_000);
    assert!(acted.changes[0].contains("which is refused"), "{acted:?}");
    assert_eq!(due(&mut mind, 3_000).unwrap().text, text(1));
    assert_eq!(mind.offer_config("{}", at(4_000)), Offered::Same, "a late view of it");
    assert_eq!(mind.state().refused, None);
}

#[test]
fn what_kv_had_before_does_not_come_back_also_after_kv_has_shown_the_new_one() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    assert_eq!(mind.offer_config(&text(1), at(60_000)), Offered::Same);
    let document = due(&mut mind, 60_000).unwrap();
    mind.written(&document, at(60_000));
    assert_eq!(mind.offer_config(&text(1), at(120_000)), Offered::Same);
    assert_eq!(in_use(&mind), print(2));
    assert_eq!(mind.offer_config(&text(2), at(180_000)), Offered::Same);
    assert_eq!(mind.offer_config(&text(1), at(240_000)), Offered::Same, "another cache");
    let later = at(60_000 + LATE_VIEW_MS);
    assert_eq!(mind.offer_config(&text(1), later), Offered::Taken, "somebody put it back");
    assert_eq!(in_use(&mind), print(1));
    assert_eq!(mind.state().configs.last, 3);
}

#[test]
fn an_older_one_that_kv_goes_on_showing_is_taken_after_a_named_time() {
    for (since, taken) in
        [(LATE_VIEW_MS - 1, false), (LATE_VIEW_MS, true), (LATE_VIEW_MS + 1, true)]
    {
        let mut mind = with(1);
        done(&mut mind, &push(2, 1), 1_000);
        assert_eq!(mind.offer_config(&text(1), at(MINUTE)), Offered::Same);
        let document = due(&mut mind, MINUTE).unwrap();
        mind.written(&document, at(MINUTE));
        let offered = mind.offer_config(&text(1), at(MINUTE + since));
        assert_eq!(offered == Offered::Taken, taken, "{since}");
    }
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    let later = at(100 * LATE_VIEW_MS);
    assert_eq!(mind.offer_config(&text(1), later), Offered::Same, "it has never arrived");
}

#[test]
fn another_config_in_kv_is_taken_at_once() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    assert_eq!(mind.offer_config(&text(3), at(2_000)), Offered::Taken);
    assert_eq!(due(&mut mind, 2_000), None, "what was pushed is not written over it");
    let revision = mind.state().configs.in_use().unwrap();
    assert_eq!((revision.number, revision.who.clone()), (3, Actor::config()));
}

#[test]
fn one_can_go_back_to_a_revision_whose_text_is_kept() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    let back = |revision| request(Act::RollBack { revision });
    let acted = done(&mut mind, &back(1), 2_000);
    assert!(acted.changes[0].contains("(revision 1) comes into use"), "{acted:?}");
    assert_eq!((in_use(&mind), mind.state().configs.last), (print(1), 3));
    assert_eq!(due(&mut mind, 2_000).unwrap().text, text(1));
    assert_eq!(mind.offer_config(&text(2), at(3_000)), Offered::Same, "a late view");
    assert_eq!(refused(&mut mind, &back(9), 4_000).code, RefusalCode::NotFound);
    for number in 3..3 + u32::try_from(TEXTS_MAX).unwrap() {
        let base = if number == 3 { 1 } else { number - 1 };
        done(&mut mind, &push(number, base), 5_000);
    }
    let why = refused(&mut mind, &back(3), 6_000);
    assert!(why.problem.contains("is not kept any more; kept: 4, 5, 6"), "{why:?}");
}

#[test]
fn so_many_revisions_and_texts_are_kept() {
    let mut mind = with(0);
    for number in 1..=u32::try_from(REVISIONS_MAX).unwrap() {
        done(&mut mind, &push(number, number - 1), u64::from(number) * 1_000);
    }
    let configs = &mind.state().configs;
    assert_eq!((configs.revisions.len(), configs.last), (REVISIONS_MAX, REVISIONS_MAX as u64 + 1));
    assert_eq!(configs.revisions[0].number, 2);
    assert_eq!(mind.texts.len(), TEXTS_MAX);
    let texts = Map::of((1..4).map(|number| (number, "x".repeat(TEXTS_BYTES_MAX / 2))));
    let mut large = Controller { texts, ..Controller::default() };
    large.shed_texts();
    assert_eq!(large.texts.keys().copied().collect::<Vec<_>>(), [2, 3]);
    large.texts = Map::of([(1, String::new()), (2, "x".repeat(TEXTS_BYTES_MAX + 1))]);
    large.shed_texts();
    assert_eq!(large.texts.keys().copied().collect::<Vec<_>>(), [2], "the one in use stays");
}

#[test]
fn a_restart_goes_on_with_revisions_texts_and_what_is_on_its_way() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    let mut storage = Storage::default();
    storage.save(&mut mind);
    let (mut after, notes) = Controller::remember(storage.memory(), None);
    assert_eq!(notes, [""; 0]);
    assert_eq!((after.state(), &after.texts), (mind.state(), &mind.texts));
    assert_eq!(storage.save(&mut after), 0, "nothing is written again");
    assert_eq!(after.offer_config(&text(1), at(2_000)), Offered::Same);
    assert_eq!(due(&mut after, 3_000).unwrap().text, text(2));
    done(&mut after, &request(Act::RollBack { revision: 1 }), 4_000);
}

#[test]
fn a_lost_memory_takes_whatever_config_kv_has() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    let copy = mind.saved_state();
    for (number, last) in [(1, 3), (2, 2), (3, 3)] {
        let (mut after, _) =
            Controller::remember(crate::controller::Memory::default(), Some(&copy));
        assert_eq!(after.offer_config(&text(number), at(2_000)), Offered::Taken);
        assert_eq!((in_use(&after), after.state().configs.last), (print(number), last));
    }
}

#[test]
fn a_config_that_an_older_build_took_becomes_a_revision() {
    let config = text(1);
    let mut mind = Controller::restore(None, Some(&config));
    assert!(mind.config_history().revisions.iter().all(|it| it.revision != 1));
    mind.offer_config(&config, at(5));
    let page: Value = serde_json::from_str(&mind.config_page(None).unwrap()).unwrap();
    assert_eq!((&page["revision"], &page["text"]), (&1.into(), &config.as_str().into()));
}

#[test]
fn whoever_asks_sees_the_configs_that_were_in_use_and_any_of_them() {
    let mut mind = with(1);
    done(&mut mind, &push(2, 1), 1_000);
    let history: Value = serde_json::from_str(&json::write(&mind.config_history())).unwrap();
    assert_eq!(history["in_use"], 2);
    assert_eq!(history["revisions"][0]["why"], "a new region");
    assert_eq!(history["revisions"][1]["who"]["name"], "config");
    let one: Value = serde_json::from_str(&mind.config_page(Some(1)).unwrap()).unwrap();
    assert_eq!((&one["text"], &one["has_text"]), (&text(1).into(), &true.into()));
    assert_eq!(mind.config_page(Some(9)), None);
    assert_eq!(Controller::default().config_page(None), None);
}

/// KV as a reader sees it: each write is seen by all readers only after a while.
struct LateKv {
    writes: Vec<(u64, String)>,
}

impl LateKv {
    const LATE_MS: u64 = 90_000;

    fn seen(&self, now: u64, pick: usize) -> String {
        let last_old = self.writes.iter().rposition(|(at, _)| at + Self::LATE_MS <= now);
        let possible = &self.writes[last_old.unwrap_or(0)..];
        possible[pick % possible.len()].1.clone()
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Push(u32),
    Edit(u32),
    Look(usize),
    Publish(bool),
    Restart,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn however_late_kv_shows_a_write_the_config_in_use_and_kv_become_one(
        steps in proptest::collection::vec(prop_oneof![
            (2_u32..9).prop_map(Step::Push),
            (9_u32..15).prop_map(Step::Edit),
            (0_usize..4).prop_map(Step::Look),
            any::<bool>().prop_map(Step::Publish),
            Just(Step::Restart),
        ], 1..25),
    ) {
        let (mut mind, mut storage) = (with(1), Storage::default());
        storage.save(&mut mind);
        let mut kv = LateKv { writes: vec![(0, text(1))] };
        let mut now = 200_000;
        let mut has_edits = false;
        for step in steps.into_iter().chain([Step::Publish(true)]) {
            now += 20_000;
            match step {
                Step::Push(number) => {
                    let base = in_use(&mind);
                    let act = Act::PushConfig { text: text(number), base: Some(base) };
                    done(&mut mind, &request(act), now);
                    prop_assert_eq!(in_use(&mind), print(number));
                    storage.save(&mut mind);
                }
                Step::Edit(number) => {
                    has_edits = true;
                    kv.writes.push((now, text(number)));
                }
                Step::Look(pick) => {
                    let before = in_use(&mind);
                    mind.offer_config(&kv.seen(now, pick), at(now));
                    prop_assert!(has_edits || in_use(&mind) == before, "an older one came back");
                    storage.save(&mut mind);
                }
                Step::Publish(arrives) => {
                    if let Some(document) = due(&mut mind, now) {
                        mind.writing(&document, at(now));
                        if arrives {
                            kv.writes.push((now, document.text.clone()));
                            mind.written(&document, at(now));
                        }
                    }
                    storage.save(&mut mind);
                }
                Step::Restart => mind = Controller::remember(storage.memory(), None).0,
            }
        }
        // Every reader sees the last write, and nothing is a late view any more.
        now += LATE_VIEW_MS + LateKv::LATE_MS;
        mind.offer_config(&kv.seen(now, 0), at(now));
        let last = kv.writes.last().map(|(_, text)| config::fingerprint(text)).unwrap();
        prop_assert_eq!(in_use(&mind), last);
    }
}
