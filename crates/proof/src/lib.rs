//! Proofs of the engine: random models under random commands, judges that know the standard's definitions and nothing
//! of the engine, and campaigns that can be run for as long as one likes.
//!
//! A model is drawn as [`random::Model`], written as BPMN XML (so that the parser is in the loop), executed by a
//! [`random::World`], and judged after every command: see [`random::check_case`].

pub mod chaos;
pub mod damage;
pub mod differential;
pub mod judge;
pub mod kill;
pub mod random;
pub mod tables;
pub mod upgrade;
