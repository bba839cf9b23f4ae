//! `GET /anagrafe/doppioni/{id}`: two records side by side, what differs, and what each field says.

use super::kept::Kept;
use super::merge::golden;
use super::pair::{self, Compared, FieldCompared};
use super::rules::{FourEyes, rules};
use crate::App;
use access::AuditPatient;
use askama::Template;
use axum::extract::{Path, State};
use linkage::{Band, Level};
use serde_json::Value;
use web::{Answer, Failure, Lang, Page};

#[derive(Template)]
#[template(path = "match_pair.html")]
struct PairPage {
    page: Page,
    id: String,
    fingerprint: String,
    records: [Record; 2],
    fields: Vec<Field>,
    probability: String,
    weight: String,
    beforehand: String,
    kin: bool,
    verdict: String,
    state: String,
    open: bool,
    proposal: Option<Proposal>,
    eyes: Vec<String>,
    decided: Option<(String, String)>,
    rules: (String, String),
    rules_unverified: bool,
}

/// One of the two records.
struct Record {
    id: String,
    name: String,
    born: String,
    codes: Vec<String>,
    addresses: Vec<String>,
    telecom: Vec<String>,
    doctor: bool,
    changed: String,
    active: bool,
    proposed: bool,
}

/// One field of the comparison.
struct Field {
    name: String,
    left: String,
    right: String,
    text: String,
    weight: String,
    differs: bool,
    missing: bool,
}

/// What somebody proposed, for a second person to confirm.
struct Proposal {
    by: String,
    reason: String,
    own: bool,
}

/// `GET /anagrafe/doppioni/{id}`.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (kept, a, b) = read(&app, &page, &id).await?;
    let compared = pair::compare(&a, &b, &pair::model(&app.system()).await?);
    let survivor = golden::proposed(&a, &b).0["id"].clone();
    let own = page.actor().subject.clone();
    let proposal = (kept.state == pair::PROPOSED).then(|| Proposal {
        own: kept.get("proposta-da") == own,
        by: kept.get("proposta-nome").to_owned(),
        reason: kept.get("motivo").to_owned(),
    });
    let decided = [pair::SAME, pair::DIFFERENT].contains(&kept.state.as_str());
    let eyes = four_eyes(&a, &b, &compared);
    let mut response = web::show(&PairPage {
        fingerprint: pair::fingerprint(&a, &b),
        fields: compared.fields.iter().map(|field| shown(&page, field)).collect(),
        probability: probability(&page, compared.weight),
        weight: signed(&page, compared.weight),
        beforehand: signed(&page, compared.beforehand),
        kin: compared.against_kin,
        verdict: page.t(match compared.band {
            Band::Same => "match-band-same",
            Band::Review => "match-band-review",
            Band::Different => "match-band-different",
        }),
        state: page.t(&format!("match-state-{}", kept.state)),
        open: [pair::OPEN, pair::LATER].contains(&kept.state.as_str()),
        proposal,
        eyes: eyes.iter().map(|why| page.t(why.key())).collect(),
        decided: decided.then(|| (kept.get("decisa-nome").to_owned(), kept.get("motivo").to_owned())),
        rules: (rules().source.clone(), page.fhir_date(&rules().valid_from)),
        rules_unverified: rules().status == "unverified",
        records: [&a, &b].map(|one| record(&page, one, one["id"] == survivor)),
        id: kept.id.clone(),
        page: page
            .titled("match-pair-title")
            .crumb("/anagrafe", "citizens-title")
            .crumb("/anagrafe/doppioni", "match-title"),
    })?;
    response
        .extensions_mut()
        .insert(AuditPatient(a["id"].as_str().unwrap_or_default().to_owned()));
    Ok(response)
}

/// A pair and its two records, if whoever asks may see them.
pub(super) async fn read(app: &App, page: &Page, id: &str) -> Result<(Kept, Value, Value), Failure> {
    let none = || Failure::NotFound("pair".into());
    let kept = Kept::find(&app.system(), pair::PAIR, id).await?.ok_or_else(none)?;
    let (a, b) = pair::records(&kept);
    let own = app.fhir(page);
    let left = own.find("Patient", a).await?.ok_or_else(none)?;
    let right = own.find("Patient", b).await?.ok_or_else(none)?;
    Ok((kept, left, right))
}

/// Why a second person must confirm that two records are of the same person; nothing: nobody must.
pub(super) fn four_eyes(a: &Value, b: &Value, compared: &Compared) -> Vec<FourEyes> {
    let holds = |why: &&FourEyes| match why {
        FourEyes::Review => compared.band != Band::Same,
        FourEyes::CodesDiffer => compared.fields.iter().any(|field| {
            let (left, right) = &field.values;
            field.name == "code" && !left.is_empty() && !right.is_empty() && left != right
        }),
        FourEyes::BothDeadOrAlive => dead(a) != dead(b),
    };
    rules().four_eyes.iter().filter(holds).copied().collect()
}

fn dead(one: &Value) -> bool {
    one["deceasedBoolean"] == true || one["deceasedDateTime"].is_string()
}

fn shown(page: &Page, field: &FieldCompared) -> Field {
    let it = page.lang() == Lang::It;
    let missing = field.level == Level::Missing;
    let value = |text: &str| match text {
        "" => "–".to_owned(),
        text if field.name == "birth" => page.fhir_date(text),
        text if field.name == "code" => text.to_uppercase(),
        text => text.to_owned(),
    };
    Field {
        name: linkage::label(field.name, it).to_owned(),
        left: value(&field.values.0),
        right: value(&field.values.1),
        text: linkage::label(field.level.name(), it).to_owned(),
        weight: if missing {
            "0".to_owned()
        } else {
            signed(page, field.weight)
        },
        differs: !missing && field.level != Level::Same,
        missing,
    }
}

fn record(page: &Page, one: &Value, proposed: bool) -> Record {
    let list = |name: &str| one[name].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let address = |one: &Value| {
        let lines = one["line"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let parts: Vec<&str> = lines.chain(one["city"].as_str()).collect();
        parts.join(", ")
    };
    let changed = one["meta"]["lastUpdated"].as_str().and_then(|at| at.parse().ok());
    Record {
        id: text(&one["id"]),
        name: name_of(one),
        born: page.fhir_date(one["birthDate"].as_str().unwrap_or_default()),
        codes: list("identifier").map(|one| text(&one["value"])).collect(),
        addresses: list("address").map(address).collect(),
        telecom: list("telecom").map(|one| text(&one["value"])).collect(),
        doctor: one["generalPractitioner"].is_array(),
        changed: changed.map(|at| page.date_time(&at)).unwrap_or_default(),
        active: one["active"] != false,
        proposed,
    }
}

/// `De Luca Maria` of a Patient.
pub(super) fn name_of(one: &Value) -> String {
    let values = linkage::patient::values(one);
    let name = format!("{} {}", values[0], values[1]);
    match name.trim() {
        "" => one["name"][0]["text"]
            .as_str()
            .or(one["id"].as_str())
            .unwrap_or_default()
            .to_owned(),
        name => name.to_owned(),
    }
}

/// The probability that a weight means, never as certainty.
pub(super) fn probability(page: &Page, weight: f64) -> String {
    let percent = 100.0 / (1.0 + (-weight).exp());
    let text = if percent > 99.9 {
        "> 99.9".to_owned()
    } else if percent < 0.1 {
        "< 0.1".to_owned()
    } else {
        format!("{percent:.1}")
    };
    let text = if page.lang() == Lang::It {
        text.replace('.', ",")
    } else {
        text
    };
    format!("{text} %")
}

fn signed(page: &Page, number: f64) -> String {
    let text = format!("{number:+.1}").replace('-', "−");
    if page.lang() == Lang::It {
        text.replace('.', ",")
    } else {
        text
    }
}
