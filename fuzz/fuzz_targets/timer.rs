//! Timers and cycles of a model.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = (bpmn::parse_duration(text), bpmn::parse_date(text), bpmn::parse_cycle(text));
    let _ = fhir::date_interval(text);
    let _ = fhir::ucum::Unit::of(text);
});
