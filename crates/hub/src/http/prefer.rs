//! The `Prefer` header.

use http::HeaderMap;

/// What a write should send back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Return {
    /// No body.
    Minimal,
    /// The resource.
    #[default]
    Representation,
    /// An OperationOutcome.
    Outcome,
}

/// What the client prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Prefer {
    /// `return=`, if stated.
    pub returns: Option<Return>,
    /// `handling=strict`: unknown search parameters are errors.
    pub strict: bool,
}

impl Prefer {
    /// Reads every `Prefer` header; what is not known is ignored, as RFC 7240 asks.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        for value in headers.get_all("prefer").iter().filter_map(|v| v.to_str().ok()) {
            for preference in value.split([',', ';']) {
                match preference.trim() {
                    "return=minimal" => prefer.returns = Some(Return::Minimal),
                    "return=representation" => prefer.returns = Some(Return::Representation),
                    "return=OperationOutcome" => prefer.returns = Some(Return::Outcome),
                    "handling=strict" => prefer.strict = true,
                    "handling=lenient" => prefer.strict = false,
                    _ => {}
                }
            }
        }
        prefer
    }
}
