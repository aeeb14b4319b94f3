use super::*;
use crate::config::OverrideTo;
use crate::health::{Health, Thresholds};
use crate::json::Shape;
use crate::testing::{config_text, pass, target};

mod document;
mod future;

#[test]
fn an_override_goes_with_its_origin() {
    let config = Config::parse(&config_text()).unwrap();
    let mut state = State::default();
    let stays = target("eu-1").origin;
    for origin in [stays.clone(), OriginId::parse("gone-1").unwrap()] {
        let (reason, author) = ("maintenance".to_owned(), "ann".to_owned());
        let until = Timestamp::from_millis(1_000);
        state.overrides.insert(origin, Override { set: OverrideTo::Up, reason, author, until });
    }
    state.follow(&config);
    assert_eq!(state.overrides.keys().collect::<Vec<_>>(), [&stays]);
}

#[test]
fn a_state_of_before_reads_as_one_without_the_new_things() {
    let mut state = State::default();
    let at = Timestamp::from_millis(0);
    let thresholds = Thresholds { rise: 1, fall: 1, forgive: 1, window_ms: 60_000 };
    let mut known = TargetState { judged_at: Some(at), ..TargetState::default() };
    known.memory.observe(&pass(), thresholds, at);
    state.targets.insert(target("eu-1"), known);
    let mut value = state.write();
    value.as_object_mut().unwrap().remove("overrides");
    let known = value["targets"]["eu-1/api"].as_object_mut().unwrap();
    for new in ["floor", "too_slow", "lag", "damping"] {
        known.remove(new).unwrap();
    }
    assert_eq!(State::parse(&value.to_string()).unwrap(), state);
}
