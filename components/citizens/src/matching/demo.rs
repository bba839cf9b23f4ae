//! Records of the demo that may be of one person: written at different desks, with the mistakes of desks.

use super::run::{Progress, RunError, run};
use component::{Context, Fhir, PeerError};
use serde_json::{Value, json};
use std::sync::Arc;

/// Id, family, given, sex, birth, codice fiscale, street, municipality, telephone.
type Row = [&'static str; 9];

const PEOPLE: [Row; 7] = [
    [
        "doppia-1",
        "Iovine",
        "Gennaro",
        "male",
        "1961-04-03",
        "VNIGNR61D03F839H",
        "Via Verdi 3",
        "Napoli",
        "081 5550101",
    ],
    [
        "doppia-2",
        "Jovine",
        "Gennaro",
        "male",
        "1961-03-04",
        "",
        "Via G. Verdi 3",
        "Napoli",
        "081 5550101",
    ],
    [
        "doppia-3",
        "D'Amico",
        "Maria Rosa",
        "female",
        "1948-11-30",
        "DMCMRS48S70A509D",
        "Corso Europa 18",
        "Avellino",
        "",
    ],
    [
        "doppia-4",
        "Damico",
        "Rosa Maria",
        "female",
        "1948-11-30",
        "DMCMRS48S70A509D",
        "Corso Europa 18",
        "Avellino",
        "0825 550102",
    ],
    [
        "doppia-5",
        "De Luca",
        "Antonio",
        "male",
        "1979-07-12",
        "DLCNTN79L12H703A",
        "Via Roma 41",
        "Salerno",
        "333 5550103",
    ],
    [
        "doppia-6",
        "De Luca",
        "Antonia",
        "female",
        "1979-07-12",
        "DLCNTN79L52H703E",
        "Via Roma 41",
        "Salerno",
        "333 5550103",
    ],
    [
        "doppia-7",
        "Deluca",
        "Antonio",
        "male",
        "1979-07-21",
        "",
        "Via Dante 7",
        "Eboli",
        "",
    ],
];

/// Writes them and looks for duplicates once.
///
/// # Errors
/// The hub cannot be reached.
pub(crate) async fn build(context: &Context, fhir: &Fhir) -> Result<(), PeerError> {
    for row in PEOPLE {
        fhir.update(&person(row)).await?;
    }
    match run(context, "Practitioner/anagrafe-marino", &Arc::new(Progress::default())).await {
        Ok(_) => Ok(()),
        Err(RunError::Peer(error)) => Err(error),
        Err(error) => Err(PeerError::Malformed(error.to_string())),
    }
}

fn person([id, family, given, sex, birth, code, street, city, phone]: Row) -> Value {
    let given: Vec<&str> = given.split(' ').collect();
    let mut one = json!({
        "resourceType": "Patient", "id": id, "active": true, "gender": sex, "birthDate": birth,
        "meta": {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]},
        "name": [{"use": "official", "family": family, "given": given}],
        "address": [{"use": "home", "line": [street], "city": city, "country": "IT"}],
        "managingOrganization": {"reference": "Organization/asl-partenope"}
    });
    if !code.is_empty() {
        one["identifier"] = json!([{"system": "http://hl7.it/sid/codiceFiscale", "value": code}]);
    }
    if !phone.is_empty() {
        one["telecom"] = json!([{"system": "phone", "value": phone}]);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use codicefiscale::CodiceFiscale;

    #[test]
    fn their_codes_are_well_formed() {
        for row in PEOPLE.iter().filter(|row| !row[5].is_empty()) {
            CodiceFiscale::parse(row[5]).unwrap_or_else(|error| panic!("{}: {error}", row[5]));
        }
    }
}
