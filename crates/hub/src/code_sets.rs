//! Codes that a search leaves to a terminology: `:in`, `:not-in`, `:above`, `:below`.

use crate::parse::ParseError;
use crate::{Hub, HubError};
use store::Query;

impl Hub {
    /// Puts the codes in the place of every [`store::CodeSet`] of a query, nested conditions included; to be called
    /// before the query goes to the store.
    ///
    /// # Errors
    /// Nothing resolves them yet: a query with one is refused.
    pub(crate) async fn resolve_code_sets(&self, query: &mut Query) -> Result<(), HubError> {
        match query.code_sets().first() {
            None => Ok(()),
            Some(set) => Err(ParseError::unsupported(
                &query.rtype,
                format!("the codes of {set:?} need a terminology, which this server does not have yet"),
            )
            .into()),
        }
    }
}
