//! `/sblocco/{assistito}`: opens categories of data that the law protects more, for a time, to somebody who is tied to the
//! person: with the person's agreement, or for an emergency. The page says the same whether there is such data or not, and
//! offers every category to everybody: it tells nothing of what there is.

use crate::rules::{Choice, RULES, choice};
use crate::{App, emergency, grants, person};
use access::{AccessGrant, GrantKind, View};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use http::StatusCode;
use jiff::SignedDuration;
use policy::LabelKind;
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "unlock.html")]
struct UnlockPage {
    page: Page,
    id: String,
    name: String,
    grant: String,
    categories: Vec<Category>,
    agreements: Vec<(Choice, String)>,
    hours: i64,
    minutes: i64,
    source: String,
    unverified: bool,
    sent: Sent,
    error: Option<String>,
}

struct Category {
    name: String,
    text: String,
    chosen: bool,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    accesso: String,
    categoria: String,
    consenso: String,
    spiegazione: String,
    conferma: String,
}

/// The form.
pub async fn form(State(app): State<App>, page: Page, view: View, Path(id): Path<String>) -> Answer {
    let name = tied(&app, &page, &view, &id).await?;
    show(&app, page, &view, (&id, name), Sent::default(), None)
}

/// Unlocks.
pub async fn submit(
    State(app): State<App>,
    page: Page,
    view: View,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Answer {
    let name = tied(&app, &page, &view, &id).await?;
    if let Some(fault) = fault(&page, &view, &sent) {
        let mut response = show(&app, page, &view, (&id, name), sent, Some(fault))?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let opened = grants::open(&app.context, grant(&app, &page, &id, name, &sent)).await;
    let (grant, _) = opened.map_err(|error| grants::failure(&page, error))?;
    let text = page.t1("unlock-opened", "time", web::time(grant.until));
    page.redirect(&format!("/assistiti/{id}"), Flash::success(text))
}

/// The access that is asked for, under an id of the server's.
fn grant(app: &App, page: &Page, patient: &str, patient_name: String, sent: &Sent) -> AccessGrant {
    let rule = &RULES.unlock;
    let agreement = choice(&rule.agreements, &sent.consenso).map(|agreement| agreement.it.clone());
    let minutes = if agreement.is_some() {
        rule.minutes_with_agreement
    } else {
        rule.minutes_in_emergency
    };
    let until = page.now() + SignedDuration::from_mins(minutes);
    let actor = page.actor();
    AccessGrant {
        id: app.new_grant_id(page),
        who: actor.subject.clone(),
        name: actor.name.clone(),
        organization: actor.organization.clone(),
        patient: patient.to_owned(),
        patient_name,
        kind: GrantKind::Unlock,
        labels: vec![sent.categoria.clone()],
        reason_code: sent.consenso.clone(),
        reason: sent.spiegazione.trim().to_owned(),
        agreement,
        from: page.now(),
        until,
        review_due: Some(until + SignedDuration::from_hours(24 * RULES.review.days)),
        ..AccessGrant::default()
    }
}

/// The name of somebody whom the actor is tied to; whoever is not, sees what would be seen if nobody were there.
async fn tied(app: &App, page: &Page, view: &View, id: &str) -> Result<String, Failure> {
    let not_there = || Failure::NotFound(id.to_owned());
    if !person::is_id(id) || !emergency::sees(view, id) {
        return Err(not_there());
    }
    let patient = app.context.peers.fhir(page.actor()).read("Patient", id).await?;
    Ok(person::name(&patient))
}

fn fault(page: &Page, view: &View, sent: &Sent) -> Option<&'static str> {
    let rule = &RULES.unlock;
    let made = AccessGrant::id_moment(&sent.accesso);
    let age = made.map(|made| page.now().duration_since(made));
    let longest = SignedDuration::from_mins(RULES.emergency.form_minutes);
    if !age.is_some_and(|age| age >= SignedDuration::from_secs(-60) && age <= longest) {
        return Some("emergency-form-old");
    }
    if !categories(view, "")
        .iter()
        .any(|category| category.name == sent.categoria)
    {
        return Some("unlock-no-category");
    }
    if sent.consenso != "emergenza" && choice(&rule.agreements, &sent.consenso).is_none() {
        return Some("unlock-no-basis");
    }
    if sent.spiegazione.trim().chars().count() < rule.reason_min_chars || sent.spiegazione.len() > 1_000 {
        return Some("emergency-no-words");
    }
    sent.conferma.is_empty().then_some("emergency-no-confirmation")
}

fn categories(view: &View, chosen: &str) -> Vec<Category> {
    let labels = view.policies().labels().list().iter();
    let protected = labels.filter(|label| label.kind == LabelKind::Protected);
    let category = |label: &policy::Label| Category {
        name: label.name.clone(),
        text: label.it.clone(),
        chosen: label.name == chosen,
    };
    protected.map(category).collect()
}

fn show(
    app: &App,
    page: Page,
    view: &View,
    (id, name): (&str, String),
    sent: Sent,
    error: Option<&'static str>,
) -> Answer {
    let rule = &RULES.unlock;
    let to = format!("/assistiti/{id}");
    let page = page.titled("unlock-title").crumb_named(&to, name.clone());
    let fresh = sent.accesso.is_empty() || error == Some("emergency-form-old");
    web::show(&UnlockPage {
        id: id.to_owned(),
        name,
        grant: if fresh {
            app.new_grant_id(&page)
        } else {
            sent.accesso.clone()
        },
        categories: categories(view, &sent.categoria),
        agreements: rule
            .agreements
            .iter()
            .map(|one| (one.clone(), one.text(&page).to_owned()))
            .collect(),
        hours: rule.minutes_with_agreement / 60,
        minutes: rule.minutes_in_emergency,
        source: rule.source.clone(),
        unverified: rule.status != "confirmed",
        error: error.map(|key| page.t(key)),
        sent,
        page,
    })
}
