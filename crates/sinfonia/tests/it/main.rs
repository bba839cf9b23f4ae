//! The program as a whole.

mod apart;
mod asvs;
mod chaos;
mod kill;
mod matrix;
mod nodes;
mod openapi;
mod operations;
mod postgres;
mod routes;
mod world;
