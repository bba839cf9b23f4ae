//! A decision that somebody deploys.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let feel = dmn::Feel::new();
    let _ = feel.deploy(text);
    let _ = dmn::tables(text);
});
