//! What the observer in virtual time itself does.

use crate::health::Health;
use crate::testing::target;
use crate::testing::virtual_time::{Meets, Observer, fleet};
use crate::time::Timestamp;
use serde_json::json;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

#[test]
fn one_region_that_hangs_is_down_three_timeouts_and_two_pauses_after_its_next_probe() {
    let config = fleet(&[1, 1, 1], json!({"path": "/health", "interval_s": 15}), json!({}));
    let timeout_ms = config.monitors.values().next().unwrap().timeout_ms;
    let mut observer = Observer::new(config, 60);
    let well = |_: &crate::ids::OriginId, _| Meets::Pass(20);
    observer.until(at(3_720), &well, &|_, _| true);
    let seen = observer.until(
        at(3_840),
        &|origin, _| if origin.as_str() == "r0-0" { Meets::Silence } else { Meets::Pass(20) },
        &|_, _| true,
    );
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].changed.transition.to, Health::Down);
    let took_ms = seen[0].at.since(at(3_720));
    assert!((3 * timeout_ms + 2_000..3 * timeout_ms + 17_000).contains(&took_ms), "{took_ms}");
    assert_eq!(observer.health(&target("r0-0"), at(3_840)), Health::Down);
    assert_eq!(observer.health(&target("r1-0"), at(3_840)), Health::Up);
}
