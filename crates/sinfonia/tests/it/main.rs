//! The program as a whole.

mod kill;
