//! The body of a PATCH in its three forms.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let _ = hub::Patch::json(value.clone());
    let _ = hub::Patch::fhirpath(value.clone());
    let _ = hub::Patch::merge(value);
});
