//! Whether the failover plan of a service would work if its region failed now.
//!
//! The time to mend a plan is before it is needed. What stands in its way is told when it begins,
//! when something else does, and when nothing does any more. A number that moves is no news.

use crate::json::{fields, words};
use crate::ordered::{Map, Set};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

use super::telling::TOLD_AFTER_MS;

/// How often each plan is evaluated although its config has not changed, and its hooks are asked.
pub const READINESS_MS: Millis = 30 * MINUTE;
/// How often what costs no call is looked at: what a plan depends on may have changed.
pub const LOOK_MS: Millis = 30 * SECOND;
/// After how long a hook is asked again that would not work. Each further time in a row is longer
/// by as much, up to [`READINESS_MS`].
pub const ASKED_AGAIN_MS: Millis = MINUTE;
/// How often in a row a hook has to say that it would not work until people are told. One answer
/// may be a hiccup.
pub const FAILURES_TOLD: u32 = 2;

words! {
    /// What stands in the way of a plan.
    pub enum Obstacle {
        /// No other region is up and permitted.
        Standby = "standby",
        /// The gate would not let a standby pass.
        Gate = "gate",
        /// A hook would not work.
        Hook = "hook",
        /// The other regions do not carry the load.
        Capacity = "capacity",
        /// The token lacks a permission.
        Permission = "permission",
        /// There are no calls left of the API, or no writes to KV.
        Budget = "budget",
        /// A person halted it, or declared corruption.
        Halt = "halt",
        /// No plan is begun by itself: the last one failed.
        Held = "held",
        /// Nobody is believed to be the primary.
        Manager = "manager",
    }
}

/// Something that stands in the way of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What.
    pub obstacle: Obstacle,
    /// The step of the hook, or the permission; empty where there is one of its kind.
    pub about: String,
    /// In words.
    pub text: String,
}

/// What a hook answered to a dry call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryAnswer {
    /// When.
    pub at: Timestamp,
    /// Why it would not work; absent if it would.
    pub problem: Option<String>,
    /// How often in a row it would not.
    pub failures: u32,
}

/// What is remembered of a plan that is not needed yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readiness {
    /// What its hooks answered to the last dry calls, by the names of their steps.
    pub hooks: Map<String, DryAnswer>,
    /// What stands in its way, as people were told; empty if they were told nothing, or that
    /// nothing does.
    pub told: Vec<Reason>,
    /// Since when something else does.
    pub differs_since: Option<Timestamp>,
}

fields!(Reason { obstacle, about, text });
fields!(DryAnswer { at, problem if any, failures = 0 });
fields!(Readiness { hooks = Map::new(), told = Vec::new(), differs_since if any });

impl Reason {
    /// One of its kind.
    #[must_use]
    pub fn new(obstacle: Obstacle, text: String) -> Self {
        Self { obstacle, about: String::new(), text }
    }

    /// The same, about this one of its kind.
    #[must_use]
    pub fn about(self, about: &str) -> Self {
        Self { about: about.to_owned(), ..self }
    }
}

impl DryAnswer {
    /// The answer of a hook that answered `before` the last time.
    #[must_use]
    pub fn after(before: Option<&Self>, problem: Option<String>, at: Timestamp) -> Self {
        let failures = before.map_or(0, |before| before.failures).saturating_add(1);
        let failures = if problem.is_some() { failures } else { 0 };
        Self { at, problem, failures }
    }

    /// When to ask again.
    #[must_use]
    pub fn again_at(&self) -> Timestamp {
        let wait_ms = match self.failures {
            0 => READINESS_MS,
            some => ASKED_AGAIN_MS.saturating_mul(some.into()).min(READINESS_MS),
        };
        self.at.plus(wait_ms)
    }
}

impl Readiness {
    /// Whether people are to be told something now: what stands in the way is of another kind than
    /// they know, and has been for a minute, and for two probes of whoever is silent for
    /// `silent_ms` at most.
    pub fn is_news(&mut self, reasons: &[Reason], silent_ms: Millis, now: Timestamp) -> bool {
        if kinds(reasons) == kinds(&self.told) {
            self.differs_since = None;
            return false;
        }
        let since = *self.differs_since.get_or_insert(now);
        let is_due = now.since(since) >= TOLD_AFTER_MS.max(silent_ms.saturating_mul(2));
        if is_due {
            self.differs_since = None;
            self.told = reasons.to_vec();
        }
        is_due
    }

    /// Forgets an answer that a clock that was wrong put ahead of `now`, so that it is asked for
    /// again, and counts the rest as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { hooks, told: _, differs_since } = self;
        hooks.retain(|_, answer| !answer.at.is_ahead(now));
        *differs_since = differs_since.map(|at| at.unless_ahead(now));
    }
}

fn kinds(reasons: &[Reason]) -> Set<(Obstacle, &str)> {
    Set::of(reasons.iter().map(|reason| (reason.obstacle, reason.about.as_str())))
}

/// All of them in one line.
#[must_use]
pub fn in_words(reasons: &[Reason]) -> String {
    let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn hook(step: &str, text: &str) -> Reason {
        Reason::new(Obstacle::Hook, text.to_owned()).about(step)
    }

    #[test]
    fn what_stands_in_the_way_is_told_after_a_minute_and_again_when_it_is_something_else() {
        let mut readiness = Readiness::default();
        let fence = [hook("fence", "it answered 503")];
        for (ms, is_news) in [(0, false), (TOLD_AFTER_MS - 1, false), (TOLD_AFTER_MS, true)] {
            assert_eq!(readiness.is_news(&fence, 0, at(ms)), is_news, "{ms}");
        }
        assert_eq!(readiness.told, fence);
        // The same in other words.
        assert!(!readiness.is_news(&[hook("fence", "it answered 401")], 0, at(10 * MINUTE)));
        let both = [hook("fence", "it answered 401"), hook("promote", "no connection")];
        assert!(!readiness.is_news(&both, 0, at(20 * MINUTE)));
        assert!(readiness.is_news(&both, 0, at(21 * MINUTE)));
        assert!(!readiness.is_news(&[], 0, at(30 * MINUTE)));
        assert!(!readiness.is_news(&both, 0, at(30 * MINUTE + 1)), "it was for a moment");
        assert!(!readiness.is_news(&[], 0, at(30 * MINUTE + 2)));
        assert!(!readiness.is_news(&[], 0, at(31 * MINUTE)));
        assert!(readiness.is_news(&[], 0, at(31 * MINUTE + 2)));
        assert_eq!(readiness, Readiness::default());
        for (ms, is_news) in [(0, false), (89_999, false), (90_000, true)] {
            assert_eq!(
                readiness.is_news(&fence, 45_000, at(ms)),
                is_news,
                "probed every 45 s: {ms}"
            );
        }
    }

    #[test]
    fn a_hook_that_would_not_work_is_asked_again_soon_and_then_more_rarely() {
        let mut answer = DryAnswer::after(None, None, at(0));
        assert_eq!(answer.again_at(), at(READINESS_MS));
        let mut waits = Vec::new();
        for _ in 0..32 {
            answer = DryAnswer::after(Some(&answer), Some("no".to_owned()), at(0));
            waits.push(answer.again_at().millis() / MINUTE);
        }
        assert_eq!(waits.get(..3), Some(&[1, 2, 3][..]));
        assert_eq!(waits.get(28..), Some(&[29, 30, 30, 30][..]));
        answer = DryAnswer::after(Some(&answer), None, at(0));
        assert_eq!((answer.failures, answer.again_at()), (0, at(READINESS_MS)));
    }

    #[test]
    fn an_answer_from_the_future_is_asked_for_again() {
        let mut readiness = Readiness::default();
        readiness.hooks.insert("fence".to_owned(), DryAnswer::after(None, None, at(10 * MINUTE)));
        readiness.forget_the_future(at(0));
        assert_eq!(readiness, Readiness::default());
    }
}
