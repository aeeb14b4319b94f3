//! Acts, the orders that some of them become, and how they end.

use crate::config::{DrillKind, OverrideTo};
use crate::fingerprint::Fingerprint;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::journal::{Actor, Role};
use crate::json::{fields, variants, words};
use crate::time::Timestamp;

/// One thing that a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A region takes no new clients.
    Drain {
        /// The region.
        region: RegionId,
        /// For this service alone.
        service: Option<ServiceId>,
    },
    /// Origins are taken to be up, down or drained, whatever is observed.
    Override {
        /// This origin, or …
        origin: Option<OriginId>,
        /// … all origins of this region.
        region: Option<RegionId>,
        /// What they are set to.
        set: OverrideTo,
    },
    /// A region is out, whatever is observed: the plan of its services runs.
    Outage {
        /// The region.
        region: RegionId,
    },
    /// Data may be corrupt: nothing moves any more, anywhere, until this is lifted.
    Corruption {
        /// Of this service alone.
        service: Option<ServiceId>,
    },
    /// Nothing is changed at Cloudflare.
    Halt {
        /// For this service alone.
        service: Option<ServiceId>,
    },
    /// A service prefers this region to all others.
    Switch {
        /// The service.
        service: ServiceId,
        /// The region.
        to: RegionId,
    },
    /// Work is announced: nobody is called for what it explains.
    Maintenance {
        /// For this service alone.
        service: Option<ServiceId>,
        /// In this region alone.
        region: Option<RegionId>,
    },
    /// Ends an order.
    Lift {
        /// Its number.
        order: u64,
    },
    /// Somebody looks after an incident.
    Acknowledge {
        /// Its id.
        incident: String,
    },
    /// Puts a config into force.
    PushConfig {
        /// Its text, as JSON.
        text: String,
        /// The config that it was made from; refused where another is in use.
        base: Option<Fingerprint>,
    },
    /// Puts an earlier config into force again.
    RollBack {
        /// Its revision.
        revision: u64,
    },
    /// Compares with Cloudflare now.
    Compare {},
    /// Takes a record back that another owner touched.
    TakeBack {
        /// The record's name and type, such as `api.example.com A`.
        record: String,
    },
    /// Lets the plan of a service go on that waits for a person.
    Approve {
        /// The service.
        service: ServiceId,
    },
    /// Ends the plan of a service that is under way.
    Abort {
        /// The service.
        service: ServiceId,
    },
    /// Brings a service back to a region that it left, or one stage further.
    FailBack {
        /// The service.
        service: ServiceId,
        /// The region.
        region: RegionId,
    },
    /// Says that the data of a region are back in sync: it may take writes again.
    Confirm {
        /// The service.
        service: ServiceId,
        /// The region.
        region: RegionId,
    },
    /// Begins a drill.
    Drill {
        /// The service.
        service: ServiceId,
        /// What is drilled.
        kind: DrillKind,
        /// The region that is taken to fail; the one that serves if absent.
        region: Option<RegionId>,
    },
    /// Sends a test alert.
    TestAlert {
        /// To this receiver alone.
        receiver: Option<String>,
    },
}

variants!(Act {
    Drain = "drain" { region, service if any },
    Override = "override" { origin if any, region if any, set },
    Outage = "outage" { region },
    Corruption = "corruption" { service if any },
    Halt = "halt" { service if any },
    Switch = "switch" { service, to },
    Maintenance = "maintenance" { service if any, region if any },
    Lift = "lift" { order },
    Acknowledge = "acknowledge" { incident },
    PushConfig = "push_config" { text, base if any },
    RollBack = "roll_back" { revision },
    Compare = "compare" {},
    TakeBack = "take_back" { record },
    Approve = "approve" { service },
    Abort = "abort" { service },
    FailBack = "fail_back" { service, region },
    Confirm = "confirm" { service, region },
    Drill = "drill" { service, kind, region if any },
    TestAlert = "test_alert" { receiver if any },
});

impl Act {
    /// Whether it changes the config.
    #[must_use]
    pub fn is_about_config(&self) -> bool {
        matches!(self, Self::PushConfig { .. } | Self::RollBack { .. })
    }

    /// The least role that may do it.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::PushConfig { .. } | Self::RollBack { .. } => Role::Approver,
            _ => Role::Operator,
        }
    }
}

/// An act, with who and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRequest {
    /// The act.
    pub act: Act,
    /// Who.
    pub who: Actor,
    /// Why.
    pub reason: String,
    /// When an order comes into force; at once if absent.
    pub from: Option<Timestamp>,
    /// When an order ends by itself; never if absent.
    pub until: Option<Timestamp>,
    /// Whether only to say what it would change.
    pub is_dry: bool,
    /// What the caller calls this request: the same key twice is one act.
    pub key: Option<String>,
    /// What the actor may do. Some acts need more than their own least role.
    pub role: Role,
}

fields!(ActRequest {
    act,
    who,
    reason,
    from if any,
    until if any,
    is_dry = false,
    key if any,
    role = Role::Viewer,
});

/// An act that stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number; numbers grow.
    pub id: u64,
    /// What is ordered.
    pub act: Act,
    /// Who ordered it.
    pub who: Actor,
    /// Why.
    pub reason: String,
    /// When it was given.
    pub at: Timestamp,
    /// When it comes into force.
    pub from: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// Whether it was told that it is in force. It is told once, also after a restart.
    pub has_begun: bool,
    /// Whether a plan is to be begun for it, and was not.
    pub begins_plan: bool,
}

fields!(Order {
    id,
    act,
    who,
    reason,
    at,
    from,
    until if any,
    has_begun = false,
    begins_plan = false,
});

impl Order {
    /// Whether it is in force: from `from`, inclusive, until `until`, exclusive. What has begun
    /// stays so, though another machine's clock may be behind.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        (self.has_begun || self.from <= now) && !self.is_over(now)
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// What an act did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acted {
    /// The number of the order that it became.
    pub order: Option<u64>,
    /// What it changes, in words, one thing each.
    pub changes: Vec<String>,
    /// What a person should know beside that.
    pub notes: Vec<String>,
    /// Whether nothing was done, because only this was asked.
    pub is_dry: bool,
}

fields!(Acted { order if any, changes, notes, is_dry });

words! {
    /// Why an act is refused.
    pub enum RefusalCode {
        /// It makes no sense as it is.
        Invalid = "invalid",
        /// What it names does not exist.
        NotFound = "not_found",
        /// It was made from something that is past.
        Conflict = "conflict",
        /// The limit of something is reached.
        TooMany = "too_many",
        /// There is no config yet.
        NoConfig = "no_config",
    }
}

/// Why an act is refused. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRefusal {
    /// The kind.
    pub code: RefusalCode,
    /// In words, with what is allowed.
    pub problem: String,
}

fields!(ActRefusal { code, problem });

/// How an act ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActReply {
    /// It was done, or would be.
    Done(Acted),
    /// It was refused.
    Refused(ActRefusal),
}

variants!(ActReply { Done = "done" (acted), Refused = "refused" (why) });

impl ActRefusal {
    /// A refusal of this kind.
    #[must_use]
    pub fn new(code: RefusalCode, problem: impl Into<String>) -> Self {
        Self { code, problem: problem.into() }
    }

    /// What is asked for does not fit how things stand.
    #[must_use]
    pub fn conflict(problem: impl Into<String>) -> Self {
        Self::new(RefusalCode::Conflict, problem)
    }

    /// What is named does not exist.
    #[must_use]
    pub fn not_found(problem: impl Into<String>) -> Self {
        Self::new(RefusalCode::NotFound, problem)
    }
}

impl From<Result<Acted, ActRefusal>> for ActReply {
    fn from(result: Result<Acted, ActRefusal>) -> Self {
        result.map_or_else(Self::Refused, Self::Done)
    }
}
