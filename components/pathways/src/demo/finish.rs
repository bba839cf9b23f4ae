//! The last day: people of the demo accounts have taken some of the open tasks.

use super::accounts::accounts;
use super::world::World;
use access::Actor;
use component::{PeerError, TaskQuery};

/// Of the open tasks of a role, one in this many is taken by the person of the account.
const ONE_IN: usize = 3;

/// Lets the accounts' people take some tasks.
pub(super) async fn finish(world: &World) -> Result<(), String> {
    for account in accounts()
        .into_iter()
        .filter(|a| a.subject.starts_with("Practitioner/"))
    {
        let Some(role) = account.roles.first().filter(|r| *r != "admin").cloned() else {
            continue;
        };
        let actor = Actor {
            subject: account.subject,
            name: account.name,
            roles: account.roles,
            ..Actor::default()
        };
        let orchestrator = world.context.context.peers.orchestrator(&actor);
        let open = orchestrator
            .tasks(&TaskQuery::for_role(&role))
            .await
            .map_err(|e| e.to_string())?;
        let mine = open.items.iter().filter(|t| t.assignee.is_none()).step_by(ONE_IN);
        for task in mine {
            match orchestrator.claim(&task.id).await {
                Ok(()) | Err(PeerError::Status { .. }) => {}
                Err(error) => return Err(format!("claiming {}: {error}", task.id)),
            }
        }
    }
    (world.context.settle)().await
}
