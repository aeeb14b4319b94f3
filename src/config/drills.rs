//! When drills are made by schedule, and when none begins. All times of the day are in UTC.

use crate::ids::{DrillId, RegionId, ServiceId};
use crate::json::words;
use crate::time::{MINUTE, Millis, Timestamp};

/// Most drills by schedule in one config.
pub const DRILL_SCHEDULES_MAX: usize = 50;
/// Most times in which no drill begins.
pub const BLOCKED_MAX: usize = 50;
/// One day.
pub const DAY_MS: Millis = 24 * 60 * MINUTE;
/// Days of a week.
const WEEK: u64 = 7;
/// The day of the week of the first day of 1970, a Thursday, counted from Monday.
const FIRST_WEEKDAY: u64 = 3;

words! {
    /// How far a drill goes.
    pub enum DrillKind {
        /// Whether the plan of the service would work now is looked at. Nothing is changed.
        Plan = "plan",
        /// What would be decided if the region failed is worked out. Nothing is changed.
        Decision = "decision",
        /// The first stage of the failback stages' share of clients is moved and brought back.
        Canary = "canary",
        /// The service is switched to another region, and back.
        Full = "full",
    }

    /// A day of the week.
    pub enum Weekday {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

impl DrillKind {
    /// Whether it moves clients.
    #[must_use]
    pub fn moves(self) -> bool {
        matches!(self, Self::Canary | Self::Full)
    }
}

/// A drill that is made again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillSchedule {
    /// Its name.
    pub id: DrillId,
    /// The service.
    pub service: ServiceId,
    /// How far it goes.
    pub kind: DrillKind,
    /// The region that is taken to fail; the one that serves if absent.
    pub region: Option<RegionId>,
    /// Days from one to the next, at least.
    pub every_days: u32,
    /// When on the day.
    pub at_ms: Millis,
    /// On these days of the week; on any if empty.
    pub weekdays: Vec<Weekday>,
}

/// A time in which no drill begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// When.
    pub when: BlockedWhen,
    /// Why.
    pub reason: Option<String>,
}

/// When no drill begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockedWhen {
    /// Once: from an instant, inclusive, until another, exclusive.
    Once {
        /// The first instant.
        from: Timestamp,
        /// The first instant after it.
        until: Timestamp,
    },
    /// Every week. Where `until_ms` is not later than `from_ms`, it lasts into the next day.
    Weekly {
        /// The days on which it begins; every day if empty.
        weekdays: Vec<Weekday>,
        /// When on the day it begins.
        from_ms: Millis,
        /// When it is over.
        until_ms: Millis,
    },
}

/// Days since the first one of 1970.
fn day_of(at: Timestamp) -> u64 {
    at.millis() / DAY_MS
}

fn is_on(weekdays: &[Weekday], day: u64) -> bool {
    let index = usize::try_from((day + FIRST_WEEKDAY) % WEEK).unwrap_or(0);
    weekdays.is_empty() || Weekday::ALL.get(index).is_some_and(|it| weekdays.contains(it))
}

impl DrillSchedule {
    /// The last time that it could have begun, at or before `now`; `None` where there was none.
    #[must_use]
    pub fn slot(&self, now: Timestamp) -> Option<Timestamp> {
        let today = day_of(now);
        let days = (0..=WEEK).filter_map(|back| today.checked_sub(back));
        let slots = days.filter(|day| is_on(&self.weekdays, *day)).map(|day| self.on(day));
        slots.into_iter().find(|slot| *slot <= now)
    }

    /// The next time that it may begin after `now`, where it was last made on the day of `last`.
    #[must_use]
    pub fn next(&self, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let first = day_of(now).max(last.map_or(0, |last| self.earliest_day(last)));
        let slots = (first..=first + WEEK).filter(|day| is_on(&self.weekdays, *day));
        slots.map(|day| self.on(day)).find(|slot| *slot > now)
    }

    /// Whether enough days have passed since it was last made.
    #[must_use]
    pub fn is_due(&self, last: Option<Timestamp>, slot: Timestamp) -> bool {
        last.is_none_or(|last| day_of(slot) >= self.earliest_day(last))
    }

    fn earliest_day(&self, last: Timestamp) -> u64 {
        day_of(last).saturating_add(u64::from(self.every_days))
    }

    fn on(&self, day: u64) -> Timestamp {
        Timestamp::from_millis(day.saturating_mul(DAY_MS).saturating_add(self.at_ms))
    }
}

impl Blocked {
    /// Whether no drill begins now.
    #[must_use]
    pub fn covers(&self, now: Timestamp) -> bool {
        match &self.when {
            BlockedWhen::Once { from, until } => *from <= now && now < *until,
            BlockedWhen::Weekly { weekdays, from_ms, until_ms } => {
                let (day, ms) = (day_of(now), now.millis() % DAY_MS);
                let is_overnight = until_ms <= from_ms;
                let began_today =
                    *from_ms <= ms && (is_overnight || ms < *until_ms) && is_on(weekdays, day);
                let lasts = day.checked_sub(1).is_some_and(|day| is_on(weekdays, day));
                began_today || (is_overnight && ms < *until_ms && lasts)
            }
        }
    }

    /// Why none begins, in words.
    #[must_use]
    pub fn told(&self) -> String {
        let reason = self.reason.as_deref().map(|reason| format!(": {reason}"));
        format!("the config lets no drill begin now (`blocked`){}", reason.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::try_from(text.to_owned()).unwrap()
    }

    fn schedule(every_days: u32, weekdays: &[Weekday]) -> DrillSchedule {
        DrillSchedule {
            id: DrillId::parse("quarterly").unwrap(),
            service: ServiceId::parse("api").unwrap(),
            kind: DrillKind::Canary,
            region: None,
            every_days,
            at_ms: 10 * 60 * MINUTE,
            weekdays: weekdays.to_vec(),
        }
    }

    #[test]
    fn a_drill_comes_on_its_day_of_the_week_and_not_before_its_days_are_over() {
        let quarterly = schedule(90, &[Weekday::Tuesday]);
        // 2026-12-01 is a Tuesday.
        assert_eq!(quarterly.slot(at("2026-12-01T10:00:00Z")), Some(at("2026-12-01T10:00:00Z")));
        assert_eq!(
            quarterly.slot(at("2026-12-01T09:59:59.999Z")),
            Some(at("2026-11-24T10:00:00Z"))
        );
        assert_eq!(
            quarterly.next(None, at("2026-12-01T10:00:00Z")),
            Some(at("2026-12-08T10:00:00Z"))
        );
        let last = Some(at("2026-12-01T10:03:00Z"));
        // 90 days later is a Monday.
        assert_eq!(
            quarterly.next(last, at("2026-12-02T00:00:00Z")),
            Some(at("2027-03-02T10:00:00Z"))
        );
        for (slot, is_due) in [
            ("2027-02-28T10:00:00Z", false),
            ("2027-03-01T10:00:00Z", true),
            ("2027-03-02T10:00:00Z", true),
        ] {
            assert_eq!(quarterly.is_due(last, at(slot)), is_due, "{slot}");
        }
        assert!(quarterly.is_due(None, at("2026-12-01T10:00:00Z")));
    }

    #[test]
    fn a_blocked_time_has_its_first_instant_and_not_its_last() {
        let once = Blocked {
            when: BlockedWhen::Once {
                from: at("2026-12-20T00:00:00Z"),
                until: at("2027-01-03T00:00:00Z"),
            },
            reason: Some("holidays".to_owned()),
        };
        for (now, covers) in [
            ("2026-12-19T23:59:59.999Z", false),
            ("2026-12-20T00:00:00Z", true),
            ("2027-01-02T23:59:59.999Z", true),
            ("2027-01-03T00:00:00Z", false),
        ] {
            assert_eq!(once.covers(at(now)), covers, "{now}");
        }
        assert!(once.told().ends_with("(`blocked`): holidays"), "{}", once.told());
    }

    #[test]
    fn a_weekly_one_may_last_into_the_next_day() {
        let weekly = |from_h: u64, until_h: u64| Blocked {
            when: BlockedWhen::Weekly {
                weekdays: vec![Weekday::Friday],
                from_ms: from_h * 60 * MINUTE,
                until_ms: until_h * 60 * MINUTE,
            },
            reason: None,
        };
        // 2026-12-04 is a Friday.
        for (from_h, until_h, now, covers) in [
            (9, 17, "2026-12-04T09:00:00Z", true),
            (9, 17, "2026-12-04T17:00:00Z", false),
            (9, 17, "2026-12-05T09:00:00Z", false),
            (22, 6, "2026-12-04T21:59:59Z", false),
            (22, 6, "2026-12-04T22:00:00Z", true),
            (22, 6, "2026-12-05T05:59:59Z", true),
            (22, 6, "2026-12-05T06:00:00Z", false),
            (22, 6, "2026-12-04T03:00:00Z", false),
            (0, 0, "2026-12-04T12:00:00Z", true),
            (0, 0, "2026-12-05T00:00:00Z", false),
        ] {
            assert_eq!(weekly(from_h, until_h).covers(at(now)), covers, "{from_h} {until_h} {now}");
        }
    }

    proptest! {
        #[test]
        fn the_next_time_is_the_last_one_once_it_has_come(
            every_days in 1..400_u32,
            days in proptest::collection::vec(0..7_usize, 0..7),
            last in proptest::option::of(1_700_000_000_000..1_900_000_000_000_u64),
            now in 1_700_000_000_000..1_900_000_000_000_u64,
        ) {
            let days: Vec<_> = days.into_iter().map(|day| Weekday::ALL[day]).collect();
            let schedule = schedule(every_days, &days);
            let (last, now) = (last.map(Timestamp::from_millis), Timestamp::from_millis(now));
            let next = schedule.next(last, now).unwrap();
            prop_assert!(next > now);
            prop_assert_eq!(schedule.slot(next), Some(next));
            prop_assert!(schedule.is_due(last, next));
        }
    }
}
