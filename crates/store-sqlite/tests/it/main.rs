//! The store through its public API.

mod basics;
mod common;
