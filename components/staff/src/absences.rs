//! Absences, and who works in the place of the absent: the substitute gets the role in the unit for these days and no longer.

use crate::app::{App, Declared};
use crate::assignment::{Assignment, Span};
use crate::note::Note;
use crate::pages::{KEEP, not_oneself, refused};
use crate::person::token;
use crate::systems::{ROLE, is_id};
use crate::{registry, rules};
use axum::extract::{Path, State};
use axum::routing::post;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use jiff::civil::Date;
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Kind of the notes.
const KIND: &str = "assenza";
/// Longest absence, days.
const MAX_DAYS: i32 = 3 * 366;
/// Possible substitutes offered.
const MAX_SUBSTITUTES: usize = 300;

/// Declares what is done.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared.post(KEEP, "/personale/persone/{id}/assenze", post(add)).post(
        KEEP,
        "/personale/assenze/{id}/annulla",
        post(cancel),
    )
}

/// An absence as shown.
pub(crate) struct Shown {
    /// Id.
    pub id: String,
    /// Kind.
    pub kind: String,
    /// `dal … al …`.
    pub period: String,
    /// Who substitutes.
    pub substitute: String,
    /// Not over, so that it may be called off.
    pub open: bool,
    /// Called off.
    pub cancelled: bool,
}

/// The absences of a person, newest first.
pub(crate) async fn of(fhir: &Fhir, page: &Page, person: &str) -> Result<Vec<Shown>, PeerError> {
    let mut notes = Note::all(fhir, KIND, Some(&format!("Practitioner/{person}"))).await?;
    notes.sort_by(|a, b| b.get("dal").cmp(a.get("dal")));
    let today = web::local_date(page.now()).to_string();
    let shown = notes.into_iter().map(|one| {
        let kind = rules::absences().iter().find(|kind| kind.code == one.get("tipo"));
        let cancelled = !one.get("annullata").is_empty();
        Shown {
            kind: kind
                .map(|kind| kind.name.of(page.lang()).to_owned())
                .unwrap_or_default(),
            period: crate::pages::period(page, one.get("dal"), one.get("al")),
            substitute: one.get("sostituto-nome").to_owned(),
            open: !cancelled && one.get("al") >= today.as_str(),
            cancelled,
            id: one.id,
        }
    });
    Ok(shown.collect())
}

/// What a substitute takes over: the main assignment that holds, or the first.
fn replaced(all: &[Assignment], now: Timestamp) -> Option<&Assignment> {
    let mut current = all.iter().filter(|one| one.holds(now) && one.substitutes.is_none());
    current.clone().find(|one| one.main).or_else(|| current.next())
}

/// Those who have the same role now, wherever.
pub(crate) async fn substitutes(
    fhir: &Fhir,
    all: &[Assignment],
    now: Timestamp,
) -> Result<Vec<(String, String)>, PeerError> {
    let Some(one) = replaced(all, now) else {
        return Ok(Vec::new());
    };
    let role = token(ROLE, &one.role);
    let asked = [("role", role.as_str()), ("_count", "200")];
    let found = fhir.search_all("PractitionerRole", &asked, MAX_SUBSTITUTES).await?;
    let others = found.into_iter().filter_map(Assignment::of);
    let mut all: Vec<_> = others
        .filter(|other| other.person != one.person && other.holds(now) && !other.person_name.is_empty())
        .map(|other| (other.person, other.person_name))
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all.dedup_by(|a, b| a.0 == b.0);
    Ok(all)
}

/// The days of the form.
fn days(posted: &Posted) -> Option<(Date, Date)> {
    let day = |name: &str| posted.first(name)?.trim().parse::<Date>().ok();
    let (first, last) = (day("dal")?, day("al")?);
    let length = first.until(last).ok()?.get_days();
    (first <= last && length <= MAX_DAYS).then_some((first, last))
}

/// `POST /personale/persone/{id}/assenze`.
async fn add(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    not_oneself(&page, &id)?;
    let fhir = app.fhir(&page);
    let found = registry::person(&fhir, &id).await?;
    let found = found.ok_or_else(|| Failure::NotFound(id.clone()))?;
    let kind = posted.first("tipo").unwrap_or_default();
    if rules::absences().iter().all(|one| one.code != kind) {
        return Err(Failure::Unprocessable(page.t("wrong-choice")));
    }
    let (first, last) = days(&posted).ok_or_else(|| Failure::Unprocessable(page.t("absence-days-wrong")))?;
    let (first, last) = (first.to_string(), last.to_string());
    let system = app.system();
    let subject = format!("Practitioner/{id}");
    let span = Span::of(&first, &last);
    let standing = Note::all(&system, KIND, Some(&subject)).await?;
    let together =
        |one: &Note| one.get("annullata").is_empty() && Span::of(one.get("dal"), one.get("al")).and(span).is_some();
    if standing.iter().any(together) {
        return Err(Failure::Unprocessable(page.t("absence-twice")));
    }
    let mut note = Note::new(
        &app.context.ids.next(),
        KIND,
        &subject,
        &page.actor().subject,
        page.now(),
    );
    note = note.with(&[("tipo", kind), ("dal", &first), ("al", &last)]);
    let substitute = posted.first("sostituto").unwrap_or_default();
    if !substitute.is_empty() {
        let all = registry::assignments(&fhir, &id).await?;
        let mut one = substitution(&app, &page, &all, substitute).await?;
        (one.start, one.end) = (first, last);
        let name = one.person_name.clone();
        let made = registry::write(&fhir, &one)
            .await
            .map_err(|error| refused(&page, error))?;
        note = note.with(&[
            ("sostituto", substitute),
            ("sostituto-nome", &name),
            ("incarico", &made),
        ]);
    }
    note.create(&system).await?;
    let text = page.t1("absence-added", "who", found.shown);
    page.redirect(&format!("/personale/persone/{id}"), Flash::success(text))
}

/// What the substitute gets: role, unit, discipline and sites of the absent, in their place.
async fn substitution(app: &App, page: &Page, all: &[Assignment], substitute: &str) -> Result<Assignment, Failure> {
    let wrong = || Failure::Unprocessable(page.t("absence-substitute-wrong"));
    not_oneself(page, substitute)?;
    let of = replaced(all, page.now()).ok_or_else(wrong)?;
    let fhir = app.fhir(page);
    let known = substitutes(&fhir, all, page.now()).await?;
    if !is_id(substitute) || known.iter().all(|(id, _)| id != substitute) {
        return Err(wrong());
    }
    let person = registry::person(&fhir, substitute).await?.ok_or_else(wrong)?;
    let mut one = Assignment::new(&person.id, &person.shown);
    one.organization.clone_from(&of.organization);
    one.organization_name.clone_from(&of.organization_name);
    one.role.clone_from(&of.role);
    one.discipline.clone_from(&of.discipline);
    one.sites.clone_from(&of.sites);
    one.areas.clone_from(&of.areas);
    one.substitutes = Some(format!("Practitioner/{}", of.person));
    Ok(one)
}

/// `POST /personale/assenze/{id}/annulla`: called off, or ended before its time; the substitute's role ends at this minute.
async fn cancel(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let none = || Failure::NotFound("absence".into());
    if !is_id(&id) {
        return Err(none());
    }
    let system = app.system();
    let mut note = Note::find(&system, KIND, &id).await?.ok_or_else(none)?;
    let person = note.subject.trim_start_matches("Practitioner/").to_owned();
    not_oneself(&page, &person)?;
    let fhir = app.fhir(&page);
    let role = note.get("incarico").to_owned();
    if is_id(&role)
        && let Some(mut one) = fhir.find("PractitionerRole", &role).await?.and_then(Assignment::of)
        && one.span().to > page.now().as_microsecond()
    {
        one.end(page.now());
        registry::write(&fhir, &one)
            .await
            .map_err(|error| refused(&page, error))?;
    }
    note.set("annullata", &page.now().to_string());
    note.save(&system).await.map_err(|error| App::changed(&page, error))?;
    page.redirect(
        &format!("/personale/persone/{person}"),
        Flash::success(page.t("absence-cancelled")),
    )
}
