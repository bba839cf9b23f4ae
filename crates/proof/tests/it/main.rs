//! A few hundred cases of each campaign; `conformance random` runs as many as one likes.

mod damage;
mod random;
mod tables;

/// A number from the environment: `PROOF_CASES` and `PROOF_SEED` run more cases, or others.
fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}
