//! `/accesso/deleghe`: a citizen lets another one act for them: for how long, revocable at once. A delegation is a FHIR
//! Consent of category `delega` that names the delegate as `DELEGATEE`; whoever reads it decides by what it says now.

use crate::App;
use access::registry::{DELEGATION_CATEGORY, DELEGATION_SYSTEM};
use access::{Actor, Session};
use askama::Template;
use axum::Form;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Answer, Failure, Flash, Page};

/// Delegations in force that a person may have given.
const MAX: usize = 10;
const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";
const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

#[derive(Template)]
#[template(path = "delegations.html")]
struct DelegationsPage {
    page: Page,
    given: Vec<Given>,
    sent: Sent,
    error: Option<String>,
}

struct Given {
    id: String,
    to: String,
    since: String,
    until: String,
    in_force: bool,
}

/// What the form sends.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    codice_fiscale: String,
    #[serde(default)]
    cognome: String,
    #[serde(default)]
    fino: String,
}

#[derive(Deserialize)]
pub(crate) struct Which {
    id: String,
}

/// Those given.
pub(crate) async fn list(State(app): State<App>, page: Page, session: Session) -> Answer {
    let own = citizen(&page, &session)?;
    show(&app, page, &own, Sent::default(), None).await
}

/// Gives one.
pub(crate) async fn give(State(app): State<App>, page: Page, session: Session, Form(sent): Form<Sent>) -> Answer {
    let own = citizen(&page, &session)?;
    match new(&app, &page, &own, &sent).await? {
        Ok(consent) => {
            app.context.peers.fhir(&Actor::system()).create(&consent).await?;
            page.redirect("/accesso/deleghe", Flash::success(page.t("delegation-given")))
        }
        Err(key) => {
            let error = page.t(key);
            let mut response = show(&app, page, &own, sent, Some(error)).await?;
            *response.status_mut() = http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

/// Revokes one: it ends with this answer.
pub(crate) async fn revoke(State(app): State<App>, page: Page, session: Session, Form(which): Form<Which>) -> Answer {
    let own = citizen(&page, &session)?;
    let fhir = app.context.peers.fhir(&Actor::system());
    let found = fhir.find("Consent", &which.id).await?;
    // Somebody else's consent does not exist for this person.
    let mine = found.filter(|consent| consent["patient"]["reference"] == own.as_str() && is_delegation(consent));
    let mut consent = mine.ok_or_else(|| Failure::NotFound("delegation".into()))?;
    consent["status"] = json!("inactive");
    fhir.update_if_unchanged(&consent).await?;
    page.redirect("/accesso/deleghe", Flash::success(page.t("delegation-revoked")))
}

/// The person's own reference. Who acts for somebody cannot pass that on.
fn citizen(page: &Page, session: &Session) -> Result<String, Failure> {
    let actor = &session.actor;
    if !actor.subject.starts_with("Patient/") {
        return Err(Failure::Forbidden(page.t("delegation-citizens-only")));
    }
    if actor.acts_for.is_some() {
        return Err(Failure::Forbidden(page.t("delegation-not-for-others")));
    }
    Ok(actor.subject.clone())
}

/// The Consent to be written, or the key of what is wrong.
async fn new(app: &App, page: &Page, own: &str, sent: &Sent) -> Result<Result<Value, &'static str>, Failure> {
    let today = page.now().to_zoned(rome()).date();
    let Ok(until) = sent.fino.parse::<Date>() else {
        return Ok(Err("delegation-no-date"));
    };
    let longest = today.checked_add(1.year()).unwrap_or(today);
    if until < today || until > longest {
        return Ok(Err("delegation-bad-date"));
    }
    let in_force = given(app, own, page.now())
        .await?
        .into_iter()
        .filter(|given| given.in_force);
    if in_force.count() >= MAX {
        return Ok(Err("delegation-too-many"));
    }
    let code = sent.codice_fiscale.trim().to_uppercase();
    let identifier = format!("{FISCAL}|{code}");
    let plain = code.len() == 16 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    let fhir = app.context.peers.fhir(&Actor::system());
    let found = if plain {
        fhir.search("Patient", &[("identifier", &identifier)]).await?
    } else {
        Vec::new()
    };
    // Both must fit, and one answer serves for all that does not: nobody can look up who is in the registry.
    let named = |person: &&Value| {
        let family = person["name"][0]["family"].as_str().unwrap_or("");
        fhir::normalize_string(family) == fhir::normalize_string(sent.cognome.trim()) && !family.is_empty()
    };
    let Some(person) = found.iter().find(named) else {
        return Ok(Err("delegation-nobody"));
    };
    let to = format!("Patient/{}", person["id"].as_str().unwrap_or_default());
    if to == own {
        return Ok(Err("delegation-self"));
    }
    let display = name(person);
    Ok(Ok(json!({
        "resourceType": "Consent", "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": DELEGATION_SYSTEM, "code": DELEGATION_CATEGORY}]}],
        "patient": {"reference": own}, "dateTime": page.now().to_string(), "performer": [{"reference": own}],
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
        "provision": {
            "type": "permit", "period": {"start": page.now().to_string(), "end": until.to_string()},
            "actor": [{
                "role": {"coding": [{"system": ROLE_CODE, "code": "DELEGATEE"}]},
                "reference": {"reference": to, "display": display},
            }],
        },
    })))
}

async fn show(app: &App, page: Page, own: &str, sent: Sent, error: Option<String>) -> Answer {
    let given = given(app, own, page.now()).await?;
    web::show(&DelegationsPage {
        page: page.titled("delegations-title").crumb("/accesso", "access-title"),
        given,
        sent,
        error,
    })
}

async fn given(app: &App, own: &str, now: Timestamp) -> Result<Vec<Given>, Failure> {
    let category = format!("{DELEGATION_SYSTEM}|{DELEGATION_CATEGORY}");
    let fhir = app.context.peers.fhir(&Actor::system());
    let search = [
        ("patient", own),
        ("category", &category),
        ("_sort", "-date"),
        ("_count", "50"),
    ];
    let found = fhir.search("Consent", &search).await?;
    let moment = now.as_microsecond();
    let shown = found.iter().map(|consent| {
        let period = &consent["provision"]["period"];
        let end = period["end"].as_str().unwrap_or("");
        let going_on = fhir::date_interval(end).is_none_or(|(_, to)| moment <= to);
        Given {
            id: consent["id"].as_str().unwrap_or_default().to_owned(),
            to: consent["provision"]["actor"][0]["reference"]["display"]
                .as_str()
                .unwrap_or("")
                .to_owned(),
            since: web::fhir_date(period["start"].as_str().unwrap_or("")),
            until: web::fhir_date(end),
            in_force: consent["status"] == "active" && going_on,
        }
    });
    Ok(shown.collect())
}

fn is_delegation(consent: &Value) -> bool {
    let coding = &consent["category"][0]["coding"][0];
    coding["system"] == DELEGATION_SYSTEM && coding["code"] == DELEGATION_CATEGORY
}

fn name(person: &Value) -> String {
    let name = &person["name"][0];
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = given.chain(name["family"].as_str()).collect();
    words.join(" ")
}

fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC)
}
