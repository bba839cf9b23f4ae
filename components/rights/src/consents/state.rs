//! What a person has said, and what it means now.

use super::record::{CATEGORY, RECORDED_BY};
use component::{Fhir, PeerError};
use serde_json::Value;
use web::Page;

/// Consents of one person that are read at most.
const MAX: usize = 500;

/// A consent of a kind that this component knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub kind: String,
    pub organization: Option<String>,
    /// Name of the organization.
    pub name: Option<String>,
    pub permits: bool,
    pub active: bool,
    /// FHIR dateTime.
    pub since: String,
    /// Who recorded it at a desk.
    pub recorded_by: Option<String>,
    /// Version of the text.
    pub text: String,
}

impl Known {
    /// Reads one; `None` for a consent of another kind (a delegation, a pathway's).
    pub fn of(consent: &Value) -> Option<Self> {
        let codings = consent["category"][0]["coding"].as_array()?;
        let kind = codings.iter().find(|coding| coding["system"] == CATEGORY)?["code"].as_str()?;
        let actor = &consent["provision"]["actor"][0]["reference"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let uri = text(&consent["policy"][0]["uri"]);
        let extensions = consent["extension"].as_array().into_iter().flatten();
        let recorded = extensions.into_iter().find(|extension| extension["url"] == RECORDED_BY);
        Some(Self {
            kind: kind.to_owned(),
            organization: actor["reference"]
                .as_str()
                .and_then(|it| it.strip_prefix("Organization/"))
                .map(str::to_owned),
            name: actor["display"].as_str().map(str::to_owned),
            permits: consent["provision"]["type"] == "permit",
            active: consent["status"] == "active",
            since: text(&consent["dateTime"]),
            recorded_by: recorded.map(|one| text(&one["valueReference"]["display"])),
            text: uri.rsplit('/').next().unwrap_or_default().to_owned(),
        })
    }

    /// `sì` or `no`.
    pub fn answer(&self, page: &Page) -> String {
        page.t(if self.permits { "answer-yes" } else { "answer-no" })
    }
}

/// What the person has said of one kind (and about one organization), in force or not, newest first, as resources.
pub(super) async fn of_kind(
    fhir: &Fhir,
    patient: &str,
    kind: &str,
    organization: Option<&str>,
) -> Result<Vec<Value>, PeerError> {
    let category = format!("{CATEGORY}|{kind}");
    let asked = [
        ("patient", patient),
        ("category", category.as_str()),
        ("_sort", "-date"),
        ("_count", "200"),
    ];
    let mut found = fhir.search_all("Consent", &asked, MAX).await?;
    found.retain(|one| {
        Known::of(one).is_some_and(|known| known.kind == kind && known.organization.as_deref() == organization)
    });
    Ok(found)
}

/// Everything the person has said, newest first.
pub(super) async fn all(fhir: &Fhir, patient: &str) -> Result<Vec<Known>, PeerError> {
    let category = format!("{CATEGORY}|");
    let asked = [
        ("patient", patient),
        ("category", category.as_str()),
        ("_sort", "-date"),
        ("_count", "200"),
    ];
    let found = fhir.search_all("Consent", &asked, MAX).await?;
    Ok(found.iter().filter_map(Known::of).collect())
}
