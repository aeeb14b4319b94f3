//! Which steps a plan has.

use super::plan::{PlanKind, Step, StepRun};
use crate::config::{Approval, FailoverMode, Service, StepWhen};
use crate::journal::Role;

/// The steps of a plan, in their order.
///
/// A **failover** waits for a person where the config says so; then come the operator's own steps,
/// the fence, the gate and the promotion; then everybody is told, and it is looked whether the
/// service answers. A **switch** and a **failback** first lead new clients away and give those of
/// the region that is left time to go. A service without a primary to promote has neither fence nor
/// gate.
#[must_use]
pub fn steps(kind: PlanKind, service: &Service) -> Vec<StepRun> {
    let failover = &service.failover;
    let mut steps = Vec::new();
    if kind == PlanKind::Failover && failover.mode == FailoverMode::Approve {
        steps.push(Step::Approve { role: role(failover.approval) });
    }
    let mut runs: Vec<StepRun> = steps.drain(..).map(StepRun::new).collect();
    runs.extend(own(service, StepWhen::Before));
    if kind != PlanKind::Failover {
        steps.extend([Step::Prefer {}, Step::Drain {}]);
    }
    if let Some(promote) = &failover.promote {
        steps.extend(promote.fence.as_ref().map(|_| Step::Fence {}));
        steps.extend([Step::Gate {}, Step::Promote {}]);
    }
    if failover.promote.is_some() || kind == PlanKind::Failover {
        steps.extend([Step::Publish {}, Step::Verify {}]);
    }
    runs.extend(steps.into_iter().map(StepRun::new));
    runs.extend(own(service, StepWhen::After));
    runs.push(StepRun::new(Step::Announce {}));
    runs
}

/// Whether a failover of the service is a plan: a hook is called, or a person is asked.
#[must_use]
pub fn is_planned(service: &Service) -> bool {
    let failover = &service.failover;
    let promotes = failover.promote.is_some() && service.steering.primary.is_some();
    promotes || !failover.steps.is_empty() || failover.mode == FailoverMode::Approve
}

fn own(service: &Service, when: StepWhen) -> impl Iterator<Item = StepRun> {
    let steps = || service.failover.steps.iter().filter(move |step| step.when == when);
    let last = steps().count().saturating_sub(1);
    steps().enumerate().map(move |(at, step)| {
        let run = StepRun::new(Step::Hook { name: step.name.clone() });
        // What is not the operator's own begins alone.
        StepRun { with_next: step.parallel_with_next && at < last, ..run }
    })
}

/// The least role that a person needs who agrees to a plan of this service.
#[must_use]
pub fn role(approval: Approval) -> Role {
    match approval {
        Approval::Operator => Role::Operator,
        Approval::Approver => Role::Approver,
    }
}
