//! Who asks, and people as they are shown.

use crate::App;
use access::registry::{DELEGATION_CATEGORY, DELEGATION_SYSTEM};
use askama::Template;
use axum::extract::State;
use serde_json::{Value, json};
use web::{Answer, Failure, Page};

/// System of the codice fiscale.
pub(crate) const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";

#[derive(Template)]
#[template(path = "rights_home.html")]
struct Home {
    page: Page,
    own: bool,
}

/// `GET /diritti`: what one can do, in few words.
pub(crate) async fn home(State(_): State<App>, page: Page) -> Answer {
    citizen(&page)?;
    let own = page.actor().acts_for.is_none();
    web::show(&Home {
        page: page.titled("rights-title"),
        own,
    })
}

/// The id of the patient whose data it is about: the person's own, or of whom the person acts for.
///
/// # Errors
/// Somebody else than a citizen (an administrator passes every role).
pub(crate) fn citizen(page: &Page) -> Result<String, Failure> {
    let own = page.actor().patient().map(str::to_owned);
    own.ok_or_else(|| Failure::Forbidden(page.t("citizens-only")))
}

/// As [`citizen`], but nobody who acts for another: what only the person may decide.
pub(crate) fn in_person(page: &Page) -> Result<String, Failure> {
    if page.actor().acts_for.is_some() {
        return Err(Failure::Forbidden(page.t("in-person-only")));
    }
    citizen(page)
}

/// `Carmela De Luca` of a Patient or Practitioner: its text where it has one.
pub(crate) fn name(person: &Value) -> String {
    let name = &person["name"][0];
    if let Some(text) = name["text"].as_str() {
        return text.to_owned();
    }
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = given.chain(name["family"].as_str()).collect();
    match words.is_empty() {
        true => person["id"].as_str().unwrap_or_default().to_owned(),
        false => words.join(" "),
    }
}

/// Whether it can be the id of a resource, so that it may stand in an address or a search.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// Type and id of a reference such as `Patient/1`, when it can be one.
pub(crate) fn reference(text: &str) -> Option<(&str, &str)> {
    let (rtype, id) = text.split_once('/')?;
    let known = rtype.bytes().all(|b| b.is_ascii_alphabetic()) && !rtype.is_empty();
    (known && is_id(id)).then_some((rtype, id))
}

/// As [`citizen`]: who decides for the patient. A parent or guardian may; a delegate sees and books, and does not decide.
pub(crate) async fn may_decide(app: &App, page: &Page) -> Result<String, Failure> {
    let patient = citizen(page)?;
    let actor = page.actor();
    if actor.acts_for.is_some() {
        let category = format!("{DELEGATION_SYSTEM}|{DELEGATION_CATEGORY}");
        let asked = [
            ("patient", patient.as_str()),
            ("category", &category),
            ("actor", &actor.subject),
            ("status", "active"),
        ];
        if !app.system().search("Consent", &asked).await?.is_empty() {
            return Err(Failure::Forbidden(page.t("delegates-do-not-decide")));
        }
    }
    Ok(patient)
}

/// Writes new versions in one commit, each in the place of the version that was read: what a professional wrote meanwhile
/// is not lost, and is told as a conflict.
pub(crate) async fn write_unchanged(app: &App, resources: &[Value]) -> Result<(), Failure> {
    let entries: Vec<Value> = resources
        .iter()
        .map(|resource| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let url = format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]));
            let version = format!("W/\"{}\"", text(&resource["meta"]["versionId"]));
            json!({"resource": resource, "request": {"method": "PUT", "url": url, "ifMatch": version}})
        })
        .collect();
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    app.system().transaction(&bundle).await?;
    Ok(())
}
