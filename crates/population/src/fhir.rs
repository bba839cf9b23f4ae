//! People and doctors as FHIR resources. All are tagged as test data (`HTEST`).

use crate::{Doctor, Person};
use codicefiscale::Sex;
use codicefiscale::places::places;
use serde_json::{Value, json};

fn gender(sex: Sex) -> &'static str {
    if sex == Sex::Female { "female" } else { "male" }
}

fn test_data() -> Value {
    json!({"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]})
}

impl Person {
    /// The Patient.
    pub fn patient(&self) -> Value {
        let born = places().at(&self.birthplace, self.birth);
        let place = match born {
            Some(place) if place.is_abroad() => json!({"country": place.name}),
            Some(place) => json!({"city": place.name, "district": place.province, "country": "IT"}),
            None => json!({"text": self.birthplace}),
        };
        let mut extension = vec![json!({
            "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": place
        })];
        if let Some(state) = self.citizen_of.and_then(|code| places().latest(code)) {
            extension.push(json!({
                "url": "http://hl7.org/fhir/StructureDefinition/patient-citizenship",
                "extension": [{"url": "code", "valueCodeableConcept": {"text": state.name}}]
            }));
        }
        let given: Vec<&str> = self.given.split(' ').collect();
        json!({
            "resourceType": "Patient", "id": self.id, "meta": test_data(), "extension": extension,
            "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": self.codice_fiscale.as_str()}],
            "active": true,
            "name": [{"use": "official", "family": self.surname, "given": given}],
            "gender": gender(self.sex), "birthDate": self.birth.to_string(),
            "address": [{
                "use": "home", "type": "physical", "line": [self.street], "city": self.municipality,
                "district": self.province, "country": "IT"
            }],
            "generalPractitioner": [{"reference": format!("Practitioner/{}", self.doctor)}]
        })
    }
}

impl Doctor {
    /// The Practitioner.
    pub fn practitioner(&self) -> Value {
        let given: Vec<&str> = self.given.split(' ').collect();
        let qualification = if self.children {
            "Pediatra di libera scelta"
        } else {
            "Medico di medicina generale"
        };
        json!({
            "resourceType": "Practitioner", "id": self.id, "meta": test_data(), "active": true,
            "name": [{"use": "official", "family": self.surname, "given": given}],
            "gender": gender(self.sex), "qualification": [{"code": {"text": qualification}}]
        })
    }
}
