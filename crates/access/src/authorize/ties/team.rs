//! Care teams, episodes and encounters: of a person, or of the unit somebody works for.

use super::Ties;
use super::made::{open_statuses, span, ties};
use super::search::naming;
use jiff::Timestamp;
use policy::{Relation, Tying};
use store::{Store, StoreError};

/// The parameters that name a person, or an organization.
fn params(who: &str) -> [(&'static str, &'static str); 3] {
    if who == "Organization" {
        [
            ("CareTeam", "participant"),
            ("EpisodeOfCare", "organization"),
            ("Encounter", "service-provider"),
        ]
    } else {
        [
            ("CareTeam", "participant"),
            ("EpisodeOfCare", "care-manager"),
            ("Encounter", "practitioner"),
        ]
    }
}

pub(super) async fn read(
    store: &dyn Store,
    rules: &Tying,
    who: (&str, &str),
    relation: Relation,
    now: Timestamp,
) -> Result<Ties, StoreError> {
    let mut all = Ties::default();
    let me = format!("{}/{}", who.0, who.1);
    for (rtype, param) in params(who.0) {
        let open = Some(("status", open_statuses(rtype)));
        naming(store, rtype, param, who, open, |resource, value| {
            let Some(patient) = resource.patient.as_ref().filter(|_| ties(value, &me)) else {
                return Ok(());
            };
            let Some((begins, until)) = span(rules, rtype, value, resource.last_updated) else {
                return Ok(());
            };
            [begins, until]
                .into_iter()
                .for_each(|moment| all.changes_at(moment, now));
            if begins <= now && now <= until {
                all.tie(patient, relation)?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(all)
}
