use super::*;
use crate::config::{Composite, CompositeRule, OverrideTo};
use crate::health::{Thresholds, Verdict};
use crate::json::Shape;
use crate::testing::{config_text, fail, pass, target};

mod document;

const THRESHOLDS: Thresholds = Thresholds { rise: 1, fall: 1, forgive: 1, window_ms: 60_000 };

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn monitor(id: &str) -> MonitorId {
    MonitorId::parse(id).unwrap()
}

fn of(monitor_id: &str) -> Target {
    Target { monitor: monitor(monitor_id), ..target("eu-1") }
}

/// The config of `testing` with the monitors `api`, `db` and `web`, and what a test adds.
fn config(composites: &[(&str, Composite)]) -> Config {
    let mut config = Config::parse(&config_text()).unwrap();
    let api = config.monitors.get(&monitor("api")).unwrap().clone();
    config.monitors.extend(["db", "web"].map(|id| (monitor(id), api.clone())));
    let named = composites.iter().map(|(id, composite)| (monitor(id), composite.clone()));
    config.composites.extend(named);
    let top = composites.first().map_or("api", |(id, _)| id);
    config.services.values_mut().for_each(|service| service.monitor = monitor(top));
    config
}

fn all(of: &[&str], must_pass: &[&str]) -> Composite {
    let ids = |ids: &[&str]| ids.iter().map(|id| monitor(id)).collect();
    Composite { rule: CompositeRule::All, of: ids(of), must_pass: ids(must_pass) }
}

fn saw(state: &mut State, target: &Target, verdict: &Verdict) {
    state.targets.insert_if_absent(target.clone(), TargetState::default());
    let known = state.targets.get_mut(target).unwrap();
    known.memory.observe(verdict, THRESHOLDS, at(0));
    known.judged_at = Some(at(0));
}

#[test]
fn a_composite_is_probed_by_its_parts_and_is_as_healthy_as_they_are() {
    let config = config(&[("site", all(&["data", "web"], &[])), ("data", all(&["db"], &["api"]))]);
    let targets: Vec<_> = config.targets().filter(|it| it.origin == of("api").origin).collect();
    assert_eq!(targets, [of("api"), of("db"), of("web")]);
    let mut state = State::default();
    state.follow(&config);
    let health = |state: &State| state.health(&config, &of("site"), at(1));
    for (id, told) in [("web", Health::Unknown), ("db", Health::Unknown), ("api", Health::Up)] {
        saw(&mut state, &of(id), &pass());
        assert_eq!(health(&state), told, "after {id}");
    }
    saw(&mut state, &of("api"), &fail());
    assert_eq!(health(&state), Health::Down);
}

#[test]
fn nesting_is_followed_four_deep_and_no_further() {
    let deep: Vec<(String, Composite)> = (1..=5)
        .map(|depth| {
            let next = if depth == 5 { "api".to_owned() } else { format!("c{}", depth + 1) };
            (format!("c{depth}"), all(&[&next], &[]))
        })
        .collect();
    let named: Vec<_> =
        deep.iter().map(|(id, composite)| (id.as_str(), composite.clone())).collect();
    let config = config(&named);
    let mut state = State::default();
    saw(&mut state, &of("api"), &pass());
    assert_eq!(state.health(&config, &of("c2"), at(1)), Health::Up);
    assert_eq!(state.health(&config, &of("c1"), at(1)), Health::Unknown);
    assert_eq!(config.leaves(&monitor("c2")).len(), 1);
    assert_eq!(config.leaves(&monitor("c1")).len(), 0);
}

#[test]
fn a_circle_of_composites_ends() {
    let config = config(&[("a", all(&["b", "api"], &["a"])), ("b", all(&["a", "b"], &[]))]);
    assert_eq!(State::default().health(&config, &of("a"), at(1)), Health::Unknown);
    assert_eq!(config.leaves(&monitor("a")).iter().collect::<Vec<_>>(), [&monitor("api")]);
}

fn set(to: OverrideTo, until: u64) -> Override {
    let (reason, author) = ("maintenance".to_owned(), "ann".to_owned());
    Override { set: to, reason, author, until: at(until) }
}

#[test]
fn an_override_changes_what_traffic_sees_and_not_what_was_observed() {
    let (mut config, mut state) = (config(&[]), State::default());
    saw(&mut state, &of("api"), &pass());
    let origin = of("api").origin;
    state.overrides.insert(origin.clone(), set(OverrideTo::Down, 1_000));
    let effective =
        |config: &Config, state: &State, now| state.effective_health(config, &of("api"), at(now));
    assert_eq!(effective(&config, &state, 999), (Health::Down, false));
    assert_eq!(state.health(&config, &of("api"), at(999)), Health::Up);
    assert_eq!(effective(&config, &state, 1_000), (Health::Up, false));
    config.overrides.insert(origin, set(OverrideTo::Drain, 500));
    assert_eq!(effective(&config, &state, 499), (Health::Up, true), "the config's wins");
    assert_eq!(effective(&config, &state, 500), (Health::Down, false), "while it counts");
}

#[test]
fn an_override_goes_with_its_origin() {
    let config = config(&[]);
    let mut state = State::default();
    let gone = OriginId::parse("gone-1").unwrap();
    for origin in [of("api").origin, gone] {
        state.overrides.insert(origin, set(OverrideTo::Up, 1_000));
    }
    state.follow(&config);
    assert_eq!(state.overrides.keys().collect::<Vec<_>>(), [&of("api").origin]);
}

#[test]
fn a_state_of_before_reads_as_one_without_the_new_things() {
    let mut state = State::default();
    saw(&mut state, &of("api"), &pass());
    let mut value = state.write();
    value.as_object_mut().unwrap().remove("overrides");
    let known = value["targets"]["eu-1/api"].as_object_mut().unwrap();
    for new in ["floor", "too_slow", "lag", "damping"] {
        known.remove(new).unwrap();
    }
    assert_eq!(State::parse(&value.to_string()).unwrap(), state);
}
