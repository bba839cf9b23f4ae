use super::*;
use crate::{Expect, PrivateKey, SignHeader, base64url};
use serde_json::json;

const NOW: i64 = 1_795_000_000;

fn claims() -> Value {
    json!({ "iss": "https://a", "aud": ["https://b", "https://c"], "sub": "x", "iat": NOW, "exp": NOW + 300, "jti": "1" })
}

fn signed(key: &PrivateKey, claims: &Value) -> String {
    key.sign(
        &SignHeader {
            typ: "JWT",
            ..SignHeader::default()
        },
        claims,
    )
    .unwrap()
}

fn expect() -> Expect<'static> {
    Expect {
        now: NOW + 10,
        skew_s: 5,
        issuer: Some("https://a"),
        subject: Some("x"),
        audience: &["https://c"],
        max_life_s: Some(300),
        max_age_s: Some(60),
        typ: &["jwt"],
        require: &["jti"],
    }
}

#[test]
fn every_algorithm_signs_and_verifies() {
    let rsa = PrivateKey::generate(Algorithm::RS256).unwrap().pkcs8().unwrap();
    for algorithm in Algorithm::ALL {
        let key = match algorithm {
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 => {
                PrivateKey::from_pkcs8(&rsa, *algorithm).unwrap()
            }
            other => PrivateKey::generate(*other).unwrap(),
        };
        let token = signed(&key, &claims());
        let read = Unverified::parse(&token, &[*algorithm]).unwrap();
        assert_eq!(read.header().kid.as_deref(), Some(key.kid()));
        assert_eq!(read.peek("iss").unwrap(), "https://a");
        let claims = read.verify(key.public()).unwrap();
        claims.expect(&expect()).unwrap();
        assert_eq!(claims.audience(), ["https://b", "https://c"]);
    }
}

#[test]
fn the_es256_example_of_rfc_7515() {
    // Appendix A.3.
    let key = json!({ "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let read = Unverified::parse(token, Algorithm::USUAL).unwrap();
    let claims = read.verify(&Jwk::parse(&key).unwrap()).unwrap();
    assert_eq!(claims.text("iss"), Some("joe"));
    let late = Expect {
        now: NOW,
        ..Expect::default()
    };
    assert!(matches!(claims.expect(&late), Err(JoseError::Expired { .. })));
}

#[test]
fn whatever_is_changed_is_noticed() {
    let (key, other) = (
        PrivateKey::generate(Algorithm::ES256).unwrap(),
        PrivateKey::generate(Algorithm::ES256).unwrap(),
    );
    let token = signed(&key, &claims());
    let parts: Vec<_> = token.split('.').collect();
    let forged = base64url(
        json!({ "iss": "https://evil", "exp": NOW + 300 })
            .to_string()
            .as_bytes(),
    );
    let set = Jwks {
        keys: vec![other.public().clone(), key.public().clone()],
    };
    let check = |token: &str| Unverified::parse(token, Algorithm::USUAL).and_then(|read| read.verify_with(&set));
    assert!(check(&token).is_ok());
    assert_eq!(
        check(&format!("{}.{forged}.{}", parts[0], parts[2])),
        Err(JoseError::Signature)
    );
    assert_eq!(check(&format!("{}.{}.", parts[0], parts[1])), Err(JoseError::Signature));
    let alone = Jwks {
        keys: vec![other.public().clone()],
    };
    let read = Unverified::parse(&token, Algorithm::USUAL).unwrap();
    assert!(matches!(read.verify_with(&alone), Err(JoseError::NoKey { .. })));
}

#[test]
fn none_key_confusion_and_extensions_are_refused() {
    let key = PrivateKey::generate(Algorithm::RS256).unwrap();
    let payload = base64url(claims().to_string().as_bytes());
    let with = |header: Value| format!("{}.{payload}.AAAA", base64url(header.to_string().as_bytes()));
    let parse = |header: Value| Unverified::parse(&with(header), Algorithm::ALL).map(|_| ());
    for alg in ["none", "NONE", "HS256", "HS512"] {
        assert!(
            matches!(parse(json!({ "alg": alg })), Err(JoseError::Algorithm(_))),
            "{alg}"
        );
    }
    assert_eq!(
        parse(json!({ "alg": "RS256", "crit": ["exp"] })),
        Err(JoseError::Critical)
    );
    assert!(parse(json!({ "kid": "1" })).is_err());
    // The right algorithm of the wrong family for the key, and one the caller does not take.
    let token = with(json!({ "alg": "ES256" }));
    let read = Unverified::parse(&token, Algorithm::ALL).unwrap();
    assert!(matches!(read.verify(key.public()), Err(JoseError::NoKey { .. })));
    let refused = Unverified::parse(&token, &[Algorithm::RS256]).unwrap_err();
    assert_eq!(refused, JoseError::AlgorithmNotAllowed(Algorithm::ES256));
}

#[test]
fn bad_forms_are_refused() {
    let long = format!("{}.a.b", "a".repeat(MAX_TOKEN_BYTES));
    for token in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "e30.e30.e30",
        "W10.e30.AA",
        long.as_str(),
    ] {
        assert!(Unverified::parse(token, Algorithm::ALL).is_err(), "{token:.20}");
    }
}

#[test]
fn each_expectation_can_fail() {
    let key = PrivateKey::generate(Algorithm::EdDSA).unwrap();
    let check = |change: &dyn Fn(&mut Value), expect: &Expect<'_>| {
        let mut claims = claims();
        change(&mut claims);
        let token = signed(&key, &claims);
        Unverified::parse(&token, Algorithm::USUAL)
            .unwrap()
            .verify(key.public())
            .unwrap()
            .expect(expect)
    };
    check(&|_| {}, &expect()).unwrap();
    let refused = |change: &dyn Fn(&mut Value), claim: &str| {
        let error = check(change, &expect()).unwrap_err().to_string();
        assert!(error.contains(claim), "{error} does not name {claim}");
    };
    refused(&|c| c["iss"] = json!("https://evil"), "'iss'");
    refused(&|c| c["sub"] = json!("y"), "'sub'");
    refused(&|c| c["aud"] = json!("https://d"), "'aud'");
    refused(&|c| c["aud"] = json!(7), "'aud'");
    refused(&|c| c["jti"] = json!("x".repeat(300)), "'jti'");
    refused(&|c| c["jti"] = Value::Null, "'jti'");
    refused(&|c| c["exp"] = json!(NOW + 5), "expired");
    refused(&|c| c["exp"] = json!(NOW + 400), "'exp'");
    refused(&|c| c["exp"] = json!(i64::MAX), "'exp'");
    refused(&|c| c["exp"] = json!("soon"), "'exp'");
    refused(&|c| c["iat"] = json!(NOW - 100), "'iat'");
    refused(&|c| c["iat"] = json!(NOW + 100), "'iat'");
    refused(&|c| c["nbf"] = json!(NOW + 100), "'nbf'");
    let typed = Expect {
        typ: &["at+jwt"],
        ..expect()
    };
    assert!(matches!(check(&|_| {}, &typed), Err(JoseError::Type { .. })));
    // A moment with a fraction is a NumericDate too.
    check(&|c| c["exp"] = json!(NOW as f64 + 200.5), &expect()).unwrap();
}
