//! How a region returns: which stage comes next, and when.
//!
//! A stage is watched for a while. If it is good, the next one comes; if it is worse than the other
//! regions, the region goes back to the last stage that was good. It goes back a few times at most
//! and then stays until a person brings it on. What is not known holds a stage and ends none.

use super::figures::Compared;
use super::record::{ALL_PERCENT, Return};
use crate::config::{Failback, FailbackMode, FewSamples};
use crate::time::{Millis, Timestamp};

/// How often a region goes back a stage before it waits for a person.
pub const REGRESSIONS_MAX: u32 = 3;

/// What a step of a return is decided by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returning<'r> {
    /// What the config says.
    pub failback: &'r Failback,
    /// Its stages, rising to 100; fewer than the config's where nothing divides the clients.
    pub stages: &'r [u8],
    /// What stands in the way of a next stage, in words.
    pub obstacle: Option<String>,
    /// How its requests compare with the other regions'.
    pub compared: Compared,
}

/// What becomes of a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It stays where it is: because it is still watched, or for this reason.
    Stays(Option<String>),
    /// It comes to a later stage.
    On {
        /// The percentage.
        percent: u8,
        /// Why, in words.
        why: String,
    },
    /// It goes back.
    Back {
        /// The percentage.
        percent: u8,
        /// Why, in words.
        why: String,
    },
    /// It is over: the region has all of its clients, and was watched with them.
    Over,
}

impl Return {
    /// A return that begins: nobody has returned.
    #[must_use]
    pub fn begin(since: Timestamp, regressions: u32, usual_ms: Option<Millis>) -> Self {
        let (percent, good, held, is_released) = (0, Vec::new(), None, false);
        Self { percent, since, regressions, held, good, is_released, usual_ms }
    }

    /// The next stage; `None` at the last.
    #[must_use]
    pub fn next(&self, stages: &[u8]) -> Option<u8> {
        stages.iter().copied().find(|stage| *stage > self.percent)
    }

    /// The stage that it goes back to: the last one that was good, and always an earlier one.
    fn last_good(&self) -> u8 {
        let earlier = self.good.iter().copied().filter(|stage| *stage < self.percent);
        earlier.max().unwrap_or(0)
    }

    /// When the stage has been watched for long enough.
    #[must_use]
    pub fn watched_until(&self, failback: &Failback) -> Timestamp {
        let ms = match (self.percent, self.regressions) {
            (0, 0) => failback.after_ms,
            (0, _) => failback.after_ms.max(failback.bake_ms),
            _ => failback.bake_ms,
        };
        self.since.plus(ms)
    }

    /// What becomes of it at `now`.
    #[must_use]
    pub fn turn(&self, seen: &Returning<'_>, now: Timestamp) -> Turn {
        let Returning { failback, stages, obstacle, compared } = seen;
        if let (Compared::Worse(why), 1..) = (compared, self.percent) {
            return Turn::Back { percent: self.last_good(), why: why.clone() };
        }
        if let Some(obstacle) = obstacle {
            return Turn::Stays(Some(obstacle.clone()));
        }
        if self.regressions >= REGRESSIONS_MAX {
            return Turn::Stays(Some(format!("it went back {} times", self.regressions)));
        }
        if failback.mode == FailbackMode::Manual && !self.is_released {
            return Turn::Stays(Some("a person has to begin it".to_owned()));
        }
        if now < self.watched_until(failback) {
            return Turn::Stays(None);
        }
        let Some(percent) = self.next(stages) else { return Turn::Over };
        let why = match compared {
            // Clients whom the law leaves no other region are there already.
            Compared::Worse(why) => return Turn::Stays(Some(why.clone())),
            _ if self.percent == 0 => "it is up again for long enough".to_owned(),
            Compared::Few(_) if failback.analysis.few_samples == FewSamples::Hold => {
                // Without the figure, which changes all the time.
                let least = failback.analysis.min_samples;
                let held = format!("it has had fewer than {least} requests to compare");
                return Turn::Stays(Some(held));
            }
            Compared::Few(few) => format!("its time is over, with {few}"),
            Compared::Silent => "its probes passed, and it had no requests".to_owned(),
            Compared::Good(why) => why.clone(),
        };
        Turn::On { percent, why }
    }

    /// Comes to a later stage: because this one was good, or because a person says so.
    pub fn go_on(&mut self, percent: u8, by_person: bool, now: Timestamp) {
        if by_person {
            (self.regressions, self.is_released) = (0, true);
        } else if !self.good.contains(&self.percent) {
            self.good.push(self.percent);
        }
        (self.percent, self.since, self.held) = (percent.min(ALL_PERCENT), now, None);
    }

    /// Goes back to an earlier stage.
    pub fn go_back(&mut self, percent: u8, now: Timestamp) {
        self.regressions = self.regressions.saturating_add(1);
        (self.percent, self.since, self.held) = (percent, now, None);
        self.good.retain(|stage| *stage <= percent);
    }
}

#[cfg(test)]
mod tests;
