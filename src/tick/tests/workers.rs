//! An origin that has ten workers, and a probe that was given up still holds one.
//!
//! So it is with servers that were measured: what a client gives up goes on, and a pool that was
//! cut off is usable only some time after the network is back. Nine requests in the cut left pages
//! alive, ten dead.

use super::super::*;
use super::world::*;
use crate::config::Quorum;
use crate::geo::Area::{Enam, Sam, Weur};
use crate::health::Health;
use crate::time::{MINUTE, SECOND};

const WORKERS: usize = 10;
/// How long the origin is cut off from what it needs.
const CUT_MS: Millis = MINUTE;
/// How long after that a worker is busy that was asked meanwhile.
const BUSY_AFTER_MS: Millis = 30 * SECOND;
const TIMEOUT_MS: Millis = 5 * SECOND;
const EU: &str = "eu-1";

/// The origin, whose cut begins at an instant.
struct Origin {
    cut_at: Timestamp,
    busy: usize,
}

impl Origin {
    fn asked(&mut self, at: Timestamp) -> (Verdict, Millis) {
        let ends = self.cut_at.plus(CUT_MS);
        let is_cut = at >= self.cut_at && at < ends;
        let is_back = at >= ends.plus(BUSY_AFTER_MS);
        if is_cut && self.busy < WORKERS {
            self.busy += 1;
        }
        if is_cut || (self.busy >= WORKERS && !is_back) { (LOST, TIMEOUT_MS) } else { (PASS, 20) }
    }
}

#[test]
fn an_origin_of_ten_workers_that_is_cut_for_a_minute_still_has_one_as_it_is_back() {
    for interval_s in [5, 10, 15, 20, 30] {
        for phase_s in (0..60).step_by(4) {
            let mut world = World::new(|config| {
                config.areas = vec![Weur, Enam, Sam];
                config.probes_per_run = 1_000;
                each_monitor(config, |monitor| {
                    monitor.quorum = Quorum::Majority;
                    monitor.timeout_ms = TIMEOUT_MS;
                    monitor.interval_ms = interval_s * SECOND;
                    monitor.down_interval_ms = interval_s * SECOND;
                });
            });
            let cut_at = Timestamp::from_millis(5 * MINUTE + phase_s * SECOND);
            let mut origin = Origin { cut_at, busy: 0 };
            for minute in 1..9 {
                let judge = |_, id: &str, at| if id == EU { origin.asked(at) } else { (PASS, 20) };
                world.run_at(minute, judge, |_| true);
            }
            let case = format!("every {interval_s} s, cut {phase_s} s into the minute");
            assert!(origin.busy < WORKERS, "{case}: {} workers", origin.busy);
            let went_down = |it: &Changed| it.transition.to == Health::Down;
            assert_eq!(world.changed.iter().filter(|it| went_down(it)).count(), 1, "{case}");
            assert_eq!(world.health(EU), Health::Up, "{case}");
        }
    }
}
