//! `/anagrafe/esenzioni/controlli`: a sample of the self-certifications, drawn with a seed so that anybody can draw it again,
//! and what each control came to (D.P.R. 445/2000 art. 71).

use super::citizen::{DECLARATION, sample_id};
use super::held;
use crate::App;
use crate::choice::codes;
use crate::choice::person;
use crate::choice::record::Record;
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use web::{Answer, Failure, Flash, Page};

/// Code of the records of samples.
const SAMPLE: &str = "controllo-esenzioni";
/// Where a control stands.
const CONTROL: &str = "https://sinfonia.it/fhir/CodeSystem/controllo-autocertificazione";
/// Self-certifications looked at for a sample.
const MAX: usize = 20_000;
/// Largest sample.
const MOST: usize = 500;

#[derive(Template)]
#[template(path = "exemption_controls.html")]
struct Controls {
    page: Page,
    open: Vec<Open>,
    samples: Vec<(String, String, String, String)>,
}

struct Open {
    id: String,
    name: String,
    code: String,
    declared: String,
    family: String,
}

/// `GET /anagrafe/esenzioni/controlli`.
pub(super) async fn list(State(app): State<App>, page: Page) -> Answer {
    let system = app.system();
    let due = format!("{CONTROL}|da-fare");
    let mut open = Vec::new();
    for record in Record::search(&system, DECLARATION, &[("code", &due)], MOST).await? {
        let who = system.find("Patient", &record.patient).await?;
        open.push(Open {
            id: record.id.clone(),
            name: who.as_ref().map(person::name).unwrap_or_default(),
            code: record.get("codice").to_owned(),
            declared: record.moment("creato").map(|at| page.date(&at)).unwrap_or_default(),
            family: record.get("nucleo").to_owned(),
        });
    }
    let samples = Record::search(&system, SAMPLE, &[], 50).await?;
    let samples = samples.iter().map(|one| {
        let drawn = one.moment("creato").map(|at| page.date_time(&at)).unwrap_or_default();
        (
            drawn,
            one.get("seme").to_owned(),
            one.get("quanti").to_owned(),
            one.get("motivo").to_owned(),
        )
    });
    web::show(&Controls {
        samples: samples.collect(),
        open,
        page: page
            .titled("controls-title")
            .crumb("/anagrafe", "citizens-title")
            .crumb("/anagrafe/esenzioni", "exemptions-desk-title"),
    })
}

/// A sample to be drawn.
#[derive(Deserialize)]
pub(super) struct Draw {
    #[serde(default)]
    seme: String,
    #[serde(default)]
    quanti: usize,
    #[serde(default)]
    motivo: String,
}

/// Which of some ids a seed draws: those whose hash with it comes first.
fn drawn<'a>(seed: &str, ids: &[&'a str], most: usize) -> Vec<&'a str> {
    let mut all: Vec<(Vec<u8>, &str)> = ids
        .iter()
        .map(|id| (Sha256::digest(format!("{seed}\n{id}")).to_vec(), *id))
        .collect();
    all.sort();
    all.into_iter().take(most).map(|one| one.1).collect()
}

/// `POST /anagrafe/esenzioni/controlli`.
pub(super) async fn draw(State(app): State<App>, page: Page, Form(sent): Form<Draw>) -> Answer {
    let (seed, reason) = (sent.seme.trim(), sent.motivo.trim());
    let sound = !seed.is_empty() && seed.len() <= 100 && !reason.is_empty() && reason.len() <= 1000;
    if !sound || !(1..=MOST).contains(&sent.quanti) {
        return Err(Failure::Unprocessable(page.t1("controls-missing", "max", MOST)));
    }
    let system = app.system();
    let all = Record::search(&system, DECLARATION, &[], MAX).await?;
    let never: Vec<&Record> = all.iter().filter(|one| one.get("controllo") == "no").collect();
    let ids: Vec<&str> = never.iter().map(|one| one.id.as_str()).collect();
    let chosen = drawn(seed, &ids, sent.quanti);
    let today = web::local_date(page.now()).to_string();
    let id = sample_id(seed, &today);
    if Record::find(&system, SAMPLE, &id).await?.is_some() {
        return page.redirect(
            "/anagrafe/esenzioni/controlli",
            Flash::warning(page.t("controls-drawn-already")),
        );
    }
    let mut sample = Record::new(
        &id,
        SAMPLE,
        "Campione di controllo",
        "",
        &page.actor().subject,
        page.now(),
    );
    for (name, value) in [
        ("seme", seed),
        ("motivo", reason),
        ("quanti", &chosen.len().to_string()),
        ("su", &ids.len().to_string()),
    ] {
        sample.set(name, value);
    }
    let mut entries = vec![sample.entry()];
    for record in never.into_iter().filter(|one| chosen.contains(&one.id.as_str())) {
        let mut record = record.clone();
        record.set("controllo", "da-fare");
        record.set("campione", &id);
        record.mark(CONTROL, "da-fare");
        entries.push(record.entry());
    }
    let bundle = serde_json::json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    system.transaction(&bundle).await?;
    let flash = Flash::success(page.t1("controls-drawn", "n", chosen.len()));
    page.redirect("/anagrafe/esenzioni/controlli", flash)
}

/// What a control came to.
#[derive(Deserialize)]
pub(super) struct Verdict {
    #[serde(default)]
    esito: String,
}

/// `POST /anagrafe/esenzioni/controlli/{id}`: true, or not: then the exemption ends as if it had never been (art. 75).
pub(super) async fn decide(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(verdict): Form<Verdict>,
) -> Answer {
    let system = app.system();
    let found = Record::find(&system, DECLARATION, &id).await?;
    let found = found.filter(|one| one.get("controllo") == "da-fare");
    let mut record = found.ok_or_else(|| Failure::NotFound("control".into()))?;
    if !["confermata", "non-veritiera"].contains(&verdict.esito.as_str()) {
        return Err(Failure::Unprocessable(page.t("choice-decision-missing")));
    }
    record.set("controllo", &verdict.esito);
    record.set("controllata-da", &page.actor().subject);
    record.mark(CONTROL, &verdict.esito);
    let mut entries = vec![record.entry()];
    if verdict.esito == "non-veritiera" {
        let day = record.moment("creato").map(web::local_date);
        for one in held::of_person(&system, &record.patient).await? {
            let same = one.code == record.get("codice") && one.origin == "autocertificazione" && one.from == day;
            if same && let Some(day) = day {
                let mut ended = one.ended(day, "non-veritiera");
                codes::set_extension(&mut ended, codes::END_REASON, "valueCode", "non-veritiera".into());
                entries.push(crate::choice::commit::entry(&ended));
            }
        }
    }
    let bundle = serde_json::json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    system.transaction(&bundle).await?;
    page.redirect(
        "/anagrafe/esenzioni/controlli",
        Flash::success(page.t("choice-decided-now")),
    )
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn the_same_seed_draws_the_same_whatever_the_order() {
        let (a, b) = (["1", "2", "3", "4", "5", "6"], ["6", "4", "2", "1", "3", "5"]);
        assert_eq!(drawn("seme", &a, 3), drawn("seme", &b, 3));
        assert_eq!(drawn("seme", &a, 3).len(), 3);
        let other = (0..20)
            .map(|n| drawn(&n.to_string(), &a, 3))
            .collect::<std::collections::BTreeSet<_>>();
        assert!(other.len() > 3, "seeds differ");
    }
}
