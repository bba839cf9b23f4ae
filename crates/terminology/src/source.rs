//! Where code systems, value sets and concept maps come from.

use crate::{Canonical, CodeSystem, ConceptMap, ValueSet};
use std::sync::Arc;

/// Gives terminology by its canonical address. Asked often: answers must be cheap (a cache behind).
///
/// Without a version in the address, the newest one known is meant.
pub trait Source: Sync {
    /// A code system.
    fn code_system(&self, canonical: Canonical<'_>) -> Option<Arc<CodeSystem>>;
    /// A value set.
    fn value_set(&self, canonical: Canonical<'_>) -> Option<Arc<ValueSet>>;
    /// A concept map.
    fn concept_map(&self, canonical: Canonical<'_>) -> Option<Arc<ConceptMap>>;
    /// Concept maps from a source scope, to a target scope where one is named (canonicals of value sets or systems).
    fn concept_maps(&self, from: &str, to: Option<&str>) -> Vec<Arc<ConceptMap>>;
}

/// What the first does not know, the second may.
pub struct Layered<'a>(pub &'a dyn Source, pub &'a dyn Source);

impl Source for Layered<'_> {
    fn code_system(&self, canonical: Canonical<'_>) -> Option<Arc<CodeSystem>> {
        self.0.code_system(canonical).or_else(|| self.1.code_system(canonical))
    }

    fn value_set(&self, canonical: Canonical<'_>) -> Option<Arc<ValueSet>> {
        self.0.value_set(canonical).or_else(|| self.1.value_set(canonical))
    }

    fn concept_map(&self, canonical: Canonical<'_>) -> Option<Arc<ConceptMap>> {
        self.0.concept_map(canonical).or_else(|| self.1.concept_map(canonical))
    }

    fn concept_maps(&self, from: &str, to: Option<&str>) -> Vec<Arc<ConceptMap>> {
        let mut all = self.0.concept_maps(from, to);
        all.extend(self.1.concept_maps(from, to));
        all
    }
}

/// A few resources given by hand (sent with a request, or of a test).
#[derive(Default)]
pub struct Single {
    /// Code systems.
    pub code_systems: Vec<Arc<CodeSystem>>,
    /// Value sets.
    pub value_sets: Vec<Arc<ValueSet>>,
    /// Concept maps.
    pub concept_maps: Vec<Arc<ConceptMap>>,
}

impl Source for Single {
    fn code_system(&self, canonical: Canonical<'_>) -> Option<Arc<CodeSystem>> {
        let fits = |s: &&Arc<CodeSystem>| s.url() == canonical.url && canonical.accepts(s.version());
        self.code_systems.iter().find(fits).cloned()
    }

    fn value_set(&self, canonical: Canonical<'_>) -> Option<Arc<ValueSet>> {
        let fits = |s: &&Arc<ValueSet>| s.url() == canonical.url && canonical.accepts(s.version());
        self.value_sets.iter().find(fits).cloned()
    }

    fn concept_map(&self, canonical: Canonical<'_>) -> Option<Arc<ConceptMap>> {
        let fits = |s: &&Arc<ConceptMap>| s.url() == canonical.url && canonical.accepts(s.version());
        self.concept_maps.iter().find(fits).cloned()
    }

    fn concept_maps(&self, from: &str, to: Option<&str>) -> Vec<Arc<ConceptMap>> {
        self.concept_maps
            .iter()
            .filter(|map| map.between(from, to))
            .cloned()
            .collect()
    }
}
