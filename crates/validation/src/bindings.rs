//! Where the validator asks about codes.

/// Whether a code is in a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    In,
    /// It is not.
    Out,
    /// The value set or its code system is not known here: nothing is claimed.
    Unknown,
}

/// Terminology, as far as bindings need it.
pub trait Bindings: Sync {
    /// Whether `code` is in the value set of this canonical. `system` is `None` for a `code` element, whose system the
    /// value set implies.
    fn membership(&self, value_set: &str, system: Option<&str>, code: &str) -> Membership;
}

/// Knows no value set.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBindings;

impl Bindings for NoBindings {
    fn membership(&self, _: &str, _: Option<&str>, _: &str) -> Membership {
        Membership::Unknown
    }
}
