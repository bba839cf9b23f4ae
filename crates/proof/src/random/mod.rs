//! Random models, what happens to them, and what must hold.

mod beside;
mod case;
mod choice;
mod flat;
mod graph;
mod model;
mod strategy;
mod world;
mod write;

pub use case::{Case, Tally, campaign, case, check_case, of_seed};
pub use choice::{Choice, onwards};
pub use flat::{FlatCase, check_flat, flat_campaign, flat_case};
pub use graph::{Edge, Graph, Kind};
pub use model::{
    Act, Block, Boundary, Branch, End, EventSub, Gate, Level, Model, Repeat, Start, SubKind, Throw, Timer, Trigger,
    Work,
};
pub use strategy::{level, model};
pub use world::World;
pub use write::{Version, renames, write};
