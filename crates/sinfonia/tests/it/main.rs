//! The program as a whole.

mod apart;
mod kill;
mod openapi;
mod postgres;
mod routes;
mod world;
