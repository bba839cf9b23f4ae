//! User-defined search parameters and the indexing of what was stored before them.

/// A pass over the resources of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReindexProgress {
    /// Resource type.
    pub rtype: String,
    /// Resources looked at.
    pub done: u64,
    /// Resources of the type when the pass began, deleted ones included.
    pub total: u64,
}

/// A user-defined search parameter on one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchParamState {
    /// Resource type.
    pub base: String,
    /// Name in URLs.
    pub code: String,
    /// Canonical URL.
    pub url: String,
    /// Id of the SearchParameter resource.
    pub source: String,
    /// Whether searches may use it: the index holds everything. Until then they are refused.
    pub ready: bool,
}
