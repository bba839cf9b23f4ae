//! Terminology against the official R4 content.

mod builtin;
mod expansions;
mod random;
