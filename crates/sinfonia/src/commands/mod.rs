//! One file per subcommand.

pub mod account;
pub mod audit;
pub mod backup;
pub mod call;
pub mod client;
pub mod codice_fiscale;
pub mod config;
pub mod copy;
pub mod deduplicate;
pub mod demo;
pub mod deploy;
pub mod doctor;
mod door;
pub mod events;
pub mod facilities;
pub mod health;
pub mod key;
pub mod load;
pub mod load_package;
pub mod load_terminology;
pub mod openapi;
pub mod parts;
pub mod policy;
pub mod population;
pub mod privacy;
pub mod prune;
pub mod pseudonymise;
pub mod schema;
pub mod serve;
pub mod simulate;
pub mod staff;

use store::{Clock, SystemClock, UuidIds};

/// The setup of a run on the machine's own clock.
pub fn real_setup(base_url: impl Into<String>) -> crate::system::Setup {
    crate::system::Setup {
        clock: std::sync::Arc::new(SystemClock),
        ids: std::sync::Arc::new(UuidIds),
        base_url: base_url.into(),
        key_file: None,
        guard: Default::default(),
        sign_in_rules: Default::default(),
        providers: None,
        validation: hub::Validation::Reject.into(),
        notify: Default::default(),
        import: Default::default(),
        origins: Default::default(),
        interop: Default::default(),
        policies: std::sync::Arc::new(::policy::Policies::standard()),
        only: None,
        watch: None,
        health: Default::default(),
        for_nodes: false,
        index_memory: None,
    }
}

/// Now, for messages.
pub fn now() -> jiff::Timestamp {
    SystemClock.now()
}
