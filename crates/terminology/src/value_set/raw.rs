//! A ValueSet resource as JSON spells it.

use crate::code_system::raw::RawDesignation;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawCompose {
    pub inactive: Option<bool>,
    #[serde(default)]
    pub include: Vec<RawInclude>,
    #[serde(default)]
    pub exclude: Vec<RawInclude>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawInclude {
    pub system: Option<String>,
    pub version: Option<String>,
    #[serde(default)]
    pub concept: Vec<RawListed>,
    #[serde(default)]
    pub filter: Vec<RawFilter>,
    #[serde(default)]
    pub value_set: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct RawListed {
    pub code: String,
    pub display: Option<String>,
    #[serde(default)]
    pub designation: Vec<RawDesignation>,
}

#[derive(Deserialize)]
pub(super) struct RawFilter {
    pub property: String,
    pub op: String,
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawContains {
    pub system: Option<String>,
    pub version: Option<String>,
    pub code: Option<String>,
    pub display: Option<String>,
    #[serde(default)]
    pub designation: Vec<RawDesignation>,
    #[serde(default)]
    pub contains: Vec<RawContains>,
}
