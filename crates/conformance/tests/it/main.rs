//! What holds for the whole repository: the suites' numbers never fall, and the house is tidy.

mod layers;
mod spiff;
mod suites;
mod tidy;
