//! Care teams, episodes and encounters: of a person, or of the unit somebody works for.

use super::Ties;
use super::search::{naming, period, within};
use jiff::{SignedDuration, Timestamp};
use policy::Relation;
use store::{Store, StoreError};

/// How long after its end an encounter still ties the unit: letters are written, results come in.
/// Unverified: the Garante's guidelines on the dossier ask for a limit and name none.
const AFTER_ENCOUNTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The parameters that name a person, or an organization.
fn params(who: &str) -> [(&'static str, &'static str, &'static [&'static str]); 3] {
    let open: &[&str] = &["planned", "arrived", "triaged", "in-progress", "onleave", "finished"];
    if who == "Organization" {
        [
            ("CareTeam", "participant", &["proposed", "active"]),
            (
                "EpisodeOfCare",
                "organization",
                &["planned", "waitlist", "active", "onhold"],
            ),
            ("Encounter", "service-provider", open),
        ]
    } else {
        [
            ("CareTeam", "participant", &["proposed", "active"]),
            (
                "EpisodeOfCare",
                "care-manager",
                &["planned", "waitlist", "active", "onhold"],
            ),
            ("Encounter", "practitioner", open),
        ]
    }
}

pub(super) async fn read(
    store: &dyn Store,
    who: (&str, &str),
    relation: Relation,
    now: Timestamp,
) -> Result<Ties, StoreError> {
    let mut ties = Ties::default();
    for (rtype, param, statuses) in params(who.0) {
        naming(
            store,
            rtype,
            param,
            who,
            Some(("status", statuses)),
            |resource, value| {
                let Some(patient) = &resource.patient else {
                    return Ok(());
                };
                let (start, mut end) = period(&value["period"]);
                let mut begins = start;
                if rtype == "Encounter" {
                    end = end.map(|end| end.checked_add(AFTER_ENCOUNTER).unwrap_or(Timestamp::MAX));
                    // A planned encounter ties before it begins: who receives somebody prepares.
                    begins = None;
                    if value["status"] == "finished" && end.is_none() {
                        return Ok(());
                    }
                }
                [begins, end]
                    .into_iter()
                    .flatten()
                    .for_each(|moment| ties.changes_at(moment, now));
                if within((begins, end), now) {
                    ties.tie(patient, relation)?;
                }
                Ok(())
            },
        )
        .await?;
    }
    Ok(ties)
}
