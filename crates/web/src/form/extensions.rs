//! What the extensions of a Questionnaire's item say beyond the core of FHIR.

use super::computed::{Computed, FEEL, Table};
use super::item::{Kind, Rows, Upload};
use super::parse::{EXT, SDC, extension};
use super::{FILE_TYPES, MAX_FILE_BYTES, MAX_ROWS};
use serde_json::Value;

/// Our own extensions.
const OURS: &str = "https://sinfonia.it/fhir/StructureDefinition/questionnaire-";

/// The text of an extension.
pub(super) fn text(json: &Value, url: &str) -> Option<String> {
    extension(json, url)?["valueString"].as_str().map(str::to_owned)
}

/// The whole number of an extension.
pub(super) fn whole(json: &Value, url: &str) -> Option<usize> {
    let number = extension(json, url)?;
    let number = number["valueInteger"]
        .as_u64()
        .or_else(|| number["valueUnsignedInt"].as_u64());
    number.and_then(|n| usize::try_from(n).ok())
}

/// How many rows a group has: `questionnaire-minOccurs`, `maxOccurs`, and ours for those shown at first.
pub(super) fn rows(json: &Value) -> Rows {
    let max = whole(json, &format!("{EXT}questionnaire-maxOccurs"))
        .unwrap_or(MAX_ROWS)
        .min(MAX_ROWS);
    let min = whole(json, &format!("{EXT}questionnaire-minOccurs"))
        .unwrap_or(0)
        .min(max);
    let initial = whole(json, &format!("{OURS}initial-rows")).unwrap_or(1);
    Rows {
        min,
        max,
        initial: initial.clamp(min, max),
    }
}

/// What may be sent: `mimeType`, each that we take, and `maxSize` in megabytes.
pub(super) fn upload(json: &Value) -> Upload {
    let url = format!("{EXT}mimeType");
    let extensions = json["extension"].as_array().into_iter().flatten();
    let asked: Vec<&str> = extensions
        .filter(|e| e["url"] == url.as_str())
        .filter_map(|e| e["valueCode"].as_str())
        .collect();
    let taken = |kind: &&str| {
        asked.is_empty()
            || asked
                .iter()
                .any(|a| a == kind || a.strip_suffix('*').is_some_and(|a| kind.starts_with(a)))
    };
    let size = extension(json, &format!("{EXT}maxSize")).and_then(|e| e["valueDecimal"].as_f64());
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "clamped to the limit"
    )]
    let max_bytes = size.map_or(MAX_FILE_BYTES, |mb| {
        (mb * 1_048_576.0).clamp(1.0, MAX_FILE_BYTES as f64) as usize
    });
    let types: Vec<String> = FILE_TYPES
        .iter()
        .filter(|kind| taken(kind))
        .map(|&kind| kind.to_owned())
        .collect();
    Upload {
        types: if types.is_empty() {
            FILE_TYPES.map(str::to_owned).to_vec()
        } else {
            types
        },
        max_bytes,
    }
}

/// Whether the options of a choice are computed.
pub(super) fn computes_options(json: &Value) -> bool {
    feel(json, &format!("{SDC}answerExpression")).is_some()
}

/// Everything of an item that is FEEL.
pub(super) fn computed(json: &Value, kind: Kind) -> Computed {
    Computed {
        text: feel(&json["_text"], &format!("{EXT}cqf-expression")),
        options: feel(json, &format!("{SDC}answerExpression")),
        value: feel(json, &format!("{SDC}calculatedExpression")).filter(|_| kind.is_question()),
        shown: feel(json, &format!("{SDC}enableWhenExpression")),
        table: (kind == Kind::Display).then(|| table(json)).flatten(),
        ..Computed::default()
    }
}

/// An expression in our language; those of other languages are the affair of others.
fn feel(json: &Value, url: &str) -> Option<String> {
    let expression = &extension(json, url)?["valueExpression"];
    let ours = expression["language"] == FEEL;
    expression["expression"].as_str().filter(|_| ours).map(str::to_owned)
}

/// Our extension: `source`, and either `column`s of `key` and `label`, or `columns`, which computes them.
fn table(json: &Value) -> Option<Table> {
    let parts = extension(json, &format!("{OURS}table"))?;
    let columns = parts["extension"].as_array().into_iter().flatten();
    let columns = columns.filter(|e| e["url"] == "column").filter_map(|column| {
        let key = text(column, "key")?;
        Some((key.clone(), text(column, "label").unwrap_or(key)))
    });
    Some(Table {
        source: text(parts, "source")?,
        columns: columns.collect(),
        columns_from: text(parts, "columns"),
        rows: Vec::new(),
    })
}
