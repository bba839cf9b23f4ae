//! BPMN execution as a pure function: [`step`] takes a state and a command and gives the next state and the effects.
//! No IO, no clock, no randomness: the same commands give the same state.
//!
//! How it runs: a command changes one place (completes a task, fires a timer) and puts moving tokens on a queue; the
//! queue is worked off until every token waits. A token is one visit of one flow node, numbered from one counter; a
//! scope is one level in flight (process, sub-process, loop round) with its variables. What goes wrong inside the
//! process leaves the token standing with an incident; a refused command leaves the state as it was.

mod check;
mod command;
mod delta;
mod effect;
mod env;
mod error;
mod event;
mod plan;
mod rename;
mod run;
mod state;
mod step;
mod timers;
mod view;

pub use command::{Attachment, Command, Instruction, StartBy, TaskChange};
pub use delta::{Delta, prove_history};
pub use effect::{Assignment, Effect, JobKind, JobSpec, TaskSpec};
pub use env::{Env, Limits, Models};
pub use error::StepError;
pub use event::Event;
pub use plan::{Plan, Unmapped, propose};
pub use state::{InstanceState, State};
pub use step::{Outcome, apply, step};
pub use timers::{Schedule, start_timer};
pub use view::{Active, ActiveKind, Local, OpenIncident, OpenWait};

/// Variables by name.
pub type Variables = dmn::Variables;
