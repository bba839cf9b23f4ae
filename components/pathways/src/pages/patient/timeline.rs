//! What happened: contacts, problems, procedures, reports, forms and completed work, newest first.

use super::clinical::concept;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::Value;
use web::Page;

/// Moments on a page.
const PAGE: usize = 30;

/// One thing that happened.
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// `21/11/2026`.
    pub date: String,
    /// Kind of thing, in words.
    pub kind: String,
    /// What.
    pub text: String,
    /// Where to read it, for those who may.
    pub href: Option<String>,
    /// A fact (false) or a step of a pathway (true).
    pub work: bool,
}

/// A kind of fact on the timeline: type, its date search parameter, where the date stands.
struct Source {
    rtype: &'static str,
    date: &'static str,
    paths: &'static [&'static str],
    work: bool,
}

const SOURCES: &[Source] = &[
    Source {
        rtype: "Encounter",
        date: "date",
        paths: &["/period/start"],
        work: false,
    },
    Source {
        rtype: "Condition",
        date: "onset-date",
        paths: &["/onsetDateTime"],
        work: false,
    },
    Source {
        rtype: "Procedure",
        date: "date",
        paths: &["/performedDateTime", "/performedPeriod/start"],
        work: false,
    },
    Source {
        rtype: "DiagnosticReport",
        date: "date",
        paths: &["/effectiveDateTime", "/effectivePeriod/start"],
        work: false,
    },
    Source {
        rtype: "Immunization",
        date: "date",
        paths: &["/occurrenceDateTime"],
        work: false,
    },
    Source {
        rtype: "Task",
        date: "modified",
        paths: &["/executionPeriod/end"],
        work: true,
    },
];

/// A page of the timeline, and where the next one begins.
pub async fn moments(
    fhir: &Fhir,
    page: &Page,
    patient: &str,
    before: Option<Timestamp>,
) -> Result<(Vec<Moment>, Option<Timestamp>), PeerError> {
    let count = (PAGE + 1).to_string();
    let search = async |source: &'static Source| {
        let (sort, until) = (
            format!("-{}", source.date),
            before.map(|b| format!("lt{}", fhir::instant(b))),
        );
        let mut search = vec![
            ("patient", patient),
            ("_sort", sort.as_str()),
            ("_count", count.as_str()),
        ];
        if let Some(until) = &until {
            search.push((source.date, until));
        }
        if source.work {
            search.push(("status", "completed"));
        }
        let found = fhir.search(source.rtype, &search).await?;
        let read = found.iter().filter_map(|resource| moment(page, source, resource));
        Ok::<_, PeerError>(read.collect::<Vec<_>>())
    };
    let found = futures::future::try_join_all(SOURCES.iter().map(search)).await?;
    let mut moments: Vec<Moment> = found.into_iter().flatten().collect();
    moments.retain(|m| before.is_none_or(|b| m.at < b));
    moments.sort_by_key(|m| std::cmp::Reverse(m.at));
    let more = moments.len() > PAGE;
    moments.truncate(PAGE);
    let earlier = moments.last().filter(|_| more).map(|m| m.at);
    Ok((moments, earlier))
}

fn moment(page: &Page, source: &Source, resource: &Value) -> Option<Moment> {
    let date = source.paths.iter().find_map(|path| resource.pointer(path)?.as_str())?;
    let text = match source.rtype {
        "Encounter" => concept(&resource["type"][0]),
        "Immunization" => concept(&resource["vaccineCode"]),
        _ => concept(&resource["code"]),
    };
    Some(Moment {
        at: instant(date)?,
        date: page.fhir_date(date),
        kind: page.t(&format!("kind-{}", source.rtype.to_ascii_lowercase())),
        text,
        href: match resource["id"].as_str() {
            Some(id) if source.work && page.actor().patient().is_none() => Some(format!("/attivita/{id}")),
            _ => None,
        },
        work: source.work,
    })
}

/// A FHIR date or dateTime as a moment: the start of what it covers.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let full = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    full.parse::<jiff::civil::Date>()
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|z| z.timestamp())
}
