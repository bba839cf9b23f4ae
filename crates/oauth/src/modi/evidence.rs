//! AUDIT_REST_01: who asked, in the sender's own house, signed by the sender.

use super::{ModiError, Partner};
use crate::Oauth;
use crate::pdnd::EVIDENCE_HEADER;
use http::request::Parts;

const HEADER: &str = "Agid-JWT-TrackingEvidence";

impl Oauth {
    /// Checks that the evidence is there, of this partner, for us, and says who, where and how sure.
    pub(crate) fn check_partner_evidence(&self, partner: &Partner, parts: &Parts) -> Result<(), ModiError> {
        let token = parts.headers.get(EVIDENCE_HEADER).and_then(|value| value.to_str().ok());
        let token = token.ok_or(ModiError::Missing(HEADER))?;
        let (signer, claims) = self.trust.verify(token, self.now()).map_err(ModiError::token(HEADER))?;
        self.expect_for(&claims, parts, false)
            .map_err(ModiError::token(HEADER))?;
        let wrong = |why: String| ModiError::Token { header: HEADER, why };
        if signer.id != partner.id {
            return Err(wrong("it is signed by another than the one who asks".into()));
        }
        for name in ["userID", "userLocation", "LoA"] {
            if claims.text(name).is_none_or(str::is_empty) {
                return Err(wrong(format!("the claim '{name}' is missing")));
            }
        }
        Ok(())
    }
}
