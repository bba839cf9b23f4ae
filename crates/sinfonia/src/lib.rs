//! The whole program: every part wired, in one process or in several, and its subcommands. `main.rs` only reads the
//! command line; the tests of the whole wire it themselves.

pub mod backend;
pub mod commands;
pub mod front;
pub mod system;
pub mod tls;
