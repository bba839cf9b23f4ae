//! A new member of staff, and corrections: `GET` and `POST /personale/nuovo`, `/personale/persone/{id}/modifica`.

use crate::app::App;
use crate::person::{Person, Wrong};
use crate::registry;
use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "staff_edit.html")]
struct EditPage {
    page: Page,
    person: Person,
    action: String,
    wrong: Vec<String>,
}

fn form(page: Page, person: Person, wrong: &[Wrong]) -> Answer {
    let (action, page) = match person.id.is_empty() {
        true => (
            "/personale/nuovo".to_owned(),
            page.titled("staff-new").crumb("/personale", "staff-title"),
        ),
        false => {
            let path = format!("/personale/persone/{}", person.id);
            let page = page.titled("staff-edit").crumb("/personale", "staff-title");
            (
                format!("{path}/modifica"),
                page.crumb_named(&path, person.shown.clone()),
            )
        }
    };
    let texts = wrong.iter().map(|one| told(&page, one)).collect();
    let mut response = web::show(&EditPage {
        page,
        person,
        action,
        wrong: texts,
    })?;
    if !wrong.is_empty() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `Codice fiscale: …`.
pub(crate) fn told(page: &Page, wrong: &Wrong) -> String {
    let field = page.named("field", wrong.field);
    let text = page.texts().find(&wrong.key, &[("value", wrong.value.as_str().into())]);
    let text = text.unwrap_or_else(|| page.t1("wrong-code", "value", wrong.value.as_str()));
    format!("{field}: {text}")
}

/// Takes the fields of the form.
fn filled(mut person: Person, posted: &Posted) -> Person {
    let text = |name: &str| posted.first(name).unwrap_or_default().trim().to_owned();
    person.version = text("versione");
    person.title = text("titolo");
    person.family = text("cognome");
    person.given = text("nome");
    person.gender = match text("sesso").as_str() {
        "F" => "female".into(),
        "M" => "male".into(),
        _ => String::new(),
    };
    person.born = text("nascita");
    person.fiscal = text("codice_fiscale").to_uppercase().split_whitespace().collect();
    person.number = text("matricola");
    person.mail = text("email");
    person.phone = text("telefono");
    person
}

/// `GET /personale/nuovo`.
pub(crate) async fn ask_new(page: Page) -> Answer {
    form(page, Person::new(), &[])
}

/// `POST /personale/nuovo`.
pub(crate) async fn create(State(app): State<App>, page: Page, posted: Posted) -> Answer {
    let mut person = filled(Person::new(), &posted);
    person.version = String::new();
    let wrong = person.wrong(web::local_date(page.now()));
    if !wrong.is_empty() {
        return form(page, person, &wrong);
    }
    let (id, new) = registry::save(&app.fhir(&page), &person).await?;
    let to = format!("/personale/persone/{id}");
    match new {
        true => page.redirect(&to, Flash::success(page.t("staff-created"))),
        false => page.redirect(&to, Flash::warning(page.t("staff-known"))),
    }
}

async fn found(app: &App, page: &Page, id: &str) -> Result<Person, Failure> {
    let person = registry::person(&app.fhir(page), id).await?;
    person.ok_or_else(|| Failure::NotFound(id.to_owned()))
}

/// `GET /personale/persone/{id}/modifica`.
pub(crate) async fn ask(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let person = found(&app, &page, &id).await?;
    form(page, person, &[])
}

/// `POST /personale/persone/{id}/modifica`.
pub(crate) async fn change(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let person = filled(found(&app, &page, &id).await?, &posted);
    let mut wrong = person.wrong(web::local_date(page.now()));
    if person.version.is_empty() {
        wrong.push(Wrong::new("versione", "wrong-missing", ""));
    }
    if !wrong.is_empty() {
        return form(page, person, &wrong);
    }
    let fhir = app.fhir(&page);
    if let Some(other) = same_code(&fhir, &person).await? {
        return form(page, person, &[Wrong::new("codice_fiscale", "wrong-taken", other)]);
    }
    registry::save(&fhir, &person)
        .await
        .map_err(|error| App::changed(&page, error))?;
    page.redirect(
        &format!("/personale/persone/{id}"),
        Flash::success(page.t("staff-changed")),
    )
}

/// Who else has the person's codice fiscale.
async fn same_code(fhir: &component::Fhir, person: &Person) -> Result<Option<String>, component::PeerError> {
    let token = crate::person::token(crate::systems::FISCAL, &person.fiscal);
    let found = fhir.search("Practitioner", &[("identifier", &token)]).await?;
    let other = found.into_iter().map(Person::of).find(|one| one.id != person.id);
    Ok(other.map(|one| one.shown))
}
