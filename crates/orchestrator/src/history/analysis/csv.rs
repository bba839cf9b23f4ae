//! The tables of an analysis for spreadsheets: semicolons, decimal points, seconds, cells that are never formulas.

use crate::OrchestratorError;
use crate::api::{Analysis, Spread};

/// Which table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Activities,
    Edges,
    Variants,
}

impl Table {
    pub fn of(text: Option<&str>) -> Result<Self, OrchestratorError> {
        match text {
            None | Some("" | "activities") => Ok(Self::Activities),
            Some("edges") => Ok(Self::Edges),
            Some("variants") => Ok(Self::Variants),
            Some(other) => Err(OrchestratorError::BadRequest(format!(
                "table: '{other}' is not one of activities, edges, variants"
            ))),
        }
    }

    pub fn file(self) -> &'static str {
        match self {
            Self::Activities => "attachment; filename=\"attivita.csv\"",
            Self::Edges => "attachment; filename=\"passaggi.csv\"",
            Self::Variants => "attachment; filename=\"varianti.csv\"",
        }
    }

    pub fn text(self, analysis: &Analysis) -> String {
        let spread = ["count", "median_s", "p90_s", "total_s"];
        let mut text = String::from("\u{feff}");
        let mut line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
            text.push_str(&cells.join(";"));
            text.push_str("\r\n");
        };
        let head = |names: &[&str], last: &[&str]| -> Vec<String> {
            names.iter().chain(last).map(|name| (*name).to_owned()).collect()
        };
        match self {
            Self::Activities => {
                line(&head(
                    &["element", "name", "definition", "done", "cases", "repeats"],
                    &spread,
                ));
                for row in &analysis.activities {
                    let numbers = [row.count, row.cases, row.repeats].map(|number| number.to_string());
                    let texts = [row.label.clone(), row.name.clone(), row.definition.clone()];
                    line(&[&texts[..], &numbers[..], &cells(&row.duration)[..]].concat());
                }
            }
            Self::Edges => {
                line(&head(&["from", "to"], &spread));
                for row in &analysis.edges {
                    line(&[&[row.from.clone(), row.to.clone()][..], &cells(&row.waiting)[..]].concat());
                }
            }
            Self::Variants => {
                line(&head(&["variant", "cases", "fits", "fitness"], &spread));
                for row in &analysis.variants {
                    let fits = row.fits.map(|fits| fits.to_string()).unwrap_or_default();
                    let fitness = row.fitness.map(|fitness| format!("{fitness:.6}")).unwrap_or_default();
                    let texts = [row.activities.join(" > "), row.cases.to_string(), fits, fitness];
                    line(&[&texts[..], &cells(&row.duration.unwrap_or_default())[..]].concat());
                }
            }
        }
        text
    }
}

fn cells(spread: &Spread) -> [String; 4] {
    let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms.unsigned_abs() % 1000);
    [
        spread.count.to_string(),
        seconds(spread.median_ms),
        seconds(spread.p90_ms),
        seconds(spread.total_ms),
    ]
}

/// A cell that a spreadsheet reads as text.
fn escaped(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
