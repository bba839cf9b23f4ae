//! A signed token, and a set of keys.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    use jose::Algorithm;
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = jose::Unverified::parse(text, &[Algorithm::RS256, Algorithm::ES256, Algorithm::PS256]);
        for scope in text.split(' ') {
            let _ = access::ResourceScope::parse(scope);
        }
    }
    let _ = jose::Jwks::parse(data);
});
