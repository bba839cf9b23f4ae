//! The rules of sign-in as data: `rules/sign-in.json` of this crate, or a file of the region in the same form.

use crate::AccessError;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::sync::Arc;

const BUILT_IN: &str = include_str!("../../rules/sign-in.json");

/// Who must have a second factor, how long sessions last, what a password must be.
#[derive(Debug, Clone)]
pub struct SignInRules {
    second_factor: Arc<[FactorRule]>,
    /// Shortest password, characters.
    pub min_password: usize,
    /// A session without requests ends after this.
    pub idle: SignedDuration,
    /// A session ends after this in any case.
    pub absolute: SignedDuration,
    /// The secret of a session is changed after this.
    pub renew: SignedDuration,
    /// A proof of who one is holds this long for what matters (factors, accounts).
    pub proof: SignedDuration,
    /// A one-time code of an administrator is good for this.
    pub reset: SignedDuration,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    #[serde(default, rename = "_comment")]
    _comment: String,
    second_factor_roles: Vec<FactorRule>,
    password: PasswordRule,
    session: SessionRule,
    reset: ResetRule,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FactorRule {
    role: String,
    valid_from: Date,
    valid_to: Option<Date>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PasswordRule {
    min_length: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionRule {
    idle_minutes: u16,
    absolute_hours: u16,
    renew_minutes: u16,
    proof_minutes: u16,
}

#[derive(Debug, Deserialize)]
struct ResetRule {
    hours: u16,
}

impl Default for SignInRules {
    fn default() -> Self {
        Self::parse(BUILT_IN).expect("the rules that come with the program are well formed")
    }
}

impl SignInRules {
    /// Rules from JSON in the form of `rules/sign-in.json`.
    ///
    /// # Errors
    /// [`AccessError::Invalid`] names what is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let invalid = |message: String| AccessError::Invalid {
            field: "sign-in rules",
            message,
        };
        let file: File = serde_json::from_str(text).map_err(|e| invalid(e.to_string()))?;
        let (password, session) = (&file.password, &file.session);
        if password.min_length < 8 {
            return Err(invalid(
                "password.minLength must be 8 at least (NIST SP 800-63B)".into(),
            ));
        }
        let times = [
            session.idle_minutes,
            session.absolute_hours,
            session.renew_minutes,
            session.proof_minutes,
        ];
        if times.contains(&0) || file.reset.hours == 0 {
            return Err(invalid("a time of 0 lets nobody in: give 1 at least".into()));
        }
        Ok(Self {
            min_password: password.min_length.into(),
            idle: SignedDuration::from_mins(session.idle_minutes.into()),
            absolute: SignedDuration::from_hours(session.absolute_hours.into()),
            renew: SignedDuration::from_mins(session.renew_minutes.into()),
            proof: SignedDuration::from_mins(session.proof_minutes.into()),
            reset: SignedDuration::from_hours(file.reset.hours.into()),
            second_factor: file.second_factor_roles.into(),
        })
    }

    /// Whether one of the roles must have a second factor today.
    pub fn demands_second_factor(&self, roles: &[String], now: Timestamp) -> bool {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.second_factor.iter().any(|rule| {
            rule.valid_from <= today && rule.valid_to.is_none_or(|to| today <= to) && roles.contains(&rule.role)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrator_needs_a_second_factor_since_the_rule_holds() {
        let rules = SignInRules::default();
        let admin = ["mmg".to_owned(), "admin".to_owned()];
        assert!(rules.demands_second_factor(&admin, "2026-11-21T08:00:00Z".parse().unwrap()));
        assert!(!rules.demands_second_factor(&admin, "2017-05-04T08:00:00Z".parse().unwrap()));
        assert!(!rules.demands_second_factor(&admin[..1], "2026-11-21T08:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        let short = BUILT_IN.replace("\"minLength\": 12", "\"minLength\": 4");
        let error = SignInRules::parse(&short).unwrap_err().to_string();
        assert!(error.contains("minLength must be 8"), "{error}");
        let unknown = BUILT_IN.replace("\"reset\"", "\"rest\"");
        assert!(SignInRules::parse(&unknown).unwrap_err().to_string().contains("rest"));
    }
}
