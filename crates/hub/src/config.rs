//! What an installation may choose about its hub.

use crate::{Validation, ValidationPolicy};

/// Settings of a [`crate::Hub`].
#[derive(Clone)]
pub struct HubConfig {
    /// Address clients see, without trailing slash, e.g. `https://hub.example.it/fhir`. Full URLs, `Location` and
    /// paging links start with it; references that start with it are references to this server.
    pub base_url: String,
    /// Stated maxima; reaching one is a clear error.
    pub limits: Limits,
    /// Most resources that one conditional delete (`DELETE [base]/Type?criteria`) may delete; 1: criteria that match
    /// several are refused.
    pub delete_matches: usize,
    /// Subscriptions; `None`: a Subscription is stored like any other resource, and notifies nobody.
    pub subscriptions: Option<crate::subscriptions::Settings>,
    /// Bulk export and import.
    pub bulk: crate::BulkConfig,
    /// What is looked at when a resource is written. By default its structure, and what breaks it is refused: that
    /// costs least; see `docs/validation.md` for what the rest costs.
    pub validation: ValidationPolicy,
    /// The authorisation server, told in the CapabilityStatement; `None`: there is none.
    pub security: Option<SecurityEndpoints>,
    /// Says what actors may see, for work that outlives a request, and which codes are sensitive. `None`: such work is
    /// the program's own only, and nothing is labelled.
    pub authorizer: Option<access::Authorizer>,
}

impl HubConfig {
    /// The usual settings under a base URL.
    pub fn new(base_url: impl Into<String>) -> Self {
        let base_url: String = base_url.into();
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            limits: Limits::default(),
            delete_matches: 1,
            subscriptions: None,
            bulk: crate::BulkConfig::default(),
            validation: Validation::Reject.into(),
            security: None,
            authorizer: None,
        }
    }
}

/// Where clients of the FHIR interface get their tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityEndpoints {
    /// Asks a person's permission.
    pub authorize: String,
    /// Gives tokens.
    pub token: String,
}

/// Maxima of everything a client can make grow.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Entries of a batch or transaction.
    pub bundle_entries: usize,
    /// Bytes of a query string or search form.
    pub query_bytes: usize,
    /// Parameters of one search, chained ones counted at every step.
    pub clauses: usize,
    /// Values of one search, all comma lists together.
    pub values: usize,
    /// Steps of a chain or `_has`.
    pub chain_depth: usize,
    /// `_include` and `_revinclude` of one search.
    pub includes: usize,
    /// Sort keys of one search.
    pub sort_keys: usize,
    /// Largest `_count`.
    pub count_max: usize,
    /// `_count` where none is given.
    pub count_default: usize,
    /// How often a write is prepared again after another writer was faster.
    pub retries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024 * 1024,
            bundle_entries: 10_000,
            query_bytes: 64 * 1024,
            clauses: 64,
            values: 1_000,
            chain_depth: 5,
            includes: 16,
            sort_keys: 8,
            count_max: 1_000,
            count_default: 50,
            retries: 8,
        }
    }
}
