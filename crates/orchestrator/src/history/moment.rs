//! Moments in query parameters.

use crate::OrchestratorError;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An RFC 3339 moment, or a date: its midnight in UTC.
pub(crate) fn moment(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, OrchestratorError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let date = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    let found = text.parse().ok().or_else(|| date().map(|zoned| zoned.timestamp()));
    found.map(Some).ok_or_else(|| {
        OrchestratorError::BadRequest(format!(
            "{field}: '{text}' is neither a date (2026-01-31) nor an RFC 3339 moment (2026-01-31T08:00:00Z)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_moments_are_read() {
        let at = |text| moment("from", Some(text)).unwrap().unwrap().to_string();
        assert_eq!(at("2026-01-31"), "2026-01-31T00:00:00Z");
        assert_eq!(at("2026-01-31T09:00:00+01:00"), "2026-01-31T08:00:00Z");
        assert!(
            moment("from", Some("ieri"))
                .unwrap_err()
                .to_string()
                .contains("from: 'ieri'")
        );
        assert_eq!(moment("from", Some("")).unwrap(), None);
    }
}
