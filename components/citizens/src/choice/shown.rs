//! Requests, doctors and choices as pages show them.

use super::doctors::Doctor;
use super::person::{Person, choice_kind, date, doctor_kind};
use super::record::Record;
use web::Page;

/// A request in words.
pub(super) struct Shown {
    pub id: String,
    pub what: String,
    pub doctor: String,
    pub asked: String,
    pub state: String,
    pub who: String,
    pub reasons: Vec<String>,
    pub details: Vec<(String, String)>,
}

impl Shown {
    /// Of a request; `who`: the person, for staff.
    pub fn of(page: &Page, record: &Record, who: String) -> Self {
        Self {
            id: record.id.clone(),
            what: what(page, record),
            doctor: record.get("medico-nome").to_owned(),
            asked: record
                .moment("creato")
                .map(|at| page.date_time(&at))
                .unwrap_or_default(),
            state: state(page, record),
            who,
            reasons: record.get("motivi").lines().map(str::to_owned).collect(),
            details: details(page, record),
        }
    }
}

fn what(page: &Page, record: &Record) -> String {
    page.t(match record.get("tipo") {
        "revoca" => "choice-what-revoke",
        "ricusazione" => "choice-what-refuse",
        _ if record.get("a-tempo") == "si" => "choice-what-temporary",
        _ => "choice-what-choose",
    })
}

fn state(page: &Page, record: &Record) -> String {
    page.t(
        match (record.get("stato"), record.get("risposta-medico"), record.get("tipo")) {
            ("registrata", _, _) => "choice-state-done",
            ("respinta", _, _) => "choice-state-refused",
            (_, _, "ricusazione") => "choice-state-office",
            _ => "choice-state-open",
        },
    )
}

fn details(page: &Page, record: &Record) -> Vec<(String, String)> {
    let date = |name: &str| web::fhir_date(record.get(name));
    [
        ("choice-field-from", date("decorre")),
        ("choice-field-until", date("fine")),
        ("choice-field-derogation", record.get("deroga").to_owned()),
        ("choice-field-relative", record.get("familiare").to_owned()),
        ("choice-field-after-14", record.get("motivo14").to_owned()),
        ("choice-field-ground", record.get("motivo").to_owned()),
        ("choice-field-words", record.get("parole").to_owned()),
        ("choice-field-by", record.get("da-nome").to_owned()),
        ("choice-field-doctor-says", record.get("risposta-medico").to_owned()),
        ("choice-field-note", record.get("nota").to_owned()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (page.t(key), value))
    .collect()
}

/// The doctor somebody has now.
pub(super) struct Current {
    pub name: String,
    pub kind: String,
    pub since: String,
    pub until: String,
    pub address: String,
    pub telephone: String,
}

impl Current {
    /// Of a person whose doctor is known.
    pub fn of(page: &Page, person: &Person, doctor: Option<&Doctor>) -> Option<Self> {
        person.doctor()?;
        let choice = person.choice();
        let kind = choice.map_or_else(|| doctor.map_or("mmg", |one| one.kind.as_str()), doctor_kind);
        let for_a_time = choice.and_then(choice_kind) == Some("temporanea");
        let day = |key: &str| {
            choice
                .and_then(|one| date(&one["period"][key]))
                .map(web::date)
                .unwrap_or_default()
        };
        let display = person.patient["generalPractitioner"][0]["display"]
            .as_str()
            .unwrap_or_default();
        Some(Self {
            name: doctor.map_or(display, |one| one.name.as_str()).to_owned(),
            kind: page.t(if for_a_time {
                "choice-kind-temporary"
            } else if kind == "pls" {
                "choice-kind-pls"
            } else {
                "choice-kind-mmg"
            }),
            since: day("start"),
            until: day("end"),
            address: doctor.map(|one| one.address.clone()).unwrap_or_default(),
            telephone: doctor.map(|one| one.telephone.clone()).unwrap_or_default(),
        })
    }
}

/// Assistance in words.
pub(super) fn assistance(page: &Page, person: &Person) -> String {
    page.t(match person.assistance_kind(web::local_date(page.now())) {
        "ssn" => "assistance-ssn",
        "temporanea" => "assistance-temporary",
        "stp" => "assistance-stp",
        "eni" => "assistance-eni",
        "team-ue" => "assistance-team",
        _ => "assistance-none",
    })
}
