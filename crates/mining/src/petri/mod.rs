//! Accepting Petri nets: made from a process tree, replayed, and measured.

mod exact;
mod from_tree;
mod hidden;
mod marking;
mod net;
mod precision;
mod reduce;
mod replay;

pub use from_tree::net_of;
pub use marking::Marking;
pub use net::{Net, Place, Transition};
pub use precision::precision;
pub use replay::{Fitness, Replayed, Replayer, fitness, fitness_by};
