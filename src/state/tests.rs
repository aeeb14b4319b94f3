use super::*;
use crate::health::{Health, Thresholds};
use crate::json::Shape;
use crate::testing::{pass, target};

mod document;
mod future;

#[test]
fn a_state_of_before_reads_as_one_without_the_new_things() {
    let mut state = State::default();
    let at = Timestamp::from_millis(0);
    let thresholds = Thresholds { rise: 1, fall: 1, forgive: 1, window_ms: 60_000 };
    let mut known = TargetState { judged_at: Some(at), ..TargetState::default() };
    known.memory.observe(&pass(), thresholds, at);
    state.targets.insert(target("eu-1"), known);
    let mut value = state.write();
    value.as_object_mut().unwrap().remove("orders");
    let known = value["targets"]["eu-1/api"].as_object_mut().unwrap();
    for new in ["floor", "too_slow", "lag", "damping"] {
        known.remove(new).unwrap();
    }
    assert_eq!(State::parse(&value.to_string()).unwrap(), state);
}
