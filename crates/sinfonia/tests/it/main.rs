//! The program as a whole.

mod apart;
mod kill;
mod routes;
mod world;
