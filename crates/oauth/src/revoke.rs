//! `POST /oauth/revoke` (RFC 7009). A token that is unknown, or another client's, is answered as if it had been revoked.

use crate::form::Form;
use crate::records::{self, REFRESH};
use crate::token::RefreshRecord;
use crate::{Oauth, OauthError};
use http::request::Parts;

pub(crate) async fn answer(oauth: &Oauth, parts: &Parts, form: &Form) -> Result<(), OauthError> {
    let client = oauth.authenticate(parts, form).await?;
    let token = form.need("token")?;
    let now = oauth.now();
    if let Ok(claims) = oauth.check_access_token(token) {
        if claims.text("client_id") == Some(&client.id) {
            let mark = format!("jti:{}", claims.text("jti").unwrap_or_default());
            let write = oauth.revoked.mark(&mark, now, oauth.config.access_s);
            records::commit(oauth.store.as_ref(), vec![write]).await?;
        }
        return Ok(());
    }
    let found: Option<RefreshRecord> =
        records::read_alive(oauth.store.as_ref(), REFRESH, &jose::s256(token), now).await?;
    if let Some(found) = found.filter(|found| found.client == client.id) {
        oauth
            .revoke_grant_key(&found.grant, "revoked by the application")
            .await?;
    }
    Ok(())
}
