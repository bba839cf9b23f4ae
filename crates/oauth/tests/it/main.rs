//! The authorisation server through its HTTP interface, over a real store, on a clock that the tests move.

mod attacks;
mod backend;
mod keys;
mod launch;
mod modi;
mod pdnd;
mod staff;
mod world;
