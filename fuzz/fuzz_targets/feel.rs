//! A FEEL expression of a model, checked and evaluated.
#![no_main]

// The code under test catches panics of the FEEL library: only what comes out of it counts.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |data: &[u8]| {
    use dmn::Evaluator as _;
    let Ok(text) = std::str::from_utf8(data) else { return };
    let feel = dmn::Feel::new();
    if feel.validate_expression(text).is_ok() {
        let context = serde_json::json!({"a": 1, "b": "x", "l": [1, 2, 3], "d": "2024-02-29"});
        let now = jiff::Timestamp::from_second(1_700_000_000).expect("a moment");
        let _ = feel.evaluate(text, context.as_object().expect("an object"), now);
    }
});
