//! How the authorisation server behaves.

use access::{EndpointPolicy, Persons};
use std::sync::Arc;

/// Settings of an [`crate::Oauth`].
#[derive(Clone)]
pub struct Config {
    /// Issuer: the base URL of the site, without a trailing slash.
    pub issuer: String,
    /// Base URL of the FHIR interface: the audience of access tokens, and what clients must send as `aud`.
    pub fhir: String,
    /// Seals the signing keys in the store.
    pub key: [u8; 32],
    /// Life of an access token, seconds: 300 to 900.
    pub access_s: i64,
    /// Life of a refresh token that is not used, seconds; each use begins it anew.
    pub refresh_s: i64,
    /// Life of everything a client was granted by a person, seconds: after it the person is asked again.
    pub grant_s: i64,
    /// Where key sets of clients may be fetched from.
    pub endpoints: EndpointPolicy,
    /// Issuers of PDND vouchers accepted here.
    pub pdnd: Vec<crate::pdnd::Issuer>,
    /// Partners that sign their requests by the ModI patterns.
    pub partners: Vec<crate::modi::Partner>,
    /// Who the persons behind permissions are today; without it they stay who they were.
    pub persons: Option<Arc<dyn Persons>>,
}

impl Config {
    /// Usual settings for a site at `issuer`: tokens of 10 minutes, 30 days without use, a year in all.
    pub fn new(issuer: impl Into<String>, key: [u8; 32]) -> Self {
        let issuer = issuer.into();
        Self {
            fhir: format!("{issuer}/fhir"),
            issuer,
            key,
            access_s: 600,
            refresh_s: 30 * 86_400,
            grant_s: 365 * 86_400,
            endpoints: EndpointPolicy::default(),
            pdnd: vec![],
            partners: vec![],
            persons: None,
        }
    }

    /// An address of ours.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}
