//! Who the actor is in the staff registry: the codice fiscale there, and every record that carries it. Nobody gives a role to
//! any of them, or carries the code to another.

use super::Ties;
use crate::registry::by_fiscal_code;
use serde_json::Value;
use store::{Store, StoreError};

/// The records and codes of one member of staff.
#[derive(Debug, Default)]
pub(in crate::authorize) struct OwnRecords {
    /// References: the actor's own, and those of whoever has the same codice fiscale.
    pub references: Vec<String>,
    /// Codes, in capitals.
    pub codes: Vec<String>,
}

/// The values that an element of a resource has under some systems, in capitals.
pub(in crate::authorize) fn values(list: &Value, systems: &[String]) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    let wanted = list.filter(|one| {
        one["system"]
            .as_str()
            .is_some_and(|text| systems.iter().any(|s| s == text))
    });
    wanted
        .filter_map(|one| Some(one["value"].as_str()?.trim().to_uppercase()))
        .filter(|value| !value.is_empty())
        .collect()
}

pub(super) async fn read(
    store: &dyn Store,
    policies: &policy::Policies,
    who: (&str, &str),
) -> Result<Ties, StoreError> {
    let mut own = OwnRecords {
        references: vec![format!("{}/{}", who.0, who.1)],
        ..OwnRecords::default()
    };
    let stored = store.read(who.0, who.1).await?;
    let record: Value = stored
        .and_then(|stored| serde_json::from_slice(stored.body.as_deref()?).ok())
        .unwrap_or_default();
    for part in policies.types().withheld().iter().filter(|part| part.rtype == who.0) {
        own.codes.extend(values(&record[part.element.as_str()], &part.systems));
    }
    own.codes.dedup();
    for code in &own.codes {
        let same = by_fiscal_code(store, code).await;
        let same =
            same.map_err(|error| StoreError::Backend(format!("who has one's own code cannot be read: {error}")))?;
        let staff = same
            .into_iter()
            .filter(|reference| reference.starts_with("Practitioner/"));
        own.references.extend(staff);
    }
    own.references.sort_unstable();
    own.references.dedup();
    Ok(Ties {
        own: Some(own),
        ..Ties::default()
    })
}
