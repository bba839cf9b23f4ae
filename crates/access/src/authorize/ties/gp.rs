//! The general practitioner or paediatrician whom a patient chose, and who substitutes them.

use super::Ties;
use super::search::naming;
use crate::registry::panels;
use jiff::Timestamp;
use policy::Relation;
use store::{Store, StoreError};

pub(super) async fn read(store: &dyn Store, who: (&str, &str), now: Timestamp) -> Result<Ties, StoreError> {
    let mut ties = Ties::default();
    let me = format!("{}/{}", who.0, who.1);
    let mut doctors = panels(store, &me, now)
        .await
        .map_err(|error| StoreError::Backend(format!("whom {me} substitutes cannot be read: {error}")))?;
    doctors.push(me);
    for doctor in doctors {
        let Some(who) = doctor.split_once('/').filter(|(rtype, _)| *rtype == "Practitioner") else {
            continue;
        };
        naming(store, "Patient", "general-practitioner", who, None, |patient, _| {
            ties.tie(&patient.id, Relation::Gp)
        })
        .await?;
    }
    Ok(ties)
}
