//! A person of the demo does a task.

use super::cast::Life;
use super::fill::{Moment, fill};
use super::paper::{Writing, written};
use super::staff;
use super::world::World;
use crate::people::medications;
use access::Actor;
use component::PeerError;
use jiff::Timestamp;
use orchestrator::api::{CompleteTask, TaskInfo};
use web::form::About;

/// Completes a task if it is still open.
pub(super) async fn complete(world: &mut World, person: usize, id: &str) -> Result<(), String> {
    let system = world.context.context.peers.orchestrator(&Actor::system());
    let task = match system.task(id).await {
        Ok(task) => task,
        Err(error) if gone(&error) => return Ok(()),
        Err(error) => return Err(format!("task {id}: {error}")),
    };
    if !matches!(task.status.as_str(), "ready" | "in-progress") {
        return Ok(());
    }
    let (today, end) = (world.day(world.now()), world.day(world.end));
    let now = world.now();
    let life = &mut world.cast[person];
    let actor = who(life, &task);
    let result = result(
        life,
        &task,
        &actor,
        Moment {
            today,
            end,
            element: &task.element,
            variables: &task.variables,
        },
        now,
    )?;
    match world
        .context
        .context
        .peers
        .orchestrator(&actor)
        .complete(id, &result)
        .await
    {
        Ok(()) => Ok(()),
        Err(error) if gone(&error) => Ok(()),
        Err(error) => Err(format!("'{}' of {}: {error}", task.name, world.cast[person].person.id)),
    }
}

/// Done, cancelled or overtaken by a timer meanwhile.
fn gone(error: &PeerError) -> bool {
    matches!(error, PeerError::Status { status, .. } if matches!(status.as_u16(), 404 | 409 | 410))
}

/// Who does it: the person themselves, their GP, or someone with the role.
fn who(life: &Life, task: &TaskInfo) -> Actor {
    let role = task.roles.first().map_or("", String::as_str);
    match role {
        "assistito" => Actor {
            subject: life.person.reference(),
            name: life.person.name(),
            roles: vec!["assistito".into()],
            ..Actor::default()
        },
        "mmg" => life.gp.actor(),
        _ => {
            let team = staff::with_role(role);
            let number = life.person.id.bytes().map(usize::from).sum::<usize>();
            team.get(number % team.len().max(1))
                .map_or_else(Actor::system, staff::Member::actor)
        }
    }
}

fn result(
    life: &mut Life,
    task: &TaskInfo,
    actor: &Actor,
    at: Moment<'_>,
    now: Timestamp,
) -> Result<CompleteTask, String> {
    let before = life.therapy;
    let form = task.form.as_deref().unwrap_or_default();
    let answers = fill(form, life, &at);
    let subject = life.person.reference();
    let about = About {
        subject: &subject,
        author: &actor.subject,
        authored: now,
        task: &task.id,
    };
    let by = Writing {
        today: at.today,
        born: life.person.birth,
        about,
    };
    let mut result = written(form, &answers, &by)?;
    if life.therapy != before {
        result.resources.extend(
            medications(&life.person, life.therapy, at.today)
                .into_iter()
                .filter(|m| {
                    let old = medications(&life.person, before, at.today);
                    !old.iter().any(|o| o["id"] == m["id"])
                }),
        );
    }
    Ok(result)
}
