//! How a service fails over, and what it promises.

use super::contract::Trigger;
use super::follow::Follow;
use crate::json::words;
use crate::time::{MINUTE, Millis};

/// How a service fails over and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failover {
    /// Whether it is automatic.
    pub mode: FailoverMode,
    /// Who has to agree where a plan waits for a person.
    pub approval: Approval,
    /// The operator's own steps, in their order.
    pub steps: Vec<CustomStep>,
    /// How clients come back by stages; absent where they come back all at once.
    pub failback: Option<Failback>,
    /// The hook that promotes another region to primary.
    pub promote: Option<Promote>,
    /// The failover manager that promotes, and whose word is followed.
    pub follow: Option<Follow>,
    /// When the errors of live traffic count against a region.
    pub trigger: Option<Trigger>,
}

/// The stages of a failback that names none.
pub(super) const STAGES_DEFAULT: [u8; 4] = [10, 25, 50, 100];

/// How long after a stage began its requests are not counted: proxies take up to a minute to hear
/// of it, and what they count is told once a minute.
pub const FIGURES_SETTLE_MS: Millis = 2 * MINUTE;

/// How clients come back to a region that was out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failback {
    /// Whether they begin to come back by themselves.
    pub mode: FailbackMode,
    /// How long the region has to be up again before the first stage.
    pub after_ms: Millis,
    /// Percent of the clients at each stage, rising to 100.
    pub stages: Vec<u8>,
    /// How long each stage is watched.
    pub bake_ms: Millis,
    /// What a stage is compared by.
    pub analysis: Analysis,
}

words! {
    /// Whether clients begin to come back by themselves.
    pub enum FailbackMode {
        /// They do, once the region is up for long enough.
        Automatic = "automatic",
        /// A person begins it; the stages then follow by themselves.
        Manual = "manual",
    }

    /// What a stage does that has too few requests to be judged by.
    pub enum FewSamples {
        /// It waits for more, or for a person.
        Hold = "hold",
        /// It goes on by time.
        GoOn = "go_on",
    }
}

/// What a stage of a failback is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Analysis {
    /// Requests of a stage below which nothing is concluded from them.
    pub min_samples: u32,
    /// What a stage does with fewer.
    pub few_samples: FewSamples,
    /// How many more of 100,000 requests may fail than in the other regions.
    pub max_success_drop_of_100_000: u32,
    /// How much of the others' latency, or of its own before, it may have, in percent.
    pub max_latency_percent: u32,
}

impl Failover {
    /// Percent of the clients at each stage of a failback, or of what imitates one.
    #[must_use]
    pub fn stages(&self) -> &[u8] {
        self.failback.as_ref().map_or(&STAGES_DEFAULT, |failback| &failback.stages)
    }
}

/// Whether a failover is automatic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailoverMode {
    /// It is.
    Automatic,
    /// A plan is begun, and waits until a person agrees.
    Approve,
    /// A person decides.
    Manual,
}

words! {
    /// Who has to agree where a plan waits for a person.
    pub enum Approval {
        /// Whoever may move traffic.
        Operator = "operator",
        /// Whoever may change the config.
        Approver = "approver",
    }

    /// Where in a plan a step of the operator's comes.
    pub enum StepWhen {
        /// Before anything is moved: to add capacity, for instance.
        Before = "before",
        /// Once the service answers at its new place.
        After = "after",
    }
}

/// A step of the operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomStep {
    /// Its name; the hook is told it.
    pub name: String,
    /// Where it comes.
    pub when: StepWhen,
    /// The hook that does it.
    pub hook: Hook,
    /// Whether it is begun together with the step behind it.
    pub parallel_with_next: bool,
}

/// A hook that promotes a standby.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promote {
    /// The hook that makes a standby the primary.
    pub hook: Hook,
    /// The largest lag of a standby that may be promoted, in seconds.
    pub max_lag_s: u32,
    /// Where its health document has that lag, in seconds.
    pub lag_pointer: String,
    /// Where it has the seconds since it last heard from its primary.
    pub contact_age_pointer: Option<String>,
    /// The most seconds that this may be while the primary is up.
    pub max_contact_age_s: u32,
    /// Where it has the position that its data have reached.
    pub position_pointer: Option<String>,
    /// What happens where the loss is not known.
    pub unknown: UnknownLoss,
    /// The hook that makes sure that the old primary takes no writes; called first.
    pub fence: Option<Hook>,
}

/// Stands in the URL of a hook for the id of the region that takes over: the hook that stands there
/// promotes it, and fences the other one.
pub const HOOK_TO: &str = "{to}";

/// An endpoint of the operator's that Pointsman calls, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The URL that is called. [`HOOK_TO`] in it stands for the region that takes over.
    pub url: String,
    /// Name of the secret that signs the call.
    pub secret: Option<String>,
    /// Longest time until it has to have answered that it is done, tries and waits included.
    pub timeout_ms: Millis,
}

impl Hook {
    /// The URL where this region takes over.
    #[must_use]
    pub fn url_for(&self, to: &str) -> String {
        self.url.replace(HOOK_TO, to)
    }
}

words! {
    /// What happens where nobody knows how much would be lost.
    pub enum UnknownLoss {
        /// Nothing is promoted.
        Refuse = "refuse",
        /// A person is asked.
        Ask = "ask",
    }
}

impl Promote {
    /// The fields of a health document that it goes by.
    pub fn pointers(&self) -> impl Iterator<Item = &String> {
        let others = self.contact_age_pointer.iter().chain(&self.position_pointer);
        std::iter::once(&self.lag_pointer).chain(others)
    }

    /// The hooks, each with the key that it has in the config.
    pub fn hooks(&self) -> impl Iterator<Item = (&'static str, &Hook)> {
        let fence = self.fence.iter().map(|hook| ("promote.fence", hook));
        std::iter::once(("promote", &self.hook)).chain(fence)
    }
}

/// The recovery targets that a service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Longest time from a fault until another region serves.
    pub rto_ms: Option<Millis>,
    /// Most seconds of writes that may be lost.
    pub rpo_s: Option<u32>,
    /// Requests that must be answered, of 100,000.
    pub availability_of_100_000: Option<u32>,
    /// Most days since the last drill that moved clients and succeeded.
    pub drill_every_days: Option<u32>,
}
