//! What people did between a merge and its separation may leave one of the two records with the doctor of a choice that is over, or
//! with two: then it is put in order. Where nobody did anything, nothing is touched.

use super::super::kept::Kept;
use super::MergeError;
use crate::choice::commit::{self, CommitError};
use crate::choice::person::Person;
use crate::choice::plan::Plan;
use component::{Context, Fhir, PeerError};

/// Tries when others write at the same moment.
const TRIES: usize = 5;

/// Puts the two records of a merge that was separated in order.
pub(super) async fn put_in_order(context: &Context, fhir: &Fhir, merge: &Kept) -> Result<(), MergeError> {
    let today = web::local_date(context.clock.now());
    for id in [merge.get("resta"), merge.get("tolta")] {
        for attempt in 1.. {
            let Some(person) = Person::load(fhir, id).await? else {
                break;
            };
            let mut plan = Plan::new(person);
            plan.reconcile(today);
            match commit::commit(fhir, &[&plan], Vec::new(), |_| None).await {
                Ok(()) => break,
                Err(CommitError::Conflict) if attempt < TRIES => {}
                Err(error) => return Err(PeerError::from(error).into()),
            }
        }
    }
    Ok(())
}
