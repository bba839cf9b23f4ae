//! A few hundred cases of each campaign; `conformance random` runs as many as one likes.

mod random;
