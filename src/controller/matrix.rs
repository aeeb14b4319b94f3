//! The fault matrix of an apply: each fault, at each kind of call, in each phase.
//!
//! A cell plays one phase in one small world over the API's model, with the waits of the
//! Controller's own clock, and one fault at one call. What must hold in every cell: no moment has
//! an answer that the law forbids, nothing of others is touched, what is told names the fault, and
//! the account ends as in a run without it, within the time that the fault's row states.

mod cells;
mod faults;
mod foreseen;
mod play;
mod returns;
mod worlds;
mod writers;
