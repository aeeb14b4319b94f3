//! How bad something is, in the words of those who are called.

use super::event::{Event, EventKind};
use crate::json::words;

words! {
    /// How bad an event is, from the least. Source: the severities of `PagerDuty`'s Events API v2.
    pub enum Severity {
        /// Good to know.
        Info = "info",
        /// Worth a look in working hours.
        Warning = "warning",
        /// Something does not work, and traffic may not move when it should.
        Error = "error",
        /// Clients notice it, or nobody watches over them.
        Critical = "critical",
    }
}

impl EventKind {
    /// How bad such an event is by itself.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Down | Self::Silent | Self::Burn | Self::ApprovalNeeded | Self::Errors => {
                Severity::Critical
            }
            Self::ConfigRefused
            | Self::Withheld
            | Self::Failed
            | Self::Doubt
            | Self::OtherOwner
            | Self::AlertLost
            | Self::ContractBroken
            | Self::NotReady => Severity::Error,
            Self::HeldBack | Self::Restored | Self::Promoted | Self::StandsIn => Severity::Warning,
            Self::Observed
            | Self::Opened
            | Self::Up
            | Self::Closed
            | Self::Verified
            | Self::Applied
            | Self::Released
            | Self::DoubtOver
            | Self::ConfigTaken
            | Self::Acted
            | Self::Ordered
            | Self::InForce
            | Self::Lifted
            | Self::Heard
            | Self::StandsDown
            | Self::Stage
            | Self::PlanBegun
            | Self::Step
            | Self::PlanEnded
            | Self::Ready
            | Self::ContractKept
            | Self::BurnOver
            | Self::ErrorsOver
            | Self::DrillBegun
            | Self::DrillEnded => Severity::Info,
        }
    }
}

impl Event {
    /// How bad it is: what its kind is, and at least an error if a person has to look. A region
    /// that is down because a person drained it is as it should be.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.kind == EventKind::Down && !self.is_urgent {
            return Severity::Info;
        }
        let least = if self.is_urgent { Severity::Error } else { Severity::Info };
        self.kind.severity().max(least)
    }
}
