//! A FHIRPath expression, over a small resource.
#![no_main]

// The code under test catches panics of the engine: only what comes out of it counts.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let resource = serde_json::json!({"resourceType": "Patient", "id": "1", "birthDate": "1950-01-01",
        "name": [{"family": "Rossi", "given": ["Anna", "Maria"]}], "multipleBirthInteger": 2});
    let _ = fhir::fhirpath::evaluate(text, &resource);
});
