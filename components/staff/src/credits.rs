//! Credits of continuing education (ECM): what is owed in the three years, what is recorded, what is missing.

use crate::app::{App, Declared};
use crate::note::Note;
use crate::pages::KEEP;
use crate::{registry, rules};
use axum::extract::{Path, State};
use axum::routing::post;
use component::{Fhir, PeerError};
use jiff::civil::Date;
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Kind of the notes.
const KIND: &str = "credito-ecm";
/// Most credits of one event, in tenths: an event of a whole year is less.
const MAX_TENTHS: u32 = 2000;
/// Longest title.
const MAX_TEXT: usize = 300;

/// Declares what is done.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared.post(KEEP, "/personale/persone/{id}/crediti", post(add))
}

/// An event with credits.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Day.
    pub day: String,
    /// Title.
    pub title: String,
    /// `12,5`.
    pub credits: String,
}

/// Where somebody stands.
#[derive(Debug, Clone)]
pub(crate) struct Credits {
    /// First day of the three years.
    pub first: String,
    /// Last day.
    pub last: String,
    /// Owed.
    pub owed: u32,
    /// Recorded, as shown.
    pub earned: String,
    /// Percent of what is owed.
    pub percent: u32,
    /// Below it the insurance may not hold.
    pub insured_percent: u32,
    /// Where the rule stands.
    pub source: &'static str,
    /// Whether nobody has confirmed it.
    pub unverified: bool,
    /// Events of the three years, newest first.
    pub events: Vec<Event>,
}

fn tenths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let part: u32 = part.get(..1)?.parse().ok()?;
    let whole: u32 = whole.trim().parse().ok()?;
    whole
        .checked_mul(10)?
        .checked_add(part)
        .filter(|n| (1..=MAX_TENTHS).contains(n))
}

fn shown(tenths: u32) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        part => format!("{},{part}", tenths / 10),
    }
}

/// The credits of a person in the three years of a day; `None` where no rule is known.
pub(crate) async fn of(fhir: &Fhir, person: &str, day: &str) -> Result<Option<Credits>, PeerError> {
    let Some(rule) = rules::triennium(day) else {
        return Ok(None);
    };
    let notes = Note::all(fhir, KIND, Some(&format!("Practitioner/{person}"))).await?;
    let within = notes
        .iter()
        .filter(|one| rule.first.as_str() <= one.get("giorno") && one.get("giorno") <= rule.last.as_str());
    let mut events: Vec<_> = within.collect();
    events.sort_by(|a, b| b.get("giorno").cmp(a.get("giorno")));
    let sum: u32 = events
        .iter()
        .filter_map(|one| one.get("decimi").parse::<u32>().ok())
        .sum();
    Ok(Some(Credits {
        first: rule.first.clone(),
        last: rule.last.clone(),
        owed: rule.credits,
        earned: shown(sum),
        percent: (sum * 10).checked_div(rule.credits).unwrap_or(100),
        insured_percent: rules::insured_percent(),
        source: &rule.source,
        unverified: rule.status != "verified",
        events: events
            .iter()
            .map(|one| Event {
                day: one.get("giorno").to_owned(),
                title: one.get("evento").to_owned(),
                credits: shown(one.get("decimi").parse().unwrap_or(0)),
            })
            .collect(),
    }))
}

/// `POST /personale/persone/{id}/crediti`.
async fn add(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let text = |name: &str| posted.first(name).unwrap_or_default().trim().to_owned();
    let found = registry::person(&app.fhir(&page), &id).await?;
    found.ok_or_else(|| Failure::NotFound(id.clone()))?;
    let today = web::local_date(page.now());
    let day = text("giorno").parse::<Date>().ok().filter(|day| *day <= today);
    let day = day.ok_or_else(|| Failure::Unprocessable(page.t("credit-day-wrong")))?;
    let credits = tenths(&text("crediti"));
    let credits =
        credits.ok_or_else(|| Failure::Unprocessable(page.t1("credit-number-wrong", "most", MAX_TENTHS / 10)))?;
    let title = text("evento");
    if title.is_empty() || title.chars().count() > MAX_TEXT {
        return Err(Failure::Unprocessable(page.t("credit-title-wrong")));
    }
    record(
        &app,
        &id,
        (&day.to_string(), &title, credits),
        &page.actor().subject,
        page.now(),
    )
    .await?;
    page.redirect(
        &format!("/personale/persone/{id}"),
        Flash::success(page.t("credit-added")),
    )
}

async fn record(
    app: &App,
    person: &str,
    (day, title, credits): (&str, &str, u32),
    by: &str,
    now: jiff::Timestamp,
) -> Result<(), PeerError> {
    let subject = format!("Practitioner/{person}");
    let credits = credits.to_string();
    let mut note = Note::new(&app.context.ids.next(), KIND, &subject, by, now);
    note = note.with(&[("giorno", day), ("evento", title), ("decimi", &credits)]);
    note.create(&app.system()).await
}

/// One that the demo has: written under an id of its own.
pub(crate) async fn demo(
    fhir: &Fhir,
    person: &str,
    id: &str,
    event: (&str, &str, u32),
    now: jiff::Timestamp,
) -> Result<(), PeerError> {
    let credits = event.2.to_string();
    let note = Note::new(id, KIND, &format!("Practitioner/{person}"), "", now);
    let mut note = note.with(&[("giorno", event.0), ("evento", event.1), ("decimi", &credits)]);
    note.create(fhir).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_counted_in_tenths() {
        assert_eq!(
            (tenths("12,5"), tenths("50"), tenths("0"), tenths("999"), tenths("x")),
            (Some(125), Some(500), None, None, None)
        );
        assert_eq!((shown(125), shown(500)), ("12,5".to_owned(), "50".to_owned()));
    }
}
