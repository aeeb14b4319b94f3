//! One thing that happened.

use super::actor::Actor;
use crate::ids::{RegionId, ServiceId};
use crate::json::{fields, words};
use crate::time::Timestamp;

words! {
    /// What happened. The word begins the line of the log and is the name of the alert.
    pub enum EventKind {
        /// The observed health of a target changed.
        Observed = "observed",
        /// An incident began: a region is down or drained, or the observer is in doubt.
        Opened = "opened",
        /// A region of a service is down, or drained.
        Down = "down",
        /// A region of a service is up again.
        Up = "up",
        /// An incident is over.
        Closed = "closed",
        /// The service answers through its public name after a change.
        Verified = "verified",
        /// A change at Cloudflare was made.
        Applied = "applied",
        /// A change was not made, on purpose.
        Withheld = "withheld",
        /// What was withheld no longer is.
        Released = "released",
        /// Something failed at Cloudflare.
        Failed = "failed",
        /// The observer doubts itself.
        Doubt = "doubt",
        /// It no longer does.
        DoubtOver = "doubt_over",
        /// A config is in use from now on.
        ConfigTaken = "config_taken",
        /// A config was refused, and the last good one stays.
        ConfigRefused = "config_refused",
        /// Documents wait for the day's writes to KV, or no longer do.
        HeldBack = "held_back",
        /// A person did something at once, such as an acknowledgement.
        Acted = "acted",
        /// A person gave an order that stays in force.
        Ordered = "ordered",
        /// An order came into force that was given for later.
        InForce = "in_force",
        /// An order ended: a person lifted it, or its time was over.
        Lifted = "lifted",
        /// Another owner touched a record of ours.
        OtherOwner = "other_owner",
        /// An alert could not be delivered, and is given up.
        AlertLost = "alert_lost",
        /// No run has come for too long.
        Silent = "silent",
        /// Runs come again.
        Heard = "heard",
        /// Cron is late, and the Controller has probes made by itself.
        StandsIn = "stands_in",
        /// Cron runs again.
        StandsDown = "stands_down",
        /// The memory was lost and restored from KV.
        Restored = "restored",
        /// A service came to another stage of its recovery.
        Stage = "stage",
        /// A plan was begun that moves a service.
        PlanBegun = "plan_begun",
        /// A step of a plan ended.
        Step = "step",
        /// A plan waits for a person.
        ApprovalNeeded = "approval_needed",
        /// Another region is the primary of a service.
        Promoted = "promoted",
        /// A plan ended.
        PlanEnded = "plan_ended",
        /// The plan of a service would not work now.
        NotReady = "not_ready",
        /// It would work again.
        Ready = "ready",
        /// A contract is broken.
        ContractBroken = "contract_broken",
        /// It is kept again.
        ContractKept = "contract_kept",
        /// Errors use up what the availability of a service allows, too fast.
        Burn = "burn",
        /// They no longer do.
        BurnOver = "burn_over",
        /// Live traffic of a region fails.
        Errors = "errors",
        /// It no longer does.
        ErrorsOver = "errors_over",
        /// A drill was begun.
        DrillBegun = "drill_begun",
        /// A drill ended.
        DrillEnded = "drill_ended",
    }
}

/// What an event is about; the incident is found by service and region.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The service; absent if it is about all of them or none.
    pub service: Option<ServiceId>,
    /// The region; absent if it is about all of them or none.
    pub region: Option<RegionId>,
    /// The id of the incident that it belongs to, once that is known.
    pub incident: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// About what.
    pub subject: Subject,
    /// What happened, in words, without the kind.
    pub text: String,
    /// Why, in words; absent where the text says it all.
    pub why: Option<String>,
    /// Who did it.
    pub who: Actor,
    /// Whether a person has to look.
    pub is_urgent: bool,
}

fields!(Subject { service if any, region if any, incident if any });
fields!(Event { at, kind, subject, text, why if any, who, is_urgent });

impl Event {
    /// Something that this Worker did or saw, about everything, which nobody has to look at.
    #[must_use]
    pub fn new(kind: EventKind, text: String, at: Timestamp) -> Self {
        let (subject, who) = (Subject::default(), Actor::system());
        Self { at, kind, subject, text, why: None, who, is_urgent: false }
    }

    /// The same, and a person has to look.
    #[must_use]
    pub fn urgent(self) -> Self {
        Self { is_urgent: true, ..self }
    }

    /// The same, for this reason.
    #[must_use]
    pub fn because(self, why: String) -> Self {
        Self { why: Some(why), ..self }
    }

    /// The same, done by this actor.
    #[must_use]
    pub fn by(self, who: Actor) -> Self {
        Self { who, ..self }
    }

    /// The same, about this service and region.
    #[must_use]
    pub fn about(self, service: Option<&ServiceId>, region: Option<&RegionId>) -> Self {
        let subject = Subject {
            service: service.cloned(),
            region: region.cloned(),
            incident: self.subject.incident,
        };
        Self { subject, ..self }
    }
}
