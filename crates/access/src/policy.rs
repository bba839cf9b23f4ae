//! What a route demands.

use crate::Actor;

/// A decision with the name of the rule that made it, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Permit(&'static str),
    /// Refused.
    Deny(&'static str),
}

/// What a route demands of its caller. Finer checks (whose patient) are `Check`s or happen in the handler with the
/// actor at hand; they come with consent in a later step.
#[derive(Debug, Clone, Copy)]
pub enum Policy {
    /// Anyone, signed in or not (sign-in page, assets, health check).
    Public,
    /// Any signed-in actor.
    SignedIn,
    /// One of these roles (`admin` and `system` always pass).
    AnyRole(&'static [&'static str]),
    /// A rule of its own.
    Check(fn(&Actor, &http::request::Parts) -> Decision),
}
