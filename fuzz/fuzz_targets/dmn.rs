//! A decision that somebody deploys.
#![no_main]

// The code under test catches panics of the FEEL library: only what comes out of it counts.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let feel = dmn::Feel::new();
    let _ = feel.deploy(text);
    let _ = dmn::tables(text);
});
