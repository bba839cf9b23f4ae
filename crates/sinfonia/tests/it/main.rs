//! The program as a whole.

mod apart;
mod kill;
mod openapi;
mod routes;
mod world;
