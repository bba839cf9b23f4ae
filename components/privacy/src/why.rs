//! `/perche`: why one may or may not see a kind of data of a person, in plain words: ties, policies, what is missing. It
//! speaks of kinds of data, never of facts; a person who does not exist, and one whom the asker may not see, give the same
//! answer. What the person chose (consents refused, restriction, objection) is told to the office only: others read of ties
//! of care and of what holds for everybody. The data-protection officer may ask for somebody else. Whom it was about is in
//! the access record, and questions about people one does not see are counted as searches are.

use crate::identity::Sought;
use crate::log::{Who, who};
use crate::rules::RULES;
use crate::{App, person};
use access::{Actor, Ask, AuditPatient, Explain, Explained, Identity as _, PolicyText, Reply, View};
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use component::RemoteIdentity;
use http::StatusCode;
use policy::{Action, LabelKind, LabelSet};
use serde::Deserialize;
use web::{Answer, Failure, Page};

/// Kinds of data: FHIR type and the end of a message key.
const KINDS: [(&str, &str); 9] = [
    ("Patient", "identity"),
    ("Condition", "problems"),
    ("Observation", "results"),
    ("MedicationRequest", "medicines"),
    ("DocumentReference", "documents"),
    ("Encounter", "encounters"),
    ("Immunization", "vaccines"),
    ("CarePlan", "plans"),
    ("Consent", "consents"),
];
/// Stands for a person who is not there.
const NOBODY: &str = "-";
/// Ties that come from care. The others follow from what the person chose: only the office reads of those.
const CARE: [&str; 5] = ["gp", "team", "unit", "work", "emergency"];
/// Refusals that hold for everybody, whatever the person chose.
const FOR_ALL: [&str; 2] = ["protected-categories", "people-need-a-sure-identity"];

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage {
    page: Page,
    asked: Asked,
    kinds: Vec<(&'static str, String)>,
    categories: Vec<(String, String)>,
    is_office: bool,
    people: Vec<(String, String)>,
    error: Option<String>,
    answer: Option<Told>,
}

struct Told {
    who: String,
    patient: String,
    permit: bool,
    ties: Vec<String>,
    because: Vec<PolicyText>,
    missing: Vec<(String, PolicyText)>,
    version: String,
}

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Patient id.
    assistito: String,
    /// Codice fiscale, where there is no id.
    cf: String,
    /// FHIR type.
    dato: String,
    /// Protected category.
    categoria: String,
    /// For whom, `Practitioner/…` or a name; the office only.
    chi: String,
}

/// The page, with the answer when something is asked.
pub async fn show(State(app): State<App>, page: Page, view: View, Query(asked): Query<Asked>) -> Answer {
    let asked = Asked {
        cf: String::new(),
        ..asked
    };
    answer(&app, page, &view, asked).await
}

/// The same by codice fiscale: posted, so that it is in no address.
pub async fn by_code(State(app): State<App>, page: Page, view: View, Form(asked): Form<Asked>) -> Answer {
    answer(&app, page, &view, asked).await
}

async fn answer(app: &App, page: Page, view: &View, asked: Asked) -> Answer {
    let is_office = page.actor().has_role("dpo");
    let mut shown = WhyPage {
        kinds: KINDS
            .map(|(kind, key)| (kind, page.t(&format!("why-kind-{key}"))))
            .to_vec(),
        categories: categories(view),
        is_office,
        people: Vec::new(),
        error: None,
        answer: None,
        page: page.titled("why-title"),
        asked,
    };
    if shown.asked.dato.is_empty() {
        return web::show(&shown);
    }
    let page = &shown.page;
    let known = KINDS.iter().any(|(kind, _)| *kind == shown.asked.dato);
    let label = shown.categories.iter().any(|(name, _)| *name == shown.asked.categoria);
    if !known || (!label && !shown.asked.categoria.is_empty()) {
        return Err(Failure::Unprocessable(page.t("why-unknown")));
    }
    let by_code = !shown.asked.cf.trim().is_empty();
    let seen = !by_code && sees(view, &shown.asked.assistito);
    if !seen && !is_office && !app.asking.admits(&page.actor().subject, page.now()) {
        shown.error = Some(page.t1("why-too-many", "n", RULES.search.per_hour));
        let mut response = web::show(&shown)?;
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        return Ok(response);
    }
    let patient = patient(app, &shown.asked).await?;
    let mut actor = page.actor().clone();
    if is_office && !shown.asked.chi.trim().is_empty() {
        match other(app, &shown.asked.chi).await? {
            Other::One(other) => actor = *other,
            Other::Several(people) => {
                shown.people = people;
                return web::show(&shown);
            }
            Other::Nobody => {
                shown.error = Some(page.t("why-no-such-person"));
                return web::show(&shown);
            }
        }
    }
    // Of nobody is told what would be told of one whom the asker may not see.
    let about = patient.as_deref().filter(|id| is_office || sees(view, id));
    let about = about.unwrap_or(NOBODY);
    shown.answer = Some(told(app, page, view, &shown.asked, actor, about).await?);
    let mut response = web::show(&shown)?;
    if let Some(id) = patient {
        response.extensions_mut().insert(AuditPatient(id));
    }
    Ok(response)
}

/// Whether somebody may know that the person is there.
fn sees(view: &View, patient: &str) -> bool {
    person::is_id(patient)
        && view
            .ruling(Action::Read, "Patient", Some(patient), LabelSet::NONE)
            .permit
}

/// The patient meant, if there is one.
async fn patient(app: &App, asked: &Asked) -> Result<Option<String>, Failure> {
    let system = app.context.peers.fhir(&Actor::system());
    if asked.cf.trim().is_empty() {
        if !person::is_id(&asked.assistito) {
            return Ok(None);
        }
        let found = system.find("Patient", &asked.assistito).await?;
        return Ok(found.map(|_| asked.assistito.clone()));
    }
    let sought = Sought {
        cf: asked.cf.clone(),
        ..Sought::default()
    };
    let found = sought.find(&system).await?;
    Ok(found.as_ref().and_then(|found| found["id"].as_str()).map(str::to_owned))
}

/// As they would be after the least of sign-ins.
fn signed_in(actor: Actor) -> Actor {
    Actor {
        assurance: actor.assurance.max(1),
        ..actor
    }
}

enum Other {
    One(Box<Actor>),
    Several(Vec<(String, String)>),
    Nobody,
}

/// Somebody else as they may act.
async fn other(app: &App, text: &str) -> Result<Other, Failure> {
    let subject = match who(app, text).await? {
        Who::One(subject) => subject,
        Who::Several(people) => return Ok(Other::Several(people)),
        Who::Anybody | Who::Nobody => return Ok(Other::Nobody),
    };
    let asked = Ask::ActorsOf { subject };
    let actors = RemoteIdentity::new(app.context.peers.clone()).ask(asked).await;
    match actors {
        Ok(Reply::Actors(actors)) => Ok(actors
            .into_iter()
            .next()
            .map_or(Other::Nobody, |actor| Other::One(Box::new(signed_in(actor))))),
        Ok(_) => Err(Failure::Internal("people were expected".into())),
        Err(error) => Err(Failure::Unavailable(error.to_string())),
    }
}

async fn told(
    app: &App,
    page: &Page,
    view: &View,
    asked: &Asked,
    actor: Actor,
    patient: &str,
) -> Result<Told, Failure> {
    let labels: Vec<String> = Some(asked.categoria.clone())
        .filter(|label| !label.is_empty())
        .into_iter()
        .collect();
    let myself = actor.subject == page.actor().subject;
    let explained = if myself {
        Explained::of(view, "read", &asked.dato, Some(patient), &labels)
            .ok_or_else(|| Failure::Unprocessable(page.t("why-unknown")))?
    } else {
        let asked = Explain {
            actor: actor.clone(),
            action: "read".into(),
            rtype: asked.dato.clone(),
            patient: Some(patient.to_owned()),
            labels: labels.clone(),
        };
        let explained = RemoteIdentity::new(app.context.peers.clone()).explain(&asked).await;
        explained.map_err(|error| Failure::Unavailable(error.to_string()))?
    };
    let seen = app.context.peers.fhir(page.actor()).find("Patient", patient).await;
    let name = seen
        .ok()
        .flatten()
        .map(|person| person::name(&person))
        .unwrap_or_default();
    let mut explained = explained;
    if !page.actor().has_role("dpo") {
        explained.ties.retain(|tie| CARE.contains(&tie.as_str()));
        if !explained.permit {
            explained.because.retain(|about| FOR_ALL.contains(&about.id.as_str()));
        }
        // What would open such data of anybody: what is missing of this person would tell what the person refused.
        let anybody = Explained::of(view, "read", &asked.dato, Some(NOBODY), &labels);
        explained.would_permit = anybody.map(|anybody| anybody.would_permit).unwrap_or_default();
        let offered = |tie: &str| tie == "consent" || CARE.contains(&tie);
        let ties = &explained.ties;
        explained
            .would_permit
            .retain(|(tie, _)| offered(tie) && !ties.contains(tie));
    }
    Ok(Told {
        who: if myself { String::new() } else { actor.name },
        patient: name,
        permit: explained.permit,
        ties: explained.ties.iter().map(|tie| page.named("tie", tie)).collect(),
        because: explained.because,
        missing: explained
            .would_permit
            .into_iter()
            .filter(|(tie, _)| !["self", "delegate", "refused", "app"].contains(&tie.as_str()))
            .map(|(tie, about)| (page.named("tie", &tie), about))
            .collect(),
        version: explained.version,
    })
}

fn categories(view: &View) -> Vec<(String, String)> {
    let labels = view.policies().labels().list().iter();
    let protected = labels.filter(|label| label.kind == LabelKind::Protected);
    protected.map(|label| (label.name.clone(), label.it.clone())).collect()
}
