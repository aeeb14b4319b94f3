//! Why an origin or a region is not simply up: for people.

use super::origin::OriginStanding;
use super::region::{Frozen, RegionStanding};
use crate::config::{Override, OverrideTo};
use crate::drill::Drill;
use crate::health::{Because, Health};

impl OriginStanding<'_> {
    /// Why it is not simply observed to be up, in words; `None` if it is.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        if let Some(order) = self.order {
            let done = match (self.because, self.health) {
                (Because::Outage, _) => "declared out",
                (Because::Override, Health::Up) => "set up",
                (Because::Override, _) => "set down",
                _ => "drained",
            };
            return Some(format!("{done} {}", order.told()));
        }
        if let Some(set) = self.override_ {
            let done = match set.set {
                OverrideTo::Up => "set up",
                OverrideTo::Down => "set down",
                OverrideTo::Drain => "drained",
            };
            let Override { reason, author, until, .. } = set;
            return Some(format!("{done} by {author} until {until}: {reason}"));
        }
        if let Some(drill) = self.drill.filter(|_| self.because == Because::Drain) {
            return Some(told(drill));
        }
        let reason = self.observed.reason.map(|reason| reason.to_string());
        if self.because == Because::Doubt {
            return Some(format!("the observer is in doubt: {}", reason.unwrap_or_default()));
        }
        let since = self.observed.since.map(|at| format!(" since {at}")).unwrap_or_default();
        match (self.health, self.observed.damped_until, reason) {
            (Health::Up, ..) => None,
            (Health::Down, _, reason) => {
                let reason = reason.unwrap_or_else(|| "its probes failed".to_owned());
                Some(format!("{reason}, down{since}"))
            }
            (Health::Unknown, Some(until), _) => {
                Some(format!("it went down too often, and is not up before {until}"))
            }
            (Health::Unknown, None, Some(reason)) => Some(reason),
            (Health::Unknown, None, None) if self.observed.since.is_none() => {
                Some("not enough probes have judged it yet".to_owned())
            }
            (Health::Unknown, None, None) => Some("its last probes are too old".to_owned()),
        }
    }
}

impl RegionStanding<'_> {
    /// The origins that decide its health: those that are as healthy as the best one.
    fn deciding(&self) -> impl Iterator<Item = &OriginStanding<'_>> {
        self.origins.iter().filter(|origin| origin.health == self.health)
    }

    /// What decides its health; a drain, where it drains.
    #[must_use]
    pub fn because(&self) -> Because {
        if self.stays_away() {
            return Because::Corruption;
        }
        if self.is_draining {
            return Because::Drain;
        }
        // A drain that leaves other origins takes nothing from the region.
        let of = |origin: &OriginStanding<'_>| match origin.because {
            Because::Drain => Because::Observed,
            other => other,
        };
        self.deciding().map(of).min().unwrap_or(Because::Observed)
    }

    /// Why it is not simply observed to be up, in words; `None` if it is.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        if self.health == Health::Up && self.because() == Because::Observed {
            return self.drill.map(told);
        }
        if let Some(Frozen { order, .. }) = self.frozen.filter(|_| self.stays_away()) {
            let told = order.told();
            return Some(format!("it was down when corruption was declared {told}"));
        }
        let mut whys = self.deciding().filter_map(|o| Some((&o.origin.id, o.why()?)));
        let (first, why) = whys.next()?;
        let others = match whys.count() {
            0 => String::new(),
            some => format!(" (and {some} more)"),
        };
        Some(format!("{first}: {why}{others}"))
    }
}

/// What a drill does to a region, in words.
fn told(drill: &Drill) -> String {
    let Drill { id, percent, service, .. } = drill;
    format!(
        "drill {id} leads {percent} % of its clients away (`pointsman abort {service}` ends it)"
    )
}
