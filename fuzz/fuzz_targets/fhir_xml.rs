//! A body of the FHIR API in XML.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let definitions = fhir::Definitions::r4();
    if let Ok(value) = fhir::xml::from_xml(definitions, text) {
        let _ = fhir::check(definitions, &value);
        let _ = fhir::extract(definitions, &value);
        let _ = fhir::xml::to_xml(definitions, &value);
    }
});
