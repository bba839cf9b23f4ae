//! The query of a search, of several types.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (rtype, query) = text.split_once('?').unwrap_or(("Observation", text));
    let Ok(pairs) = hub::parse::pairs::decode(query) else { return };
    let limits = hub::Limits::default();
    let context = hub::parse::Context {
        definitions: fhir::Definitions::r4(),
        base_url: "http://localhost/fhir",
        limits: &limits,
        now: jiff::Timestamp::from_second(1_700_000_000).expect("a moment"),
    };
    let rtype = if context.definitions.is_resource(rtype) { rtype } else { "Patient" };
    let _ = hub::parse::search(&context, rtype, &pairs);
});
