//! The general practitioner or paediatrician whom a patient chose, and who substitutes them.

use super::Ties;
use super::search::{naming, period, within};
use jiff::Timestamp;
use policy::Relation;
use store::{Store, StoreError};

/// System of role codes.
const ROLE: &str = "https://sinfonia.it/fhir/CodeSystem/role";
/// A PractitionerRole with this code stands in for the practitioners its extension names, in its period.
const SUBSTITUTE: &str = "sostituto-mmg";
/// Extension of such a role: whom it substitutes.
const SUBSTITUTES: &str = "https://sinfonia.it/fhir/StructureDefinition/substitutes";

pub(super) async fn read(store: &dyn Store, who: (&str, &str), now: Timestamp) -> Result<Ties, StoreError> {
    let mut ties = Ties::default();
    if who.0 != "Practitioner" {
        return Ok(ties);
    }
    let mut doctors = vec![who.1.to_owned()];
    naming(store, "PractitionerRole", "practitioner", who, None, |_, role| {
        let codes = role["code"].as_array().into_iter().flatten();
        let mut codings = codes.flat_map(|code| code["coding"].as_array().into_iter().flatten());
        if !codings.any(|coding| coding["system"] == ROLE && coding["code"] == SUBSTITUTE) || role["active"] == false {
            return Ok(());
        }
        let time = period(&role["period"]);
        [time.0, time.1]
            .into_iter()
            .flatten()
            .for_each(|moment| ties.changes_at(moment, now));
        let extensions = role["extension"].as_array().into_iter().flatten();
        for extension in extensions.filter(|extension| extension["url"] == SUBSTITUTES) {
            let reference = extension
                .pointer("/valueReference/reference")
                .and_then(|text| text.as_str());
            if let Some(id) = reference.and_then(|text| text.strip_prefix("Practitioner/"))
                && within(time, now)
            {
                doctors.push(id.to_owned());
            }
        }
        Ok(())
    })
    .await?;
    for doctor in doctors {
        let who = ("Practitioner", doctor.as_str());
        naming(store, "Patient", "general-practitioner", who, None, |patient, _| {
            ties.tie(&patient.id, Relation::Gp)
        })
        .await?;
    }
    Ok(ties)
}
