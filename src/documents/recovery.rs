//! How services recover, for people: the page `recovery`, and a line of each in `status`.

use crate::ids::{RegionId, ServiceId};
use crate::json::fields;
use crate::ordered::{Map, Set};
use crate::recovery::{Plan, PlanKind, Recovery, Return, Stage};
use crate::time::Timestamp;

/// The KV key of [`RecoveryPage`].
pub const RECOVERY_KEY: &str = "recovery";

/// How each service recovers of which there is something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryPage {
    /// When this was true.
    pub as_of: Timestamp,
    /// By service.
    pub services: Map<ServiceId, ServiceRecovery>,
}

/// How one service recovers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecovery {
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The epoch of its last plan.
    pub epoch: u64,
    /// The region that was made the primary; absent where it is the config's.
    pub primary: Option<RegionId>,
    /// Regions that get no writes until a person confirms them.
    pub unconfirmed: Set<RegionId>,
    /// A region that may have been promoted without an answer.
    pub doubtful: Option<RegionId>,
    /// Why no plan is begun although one is due.
    pub hindrance: Option<String>,
    /// Regions that return by stages.
    pub returns: Map<RegionId, Return>,
    /// The last plan, with its steps.
    pub plan: Option<Plan>,
    /// Why the next one would not work, as people were told.
    pub not_ready: Vec<String>,
}

/// The same in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryStatus {
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The epoch of its last plan; 0 if it had none.
    pub epoch: u64,
    /// The region that was made the primary; absent where it is the config's.
    pub primary: Option<RegionId>,
    /// Regions that get no writes until a person confirms them.
    pub unconfirmed: Set<RegionId>,
    /// The plan that is under way.
    pub plan: Option<PlanStatus>,
    /// Why a failover would not work now; of the copy in KV, as people were told.
    pub not_ready: Vec<String>,
}

/// A plan that is under way, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStatus {
    /// What it is for.
    pub kind: PlanKind,
    /// The region that is left.
    pub from: Option<RegionId>,
    /// The region that takes over.
    pub to: RegionId,
    /// The step whose turn it is.
    pub step: Option<String>,
    /// What is to be said of it.
    pub said: Option<String>,
}

fields!(RecoveryPage { as_of, services });
fields!(ServiceRecovery {
    stage,
    since,
    epoch,
    primary if any,
    unconfirmed = Set::new(),
    doubtful if any,
    hindrance if any,
    returns = Map::new(),
    plan if any,
    not_ready = Vec::new(),
});
fields!(RecoveryStatus {
    stage,
    since,
    epoch,
    primary if any,
    unconfirmed = Set::new(),
    plan if any,
    not_ready = Vec::new(),
});
fields!(PlanStatus { kind, from, to, step, said });

impl RecoveryPage {
    /// The page of these services. A suspicion is not on it: most of them come to nothing.
    #[must_use]
    pub fn of(recoveries: &Map<ServiceId, Recovery>, now: Timestamp) -> Self {
        let of_worth = recoveries.iter().filter(|(_, recovery)| is_worth_telling(recovery));
        let services = of_worth.map(|(id, recovery)| {
            let Recovery { stage, since, epoch, primary, unconfirmed, .. } = recovery.clone();
            let Recovery { doubtful, hindrance, returns, plan, .. } = recovery.clone();
            let not_ready = told(recovery);
            let (stage, since) = told_stage(stage, since);
            let service = ServiceRecovery {
                stage,
                since,
                epoch,
                primary,
                unconfirmed,
                doubtful,
                hindrance,
                returns,
                plan,
                not_ready,
            };
            (id.clone(), service)
        });
        Self { as_of: now, services: Map::of(services) }
    }

    /// What it says, without what moves while a step is under way.
    #[must_use]
    pub fn substance(&self) -> Self {
        let mut page = Self { as_of: Timestamp::default(), ..self.clone() };
        for service in page.services.values_mut() {
            service.since = None;
            for back in service.returns.values_mut() {
                back.since = Timestamp::default();
                back.held = back.held.take().map(|_| String::new());
            }
            for run in service.plan.iter_mut().flat_map(|plan| &mut plan.steps) {
                (run.tries, run.failures, run.said) = (0, 0, None);
                (run.not_before, run.calling_since, run.deadline) = (None, None, None);
            }
        }
        page
    }
}

impl RecoveryStatus {
    /// What `status` says of a service.
    #[must_use]
    pub fn of(recovery: &Recovery) -> Self {
        let plan = recovery.under_way().map(|plan| {
            let run = plan.current();
            PlanStatus {
                kind: plan.kind,
                from: plan.from.clone(),
                to: plan.to.clone(),
                step: run.map(|run| run.step.name().to_owned()),
                said: run.and_then(|run| run.said.clone()),
            }
        });
        Self {
            stage: recovery.stage,
            since: recovery.since,
            epoch: recovery.epoch,
            primary: recovery.primary.clone(),
            unconfirmed: recovery.unconfirmed.clone(),
            plan,
            not_ready: told(recovery),
        }
    }

    /// The same without what changes often: suspicions, and what is said of a step.
    #[must_use]
    pub fn lasting(self) -> Self {
        let (stage, since) = told_stage(self.stage, self.since);
        let plan = self.plan.map(|plan| PlanStatus { said: None, ..plan });
        Self { stage, since, plan, ..self }
    }
}

/// What people were told that stands in the way of a plan.
fn told(recovery: &Recovery) -> Vec<String> {
    recovery.not_ready().iter().map(|reason| reason.text.clone()).collect()
}

fn told_stage(stage: Stage, since: Option<Timestamp>) -> (Stage, Option<Timestamp>) {
    let is_well = matches!(stage, Stage::Normal | Stage::Suspected);
    if is_well { (Stage::Normal, None) } else { (stage, since) }
}

/// Whether there is more to say of a service than its stage, which the live status has: that alone
/// is worth no write to KV.
#[must_use]
pub fn is_worth_telling(recovery: &Recovery) -> bool {
    recovery.epoch > 0
        || recovery.plan.is_some()
        || !recovery.unconfirmed.is_empty()
        || recovery.hindrance.is_some()
        || !recovery.not_ready().is_empty()
}
