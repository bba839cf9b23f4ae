//! The whole program: every part wired, in one process or in several, and its subcommands. `main.rs` only reads the
//! command line; the tests of the whole wire it themselves.

pub mod backend;
pub mod backup;
pub mod cli;
pub mod commands;
pub mod config;
mod disk;
mod examine;
pub mod exit;
pub mod front;
pub mod logs;
pub mod server;
mod stopwatch;
pub mod system;
pub mod tls;
pub mod watch;
