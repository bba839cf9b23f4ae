//! How many persons a doctor has: a counter beside the doctor, written with every choice. Where there is none yet, the
//! persons are counted.

use super::record::Record;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::Value;

/// Code of the records.
const CODE: &str = "conteggio-assistiti";

/// The counter of a doctor.
#[derive(Debug)]
pub(crate) struct Counter {
    /// Persons.
    pub count: i64,
    record: Record,
}

impl Counter {
    /// What writes it.
    pub fn entry(mut self) -> Value {
        self.record.set("assistiti", &self.count.to_string());
        self.record.entry()
    }
}

/// System of the doctor that a counter is of.
const DOCTOR: &str = "https://sinfonia.it/fhir/sid/medico";
/// Counters looked at in one run.
const MAX: usize = 20_000;

/// Counts the persons of every doctor again: others change whose doctor somebody is, too (a merge, a load). Gives how many
/// counters were wrong.
pub(crate) async fn recount(fhir: &Fhir) -> Result<usize, PeerError> {
    let mut wrong = 0;
    for mut record in Record::search(fhir, CODE, &[], MAX).await? {
        let resource = record.resource();
        let Some(doctor) = resource["identifier"][0]["value"].as_str() else {
            continue;
        };
        let reference = format!("Practitioner/{doctor}");
        let count = fhir
            .count("Patient", &[("general-practitioner", &reference), ("active", "true")])
            .await?
            .to_string();
        if record.get("assistiti") == count {
            continue;
        }
        record.set("assistiti", &count);
        match record.save(fhir).await {
            Ok(()) => wrong += 1,
            // A choice was made meanwhile: it is counted again tomorrow.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(wrong)
}

fn id_of(doctor: &str) -> String {
    super::record::id_of("conta", &[doctor])
}

/// The counter of a doctor; counted when nobody did yet.
pub(crate) async fn read(fhir: &Fhir, doctor: &str) -> Result<Counter, PeerError> {
    let id = id_of(doctor);
    if let Some(record) = Record::find(fhir, CODE, &id).await? {
        let count = record.get("assistiti").parse().unwrap_or(0);
        return Ok(Counter { count, record });
    }
    let reference = format!("Practitioner/{doctor}");
    let count = fhir
        .count("Patient", &[("general-practitioner", &reference), ("active", "true")])
        .await?;
    let mut record = Record::new(&id, CODE, "Assistiti di un medico", "", "system", Timestamp::UNIX_EPOCH);
    record.identify(&[(DOCTOR, doctor)]);
    Ok(Counter {
        count: i64::try_from(count).unwrap_or(i64::MAX),
        record,
    })
}
