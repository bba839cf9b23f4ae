//! The simulation against what queueing theory and the models say.

mod fit;
mod flow;
mod queues;
mod region;
mod world;
