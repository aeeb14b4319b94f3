//! How a service recovers, as values: the stage that it is in, and the plan that brings it on.
//!
//! A [`Recovery`] is what is remembered of one service. Its [`Plan`] is a list of steps that come
//! one after another; each is idempotent, so a plan goes on where it was after a crash or a lost
//! reply. A plan has the service's own epoch, which only grows: whoever acts for an older one acts
//! too late. [`gate`] says whether a standby may be promoted, by what it said while its primary was
//! alive; [`manager`] what is believed of those who promote by themselves. A region that was out
//! returns by stages, of which `returning` says the next. What else may be done is decided
//! elsewhere; nothing here looks at the law.

mod draft;
mod figures;
pub mod gate;
mod hook;
pub mod manager;
mod plan;
mod readiness;
mod record;
mod returning;
mod stage;
mod standby;
mod telling;

pub use draft::{is_planned, role, steps};
pub use figures::{Compared, Yardstick, compare};
pub use gate::{Evidence, GateVerdict, STILL_MS, judge};
pub use hook::{
    HOOK_BACKOFF_MS, HOOK_POLL_MS, HOOK_SAID_BYTES_MAX, HOOK_WAIT_MS_MAX, HookAnswer, HookBody,
    HookCall, backoff_ms,
};
pub use plan::{Plan, PlanEnd, PlanKind, Step, StepRun, StepState};
pub use readiness::{
    ASKED_AGAIN_MS, DryAnswer, FAILURES_TOLD, LOOK_MS, Obstacle, READINESS_MS, Readiness, Reason,
    in_words,
};
pub use record::{ALL_PERCENT, Away, Recovery, Return};
pub use returning::{REGRESSIONS_MAX, Returning, Turn};
pub use stage::Stage;
pub use standby::{Reading, StandbyMemory, Told, UnknownPart};
pub use telling::{Change, TOLD_AFTER_MS, Telling};
