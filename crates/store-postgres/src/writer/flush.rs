//! From what is pending to statements.

use super::{Group, delivery, process, resources as versions};
use crate::batch::Batch;
use crate::error::Outcome;
use crate::params;

/// Writes the resources so far, for a search that must see them.
pub(super) async fn resources(group: &mut Group) -> Outcome<()> {
    let mut batch = Batch::default();
    versions::write(group, &mut batch).await?;
    tally(group, &mut batch).await?;
    batch.send(&group.session).await
}

/// Everything that is left to write.
pub(super) async fn batch(group: &mut Group) -> Outcome<Batch> {
    let mut batch = Batch::default();
    versions::write(group, &mut batch).await?;
    tally(group, &mut batch).await?;
    process::write(group, &mut batch).await?;
    delivery::write(group, &mut batch).await?;
    Ok(batch)
}

/// Counts of live resources, parameters with many values.
async fn tally(group: &mut Group, batch: &mut Batch) -> Outcome<()> {
    let changes: Vec<(i64, i64)> = group.live.drain().filter(|(_, change)| *change != 0).collect();
    if !changes.is_empty() {
        let (codes, by): (Vec<i64>, Vec<i64>) = changes.into_iter().unzip();
        batch
            .add(
                &group.session,
                "UPDATE tally t SET live = t.live + w.change FROM unnest($1::bigint[], $2::bigint[]) AS w(code, change)
                 WHERE t.code = w.code",
                params![codes, by],
                "counting resources",
            )
            .await?;
    }
    if !group.new_many.is_empty() {
        let many: Vec<i32> = group.new_many.iter().map(|param| i32::from(*param)).collect();
        batch
            .add(
                &group.session,
                "INSERT INTO param_many SELECT * FROM unnest($1::integer[]) ON CONFLICT DO NOTHING",
                params![many],
                "noting parameters",
            )
            .await?;
    }
    Ok(())
}
