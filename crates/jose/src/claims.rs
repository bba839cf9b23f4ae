//! The claims of a token whose signature was checked, and what is expected of them.

use crate::JoseError;
use serde_json::{Map, Value};

/// Longest `jti` accepted, bytes: it is kept until the token has expired.
const MAX_JTI: usize = 256;
/// Latest moment a claim may name (year 9999), seconds: beyond it sums could overflow.
const MAX_MOMENT: i64 = 253_402_300_799;

/// Claims. They were signed by the key they were checked with; whether they are for us and still good says
/// [`Claims::expect`].
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    members: Map<String, Value>,
    typ: Option<String>,
}

/// What a receiver expects. All moments are seconds since 1970; `now` comes from the caller's clock.
#[derive(Debug, Clone, Default)]
pub struct Expect<'a> {
    /// The present moment.
    pub now: i64,
    /// How far the signer's clock may differ, seconds.
    pub skew_s: i64,
    /// `iss` must be this.
    pub issuer: Option<&'a str>,
    /// `sub` must be this.
    pub subject: Option<&'a str>,
    /// `aud` must hold one of these; empty: not looked at.
    pub audience: &'a [&'a str],
    /// `exp` may lie at most this far ahead, seconds.
    pub max_life_s: Option<i64>,
    /// `iat` may lie at most this far back, seconds; makes `iat` mandatory.
    pub max_age_s: Option<i64>,
    /// `typ` of the header must be one of these (lower case, without `application/`); empty: not looked at.
    pub typ: &'a [&'a str],
    /// Claims that must be there. `exp` always must.
    pub require: &'a [&'a str],
}

impl Claims {
    pub(crate) fn new(members: Map<String, Value>, typ: Option<String>) -> Self {
        Self { members, typ }
    }

    /// Checks what a receiver expects.
    ///
    /// # Errors
    /// The first expectation that fails: [`JoseError::Missing`], [`JoseError::Claim`], [`JoseError::Expired`],
    /// [`JoseError::NotYet`], [`JoseError::Type`].
    pub fn expect(&self, expect: &Expect<'_>) -> Result<(), JoseError> {
        self.expect_type(expect.typ)?;
        if let Some(missing) = expect
            .require
            .iter()
            .find(|name| self.get(name).is_none_or(Value::is_null))
        {
            return Err(JoseError::Missing((*missing).to_owned()));
        }
        self.expect_moments(expect)?;
        for (claim, wanted) in [("iss", expect.issuer), ("sub", expect.subject)] {
            let Some(wanted) = wanted else { continue };
            let found = self.text(claim).ok_or_else(|| JoseError::Missing(claim.into()))?;
            if found != wanted {
                return Err(JoseError::claim(claim, format!("expected '{wanted}'")));
            }
        }
        if !expect.audience.is_empty() {
            let audience = self.audience();
            if audience.is_empty() {
                return Err(JoseError::Missing("aud".into()));
            }
            if !audience.iter().any(|aud| expect.audience.contains(aud)) {
                let wanted = expect.audience.join("' or '");
                return Err(JoseError::claim(
                    "aud",
                    format!("the token is for somebody else, not for '{wanted}'"),
                ));
            }
        }
        if self
            .get("jti")
            .is_some_and(|jti| jti.as_str().is_none_or(|jti| jti.is_empty() || jti.len() > MAX_JTI))
        {
            return Err(JoseError::claim("jti", "it is a text of 1 to 256 bytes"));
        }
        Ok(())
    }

    fn expect_type(&self, typ: &[&str]) -> Result<(), JoseError> {
        let found = self.typ.as_deref().unwrap_or_default();
        if typ.is_empty() || typ.contains(&found) {
            return Ok(());
        }
        Err(JoseError::Type {
            found: found.chars().take(40).collect(),
            expected: typ.join("' or '"),
        })
    }

    fn expect_moments(&self, expect: &Expect<'_>) -> Result<(), JoseError> {
        let (now, skew) = (expect.now, expect.skew_s);
        let exp = self.moment("exp")?.ok_or_else(|| JoseError::Missing("exp".into()))?;
        if now >= exp + skew {
            return Err(JoseError::Expired { ago_s: now - exp });
        }
        if let Some(life) = expect.max_life_s.filter(|life| exp - now > life + skew) {
            return Err(JoseError::claim("exp", format!("it may lie {life} s ahead at most")));
        }
        let iat = self.moment("iat")?;
        for (claim, moment) in [("nbf", self.moment("nbf")?), ("iat", iat)] {
            if let Some(ahead_s) = moment.map(|moment| moment - now).filter(|ahead| *ahead > skew) {
                return Err(JoseError::NotYet { claim, ahead_s });
            }
        }
        if let Some(age) = expect.max_age_s {
            let iat = iat.ok_or_else(|| JoseError::Missing("iat".into()))?;
            if now - iat > age + skew {
                return Err(JoseError::claim(
                    "iat",
                    format!("the token was made more than {age} s ago"),
                ));
            }
        }
        Ok(())
    }

    /// Any claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// `aud`, which may be one text or several.
    pub fn audience(&self) -> Vec<&str> {
        match self.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        }
    }

    /// A claim that is a moment (NumericDate), seconds since 1970.
    ///
    /// # Errors
    /// [`JoseError::Claim`] when it is no number or beyond the year 9999.
    pub fn moment(&self, name: &str) -> Result<Option<i64>, JoseError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the range is checked below; fractions are cut"
        )]
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|float| float as i64));
        let good = seconds.filter(|seconds| (0..=MAX_MOMENT).contains(seconds));
        good.map(Some)
            .ok_or_else(|| JoseError::claim(name, "it is not a number of seconds since 1970"))
    }

    /// All claims.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }
}
