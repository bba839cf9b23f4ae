//! What clients read first: `/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server` (RFC 8414) and
//! `/fhir/.well-known/smart-configuration` (SMART App Launch 2.2).

use crate::{Config, scope};
use jose::Algorithm;
use serde_json::{Value, json};

/// SMART's capabilities, each one that is really there.
const CAPABILITIES: &[&str] = &[
    "launch-ehr",
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
];

/// For OpenID Connect and plain OAuth.
pub(crate) fn openid(config: &Config) -> Value {
    let mut all = common(config);
    all["subject_types_supported"] = json!(["pairwise"]);
    all["id_token_signing_alg_values_supported"] = json!(["RS256"]);
    all["claims_supported"] = json!([
        "iss", "sub", "aud", "exp", "iat", "nonce", "at_hash", "fhirUser", "name"
    ]);
    all["userinfo_endpoint"] = json!(config.at("/oauth/userinfo"));
    all["request_parameter_supported"] = json!(false);
    all["request_uri_parameter_supported"] = json!(false);
    all["tls_client_certificate_bound_access_tokens"] = json!(true);
    all["authorization_response_iss_parameter_supported"] = json!(true);
    all
}

/// For SMART clients.
pub(crate) fn smart(config: &Config) -> Value {
    let mut all = common(config);
    all["capabilities"] = json!(CAPABILITIES);
    all["management_endpoint"] = json!(config.at("/app-autorizzate"));
    all
}

fn common(config: &Config) -> Value {
    let algorithms: Vec<_> = Algorithm::USUAL.iter().map(|algorithm| algorithm.name()).collect();
    let examples = [
        "patient/*.rs",
        "patient/*.cruds",
        "user/*.rs",
        "user/*.cruds",
        "system/*.rs",
        "system/*.cruds",
    ];
    let scopes: Vec<_> = scope::others().chain(examples).collect();
    let ways = [
        "private_key_jwt",
        "client_secret_basic",
        "client_secret_post",
        "self_signed_tls_client_auth",
        "none",
    ];
    json!({
        "issuer": config.issuer,
        "jwks_uri": config.at("/oauth/jwks"),
        "authorization_endpoint": config.at("/oauth/authorize"),
        "token_endpoint": config.at("/oauth/token"),
        "introspection_endpoint": config.at("/oauth/introspect"),
        "revocation_endpoint": config.at("/oauth/revoke"),
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "scopes_supported": scopes,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ways,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
    })
}
