//! A request about the doctor, as it is kept, and its process.

use super::record::Record;
use super::{facts, rules};
use component::{Context, Fhir, PeerError};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use orchestrator::api::StartInstance;
use serde_json::{Map, json};

/// Code of the records.
pub(crate) const CODE: &str = "scelta-medico";
/// The process.
pub(crate) const PROCESS: &str = "scelta-medico";
/// Where a request waits, so that the lists of work find it.
pub(crate) const WAITS: &str = "https://sinfonia.it/fhir/CodeSystem/attesa-scelta";
/// Longest wait for the process to answer, milliseconds.
const WAIT_MS: u32 = 2_000;
/// Requests of a person that are open at most.
pub(crate) const MAX_OPEN: usize = 5;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked<'a> {
    /// `scelta`, `revoca`, `ricusazione`.
    pub what: &'a str,
    /// Patient id.
    pub patient: &'a str,
    /// Practitioner id.
    pub doctor: &'a str,
    pub doctor_name: &'a str,
    /// Last day of a choice for a time.
    pub until: Option<&'a str>,
    /// Why outside of the area.
    pub derogation: &'a str,
    /// Codice fiscale of a relative who has the doctor.
    pub relative: &'a str,
    /// Ground to stay with the paediatrician.
    pub after_14: &'a str,
    /// Ground of a refusal.
    pub ground: &'a str,
    /// In words.
    pub words: &'a str,
    /// `cittadino`, `operatore`, `medico`.
    pub channel: &'a str,
    /// Who asks: reference and name.
    pub by: (&'a str, &'a str),
}

/// A new request, not written yet.
pub(crate) fn new(id: &str, asked: &Asked<'_>, now: Timestamp) -> Record {
    let mut record = Record::new(id, CODE, "Scelta del medico", asked.patient, asked.by.0, now);
    for (name, value) in [
        ("tipo", asked.what),
        ("medico", asked.doctor),
        ("medico-nome", asked.doctor_name),
        ("fine", asked.until.unwrap_or_default()),
        ("a-tempo", if asked.until.is_some() { "si" } else { "" }),
        ("deroga", asked.derogation),
        ("familiare", asked.relative),
        ("motivo14", asked.after_14),
        ("motivo", asked.ground),
        ("parole", asked.words),
        ("canale", asked.channel),
        ("da-nome", asked.by.1),
        ("stato", "aperta"),
    ] {
        record.set(name, value);
    }
    record.mark(WAITS, "in-corso");
    record
}

/// Starts the process of a request, which is written in the same commit, and waits a moment for its answer.
pub(crate) async fn start(context: &Context, record: &Record, wait: bool) -> Result<(), PeerError> {
    let now = context.clock.now();
    let today = web::local_date(now);
    let rules = rules::on(today);
    let due = now + SignedDuration::from_hours(24 * rules.answer_days);
    let begins = today
        .checked_add(i64::from(rules.refusal.notice_days).days())
        .unwrap_or(today);
    let variables = json!({
        "richiesta": record.id, "tipo": record.get("tipo"), "scadenza": due.to_string(),
        "decorrenza": facts::end_of(begins), "assistito": format!("Patient/{}", record.patient),
        "medico": format!("Practitioner/{}", record.get("medico")), "fine": null,
    });
    let start = StartInstance {
        definition: PROCESS.into(),
        business_key: Some(record.id.clone()),
        patient: Some(record.patient.clone()),
        variables: variables.as_object().cloned().unwrap_or_else(Map::new),
        resources: vec![record.resource()],
        wait_ms: if wait { WAIT_MS } else { 0 },
        ..StartInstance::default()
    };
    let system = access::Actor::system();
    context.peers.orchestrator(&system).start(&start).await.map(drop)
}

/// The requests of a person, newest first.
pub(crate) async fn of_person(fhir: &Fhir, patient: &str) -> Result<Vec<Record>, PeerError> {
    Record::search(fhir, CODE, &[("patient", patient)], 200).await
}

/// Whether nobody has answered yet.
pub(crate) fn is_open(record: &Record) -> bool {
    record.get("stato") == "aperta"
}
