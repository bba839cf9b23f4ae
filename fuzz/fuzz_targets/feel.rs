//! A FEEL expression of a model, checked and evaluated.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    use dmn::Evaluator as _;
    let Ok(text) = std::str::from_utf8(data) else { return };
    let feel = dmn::Feel::new();
    if feel.validate_expression(text).is_ok() {
        let context = serde_json::json!({"a": 1, "b": "x", "l": [1, 2, 3], "d": "2024-02-29"});
        let now = jiff::Timestamp::from_second(1_700_000_000).expect("a moment");
        let _ = feel.evaluate(text, context.as_object().expect("an object"), now);
    }
});
