//! A body of the FHIR API: read, checked, its search values extracted, written as XML and read again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let definitions = fhir::Definitions::r4();
    let sound = fhir::check(definitions, &value).is_ok();
    let _ = fhir::extract(definitions, &value);
    let now = jiff::Timestamp::from_second(1_700_000_000).expect("a moment");
    let _ = store::prepare_write(definitions, value.clone(), "fuzz", 0, now, store::Method::Post);
    if sound {
        if let Ok(xml) = fhir::xml::to_xml(definitions, &value) {
            let again = fhir::xml::from_xml(definitions, &xml);
            assert!(again.is_ok(), "what was written as XML must be readable: {again:?}");
        }
    }
});
