//! What is measured.

use super::region;
use axum::http::Method;
use serde_json::json;

/// A request of an operation.
pub struct Request {
    /// Verb.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Body; empty for none.
    pub body: Vec<u8>,
}

/// One measured operation.
pub struct Operation {
    /// Name in the table.
    pub name: &'static str,
    /// The request for a patient's number and a number of its own.
    pub request: fn(u64, u64) -> Request,
    /// Text that a right answer holds.
    pub check: &'static str,
}

impl Operation {
    /// Whether only this program has it.
    pub fn request_is_ours(&self) -> bool {
        self.name.starts_with("bare")
    }
}

fn get(path: String) -> Request {
    Request {
        method: Method::GET,
        path,
        body: Vec::new(),
    }
}

fn post(path: &str, body: &serde_json::Value) -> Request {
    Request {
        method: Method::POST,
        path: path.to_owned(),
        body: body.to_string().into_bytes(),
    }
}

/// Everything, in the order of the table.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "bare axum handler, bytes of one Patient",
        request: |_, _| get("/bare".into()),
        check: "",
    },
    Operation {
        name: "read Patient",
        request: |patient, _| get(format!("/fhir/Patient/{}", region::patient_id(patient))),
        check: "\"Patient\"",
    },
    Operation {
        name: "search Patient by name and birthdate",
        request: |patient, _| {
            let (family, birth) = (region::family(patient), region::birth_date(patient));
            get(format!("/fhir/Patient?family={family}&birthdate={birth}&_count=10"))
        },
        check: "\"match\"",
    },
    Operation {
        name: "search Observation by patient, code and date",
        request: |patient, _| {
            let id = region::patient_id(patient);
            let code = "http://loinc.org%7C4548-4";
            get(format!(
                "/fhir/Observation?patient=Patient/{id}&code={code}&date=ge2024&_count=10"
            ))
        },
        check: "\"match\"",
    },
    Operation {
        name: "search Observation chained: patient's identifier",
        request: |patient, _| {
            let id = region::patient_id(patient);
            get(format!(
                "/fhir/Observation?patient:Patient.identifier={}%7C{id}&_count=10",
                region::SYSTEM
            ))
        },
        check: "\"match\"",
    },
    Operation {
        name: "search Patient _has: Observation above a value",
        request: |patient, _| {
            let family = region::family(patient);
            get(format!(
                "/fhir/Patient?family={family}&_has:Observation:patient:value-quantity=gt40&_count=10"
            ))
        },
        check: "\"match\"",
    },
    Operation {
        name: "search Observation _include patient",
        request: |patient, _| {
            let id = region::patient_id(patient);
            get(format!(
                "/fhir/Observation?patient=Patient/{id}&_include=Observation:patient&_count=10"
            ))
        },
        check: "\"include\"",
    },
    Operation {
        name: "create Observation",
        request: |patient, number| post("/fhir/Observation", &region::observation(patient, number)),
        check: "",
    },
    Operation {
        name: "transaction of 10",
        request: |patient, number| {
            let entries: Vec<_> = (0..10)
                .map(|n| {
                    json!({"fullUrl": format!("urn:uuid:{n}"), "request": {"method": "POST", "url": "Observation"},
                        "resource": region::observation(patient, number + n)})
                })
                .collect();
            post(
                "/fhir",
                &json!({"resourceType": "Bundle", "type": "transaction", "entry": entries}),
            )
        },
        check: "201",
    },
];
