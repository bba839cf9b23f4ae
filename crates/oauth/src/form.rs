//! Parameters of OAuth requests: each at most once (RFC 6749 section 3.1).

use crate::OauthError;

/// Most bytes of a form.
pub(crate) const MAX_FORM: usize = 64 * 1024;
/// Most parameters.
const MAX_PARAMETERS: usize = 50;

/// Decoded parameters.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a url-encoded text.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, OauthError> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(text)
            .map_err(|_| OauthError::request("the parameters are not application/x-www-form-urlencoded"))?;
        if pairs.len() > MAX_PARAMETERS {
            return Err(OauthError::request(format!("more than {MAX_PARAMETERS} parameters")));
        }
        Ok(Self(pairs))
    }

    /// A parameter; empty counts as absent.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, OauthError> {
        let mut found = self
            .0
            .iter()
            .filter(|(own, _)| own == name)
            .map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(OauthError::request(format!("'{name}' is there more than once"))),
            (first, None) => Ok(first.filter(|value| !value.is_empty())),
        }
    }

    /// A parameter that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, OauthError> {
        self.get(name)?
            .ok_or_else(|| OauthError::request(format!("'{name}' is missing")))
    }
}
