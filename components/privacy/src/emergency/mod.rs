//! `/emergenza`: emergency access to somebody the professional has no tie to. The search gives the identity of exactly one
//! person; the reason and the confirmation open the data for a time; the page of the person follows.

mod close;
mod extend;
mod open;
mod search;

pub use close::close;
pub use extend::{extend, form as extend_form};
pub use open::open;
pub use search::{form, search};

use crate::App;
use crate::identity::Sought;
use crate::person;
use crate::rules::{Choice, RULES};
use access::{AccessGrant, GrantKind, View};
use askama::Template;
use jiff::SignedDuration;
use policy::{Action, LabelSet};
use serde_json::Value;
use web::{Answer, Page};

/// Who was found, as little of them as it takes to know the person.
pub(crate) struct Found {
    name: String,
    born: String,
    sex: String,
    city: String,
    /// When there is a tie already: the page of the person.
    tied: Option<String>,
}

#[derive(Template)]
#[template(path = "emergency.html")]
struct EmergencyPage {
    page: Page,
    minutes: i64,
    per_hour: usize,
    source: String,
    unverified: bool,
    sought: Sought,
    /// Nothing was found, or too much was asked.
    nobody: Option<String>,
    found: Option<Found>,
    grant: String,
    reasons: Vec<(Choice, String)>,
    sent: Reason,
    error: Option<String>,
}

/// A reason as sent.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Reason {
    /// When the form was made, as [`AccessGrant::new_id`] writes it. The access has another id, which nobody knows before.
    pub accesso: String,
    /// Code.
    pub motivo: String,
    /// In words.
    pub spiegazione: String,
    /// The rule was read.
    pub conferma: String,
}

impl Reason {
    /// What is wrong with it, as a message key.
    fn fault(&self, page: &Page) -> Option<&'static str> {
        let rule = &RULES.emergency;
        let made = AccessGrant::id_moment(&self.accesso);
        let age = made.map(|made| page.now().duration_since(made));
        let fresh = age.is_some_and(|age| {
            age >= SignedDuration::from_secs(-60) && age <= SignedDuration::from_mins(rule.form_minutes)
        });
        if !fresh {
            return Some("emergency-form-old");
        }
        if crate::rules::choice(&rule.reasons, &self.motivo).is_none() {
            return Some("emergency-no-reason");
        }
        if self.spiegazione.trim().chars().count() < rule.reason_min_chars || self.spiegazione.len() > 1_000 {
            return Some("emergency-no-words");
        }
        if self.conferma.is_empty() {
            return Some("emergency-no-confirmation");
        }
        None
    }

    /// The access it asks for, under an id of the server's. Sent twice, it opens one: while one is open to the same person
    /// for the same patient, no other opens.
    fn grant(&self, app: &App, page: &Page, patient: &str, patient_name: &str) -> AccessGrant {
        let rule = &RULES.emergency;
        let chosen = crate::rules::choice(&rule.reasons, &self.motivo);
        let kind = chosen.map(|reason| reason.it.as_str()).unwrap_or_default();
        let actor = page.actor();
        let until = page.now() + SignedDuration::from_mins(rule.minutes);
        AccessGrant {
            id: app.new_grant_id(page),
            who: actor.subject.clone(),
            name: actor.name.clone(),
            organization: actor.organization.clone(),
            patient: patient.to_owned(),
            patient_name: patient_name.to_owned(),
            kind: GrantKind::Emergency,
            reason_code: self.motivo.clone(),
            reason: format!("{kind}. {}", self.spiegazione.trim()),
            from: page.now(),
            until,
            review_due: Some(until + SignedDuration::from_hours(24 * RULES.review.days)),
            ..AccessGrant::default()
        }
    }
}

impl App {
    /// A new id of an access, or the stamp of a form.
    pub(crate) fn new_grant_id(&self, page: &Page) -> String {
        AccessGrant::new_id(page.now(), &self.context.ids.next())
    }
}

/// Whether the person may be seen without an emergency.
pub(crate) fn sees(view: &View, patient: &str) -> bool {
    let may = |rtype| view.ruling(Action::Read, rtype, Some(patient), LabelSet::NONE).permit;
    may("Patient") && may("Condition")
}

fn reasons(page: &Page) -> Vec<(Choice, String)> {
    let all = RULES.emergency.reasons.iter();
    all.map(|reason| (reason.clone(), reason.text(page).to_owned()))
        .collect()
}

fn found(page: &Page, view: &View, patient: &Value) -> Found {
    let id = patient["id"].as_str().unwrap_or_default();
    let sex = match patient["gender"].as_str() {
        Some(sex @ ("female" | "male")) => page.t(&format!("emergency-{sex}")),
        _ => String::new(),
    };
    Found {
        name: person::name(patient),
        born: page.fhir_date(patient["birthDate"].as_str().unwrap_or_default()),
        sex,
        city: patient["address"][0]["city"].as_str().unwrap_or_default().to_owned(),
        tied: sees(view, id).then(|| format!("/assistiti/{id}")),
    }
}

/// What the page is about to say.
#[derive(Default)]
struct Say {
    sought: Sought,
    nobody: Option<&'static str>,
    found: Option<Found>,
    sent: Reason,
    error: Option<&'static str>,
}

fn show(app: &App, page: Page, say: Say) -> Answer {
    let rule = &RULES.emergency;
    let page = page.titled("emergency-title");
    let grant = if say.sent.accesso.is_empty() || say.error == Some("emergency-form-old") {
        app.new_grant_id(&page)
    } else {
        say.sent.accesso.clone()
    };
    web::show(&EmergencyPage {
        minutes: rule.minutes,
        per_hour: RULES.search.per_hour,
        source: rule.source.clone(),
        unverified: rule.status != "confirmed",
        nobody: say.nobody.map(|key| page.t(key)),
        found: say.found,
        grant,
        reasons: reasons(&page),
        sought: say.sought,
        error: say.error.map(|key| page.t(key)),
        sent: say.sent,
        page,
    })
}
