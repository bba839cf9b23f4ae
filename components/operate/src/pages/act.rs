//! `POST /regia/istanze/{id}/{azione}`: a command to one instance; asks first, then does it.

use super::ask::{ACTIONS, Ask};
use super::{App, is_id, told};
use axum::Form;
use axum::extract::{Path, State};
use component::{Orchestrator, PeerError};
use orchestrator::api::{MigrateInstance, ModifyInstance};
use web::{Answer, Confirm, Failure, Flash, Page};

/// Asks, or does.
pub async fn submit(
    State(app): State<App>,
    page: Page,
    Path((id, action)): Path<(String, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    if !is_id(&id) || !ACTIONS.contains(&action.as_str()) || matches!(action.as_str(), "message" | "retry") {
        return Err(Failure::NotFound(action));
    }
    let ask = Ask::of(fields);
    let back = format!("/regia/istanze/{id}");
    if ask.get("motivo").is_empty() {
        let sure = ask.get("sicuro") == "si";
        return question(page, &id, &action, &ask, sure);
    }
    if ask.get("sicuro") != "si" {
        return question(page, &id, &action, &ask, false);
    }
    let done = act(&app.orchestrator(&page), &page, &id, &action, &ask).await?;
    let flash: Flash = told(&page, done, "command-done")?;
    page.redirect(&back, flash)
}

/// The page that asks; `missing`: it was answered without a reason.
fn question(page: Page, id: &str, action: &str, ask: &Ask, missing: bool) -> Answer {
    let mut fields = ask.but(&["motivo", "sicuro"]);
    fields.push(("sicuro".into(), "si".into()));
    let mut consequences = vec![page.t(&format!("consequence-{action}"))];
    for name in ["versione", "annulla", "avvia", "variabili"] {
        let value = ask.get(name);
        if !value.is_empty() {
            consequences.push(format!("{}: {value}", page.t(&format!("field-{name}"))));
        }
    }
    let back = format!("/regia/istanze/{id}");
    let confirm = Confirm {
        question: page.t1(&format!("question-{action}"), "id", id),
        consequences,
        action: format!("{back}/{action}"),
        button: page.t(&format!("action-{action}")),
        cancel: back.clone(),
        fields,
        reason: Some(page.t("reason")),
        error: missing.then(|| page.t("reason-missing")),
    };
    let title = page.t1("instance-title", "id", id);
    web::confirm(page.crumb("/regia", "operate-title").crumb_named(&back, title), confirm)
}

async fn act(
    orchestrator: &Orchestrator,
    page: &Page,
    id: &str,
    action: &str,
    ask: &Ask,
) -> Result<Result<(), PeerError>, Failure> {
    let reason = ask.get("motivo").to_owned();
    let moved = match action {
        "suspend" => orchestrator.suspend(id, &reason).await,
        "resume" => orchestrator.resume(id, Some(reason)).await,
        "cancel" => orchestrator.cancel(id, &reason).await,
        "setVariables" => {
            let variables = ask.variables(page).map_err(Failure::Unprocessable)?;
            orchestrator.set_variables(id, variables, Some(reason)).await
        }
        "modify" => {
            let change = ModifyInstance {
                instructions: ask.instructions(),
                reason,
            };
            orchestrator.modify(id, &change).await
        }
        _ => {
            let to = MigrateInstance {
                to: ask.get("versione").to_owned(),
                reason: Some(reason),
                ..MigrateInstance::default()
            };
            orchestrator.migrate(id, &to).await
        }
    };
    Ok(moved.map(drop))
}
