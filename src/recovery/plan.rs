//! A plan: the steps that move a service, and how far they have come.

use crate::ids::RegionId;
use crate::journal::{Actor, Role};
use crate::json::{fields, variants, words};
use crate::time::{MINUTE, Millis, Timestamp};

/// How far ahead a step may be put: as long as the longest timeout of a hook.
const AHEAD_MS_MAX: Millis = 60 * MINUTE;

words! {
    /// What a plan is for.
    pub enum PlanKind {
        /// The region that served failed, or a person declared it out.
        Failover = "failover",
        /// A person moves the service although all is well.
        Switch = "switch",
        /// The service returns to the region that it left.
        Failback = "failback",
    }

    /// How a plan ended.
    pub enum PlanEnd {
        /// All steps are done.
        Done = "done",
        /// A step refused: nothing was changed by it, and nothing after it was begun.
        Refused = "refused",
        /// A step failed or did not end in time.
        Failed = "failed",
        /// A person ended it, or something was declared that rules it out.
        Aborted = "aborted",
    }

    /// How far a step has come.
    #[derive(Default)]
    pub enum StepState {
        /// Its turn has not come.
        #[default]
        Waiting = "waiting",
        /// It is under way.
        Running = "running",
        /// It is done.
        Done = "done",
        /// It was not needed.
        Skipped = "skipped",
        /// It ended the plan.
        Failed = "failed",
    }
}

/// One step. Each may be begun again: what is done already is found done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A person agrees, who has at least this role.
    Approve {
        /// The role.
        role: Role,
    },
    /// A hook makes sure that the old primary takes no writes.
    Fence {},
    /// The standby is fit to be promoted: its loss is bounded and within the contract.
    Gate {},
    /// A hook of the operator's.
    Hook {
        /// Its name in the config.
        name: String,
    },
    /// New clients are led to the region that takes over; acknowledged.
    Prefer {},
    /// A hook makes the standby the primary.
    Promote {},
    /// Routes, records and pools say where the service is; acknowledged.
    Publish {},
    /// Clients of the region that is left have had time to go.
    Drain {},
    /// The service answers through its public name.
    Verify {},
    /// People are told.
    Announce {},
}

variants!(Step {
    Approve = "approve" { role },
    Fence = "fence" {},
    Gate = "gate" {},
    Hook = "hook" { name },
    Prefer = "prefer" {},
    Promote = "promote" {},
    Publish = "publish" {},
    Drain = "drain" {},
    Verify = "verify" {},
    Announce = "announce" {},
});

/// A step and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRun {
    /// The step.
    pub step: Step,
    /// How far it has come.
    pub state: StepState,
    /// When it was begun.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How often it was tried.
    pub tries: u32,
    /// What is to be said of it: what a hook answered, why a gate refused or waits.
    pub said: Option<String>,
    /// Whether it is begun together with the step behind it.
    pub with_next: bool,
    /// Whether a person was asked to agree to it.
    pub is_asked: bool,
    /// Tries in a row that failed.
    pub failures: u32,
    /// When it is tried again.
    pub not_before: Option<Timestamp>,
    /// Since when its hook is being called; absent while nobody calls it.
    pub calling_since: Option<Timestamp>,
    /// When it has failed if it is not done.
    pub deadline: Option<Timestamp>,
}

fields!(StepRun {
    step,
    state = StepState::Waiting,
    began,
    ended,
    tries = 0,
    said,
    with_next = false,
    is_asked = false,
    failures = 0,
    not_before if any,
    calling_since if any,
    deadline if any,
});

/// The steps that move one service from a region to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The service's epoch that it is for; with the service's id it names the plan.
    pub epoch: u64,
    /// What it is for.
    pub kind: PlanKind,
    /// The region that is left.
    pub from: Option<RegionId>,
    /// The region that takes over.
    pub to: RegionId,
    /// Why, in words.
    pub why: String,
    /// Who asked for it; the system where it is a failover by itself.
    pub who: Actor,
    /// When it was begun.
    pub began: Timestamp,
    /// The steps in their order.
    pub steps: Vec<StepRun>,
    /// The most seconds of writes that may be lost, as the gate computed it.
    pub loss_bound_s: Option<u64>,
    /// Whether a person accepted a loss that is larger or unknown.
    pub is_loss_accepted: bool,
    /// Whether a person has agreed to the step that waits for one.
    pub is_approved: bool,
    /// The order that it carries out, if one asked for it.
    pub order: Option<u64>,
    /// Since when nothing of it moves, because a person halted the service.
    pub paused_since: Option<Timestamp>,
    /// How it ended; absent while it is under way.
    pub end: Option<PlanEnd>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why it ended so, in words; absent where it is done.
    pub why_ended: Option<String>,
}

fields!(Plan {
    epoch,
    kind,
    from,
    to,
    why,
    who,
    began,
    steps = Vec::new(),
    loss_bound_s,
    is_loss_accepted = false,
    is_approved = false,
    order if any,
    paused_since if any,
    end,
    ended,
    why_ended if any,
});

impl StepRun {
    /// A step whose turn has not come.
    #[must_use]
    pub fn new(step: Step) -> Self {
        Self {
            step,
            state: StepState::Waiting,
            began: None,
            ended: None,
            tries: 0,
            said: None,
            with_next: false,
            is_asked: false,
            failures: 0,
            not_before: None,
            calling_since: None,
            deadline: None,
        }
    }

    /// Ends it.
    pub fn end(&mut self, state: StepState, said: Option<String>, now: Timestamp) {
        (self.state, self.ended) = (state, Some(now));
        (self.not_before, self.calling_since, self.deadline) = (None, None, None);
        self.said = said.or(self.said.take());
    }

    /// Whether nothing of it is left to do.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, StepState::Done | StepState::Skipped)
    }
}

impl Plan {
    /// A plan of which nothing is done: its epoch and kind, the regions that it leaves and goes to,
    /// why, and who asked for it.
    #[must_use]
    pub fn new(
        (epoch, kind): (u64, PlanKind),
        (from, to): (Option<RegionId>, RegionId),
        (why, who): (String, Actor),
        steps: Vec<StepRun>,
        now: Timestamp,
    ) -> Self {
        Self {
            epoch,
            kind,
            from,
            to,
            why,
            who,
            began: now,
            steps,
            loss_bound_s: None,
            is_loss_accepted: false,
            is_approved: false,
            order: None,
            paused_since: None,
            end: None,
            ended: None,
            why_ended: None,
        }
    }

    /// The step that is under way, or whose turn it is; `None` where the plan has ended.
    #[must_use]
    pub fn current(&self) -> Option<&StepRun> {
        let left = || self.steps.iter().find(|run| !run.is_over());
        self.end.is_none().then(left).flatten()
    }

    /// The indices of the steps whose turn it is: the first that is not over, and those that are
    /// begun together with it.
    #[must_use]
    pub fn turn(&self) -> Vec<usize> {
        let Some(first) = self.steps.iter().position(|run| !run.is_over()) else {
            return Vec::new();
        };
        if self.end.is_some() {
            return Vec::new();
        }
        let goes_on = |at: &usize| {
            let before = at.checked_sub(1).and_then(|before| self.steps.get(before));
            *at == first || before.is_some_and(|before| before.with_next)
        };
        let all = (first..self.steps.len()).take_while(goes_on);
        let is_open = |at: &usize| self.steps.get(*at).is_some_and(|run| !run.is_over());
        all.filter(is_open).collect()
    }

    /// The step of this kind, if the plan has one.
    #[must_use]
    pub fn step(&self, step: &Step) -> Option<&StepRun> {
        self.steps.iter().find(|run| run.step == *step)
    }

    /// Whether a step of this kind was begun.
    #[must_use]
    pub fn has_begun(&self, step: &Step) -> bool {
        self.step(step).is_some_and(|run| run.state != StepState::Waiting)
    }

    /// Whether something was asked of the operator's hooks that cannot be taken back: the old
    /// primary may be fenced, or the new one promoted.
    #[must_use]
    pub fn is_irrevocable(&self) -> bool {
        let called = |step| self.step(step).is_some_and(|run| run.tries > 0);
        called(&Step::Fence {}) || called(&Step::Promote {})
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        for run in &mut self.steps {
            for at in [&mut run.began, &mut run.ended, &mut run.calling_since] {
                *at = at.map(|at| at.unless_ahead(now));
            }
            run.not_before = run.not_before.map(|at| at.min(now.plus(AHEAD_MS_MAX)));
            run.deadline = run.deadline.map(|at| at.min(now.plus(AHEAD_MS_MAX)));
        }
        for at in [&mut self.ended, &mut self.paused_since] {
            *at = at.map(|at| at.unless_ahead(now));
        }
        self.began = self.began.unless_ahead(now);
    }

    /// Whether it is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.end.is_none()
    }
}

impl Step {
    /// Its name: the word that hooks, pages and people know it by.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Fence {} => "fence",
            Self::Gate {} => "gate",
            Self::Hook { name } => name,
            Self::Prefer {} => "prefer",
            Self::Promote {} => "promote",
            Self::Publish {} => "publish",
            Self::Drain {} => "drain",
            Self::Verify {} => "verify",
            Self::Announce {} => "announce",
        }
    }

    /// Whether an endpoint of the operator's does it.
    #[must_use]
    pub fn is_hook(&self) -> bool {
        matches!(self, Self::Fence {} | Self::Hook { .. } | Self::Promote {})
    }
}
