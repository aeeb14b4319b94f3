use super::*;
use crate::controller::memory::tests::Storage;
use crate::controller::{Controller, Due, Memory};
use crate::journal::{Actor, PAGE_ENTRIES, RECENT_MAX, Way, page_key, verify};
use crate::testing::config_text;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// An object that may be killed at any step, its storage, and KV.
#[derive(Default)]
struct World {
    mind: Controller,
    storage: Storage,
    kv: BTreeMap<String, String>,
    now: u64,
    acts: u64,
}

/// What is done to a world.
#[derive(Debug, Clone, Copy)]
enum Step {
    Act,
    Save,
    Publish { arrives: bool, is_told: bool },
    Kill,
    Lose,
}

impl World {
    fn new() -> Self {
        let mut world = Self::default();
        world.mind.offer_config(&config_text(), at(0));
        world.mind.settle(at(0));
        world
    }

    fn take(&mut self, step: Step) {
        self.now += 2_000;
        match step {
            Step::Act => {
                self.acts += 1;
                let who = Actor { name: "on-call".to_owned(), way: Way::Token };
                let text = format!("act {}", self.acts);
                self.mind.news.tell(Event::new(EventKind::Acted, text, at(self.now)).by(who));
                self.mind.settle(at(self.now));
            }
            Step::Save => drop(self.storage.save(&mut self.mind)),
            Step::Publish { arrives, is_told } => self.publish(arrives, is_told),
            Step::Kill => self.remember(),
            Step::Lose => {
                self.storage = Storage::default();
                self.remember();
            }
        }
    }

    fn publish(&mut self, arrives: bool, is_told: bool) {
        let Due { routes, pages, .. } = self.mind.due_documents(at(self.now));
        for document in routes.into_iter().chain(pages) {
            self.mind.writing(&document, at(self.now));
            if arrives {
                self.kv.insert(document.key.clone(), document.text.clone());
            }
            if arrives && is_told {
                self.mind.written(&document, at(self.now));
            }
        }
    }

    fn remember(&mut self) {
        let memory = self.storage.memory();
        let copy = memory.has_no_state().then(|| self.kv.get("state").cloned()).flatten();
        let mut search = audit_search(copy.as_deref());
        if memory.has_no_state() {
            while let Some(key) = search.next_key() {
                search.tell(self.kv.get(&key).cloned());
            }
        }
        let page = search.into_page();
        (self.mind, _) = Controller::remember_with(memory, copy.as_deref(), page.as_deref());
        self.mind.offer_config(&config_text(), at(self.now));
        self.mind.settle(at(self.now));
    }

    /// All that KV has.
    fn chain(&self) -> Vec<Value> {
        let pages = self.kv.iter().filter(|(key, _)| key.starts_with(AUDIT_PREFIX));
        let entries = pages.map(|(_, text)| {
            serde_json::from_str::<Value>(text).unwrap()["entries"].as_array().unwrap().clone()
        });
        entries.flatten().collect()
    }

    /// Lets everything arrive.
    fn come_to_rest(&mut self) {
        // More than a day, so that no share of the day's writes stands in the way.
        self.now += 30 * 3_600_000;
        for _ in 0..5 {
            self.take(Step::Save);
            self.take(Step::Publish { arrives: true, is_told: true });
        }
        self.take(Step::Save);
    }
}

fn whats(chain: &[Value]) -> Vec<String> {
    chain.iter().map(|entry| entry["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_change_is_in_kv_behind_the_save_and_not_before_it() {
    let mut world = World::new();
    world.take(Step::Act);
    world.take(Step::Publish { arrives: true, is_told: true });
    assert_eq!(world.chain(), [Value::Null; 0]);
    world.take(Step::Save);
    world.take(Step::Publish { arrives: true, is_told: true });
    let told = whats(&world.chain());
    assert!(told[0].starts_with("a new config is in use: "), "{told:?}");
    assert_eq!(told[1], "act 1");
    assert_eq!(world.mind.state().audit.kept_to, 2);
    assert_eq!(world.kv.keys().filter(|key| key.starts_with(AUDIT_PREFIX)).count(), 1);
}

#[test]
fn a_page_that_did_not_arrive_is_written_again_and_one_that_did_is_not() {
    let mut world = World::new();
    world.take(Step::Save);
    world.take(Step::Publish { arrives: false, is_told: false });
    world.take(Step::Publish { arrives: true, is_told: true });
    assert_eq!(world.chain().len(), 1);
    world.kv.clear();
    world.take(Step::Publish { arrives: true, is_told: true });
    assert!(world.chain().is_empty(), "it was confirmed");
}

#[test]
fn a_lost_memory_goes_on_behind_what_kv_has_and_says_so() {
    let mut world = World::new();
    for _ in 0..3 {
        world.take(Step::Act);
    }
    world.come_to_rest();
    world.take(Step::Act);
    world.take(Step::Save);
    world.take(Step::Lose);
    world.mind.settle(at(world.now));
    world.come_to_rest();
    let chain = world.chain();
    assert!(verify(&chain, 1).is_ok());
    let restored = chain.iter().find(|entry| entry["kind"] == "restored").unwrap();
    let what = restored["what"].as_str().unwrap();
    for part in ["from `state` of generation", "goes on behind entry 4 of ", "had not reached KV"] {
        assert!(what.contains(part), "{what}");
    }
    let told = whats(&chain);
    assert!(told.contains(&"act 3".to_owned()) && !told.contains(&"act 4".to_owned()), "{told:?}");
    let log = world.mind.take_news();
    assert!(log.is_empty() || log.iter().any(|line| line.is_error), "{log:?}");
}

#[test]
fn a_first_start_has_nothing_to_restore() {
    let (mut mind, _) = Controller::remember_with(Memory::default(), None, None);
    mind.settle(at(0));
    assert_eq!(mind.state().audit.head.n, 0);
    assert_eq!(mind.take_news(), []);
}

#[test]
fn where_kv_has_no_state_the_chain_still_goes_on() {
    let mut world = World::new();
    world.come_to_rest();
    world.kv.remove("state");
    world.take(Step::Lose);
    world.mind.settle(at(world.now));
    world.come_to_rest();
    let chain = world.chain();
    assert!(verify(&chain, 1).is_ok());
    assert!(whats(&chain)[1].contains("since there is no `state`"), "{chain:?}");
}

#[test]
fn what_a_refused_config_says_does_not_get_into_the_chain() {
    let mut world = World::new();
    let text = r#"{"version": 1, "tenants": {"Ann Example": 7}, "nonsense": {}}"#;
    world.mind.offer_config(text, at(1));
    world.mind.settle(at(1));
    let entry = world.mind.state().audit.entries.last().unwrap().clone();
    assert_eq!(entry.kind, "config_refused");
    assert!(entry.what.contains("E01") && !entry.what.contains("Ann"), "{}", entry.what);
}

#[test]
fn whoever_asks_gets_a_page_of_entries_from_a_number_on_and_where_the_chain_ends() {
    let mut world = World::new();
    for _ in 0..=PAGE_ENTRIES {
        world.take(Step::Act);
    }
    let ask = |world: &World, from: u64| -> Value {
        serde_json::from_str(&json::write(&world.mind.audit_page(from))).unwrap()
    };
    let answer = ask(&world, 1);
    assert_eq!(answer["entries"].as_array().unwrap().len() as u64, PAGE_ENTRIES);
    assert_eq!((&answer["first"], &answer["next"]), (&1.into(), &(PAGE_ENTRIES + 1).into()));
    let rest = ask(&world, PAGE_ENTRIES + 1);
    assert_eq!(rest["entries"].as_array().unwrap().len(), 2);
    assert_eq!(rest.get("next"), None);
    assert_eq!(rest["head"]["n"], PAGE_ENTRIES + 2);
    for _ in 0..RECENT_MAX {
        world.take(Step::Act);
    }
    world.come_to_rest();
    assert_eq!(ask(&world, 1)["first"], PAGE_ENTRIES + 3);
    assert!(world.kv.contains_key(&page_key(1)), "the older ones are in KV");
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Act),
        3 => Just(Step::Save),
        3 => (any::<bool>(), any::<bool>())
            .prop_map(|(arrives, is_told)| Step::Publish { arrives, is_told }),
        1 => Just(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whenever_it_is_killed_nothing_saved_is_lost_and_the_chain_never_forks(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new();
        let mut saved = Vec::new();
        let mut shown: Vec<Vec<Value>> = Vec::new();
        for step in steps {
            world.take(step);
            if matches!(step, Step::Save) {
                saved = world.mind.state().audit.entries.clone();
            }
            shown.push(world.chain());
        }
        world.come_to_rest();
        let chain = world.chain();
        let verified = verify(&chain, 1).unwrap();
        for entry in &saved {
            prop_assert!(verified.entries.contains(entry), "{:?} is lost", entry);
        }
        for shown in shown {
            prop_assert!(chain.starts_with(&shown), "what KV showed was another chain");
        }
    }

    #[test]
    fn whenever_the_memory_is_lost_the_chain_in_kv_holds(
        before in proptest::collection::vec(step(), 1..20),
        after in proptest::collection::vec(step(), 1..20),
    ) {
        let mut world = World::new();
        for step in before.into_iter().chain([Step::Lose]).chain(after) {
            world.take(step);
        }
        world.come_to_rest();
        prop_assert!(verify(&world.chain(), 1).is_ok());
    }
}
