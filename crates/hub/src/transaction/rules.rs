//! Rules and references of the resources of a bundle, by the policies of their types, all in one question.

use super::{Assembled, Mode};
use crate::validate::{self, Own};
use crate::{Hub, HubError};
use std::collections::HashSet;

/// Looks at what is not yet looked at. What is refused gets an error as its outcome and is not written.
pub(super) async fn check(hub: &Hub, done: &mut Assembled, mode: &Mode) -> Result<(), HubError> {
    let unchecked = std::mem::take(&mut done.unchecked);
    if unchecked.is_empty() {
        return Ok(());
    }
    let own = Own {
        writes: &done.transaction.resources,
        around: &mode.around,
    };
    let mut places = Vec::with_capacity(unchecked.len());
    let mut values = Vec::with_capacity(unchecked.len());
    for one in unchecked {
        places.push((one.outcome, one.write));
        values.push(one.value);
    }
    let found = validate::rules(hub, &mode.by, values, &own).await?;
    let mut refused = HashSet::new();
    for ((outcome, write), found) in places.into_iter().zip(found) {
        match found {
            Ok(issues) => {
                if let Some(Ok(Some(answer))) = done.outcomes.get_mut(outcome) {
                    answer.add_issues(issues);
                }
            }
            Err(error) => {
                refused.insert(write);
                done.outcomes[outcome] = Err(error);
            }
        }
    }
    if !refused.is_empty() {
        let mut at = 0;
        done.transaction.resources.retain(|_| {
            at += 1;
            !refused.contains(&(at - 1))
        });
    }
    Ok(())
}
