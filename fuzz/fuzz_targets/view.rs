//! A ViewDefinition of SQL on FHIR, run over a small resource.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    if let Ok(view) = sqlonfhir::View::compile(&value) {
        let resource = serde_json::json!({"resourceType": "Patient", "id": "1", "name": [{"family": "Rossi"}]});
        let _ = view.rows(&resource);
    }
});
