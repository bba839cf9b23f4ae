//! Parsed expressions, kept.

use super::{Expression, FhirPathError};
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

/// Most expressions kept; when full it starts anew, which costs only parsing.
const MAX_KEPT: usize = 4096;

/// By their text.
#[derive(Default)]
pub(super) struct Cache(RwLock<HashMap<String, Arc<Expression>>>);

impl Cache {
    pub(super) fn get_or_parse(&self, text: &str) -> Result<Arc<Expression>, FhirPathError> {
        // a poisoned lock only means that another thread died between two whole entries
        if let Some(known) = self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(text) {
            return Ok(Arc::clone(known));
        }
        let parsed = Arc::new(Expression::parse(text)?);
        let mut kept = self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(text.to_owned(), Arc::clone(&parsed));
        Ok(parsed)
    }
}
