//! A CodeSystem resource as JSON spells it; what no operation needs is not read.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Raw {
    pub id: Option<String>,
    pub url: Option<String>,
    pub version: Option<String>,
    pub name: Option<String>,
    pub title: Option<String>,
    pub language: Option<String>,
    pub case_sensitive: Option<bool>,
    pub value_set: Option<String>,
    pub hierarchy_meaning: Option<String>,
    pub content: Option<String>,
    pub supplements: Option<String>,
    #[serde(default)]
    pub property: Vec<RawDefinition>,
    #[serde(default)]
    pub concept: Vec<RawConcept>,
}

#[derive(Deserialize)]
pub(super) struct RawDefinition {
    pub code: String,
    pub uri: Option<String>,
    pub description: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RawConcept {
    pub code: String,
    pub display: Option<String>,
    pub definition: Option<String>,
    #[serde(default)]
    pub designation: Vec<RawDesignation>,
    #[serde(default)]
    pub property: Vec<RawProperty>,
    #[serde(default)]
    pub concept: Vec<RawConcept>,
}

#[derive(Deserialize)]
pub(crate) struct RawDesignation {
    pub language: Option<String>,
    pub r#use: Option<RawCoding>,
    pub value: String,
}

#[derive(Deserialize, Default)]
pub(crate) struct RawCoding {
    #[serde(default)]
    pub system: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub display: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawProperty {
    pub code: String,
    pub value_code: Option<String>,
    pub value_string: Option<String>,
    pub value_coding: Option<RawCoding>,
    pub value_integer: Option<serde_json::Number>,
    pub value_boolean: Option<bool>,
    pub value_date_time: Option<String>,
    pub value_decimal: Option<serde_json::Number>,
}
