//! The program as a whole.

mod apart;
mod asvs;
mod kill;
mod matrix;
mod nodes;
mod openapi;
mod postgres;
mod routes;
mod world;
