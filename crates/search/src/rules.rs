//! How searches are answered: what they may cost, and how values come out of a body.

use fhir::{CustomParams, Definitions, IndexEntry};
use std::sync::Arc;

/// Called while a reindex runs: resources done, resources in all.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// How search values come out of a stored body, used when the index must be rebuilt.
#[derive(Clone)]
pub struct Extractor {
    /// Identifies the rules; a store indexed under another fingerprint is reindexed at open.
    pub fingerprint: u64,
    /// From a resource's JSON text to its search values; the error names what is wrong with the body.
    #[allow(clippy::type_complexity, reason = "one closure, named here once")]
    pub extract: Arc<dyn Fn(&[u8]) -> Result<Vec<IndexEntry>, String> + Send + Sync>,
}

impl Extractor {
    /// The R4 definitions compiled into this program.
    pub fn r4() -> Self {
        let definitions = Definitions::r4();
        Self {
            fingerprint: definitions.fingerprint(),
            extract: Arc::new(move |body| {
                let value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
                Ok(fhir::extract(definitions, &value)
                    .map_err(|error| error.to_string())?
                    .entries)
            }),
        }
    }
}

impl std::fmt::Debug for Extractor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extractor")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// The rules of a store.
#[derive(Debug)]
pub struct Rules {
    /// What a search may cost.
    pub limits: Limits,
    /// How values come out of a body.
    pub extractor: Extractor,
    /// R4 with what users of the store defined.
    pub definitions: &'static Definitions,
}

impl Rules {
    /// Every search value of a body, user-defined ones included; the error names what is wrong with the body.
    pub fn entries(&self, custom: &CustomParams, rtype: &str, body: &[u8]) -> Result<Vec<IndexEntry>, String> {
        let mut entries = (self.extractor.extract)(body)?;
        entries.extend(custom.extract(rtype, body));
        Ok(entries)
    }
}

/// What a search may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Candidates that it may look at.
    pub scan: u64,
    /// Candidates up to which a condition counts as selective.
    pub probe: u64,
    /// Included resources of one page.
    pub include: usize,
}
