//! What a standby said about its data while its primary was alive.
//!
//! Once a primary is dead, the numbers of its standbys lie: a lag is 0 for ever, a contact is young
//! because a worker began anew, a position goes back with a restart. And a primary that dies takes
//! numbers away before a probe of its own notices. So a reading counts only once the primary has
//! passed a probe that was begun after it.

use super::telling::Telling;
use crate::health::{Field, Passed, Seconds, Untold};
use crate::ids::RegionId;
use crate::json::fields;
use crate::time::Timestamp;

/// What is remembered of one standby of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandbyMemory {
    /// The primary that it is a standby of. What it says about another one is forgotten.
    pub of: RegionId,
    /// The last reading that counts.
    pub last: Option<Reading>,
    /// A later one, which counts once the primary passes another probe.
    pub pending: Option<Reading>,
    /// What people were told about its fitness to be promoted.
    pub telling: Telling,
}

fields!(StandbyMemory { of, last, pending, telling = Telling::default() });

/// What one health document of a standby said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When it was asked for: it is from that instant, or a little after.
    pub asked: Timestamp,
    /// When it had been read.
    pub at: Timestamp,
    /// By how much the data that it had received were behind what the primary had at the last
    /// contact.
    pub lag: Field,
    /// How long ago that contact was.
    pub contact_age: Field,
    /// How far its data had come; absent where the config does not say where it tells that.
    pub position: Option<Field>,
}

fields!(Reading { asked, at, lag, contact_age, position });

/// A reading in which nothing is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The lag.
    pub lag: Seconds,
    /// The age of the contact.
    pub contact_age: Seconds,
    /// The standby has everything that was written up to this instant.
    pub has_until: Timestamp,
}

/// Which of the two numbers is unknown, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownPart {
    /// The lag.
    Lag(Untold),
    /// The age of the last contact.
    ContactAge(Untold),
}

impl Reading {
    /// Its numbers. Errors: one of them is unknown.
    pub fn told(&self) -> Result<Told, UnknownPart> {
        let lag = self.lag.seconds().map_err(UnknownPart::Lag)?;
        let contact_age = self.contact_age.seconds().map_err(UnknownPart::ContactAge)?;
        let contact = self.asked.minus(contact_age.at_most_ms());
        Ok(Told { lag, contact_age, has_until: contact.minus(lag.at_most_ms()) })
    }
}

impl StandbyMemory {
    /// Nothing yet, about a standby of this primary.
    #[must_use]
    pub fn of(primary: RegionId) -> Self {
        Self { of: primary, last: None, pending: None, telling: Telling::default() }
    }

    /// Takes in the newest reading, and the last probe that the primary passed.
    pub fn take(&mut self, newest: Option<Reading>, passed: Passed) {
        // What was read before may count by now, although something newer does not yet.
        let pending = self.pending.take();
        for reading in [pending, newest].into_iter().flatten() {
            if self.last.as_ref().is_some_and(|last| reading.at <= last.at) {
                continue;
            }
            let slot = if passed.asked > reading.at {
                self.pending = None;
                &mut self.last
            } else {
                &mut self.pending
            };
            *slot = Some(reading);
        }
    }

    /// Leaves out what is in motion with every probe: which minute it is from and which of its
    /// numbers are known remains.
    pub fn rest(&mut self) {
        self.pending = None;
        if let Some(reading) = &mut self.last {
            (reading.asked, reading.at) = (reading.asked.minute(), reading.asked.minute());
            for number in [&mut reading.lag, &mut reading.contact_age] {
                if number.seconds().is_ok() {
                    *number = Field::Number(0.into());
                }
            }
            reading.position = None;
        }
    }

    /// Forgets readings that a clock that was wrong put ahead of `now`.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { of: _, last, pending, telling } = self;
        for reading in [last, pending] {
            *reading = reading.take().filter(|it| !it.at.is_ahead(now));
        }
        telling.forget_the_future(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn seconds(number: f64) -> Field {
        Field::Number(serde_json::Number::from_f64(number).unwrap())
    }

    fn reading(asked: u64, lag: Field) -> Reading {
        let (asked, ended) = (at(asked), at(asked + 50));
        Reading { asked, at: ended, lag, contact_age: seconds(1.5), position: None }
    }

    fn passed(asked: u64, ended: u64) -> Passed {
        Passed { asked: at(asked), at: at(ended) }
    }

    fn memory() -> StandbyMemory {
        StandbyMemory::of(RegionId::parse("eu-west").unwrap())
    }

    #[test]
    fn a_standby_has_everything_up_to_its_contact_less_its_lag() {
        let told = reading(100_000, seconds(0.5)).told().unwrap();
        assert_eq!(told.has_until, at(98_000));
        let whole = Reading { contact_age: seconds(2.0), ..reading(100_000, seconds(0.5)) };
        assert_eq!(whole.told().unwrap().has_until, at(96_500), "2 may be 2.9");
    }

    #[test]
    fn a_reading_counts_once_the_primary_passes_a_probe_that_was_begun_after_it() {
        for (asked, counts) in [(100_000, false), (100_050, false), (100_051, true)] {
            let mut memory = memory();
            memory.take(Some(reading(100_000, seconds(0.2))), passed(asked, 100_090));
            assert_eq!(memory.last.is_some(), counts, "{asked}");
            assert_eq!(memory.pending.is_none(), counts);
            memory.take(Some(reading(115_000, Field::Null {})), passed(115_000, 115_020));
            assert_eq!(memory.last.unwrap().lag, seconds(0.2), "null does not count yet");
            assert_eq!(memory.pending.unwrap().lag, Field::Null {});
        }
    }

    #[test]
    fn what_is_unknown_while_the_primary_is_up_takes_the_place_of_what_was_known() {
        let mut memory = memory();
        memory.take(Some(reading(100_000, seconds(0.2))), passed(100_060, 100_070));
        memory.take(Some(reading(115_000, Field::Null {})), passed(115_060, 115_080));
        assert_eq!(memory.last.unwrap().lag, Field::Null {});
    }

    #[test]
    fn at_rest_only_the_minute_and_what_is_unknown_are_told() {
        let rest = |asked: u64, lag: Field| {
            let mut memory = memory();
            memory.take(Some(reading(asked, lag)), passed(asked + 100, asked + 120));
            memory.take(Some(reading(asked + 200, seconds(7.0))), passed(asked, asked + 120));
            memory.rest();
            memory
        };
        assert_eq!(rest(120_000, seconds(0.2)), rest(179_000, seconds(9.0)));
        assert_ne!(rest(120_000, seconds(0.2)), rest(180_000, seconds(0.2)));
        assert_ne!(rest(120_000, seconds(0.2)), rest(120_000, Field::Null {}));
    }

    #[test]
    fn the_same_reading_is_taken_in_once_and_an_older_one_never() {
        let mut memory = memory();
        memory.take(Some(reading(100_000, seconds(0.2))), passed(100_060, 100_070));
        let before = memory.clone();
        memory.take(Some(reading(100_000, seconds(0.2))), passed(115_000, 115_020));
        memory.take(Some(reading(85_000, seconds(0.1))), passed(115_000, 115_020));
        assert_eq!(memory, before);
    }
}
