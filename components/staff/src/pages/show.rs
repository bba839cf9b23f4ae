//! `GET /personale/persone/{id}`: a member of staff. What is in the directory for everybody who works in the service; the rest
//! for the person and for the office.

use crate::alerts;
use crate::app::{App, OFFICE};
use crate::assignment::{Assignment, State as Standing};
use crate::check::{self, Violation};
use crate::note::Note;
use crate::person::Person;
use crate::registry::{self, Units};
use crate::rules;
use askama::Template;
use axum::extract::{Path, State};
use web::{Answer, Failure, Page};

/// An assignment as shown.
pub(crate) struct Shown {
    /// Id.
    pub id: String,
    /// Role by name.
    pub role: String,
    /// Unit by name.
    pub unit: String,
    /// Discipline by name.
    pub discipline: String,
    /// Contract by name.
    pub contract: String,
    /// Qualification.
    pub qualification: String,
    /// `dal … al …`.
    pub period: String,
    /// `future`, `current`, `past`.
    pub state: &'static str,
    /// Main one.
    pub main: bool,
    /// Hours a week.
    pub hours: Option<u32>,
    /// When one works.
    pub times: String,
    /// In whose place.
    pub substitutes: String,
    /// A second person has not confirmed it.
    pub waits: bool,
}

/// A register or title as shown.
pub(crate) struct ShownTitle {
    /// Place in the list.
    pub at: usize,
    /// Name.
    pub name: String,
    /// Number.
    pub number: String,
    /// Who gave it.
    pub issuer: String,
    /// `dal … al …`.
    pub period: String,
    /// Over.
    pub over: bool,
    /// Ends within the days of the reminder.
    pub soon: bool,
}

#[derive(Template)]
#[template(path = "staff_person.html")]
struct PersonPage {
    page: Page,
    person: Person,
    standing: Vec<Shown>,
    past: Vec<Shown>,
    titles: Vec<ShownTitle>,
    missing: Vec<String>,
    wrong: Vec<Violation>,
    office: bool,
    private: bool,
    own: bool,
    registers: Vec<(String, String)>,
    notices: Vec<(String, String)>,
    credits: Option<crate::credits::Credits>,
    absences: Vec<crate::absences::Shown>,
    kinds: Vec<(String, String)>,
    substitutes: Vec<(String, String)>,
    today: String,
}

/// `GET /personale/mia-scheda`.
pub(crate) async fn own(State(app): State<App>, page: Page) -> Answer {
    let id = page.actor().subject.strip_prefix("Practitioner/").map(str::to_owned);
    let id = id.ok_or_else(|| Failure::NotFound("own record".into()))?;
    show(State(app), page, Path(id)).await
}

/// The page.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let fhir = app.fhir(&page);
    let person = registry::person(&fhir, &id).await?;
    let person = person.ok_or_else(|| Failure::NotFound(id.clone()))?;
    let all = registry::assignments(&fhir, &id).await?;
    let units = Units::read(&fhir).await?;
    let own = page.actor().subject == format!("Practitioner/{id}");
    let office = page.actor().has_role(OFFICE);
    let (past, standing): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.state(page.now()) == Standing::Past);
    let today = web::local_date(page.now()).to_string();
    let shown = |list: Vec<&Assignment>| list.into_iter().map(|one| shown(&page, &units, one)).collect();
    let registers = rules::registers().iter();
    let notices = match own {
        true => notices(&app, &page).await?,
        false => Vec::new(),
    };
    let system = app.system();
    let private = office || own;
    let credits = match private && person.owes_credits() {
        true => crate::credits::of(&system, &id, &today).await?,
        false => None,
    };
    let absences = match private {
        true => crate::absences::of(&system, &page, &id).await?,
        false => Vec::new(),
    };
    let substitutes = match office && !own {
        true => crate::absences::substitutes(&fhir, &all, page.now()).await?,
        false => Vec::new(),
    };
    let kinds = rules::absences().iter();
    web::show(&PersonPage {
        notices,
        credits,
        absences,
        kinds: kinds
            .map(|one| (one.code.clone(), one.name.of(page.lang()).to_owned()))
            .collect(),
        substitutes,
        standing: shown(standing.clone()),
        past: shown(past),
        titles: titles(&page, &person, &today),
        missing: missing(&page, &person, &standing, &today),
        wrong: check::violations(&all),
        office: office && !own,
        private,
        own,
        today,
        registers: registers
            .map(|one| (one.code.clone(), one.name.of(page.lang()).to_owned()))
            .collect(),
        page: page.with_title(person.shown.clone()).crumb("/personale", "staff-title"),
        person,
    })
}

/// What the person was told and has not read: id and text.
async fn notices(app: &App, page: &Page) -> Result<Vec<(String, String)>, Failure> {
    let all = Note::all(&app.system(), alerts::NOTICE, Some(&page.actor().subject)).await?;
    let unread = all.into_iter().filter(|one| one.get("letto").is_empty());
    let told = unread.map(|one| {
        let title = crate::person::Title {
            code: one.get("titolo").to_owned(),
            ..Default::default()
        };
        let end = page.fhir_date(one.get("fine"));
        (
            one.id.clone(),
            page.t2("notice-ends", "what", title.name(page.lang()), "day", end),
        )
    });
    Ok(told.collect())
}

/// Registers that the roles of a person need and that do not hold.
fn missing(page: &Page, person: &Person, standing: &[&Assignment], today: &str) -> Vec<String> {
    let needed = standing.iter().filter(|one| one.holds(page.now()));
    let mut needed: Vec<_> = needed
        .filter_map(|one| rules::role(&one.role)?.register.as_deref())
        .filter(|register| !person.registered(register, today))
        .collect();
    needed.sort_unstable();
    needed.dedup();
    let named = |code: &&str| rules::registers().iter().find(|one| one.code == **code);
    needed
        .iter()
        .filter_map(named)
        .map(|one| one.name.of(page.lang()).to_owned())
        .collect()
}

fn titles(page: &Page, person: &Person, today: &str) -> Vec<ShownTitle> {
    let soon = web::local_date(page.now()) + jiff::Span::new().days(rules::reminder_days());
    let soon = soon.to_string();
    let one = |(at, one): (usize, &crate::person::Title)| ShownTitle {
        at,
        name: one.name(page.lang()),
        number: one.number.clone(),
        issuer: one.issuer.clone(),
        period: period(page, &one.start, &one.end),
        over: one.is_over(today),
        soon: !one.is_over(today) && one.is_over(&soon),
    };
    person.titles.iter().enumerate().map(one).collect()
}

/// An assignment in words.
pub(crate) fn shown(page: &Page, units: &Units, one: &Assignment) -> Shown {
    let contract = rules::contracts().iter().find(|kind| kind.code == one.contract);
    Shown {
        id: one.id.clone(),
        role: page.role_name(&one.role),
        unit: match one.organization.is_empty() {
            true => String::new(),
            false => units.name(&one.organization).to_owned(),
        },
        discipline: rules::discipline(&one.discipline).unwrap_or_default().to_owned(),
        contract: contract
            .map(|kind| kind.name.of(page.lang()).to_owned())
            .unwrap_or_default(),
        qualification: one.qualification.clone(),
        period: match one.active {
            true => period(page, &one.start, &one.end),
            false => page.t("assignment-taken-back"),
        },
        state: match one.state(page.now()) {
            Standing::Future => "future",
            Standing::Current => "current",
            Standing::Past => "past",
        },
        main: one.main,
        waits: one.active && one.waits(),
        hours: one.hours,
        times: one.times.clone(),
        substitutes: one.substitutes.clone().unwrap_or_default(),
    }
}

/// `dal 01/01/2026 al 30/06/2026`, `dal 01/01/2026`, `fino al …`, `senza date`.
pub(crate) fn period(page: &Page, start: &str, end: &str) -> String {
    let date = |text: &str| match text.parse::<jiff::Timestamp>() {
        Ok(at) => page.date_time(&at),
        Err(_) => page.fhir_date(text),
    };
    match (start.is_empty(), end.is_empty()) {
        (true, true) => page.t("period-none"),
        (false, true) => page.t1("period-from", "from", date(start)),
        (true, false) => page.t1("period-to", "to", date(end)),
        (false, false) => page.t2("period-both", "from", date(start), "to", date(end)),
    }
}
