//! Cron runs in virtual time: what the observer does minute by minute, with the time that its
//! probes really take.
//!
//! The runtime opens six connections at once, so a probe waits for a free one, and the clock of a
//! probe begins when it has one. Controls are asked first. A run begins up to a second late.

use crate::config::{Config, Control};
use crate::health::{FailureKind, FailureReason, Health, Verdict};
use crate::ids::OriginId;
use crate::state::State;
use crate::target::Target;
use crate::tick::{
    CONTROL_TIMEOUT_MS, Changed, ControlResult, PROBES_AT_ONCE, Probe, ProbeResult, RoundReply,
    RoundRequest, next_round, take_in,
};
use crate::time::{Millis, Timestamp};

/// What a request meets at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meets {
    /// A pass after so many milliseconds.
    Pass(Millis),
    /// An answer after so many milliseconds, with a wrong status.
    Wrong(Millis),
    /// No connection after so many milliseconds.
    Refused(Millis),
    /// Nothing, until the request is given up.
    Silence,
}

/// A change of health, and when the Controller took it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: Timestamp,
    pub(crate) changed: Changed,
}

/// An observer and the state that it keeps.
pub(crate) struct Observer {
    pub(crate) config: Config,
    pub(crate) state: State,
    /// The minute that the next run is for.
    minute: u64,
    /// How late each run begins.
    pub(crate) late_ms: Millis,
    /// From a request of the run to the Controller's reply.
    pub(crate) reply_ms: Millis,
}

impl Observer {
    /// An observer that has seen nothing yet. Time begins at `minute` minutes.
    pub(crate) fn new(config: Config, minute: u64) -> Self {
        let mut state = State::default();
        state.follow(&config);
        Self { config, state, minute, late_ms: 0, reply_ms: 10 }
    }

    /// Lets minutes pass without a run.
    pub(crate) fn miss(&mut self, minutes: u64) {
        self.minute += minutes;
    }

    /// Goes back to the beginning of a minute, to play another future from a state that was kept.
    pub(crate) fn rewind(&mut self, minute: u64) {
        self.minute = minute;
    }

    /// When the next run is scheduled.
    pub(crate) fn next(&self) -> Timestamp {
        Timestamp::from_millis(self.minute * 60_000)
    }

    /// Plays runs until one would begin at `end` or later; the changes that were seen, in order.
    pub(crate) fn until(
        &mut self,
        end: Timestamp,
        origin: &dyn Fn(&OriginId, Timestamp) -> Meets,
        control: &dyn Fn(&str, Timestamp) -> bool,
    ) -> Vec<Seen> {
        self.until_by_target(end, &|target, at| origin(&target.origin, at), control)
    }

    /// The same, where monitors of one origin meet different things.
    pub(crate) fn until_by_target(
        &mut self,
        end: Timestamp,
        target: &dyn Fn(&Target, Timestamp) -> Meets,
        control: &dyn Fn(&str, Timestamp) -> bool,
    ) -> Vec<Seen> {
        let mut seen = Vec::new();
        while self.next() < end {
            self.run(target, control, &mut seen);
        }
        seen
    }

    /// Plays one run.
    fn run(
        &mut self,
        target: &dyn Fn(&Target, Timestamp) -> Meets,
        control: &dyn Fn(&str, Timestamp) -> bool,
        seen: &mut Vec<Seen>,
    ) {
        let run = self.next();
        self.minute += 1;
        let now = run.plus(self.late_ms);
        let mut request = RoundRequest::first(run, now);
        loop {
            let changes = take_in(&mut self.state, &self.config, &request).unwrap_or_default();
            seen.extend(changes.into_iter().map(|changed| Seen { at: request.now, changed }));
            let reply = next_round(&mut self.state, &self.config, request.now);
            let RoundReply::Probe { wait_ms, probes, controls, .. } = reply else { return };
            let mut hands = Hands::from(request.now.plus(self.reply_ms).plus(wait_ms));
            request.controls =
                controls.into_iter().map(|asked| hands.control(asked, control)).collect();
            request.results = probes.into_iter().map(|probe| hands.probe(probe, target)).collect();
            request.round += 1;
            request.now = hands.last();
        }
    }

    /// What is believed of an origin at an instant.
    pub(crate) fn health(&self, target: &Target, now: Timestamp) -> Health {
        let view = crate::view::View::new(&self.config, &self.state, now);
        view.target(&target.monitor, &target.origin).health
    }
}

/// When each of the connections is free.
struct Hands([Timestamp; PROBES_AT_ONCE]);

impl Hands {
    fn from(now: Timestamp) -> Self {
        Self([now; PROBES_AT_ONCE])
    }

    /// When all are free.
    fn last(&self) -> Timestamp {
        self.0.into_iter().max().unwrap()
    }

    fn probe(&mut self, probe: Probe, meets: &dyn Fn(&Target, Timestamp) -> Meets) -> ProbeResult {
        let hand = self.0.iter_mut().min().unwrap();
        let (took_ms, verdict) = end(meets(&probe.target, *hand), probe.timeout_ms);
        *hand = hand.plus(took_ms);
        ProbeResult {
            fields: Vec::new(),
            at: *hand,
            verdict,
            pushed_back_ms: None,
            took_ms,
            target: probe.target,
        }
    }

    fn control(
        &mut self,
        control: Control,
        reached: &dyn Fn(&str, Timestamp) -> bool,
    ) -> ControlResult {
        let hand = self.0.iter_mut().min().unwrap();
        let reached = reached(&control.id, *hand);
        *hand = hand.plus(if reached { 20 } else { CONTROL_TIMEOUT_MS });
        ControlResult { id: control.id, reached }
    }
}

/// How long a request takes, and its verdict.
fn end(meets: Meets, timeout_ms: Millis) -> (Millis, Verdict) {
    let failed = |kind| Verdict::Fail { reason: FailureReason::of(kind) };
    let (took_ms, verdict) = match meets {
        Meets::Pass(ms) => (ms, Verdict::Pass { latency_ms: ms, lag_s: None }),
        Meets::Wrong(ms) => (ms, failed(FailureKind::ResponseCodeMismatch)),
        Meets::Refused(ms) => (ms, failed(FailureKind::TcpConnectionFailed)),
        Meets::Silence => (timeout_ms, failed(FailureKind::HttpTimeout)),
    };
    if took_ms < timeout_ms || meets == Meets::Silence {
        return (took_ms, verdict);
    }
    (timeout_ms, failed(FailureKind::HttpTimeout))
}

/// A config as an operator writes it: `regions` with so many origins each, called `r0-0`, `r0-1`,
/// …; `monitor` as in the config; `more` is laid over the whole. Without controls, unless `more`
/// has some.
#[expect(clippy::needless_pass_by_value, reason = "a test writes `json!` in the call")]
pub(crate) fn fleet(
    regions: &[u32],
    monitor: serde_json::Value,
    more: serde_json::Value,
) -> Config {
    let regions: serde_json::Map<_, _> =
        regions.iter().enumerate().map(|(at, origins)| region(at, u64::from(*origins))).collect();
    let names: Vec<_> = regions.keys().cloned().collect();
    let mut config = serde_json::json!({
        "version": 1,
        "regions": regions,
        "monitors": {"api": monitor},
        "observer": {"controls": []},
        "services": {
            "api": {"hosts": ["api.example.com"], "monitor": "api", "regions": names},
        },
    });
    let more = more.as_object().cloned().unwrap_or_default();
    config.as_object_mut().unwrap().extend(more);
    Config::parse(&config.to_string()).unwrap()
}

/// A region of a fleet as an operator writes it, with so many origins, and its id: `r0`, `r1`, ….
pub(crate) fn region(at: usize, origins: u64) -> (String, serde_json::Value) {
    const COUNTRIES: [&str; 6] = ["IE", "US", "BR", "JP", "AU", "ZA"];
    let origin = |each| {
        let id = format!("r{at}-{each}");
        serde_json::json!({"id": id, "url": format!("https://{id}.example.com")})
    };
    let origins: Vec<_> = (0..origins).map(origin).collect();
    let country = COUNTRIES[at % COUNTRIES.len()];
    (format!("r{at}"), serde_json::json!({"country": country, "origins": origins}))
}
