//! `POST /oauth/introspect` (RFC 7662): what a token says, to the client it belongs to, or to a resource server that was
//! registered with the scope `introspect`.

use crate::client_auth::confidential;
use crate::form::Form;
use crate::records::{self, REFRESH};
use crate::token::RefreshRecord;
use crate::{Code, Oauth, OauthError};
use access::BearerError;
use http::request::Parts;
use serde_json::{Value, json};

/// The answer; `{"active": false}` for whatever the asker may not know of.
pub(crate) async fn answer(oauth: &Oauth, parts: &Parts, form: &Form) -> Result<Value, OauthError> {
    let client = oauth.authenticate(parts, form).await?;
    confidential(&client)?;
    let token = form.need("token")?;
    let inactive = json!({ "active": false });
    let may_know = |owner: &str| owner == client.id || client.scopes.iter().any(|scope| scope == "introspect");
    if let Ok(claims) = oauth.check_access_token(token) {
        // A role that ended has ended for whoever asks us, too.
        let actor = match oauth.present(&claims).await {
            Ok(actor) => actor,
            Err(BearerError::Invalid(_)) => return Ok(inactive),
            Err(BearerError::Unavailable(why)) => return Err(OauthError::new(Code::ServerError, why)),
        };
        let mut answer = Value::Object(claims.members().clone());
        if !actor.roles.is_empty() {
            answer["roles"] = json!(actor.roles);
        }
        answer["active"] = json!(true);
        answer["token_type"] = json!("Bearer");
        let owner = claims.text("client_id").unwrap_or_default();
        if !owner.is_empty() && claims.text("sub").is_some_and(|sub| !sub.starts_with("client/")) {
            answer["fhirUser"] = json!(format!(
                "{}/{}",
                oauth.config.fhir,
                claims.text("sub").unwrap_or_default()
            ));
        }
        return Ok(if may_know(owner) { answer } else { inactive });
    }
    let now = oauth.now();
    let found: Option<RefreshRecord> =
        records::read_alive(oauth.store.as_ref(), REFRESH, &jose::s256(token), now).await?;
    let Some(found) = found.filter(|found| may_know(&found.client)) else {
        return Ok(inactive);
    };
    let used = oauth.was_used("refresh", token).await?;
    Ok(match oauth.grant(&found.grant).await?.filter(|_| !used) {
        Some(grant) => json!({
            "active": true, "client_id": grant.client, "scope": grant.scopes.join(" "), "token_type": "refresh_token",
            "patient": grant.patient,
        }),
        None => inactive,
    })
}
