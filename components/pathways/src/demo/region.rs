//! Writes facilities, staff, people and their past into the hub.

use super::staff;
use super::world::World;
use crate::people::{conditions, history, medications, patient};
use jiff::Span;
use serde_json::Value;

/// Resources in one transaction.
const BATCH: usize = 150;
/// Years of observations before the demo's two years.
const PAST_YEARS: i32 = 3;

/// Writes everything that is there before the first day of the demo.
pub(super) async fn write(world: &World) -> Result<(), String> {
    world.put(&staff::resources()).await?;
    let start = world.day(world.start);
    let from = start
        .checked_sub(Span::new().years(PAST_YEARS))
        .map_err(|e| e.to_string())?;
    let total = world.cast.len() as u64;
    for (n, life) in world.cast.iter().enumerate() {
        let mut rng = life.rng.clone();
        let person = &life.person;
        // Those who will be enrolled on a known diagnosis, and those nobody has enrolled yet, have it on record.
        let diagnosed = life.character.to_confirm.is_none();
        let mut resources = vec![patient(person, life.gp.id, staff::AUTHORITY)];
        resources.push(staff::care_team(&person.id, &life.gp));
        resources.extend(conditions(person, start, diagnosed));
        resources.extend(medications(person, life.therapy, start));
        resources.extend(history(person, from, start, world.day(world.end), &mut rng));
        for batch in resources.chunks(BATCH) {
            world.put(batch).await?;
        }
        (world.context.progress)(n as u64 + 1, total, "Assistiti");
    }
    Ok(())
}

/// A list of resources of one person, as the laboratory sends it.
pub(super) fn sent_by_laboratory(mut resources: Vec<Value>) -> Vec<Value> {
    for resource in &mut resources {
        resource["performer"] = serde_json::json!([{"reference": format!("Organization/{}", staff::AUTHORITY)}]);
    }
    resources
}
