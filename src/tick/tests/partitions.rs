//! Who is taken down, and how soon, when the observer is cut off and when regions are gone: in
//! virtual time, over many settings and every phase of the fault.
//!
//! Two things must hold in each cell of the table:
//!
//! 1. While the observer is cut off, and at the edges of the cut, nobody goes down.
//! 2. Each region that is gone is down within the worst case that is stated
//!    (`config::Detection`), also if two are gone or all but one, and nobody else goes down.
//!
//! Each setting is settled for minutes first, so that the regions, which differ in latency, have
//! drifted apart. Then the same memory meets each fault in each phase. `cargo test partitions --
//! --nocapture` prints the table.

use crate::config::{Config, Estate};
use crate::health::Health;
use crate::ids::OriginId;
use crate::state::State;
use crate::testing::virtual_time::{Meets, Observer, Seen, fleet};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use serde_json::json;
use std::time::Instant;

/// Phases of each fault.
const PHASES: u64 = 100;
/// The minute in which time begins.
const BEGIN: u64 = 60;
/// Latency of the first origin of each region, in milliseconds. Each further one takes a bit
/// longer.
const LATENCIES_MS: [Millis; 6] = [20, 300, 700, 150, 450, 60];

/// One config of the table.
#[derive(Clone, Copy)]
struct Setting {
    regions: &'static [u32],
    interval_s: u64,
    timeout_ms: Millis,
    fall: u64,
    controls: Controls,
    probes_per_run: u64,
    /// For how many minutes the regions have drifted apart.
    settled_min: u64,
}

/// Whether the config has controls, and whether these answer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Controls {
    None,
    Answer,
    Blocked,
}

const USUAL: Setting = Setting {
    regions: &[1, 1, 1],
    interval_s: 15,
    timeout_ms: 5_000,
    fall: 3,
    controls: Controls::None,
    probes_per_run: 45,
    settled_min: 8,
};

/// How the world breaks.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// The observer reaches nothing for a while.
    Cut { ms: Millis, meets: Meets },
    /// The regions of this set are gone from now on.
    Gone { regions: u32, meets: Meets },
}

impl Fault {
    /// Whether an origin is gone.
    fn takes(self, origin: &OriginId) -> bool {
        match self {
            Self::Cut { .. } => false,
            Self::Gone { regions, .. } => regions >> region_of(origin).0 & 1 == 1,
        }
    }
}

/// What came of a fault in all its phases.
#[derive(Default)]
struct Told {
    phases: u64,
    /// Phases in which a healthy origin went down.
    premature: u64,
    /// Origins that were gone.
    gone: u64,
    /// Those that were not down in time.
    late: u64,
    /// Those that were never down.
    never: u64,
    /// The longest time until one was down.
    slowest_ms: Millis,
}

impl Told {
    fn add(&mut self, other: &Self) {
        self.phases += other.phases;
        self.premature += other.premature;
        self.gone += other.gone;
        self.late += other.late;
        self.never += other.never;
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
    }
}

impl Setting {
    fn config(self) -> Config {
        let Self { interval_s, timeout_ms, fall, .. } = self;
        let monitor = json!({
            "path": "/health", "interval_s": interval_s, "timeout_ms": timeout_ms, "fall": fall,
            "window_s": 900,
        });
        let urls = ["https://one.example.net/", "https://two.example.org/"];
        let controls: &[&str] = if self.controls == Controls::None { &[] } else { &urls };
        let more = json!({
            "observer": {"controls": controls},
            "limits": {"probes_per_run": self.probes_per_run},
        });
        fleet(self.regions, monitor, more)
    }

    /// When everything has settled.
    fn settled(self) -> Timestamp {
        Timestamp::from_millis((BEGIN + self.settled_min) * MINUTE)
    }

    /// The sets of regions that can be gone while one lives, as bits: each alone, two neighbours,
    /// and all but one. With controls also all of them.
    fn outages(self) -> Vec<u32> {
        let count = self.regions.len();
        let all = (1_u32 << count) - 1;
        let mut sets: Vec<u32> = (0..count).map(|at| 1 << at).collect();
        if count > 2 {
            sets.extend((0..count).map(|at| (1 << at) | (1 << ((at + 1) % count))));
        }
        if count > 3 {
            sets.extend((0..count).map(|at| all & !(1 << at)));
        }
        sets.extend((self.controls == Controls::Answer).then_some(all));
        sets
    }
}

fn region_of(origin: &OriginId) -> (usize, u64) {
    let mut digits = origin.as_str().bytes().filter(u8::is_ascii_digit).map(|it| it - b'0');
    (usize::from(digits.next().unwrap()), u64::from(digits.next().unwrap()))
}

fn latency_ms(origin: &OriginId) -> Millis {
    let (region, each) = region_of(origin);
    LATENCIES_MS[region] + 7 * each
}

/// An observer that has settled.
struct Settled {
    setting: Setting,
    observer: Observer,
    state: State,
    /// The worst case of a detection that is stated for this config.
    stated_ms: Millis,
}

impl Settled {
    fn new(setting: Setting) -> Self {
        let config = setting.config();
        let monitor = config.monitors.values().next().unwrap();
        let stated_ms = Estate::of(&config).detection(monitor).total_ms();
        let mut observer = Observer::new(config, BEGIN);
        let well = |origin: &OriginId, _| Meets::Pass(latency_ms(origin));
        observer.until(setting.settled(), &well, &|_, _| true);
        let state = observer.state.clone();
        assert!(state.targets.values().all(|known| known.memory.health == Health::Up));
        Self { setting, observer, state, stated_ms }
    }

    /// Plays a fault that begins at `at` until it must have been dealt with, or until a minute
    /// after everything that is gone is down.
    fn play(&mut self, fault: Fault, at: Timestamp) -> Vec<Seen> {
        self.observer.state = self.state.clone();
        self.observer.rewind(BEGIN + self.setting.settled_min);
        let (rest_ms, gone) = match fault {
            Fault::Cut { ms, .. } => (ms + 2 * MINUTE, usize::MAX),
            Fault::Gone { .. } => {
                let gone = self.state.targets.keys().filter(|it| fault.takes(&it.origin));
                (self.stated_ms + MINUTE, gone.count())
            }
        };
        let origin = |origin: &OriginId, now: Timestamp| {
            let ms = latency_ms(origin);
            match fault {
                Fault::Gone { meets, .. } if fault.takes(origin) => {
                    if now >= at {
                        meets
                    } else {
                        lost(now, ms, at, meets)
                    }
                }
                Fault::Cut { ms: cut_ms, meets } if now < at.plus(cut_ms) => {
                    if now >= at {
                        meets
                    } else {
                        lost(now, ms, at, meets)
                    }
                }
                _ => Meets::Pass(ms),
            }
        };
        let answers = self.setting.controls == Controls::Answer;
        let control = |_: &str, now: Timestamp| match fault {
            Fault::Cut { ms, .. } => answers && (now >= at.plus(ms) || now.plus(20) < at),
            Fault::Gone { .. } => answers,
        };
        let (mut seen, mut is_over) = (Vec::new(), false);
        while !is_over && self.observer.next() < at.plus(rest_ms) {
            is_over = seen.len() >= gone;
            let next = self.observer.next().plus(1);
            seen.extend(self.observer.until(next, &origin, &control));
        }
        seen
    }

    /// Plays a fault in all its phases.
    fn table(&mut self, fault: Fault) -> Told {
        let stated_ms = self.stated_ms;
        let span_ms = MINUTE.max(self.setting.interval_s * SECOND);
        let mut told = Told::default();
        for phase in 0..PHASES {
            let at = self.setting.settled().plus(phase * span_ms / PHASES);
            let seen = self.play(fault, at);
            let down = |seen: &&Seen| seen.changed.transition.to == Health::Down;
            let downs: Vec<_> = seen.iter().filter(down).collect();
            told.phases += 1;
            let is_premature = downs.iter().any(|seen| !fault.takes(&seen.changed.target.origin));
            told.premature += u64::from(is_premature);
            for target in self.state.targets.keys().filter(|it| fault.takes(&it.origin)) {
                let seen = downs.iter().find(|seen| seen.changed.target == *target);
                let took_ms = seen.map(|seen| seen.at.since(at));
                told.gone += 1;
                told.never += u64::from(took_ms.is_none());
                told.late += u64::from(took_ms.is_none_or(|ms| ms > stated_ms));
                told.slowest_ms = told.slowest_ms.max(took_ms.unwrap_or(0));
            }
        }
        told
    }
}

/// What a request meets that began at `began` and whose answer was under way for `ms` when the
/// network failed at `at`.
fn lost(began: Timestamp, ms: Millis, at: Timestamp, meets: Meets) -> Meets {
    if began.plus(ms) < at {
        return Meets::Pass(ms);
    }
    match meets {
        Meets::Refused(_) => Meets::Refused(at.since(began)),
        other => other,
    }
}

fn settings() -> Vec<Setting> {
    let with = |regions, interval_s, timeout_ms, fall| Setting {
        regions,
        interval_s,
        timeout_ms,
        fall,
        ..USUAL
    };
    vec![
        with(&[1, 1], 60, 5_000, 3),
        with(&[1, 1], 15, 5_000, 3),
        with(&[2, 2], 30, 2_000, 2),
        USUAL,
        with(&[1, 1, 1], 60, 5_000, 3),
        with(&[1, 1, 1], 5, 1_000, 1),
        with(&[1, 1, 1], 15, 10_000, 5),
        with(&[2, 2, 2], 15, 5_000, 3),
        with(&[4, 1, 1], 15, 5_000, 3),
        with(&[1, 1, 1, 1], 15, 5_000, 3),
        with(&[1, 1, 1, 1], 5, 5_000, 4),
        with(&[2, 1, 2, 1], 30, 3_000, 2),
        with(&[1, 1, 1, 1, 1], 60, 10_000, 1),
        with(&[1, 1, 1, 1, 1, 1], 15, 5_000, 3),
        with(&[2, 2, 2, 2, 2, 2], 60, 5_000, 3),
    ]
}

/// Plays every fault in every phase and prints the rows.
#[expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "the table is for people, with the time that it takes"
)]
fn play(settings: impl IntoIterator<Item = Setting>) {
    let began = Instant::now();
    let mut wrong = Vec::new();
    for setting in settings {
        let mut settled = Settled::new(setting);
        let (mut cut, mut gone) = (Told::default(), Told::default());
        for meets in [Meets::Silence, Meets::Refused(1)] {
            for s in [5, 12, 30, 60] {
                cut.add(&settled.table(Fault::Cut { ms: s * SECOND, meets }));
            }
            for regions in setting.outages() {
                gone.add(&settled.table(Fault::Gone { regions, meets }));
            }
        }
        let row = row(&settled, &cut, &gone);
        println!("{row}");
        if cut.premature + gone.premature + gone.late > 0 {
            wrong.push(row);
        }
    }
    println!("{:.1} s", began.elapsed().as_secs_f32());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn row(settled: &Settled, cut: &Told, gone: &Told) -> String {
    let Settled { setting, stated_ms, .. } = settled;
    let Setting { regions, interval_s, timeout_ms, fall, controls, .. } = *setting;
    let timeout_s = timeout_ms / SECOND;
    let stated_s = stated_ms / SECOND;
    format!(
        "{regions:?} every {interval_s} s, timeout {timeout_s} s, fall {fall}, probes {}, controls \
         {controls:?}, settled {} min | cuts: {} premature of {} | gone: {} late, {} never of {}, \
         slowest {:.1} s of {stated_s} s, {} premature of {}",
        setting.probes_per_run,
        setting.settled_min,
        cut.premature,
        cut.phases,
        gone.late,
        gone.never,
        gone.gone,
        f64::from(u32::try_from(gone.slowest_ms).unwrap()) / 1_000.0,
        gone.premature,
        gone.phases,
    )
}

#[test]
fn a_cut_observer_takes_nobody_down_and_what_is_gone_is_down_in_time() {
    play(settings());
}

#[test]
fn the_same_holds_with_controls_that_answer_and_with_controls_that_somebody_blocks() {
    let with = |controls| move |it| Setting { controls, ..it };
    let all = settings().into_iter();
    play(all.clone().step_by(2).map(with(Controls::Answer)));
    play(all.skip(1).step_by(3).map(with(Controls::Blocked)));
}

#[test]
fn the_same_holds_with_few_probes_in_a_run_and_before_the_regions_have_drifted_apart() {
    play([
        Setting { probes_per_run: 3, ..USUAL },
        Setting { probes_per_run: 7, ..USUAL },
        Setting { probes_per_run: 12, regions: &[2, 2, 2], ..USUAL },
        Setting { settled_min: 1, ..USUAL },
        Setting { settled_min: 1, interval_s: 60, ..USUAL },
        Setting { settled_min: 30, interval_s: 60, ..USUAL },
    ]);
}
