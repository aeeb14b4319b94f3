use super::*;
use crate::controller::{Offered, WakeReason};
use crate::health::Health;
use crate::hold::Hold;
use crate::state::{Intent, VERSION};
use crate::testing::{config_text, run, target};
use crate::time::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;

/// The storage of an object: rows by kind and id, and the entries beside them.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::controller) struct Storage {
    rows: BTreeMap<(String, String), String>,
    entries: BTreeMap<&'static str, String>,
}

impl Storage {
    fn carry_out(&mut self, changes: &[RowChange]) {
        for change in changes.iter().cloned() {
            match change {
                RowChange::PutRow(Row { kind, id, value }) => {
                    self.rows.insert((kind, id), value);
                }
                RowChange::DeleteRow { kind, id } => drop(self.rows.remove(&(kind.to_owned(), id))),
                RowChange::PutEntry { key, value } => drop(self.entries.insert(key, value)),
                RowChange::DeleteEntry { key } => drop(self.entries.remove(key)),
            }
        }
    }

    pub(in crate::controller) fn memory(&self) -> Memory {
        let row = |((kind, id), value): (&(String, String), &String)| Row {
            kind: kind.clone(),
            id: id.clone(),
            value: value.clone(),
        };
        Memory {
            rows: self.rows.iter().map(row).collect(),
            document: self.entries.get(rows::DOCUMENT_ENTRY).cloned(),
            config: self.entries.get(CONFIG_ENTRY).cloned(),
        }
    }

    pub(in crate::controller) fn save(&mut self, controller: &mut Controller) -> usize {
        let saving = controller.unsaved();
        let changes = saving.changes.len();
        self.carry_out(&saving.changes);
        controller.saved(saving);
        changes
    }

    fn row(&mut self, kind: &str, id: &str) -> &mut String {
        self.rows.get_mut(&(kind.to_owned(), id.to_owned())).unwrap()
    }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// A controller that probed, and its storage.
fn settled() -> (Controller, Storage) {
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&config_text(), at(0)), Offered::Taken);
    run(&mut controller, 60_000, &[]);
    let hold = Hold {
        account: "acc".to_owned(),
        pool: "eu".to_owned(),
        address: "eu.example.com".to_owned(),
    };
    controller.intend("disable eu".to_owned(), at(115_000));
    controller.claim(vec![hold], Vec::new(), at(115_000));
    let mut storage = Storage::default();
    storage.save(&mut controller);
    let row = json!({"account": "acc", "pool": "us", "address": "us.example.com"});
    storage.rows.insert(("hold".to_owned(), "acc/us/us.example.com".to_owned()), row.to_string());
    (Controller::remember(storage.memory(), None).0, storage)
}

#[test]
fn a_restart_goes_on_from_the_rows_and_writes_none_of_them_again() {
    let (before, mut storage) = settled();
    let (mut after, notes) = Controller::remember(storage.memory(), None);
    assert_eq!(notes, [""; 0]);
    assert_eq!(after.state(), before.state());
    assert_eq!(after.config(), before.config());
    assert_eq!(storage.save(&mut after), 0);
}

#[test]
fn nothing_changed_is_nothing_to_write() {
    let (mut controller, mut storage) = settled();
    assert_eq!(storage.save(&mut controller), 0);
    controller.state.doubted_since = Some(at(7));
    assert_eq!(storage.save(&mut controller), 1);
}

#[test]
fn what_could_not_be_written_is_still_unsaved() {
    let (mut controller, _) = settled();
    controller.state.doubted_since = Some(at(7));
    let lost = controller.unsaved();
    assert_eq!(controller.unsaved().changes, lost.changes);
    assert!(!lost.changes.is_empty());
}

#[test]
fn a_target_whose_row_does_not_read_begins_unknown_and_the_rest_goes_on() {
    let (before, mut storage) = settled();
    *storage.row("target", "eu-1/api") = "{\"memory\": 7}".to_owned();
    let (mut after, notes) = Controller::remember(storage.memory(), None);
    assert!(notes[0].contains("target eu-1/api") && notes[0].contains("memory"), "{notes:?}");
    let health = |controller: &Controller, origin| {
        controller.state.targets.get(&target(origin)).unwrap().memory.health
    };
    assert_eq!(health(&before, "eu-1"), Health::Up);
    assert_eq!(health(&after, "eu-1"), Health::Unknown);
    assert_eq!(health(&after, "us-1"), Health::Up);
    assert_eq!(after.state.actuation, before.state.actuation);
    storage.save(&mut after);
    assert_eq!(storage.row("unreadable", "target eu-1/api"), "{\"memory\": 7}");
    let (_, notes) = Controller::remember(storage.memory(), None);
    assert_eq!(notes, [""; 0], "it is said once");
}

#[test]
fn a_hold_a_claim_or_an_intent_that_does_not_read_is_put_aside_named_and_taken_back() {
    let (before, mut storage) = settled();
    let good = storage.clone();
    for (kind, id) in [
        ("hold", "acc/us/us.example.com"),
        ("claim", "acc/eu/eu.example.com"),
        ("intent", "disable eu"),
    ] {
        let mut storage = storage.clone();
        *storage.row(kind, id) = "[]".to_owned();
        let (mut after, notes) = Controller::remember(storage.memory(), None);
        assert!(notes[0].contains(&format!("{kind} {id}")), "{notes:?}");
        storage.save(&mut after);
        assert!(!storage.rows.contains_key(&(kind.to_owned(), id.to_owned())));
        // The build that wrote it comes back.
        let aside = storage.row("unreadable", &format!("{kind} {id}"));
        *aside = good.clone().row(kind, id).clone();
        let (mut back, notes) = Controller::remember(storage.memory(), None);
        assert!(notes[0].contains("reads again"), "{notes:?}");
        assert_eq!(back.state().actuation, before.state().actuation);
        storage.save(&mut back);
        assert_eq!(storage, good);
    }
    assert_eq!(storage.save(&mut Controller::remember(storage.memory(), None).0), 0);
}

#[test]
fn a_row_that_was_put_aside_does_not_replace_a_newer_one() {
    let (_, mut storage) = settled();
    let row = storage.row("intent", "disable eu").clone();
    storage.rows.insert(("unreadable".to_owned(), "intent disable eu".to_owned()), row);
    let newer = storage.row("intent", "disable eu");
    *newer = newer.replace("1970-01-01T00:01:55.000Z", "1970-01-01T00:02:00.000Z");
    let (after, _) = Controller::remember(storage.memory(), None);
    let kept = Intent { at: at(120_000), what: "disable eu".to_owned() };
    assert_eq!(after.state().actuation.intents, [kept]);
}

#[test]
fn rows_of_a_kind_that_only_a_later_build_knows_are_left_alone() {
    let (_, mut storage) = settled();
    for (kind, id) in [("forecast", "7"), ("single", "crystal_ball")] {
        storage.rows.insert((kind.to_owned(), id.to_owned()), "{}".to_owned());
    }
    let before = storage.clone();
    let (mut after, notes) = Controller::remember(storage.memory(), None);
    assert_eq!((storage.save(&mut after), notes), (0, Vec::new()));
    assert_eq!(storage, before);
}

#[test]
fn a_state_of_another_version_is_put_aside_whole() {
    let (_, mut storage) = settled();
    let controller = storage.row("single", "controller");
    let version = format!("\"version\":{VERSION}");
    *controller = controller.replace(&version, "\"version\":2");
    // The text of a config is no part of the state.
    let is_text = |(kind, _): &&(String, String)| kind == "config_text";
    let count = storage.rows.keys().filter(|key| !is_text(key)).count();
    let (mut after, notes) = Controller::remember(storage.memory(), None);
    assert!(notes[0].contains("version 2"), "{notes:?}");
    assert_eq!(after.state().generation, 0);
    storage.save(&mut after);
    let aside = storage.rows.keys().filter(|(kind, _)| kind == "unreadable").count();
    assert_eq!(aside, count);
}

#[test]
fn an_object_with_the_one_text_of_earlier_builds_moves_to_rows_and_forgets_it() {
    let (before, mut expected) = settled();
    let mut storage = Storage { entries: expected.entries.clone(), ..Storage::default() };
    storage.entries.insert(rows::DOCUMENT_ENTRY, before.saved_state());
    let (mut after, notes) = Controller::remember(storage.memory(), Some("not asked"));
    assert_eq!((after.state(), notes), (before.state(), Vec::new()));
    storage.save(&mut after);
    // The text of its config becomes a row once the config is looked at.
    let text = ("config_text".to_owned(), format!("{:020}", 1));
    assert_eq!(expected.rows.remove(&text), Some(config_text()));
    assert_eq!(storage, expected);
    after.offer_config(&config_text(), at(200_000));
    storage.save(&mut after);
    assert_eq!(storage.rows.get(&text), Some(&config_text()));
}

#[test]
fn a_text_of_earlier_builds_that_does_not_read_is_put_aside() {
    let mut storage = Storage::default();
    storage.entries.insert(rows::DOCUMENT_ENTRY, "{\"version\": 9}".to_owned());
    let (mut after, notes) = Controller::remember(storage.memory(), None);
    assert!(notes[0].contains("put aside"), "{notes:?}");
    storage.save(&mut after);
    assert_eq!(storage.row("unreadable", "state"), "{\"version\": 9}");
    assert!(storage.entries.is_empty());
}

#[test]
fn an_object_without_storage_goes_on_from_the_copy_in_kv() {
    let (before, _) = settled();
    assert!(Memory::default().has_no_state());
    let (mut after, _) = Controller::remember(Memory::default(), Some(&before.saved_state()));
    assert_eq!(after.state(), before.state());
    let mut storage = Storage::default();
    storage.save(&mut after);
    assert!(!storage.memory().has_no_state());
    assert_eq!(Controller::remember(storage.memory(), None).0.state(), before.state());
}

#[test]
fn a_config_is_kept_with_the_state_that_follows_it() {
    let (mut controller, mut storage) = settled();
    assert_eq!(storage.entries.get(CONFIG_ENTRY), Some(&config_text()));
    let text = config_text().replace("\"interval_s\":15", "\"interval_s\":20");
    assert_eq!(controller.offer_config(&text, at(120_000)), Offered::Taken);
    storage.save(&mut controller);
    assert_eq!(storage.entries.get(CONFIG_ENTRY), Some(&text));
    assert_eq!(controller.offer_config("nonsense", at(180_000)), Offered::Refused);
    storage.save(&mut controller);
    assert_eq!(storage.entries.get(CONFIG_ENTRY), Some(&text));
}

#[test]
fn why_a_pass_waits_is_remembered() {
    let (mut controller, mut storage) = settled();
    controller.state.actuation.retry_at = Some(at(500_000));
    controller.state.actuation.retry_why = Some(crate::state::RetryWhy::GuardEnds);
    storage.save(&mut controller);
    let (after, _) = Controller::remember(storage.memory(), None);
    let wake = after.next_wake_with_cron(at(120_000), false).unwrap();
    assert!(wake.reasons.contains(&WakeReason::GuardEnds));
}
