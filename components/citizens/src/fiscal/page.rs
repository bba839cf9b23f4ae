//! `/anagrafe/codice-fiscale`: the same for a person at a desk.

use super::api::Data;
use super::told;
use crate::App;
use askama::Template;
use axum::Form;
use axum::extract::State;
use codicefiscale::places::places;
use codicefiscale::{CodiceFiscale, Sex, compare};
use serde::Deserialize;
use web::{Answer, Page};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    codice: String,
    cognome: String,
    nome: String,
    sesso: String,
    nascita: String,
    luogo: String,
}

struct Outcome {
    code: String,
    /// `Uomo, nato il …`.
    facts: Vec<(String, String)>,
    /// Sentence, and whether it contradicts.
    findings: Vec<(String, bool)>,
    compared: bool,
    computed: bool,
    forms: Vec<String>,
}

#[derive(Template)]
#[template(path = "fiscal.html")]
struct FiscalPage {
    page: Page,
    sent: Sent,
    error: Option<String>,
    outcome: Option<Outcome>,
}

/// The empty form.
pub(crate) async fn show(State(_): State<App>, page: Page) -> Answer {
    render(page, Sent::default(), Ok(None))
}

/// With a code: checked, decoded, compared with whatever else was written. Without: computed.
pub(crate) async fn answer(State(_): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let outcome = outcome(&page, &sent).map(Some);
    render(page, sent, outcome)
}

fn render(page: Page, sent: Sent, outcome: Result<Option<Outcome>, String>) -> Answer {
    let (outcome, error) = match outcome {
        Ok(outcome) => (outcome, None),
        Err(error) => (None, Some(error)),
    };
    web::show(&FiscalPage {
        page: page.titled("fiscal-title").crumb("/anagrafe", "citizens-title"),
        sent,
        error,
        outcome,
    })
}

fn outcome(page: &Page, sent: &Sent) -> Result<Outcome, String> {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let data = Data {
        surname: some(&sent.cognome),
        given: some(&sent.nome),
        sex: some(&sent.sesso),
        birth: some(&sent.nascita),
        place: some(&sent.luogo),
    };
    let record = data.record().map_err(|_| page.t("fiscal-date-unread"))?;
    let today = web::local_date(page.now());
    let computed = sent.codice.trim().is_empty();
    let code = if computed {
        let (Some(birth), Some(sex), Some(place)) = (record.birth, record.sex, record.place) else {
            return Err(page.t("fiscal-missing"));
        };
        let found = places()
            .find(place, Some(birth))
            .map_err(|error| told(page, error.key(), &error.arguments()))?;
        let (surname, given) = (record.surname.unwrap_or_default(), record.given.unwrap_or_default());
        CodiceFiscale::compute(surname, given, birth, sex, found.place.code)
    } else {
        CodiceFiscale::read(&sent.codice)
    };
    let code = code.map_err(|error| told(page, error.key(), &error.arguments()))?;
    let found = if computed {
        vec![]
    } else {
        compare(&code, &record, today)
    };
    let findings = found
        .iter()
        .map(|finding| (told(page, finding.key(), &finding.arguments()), finding.contradicts()));
    Ok(Outcome {
        facts: facts(page, &code),
        findings: findings.collect(),
        compared: !computed && record != codicefiscale::Record::default(),
        computed,
        forms: code.forms().iter().map(|form| form.as_str().to_owned()).collect(),
        code: code.as_str().to_owned(),
    })
}

fn facts(page: &Page, code: &CodiceFiscale) -> Vec<(String, String)> {
    let born = code.birth_date(web::local_date(page.now()));
    let place = code.place();
    let known = born
        .and_then(|born| places().at(&place, born))
        .or_else(|| places().latest(&place));
    let sex = if code.sex() == Sex::Female {
        "sex-female"
    } else {
        "sex-male"
    };
    let mut facts = vec![
        (page.t("field-sex"), page.t(sex)),
        (page.t("field-birth"), born.map(web::date).unwrap_or_default()),
        (
            page.t("field-birth-place"),
            known.map_or_else(|| place.clone(), |known| format!("{} · {place}", known.label())),
        ),
    ];
    if code.is_omocode() {
        facts.push((page.t("fiscal-base"), code.base().as_str().to_owned()));
    }
    facts
}
