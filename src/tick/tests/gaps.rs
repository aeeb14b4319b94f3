//! What is believed after hours without cron, and after minutes of doubt.

use crate::config::Config;
use crate::controller::Controller;
use crate::health::{Health, Hysteresis};
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::testing::virtual_time::{Meets, Observer, fleet};
use crate::testing::{config_text, pass, run, target};
use crate::time::{MINUTE, Timestamp};
use serde_json::json;

const WELL: Meets = Meets::Pass(20);

fn at(minutes: u64) -> Timestamp {
    Timestamp::from_millis(minutes * MINUTE)
}

fn three_regions() -> Config {
    let more = json!({"observer": {"controls": []}});
    fleet(&[1, 1, 1], json!({"path": "/health", "interval_s": 15}), more)
}

/// `r0-0` hangs, and the others are well.
fn one_hangs(origin: &OriginId, _: Timestamp) -> Meets {
    if origin.as_str() == "r0-0" { Meets::Silence } else { WELL }
}

/// Three regions of which the first one is down, as of minute 66.
fn one_is_down() -> Observer {
    let mut observer = Observer::new(three_regions(), 60);
    observer.until(at(63), &|_, _| WELL, &|_, _| true);
    observer.until(at(66), &one_hangs, &|_, _| true);
    assert_eq!(observer.health(&target("r0-0"), at(66)), Health::Down);
    observer
}

#[test]
fn what_was_down_before_hours_without_cron_is_down_until_a_probe_says_otherwise() {
    let mut observer = one_is_down();
    observer.miss(180);
    assert_eq!(observer.health(&target("r0-0"), observer.next()), Health::Down, "before any probe");
    assert_eq!(observer.health(&target("r1-0"), observer.next()), Health::Unknown, "was up");
    let seen = observer.until(at(247), &one_hangs, &|_, _| true);
    assert!(seen.iter().all(|seen| seen.changed.target != target("r0-0")), "{seen:?}");
    let seen = observer.until(at(249), &|_, _| WELL, &|_, _| true);
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].changed.transition.to, Health::Up);
}

#[test]
fn passes_from_before_a_gap_do_not_bring_back_what_is_down() {
    let mut observer = one_is_down();
    let known = observer.state.targets.get_mut(&target("r0-0")).unwrap();
    let monitor = observer.config.monitors.values().next().unwrap();
    let observe =
        |memory: &mut Hysteresis, now| memory.observe(&pass(), monitor.into(), now).map(|it| it.to);
    assert_eq!(observe(&mut known.memory, at(66)), None, "the first of two");
    known.memory.grow_stale();
    assert_eq!(observe(&mut known.memory, at(246)), None, "the first of two again");
    assert_eq!(observe(&mut known.memory, at(247)), Some(Health::Up));
}

#[test]
fn ten_minutes_of_doubt_leave_a_dead_region_down() {
    let mut observer = one_is_down();
    let seen = observer.until(at(90), &|_, _| Meets::Silence, &|_, _| false);
    assert_eq!(seen, []);
    assert!(observer.state.doubted_since.is_some());
    assert_eq!(observer.health(&target("r0-0"), at(90)), Health::Down);
    assert_eq!(observer.health(&target("r1-0"), at(90)), Health::Unknown, "long not seen up");
}

#[test]
fn after_a_gap_the_first_round_publishes_as_down_what_was_down() {
    let mut controller = Controller::default();
    controller.offer_config(&config_text(), at(0));
    run(&mut controller, MINUTE, &[]);
    run(&mut controller, 2 * MINUTE, &["eu-1"]);
    let (service, region) = (ServiceId::parse("api").unwrap(), RegionId::parse("eu-west").unwrap());
    let health = |controller: &Controller, now| {
        let status = controller.status(now);
        *status.services.get(&service).unwrap().get(&region).unwrap()
    };
    assert_eq!(health(&controller, at(3)), Health::Down);
    assert_eq!(health(&controller, at(180)), Health::Down);
    run(&mut controller, 180 * MINUTE, &[]);
    assert_eq!(health(&controller, at(181)), Health::Up);
}
