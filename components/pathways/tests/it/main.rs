//! The pathway as it is deployed: it parses without a warning, its decisions give the expected answers, and it walks
//! from enrolment to exit on a virtual clock.

mod decisions;
mod models;
mod region;
mod system;
mod walk;
