//! User-defined search parameters: their states, and what they mean for a search.

use crate::Outcome;
use std::sync::atomic::{AtomicU64, Ordering};
use store::StoreError;

/// The resource type that defines search parameters.
pub const RTYPE: &str = "SearchParameter";

/// Being built: written, not yet searched.
pub const BUILDING: i64 = 0;
/// Searched.
pub const READY: i64 = 1;
/// No longer written; its rows are being removed.
pub const LEAVING: i64 = 2;
/// Its rows are gone.
pub const GONE: i64 = 3;

/// Parameters in force at most, one for each type a definition is on.
pub const MAX_PARAMS: i64 = 2_000;

/// A new number for a set of parameters: tells sets of this process from each other and means nothing beyond that.
pub fn next_generation() -> u64 {
    static GENERATION: AtomicU64 = AtomicU64::new(1);
    GENERATION.fetch_add(1, Ordering::Relaxed)
}

/// A parameter as a store keeps it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// One of [`BUILDING`], [`READY`], [`LEAVING`], [`GONE`].
    pub state: i64,
    /// Resource type.
    pub base: String,
    /// Name in URLs.
    pub code: String,
    /// Resources indexed and in all, while a pass is under way.
    pub progress: Option<(i64, i64)>,
}

/// Refuses a search on a parameter that cannot be answered whole.
///
/// # Errors
/// [`StoreError::NotReady`] while its index is built, [`StoreError::Invalid`] once it is retired.
pub fn check_ready(found: Option<Kept>) -> Outcome<()> {
    let Some(found) = found else {
        // The set in force was published an instant before this snapshot was taken.
        return Err(StoreError::NotReady(
            "the search parameter was defined just now; try again".into(),
        ));
    };
    let Kept { base, code, .. } = &found;
    match found.state {
        READY => Ok(()),
        BUILDING => {
            let (done, total) = found.progress.unwrap_or_default();
            Err(StoreError::NotReady(format!(
                "the index of the search parameter '{code}' on {base} is being built ({done} of {total} resources); try \
                 again later, $reindex tells the progress"
            )))
        }
        _ => Err(StoreError::Invalid(format!(
            "the search parameter '{code}' on {base} is no longer defined"
        ))),
    }
}

/// Refuses a definition of a name that another resource defines.
pub fn taken(other: &str, code: &str, base: &str) -> StoreError {
    StoreError::Invalid(format!(
        "SearchParameter/{other} defines '{code}' on {base} already; choose another code, or retire that one first"
    ))
}

/// Refuses a parameter too many.
///
/// # Errors
/// [`StoreError::Limit`] when `count` are in force or `last` was the last number there is.
pub fn check_room(count: i64, last: i64) -> Outcome<()> {
    if count >= MAX_PARAMS || last >= i64::from(u16::MAX) {
        return Err(StoreError::Limit(format!(
            "a store may have {MAX_PARAMS} user-defined search parameters in force, one for each type a definition is \
             on, and {} ever; retire some",
            u16::MAX - fhir::FIRST_CUSTOM
        )));
    }
    Ok(())
}

/// What a SearchParameter resource defines; nothing, with a warning in the log, where it cannot be put in force.
pub fn defined(definitions: &fhir::Definitions, write: &store::ResourceWrite) -> Vec<fhir::CustomParam> {
    match write.body.as_deref().map(serde_json::from_slice) {
        Some(Ok(resource)) => fhir::CustomParam::of(definitions, &resource).unwrap_or_else(|errors| {
            let reason = errors.first().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(
                id = write.id,
                reason,
                "a search parameter is stored but cannot be put in force"
            );
            Vec::new()
        }),
        _ => Vec::new(),
    }
}

/// The set of parameters in force from their numbers and definitions; those that `definitions` knows already are taken
/// from there.
pub fn in_force(
    definitions: &fhir::Definitions,
    params: impl Iterator<Item = (u16, fhir::CustomParam)>,
) -> std::sync::Arc<fhir::CustomParams> {
    let known = definitions.custom();
    let mut active: Vec<&'static fhir::SearchParam> = Vec::new();
    for (id, param) in params {
        let id = fhir::ParamId(id);
        match known.by_id(id).or_else(|| param.register(id)) {
            Some(param) => active.push(param),
            None => tracing::error!(
                code = param.code,
                "a search parameter cannot be kept in memory; restart the server"
            ),
        }
    }
    if active.is_empty() && known.is_empty() {
        return known;
    }
    std::sync::Arc::new(fhir::CustomParams::new(
        definitions,
        next_generation(),
        &active,
        known.known(),
    ))
}
