//! BPMN execution as a pure function: [`step`] takes a state and a command and gives the next state and the effects.
//! No IO, no clock, no randomness: the same commands give the same state.

mod command;
mod effect;
mod env;
mod error;
mod event;
mod state;

pub use command::{Command, StartBy};
pub use effect::{Assignment, Effect, JobSpec, TaskSpec};
pub use env::{Env, Limits, Models};
pub use error::StepError;
pub use event::Event;
pub use state::{InstanceState, State};

/// Variables by name.
pub type Variables = dmn::Variables;
