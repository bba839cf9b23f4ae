//! Values over time: which Observations, and the chart.

use component::{Fhir, PeerError};
use serde_json::Value;
use web::{Html, Page};

/// A value that the page follows.
#[derive(Debug)]
pub struct Series {
    /// Name in addresses; `value-<key>` is its message.
    pub key: &'static str,
    /// LOINC codes that mean it, as laboratories send them.
    pub codes: &'static [&'static str],
    /// LOINC code of the component, where the value is part of a panel.
    pub component: Option<&'static str>,
    /// Unit shown.
    pub unit: &'static str,
}

/// The values of the diabetes pathway. LOINC: panel and component codes of blood pressure included.
pub const SERIES: &[Series] = &[
    Series {
        key: "hba1c",
        codes: &["4548-4", "59261-8"],
        component: None,
        unit: "%",
    },
    Series {
        key: "glicemia",
        codes: &["1558-6", "2345-7", "2339-0"],
        component: None,
        unit: "mg/dL",
    },
    Series {
        key: "ldl",
        codes: &["18262-6", "13457-7", "2089-1"],
        component: None,
        unit: "mg/dL",
    },
    Series {
        key: "egfr",
        codes: &["33914-3", "62238-1", "98979-8"],
        component: None,
        unit: "mL/min/1,73 m²",
    },
    Series {
        key: "acr",
        codes: &["14959-1", "9318-7"],
        component: None,
        unit: "mg/g",
    },
    Series {
        key: "sistolica",
        codes: &["8480-6", "85354-9", "55284-4"],
        component: Some("8480-6"),
        unit: "mmHg",
    },
    Series {
        key: "diastolica",
        codes: &["8462-4", "85354-9", "55284-4"],
        component: Some("8462-4"),
        unit: "mmHg",
    },
    Series {
        key: "peso",
        codes: &["29463-7"],
        component: None,
        unit: "kg",
    },
    Series {
        key: "bmi",
        codes: &["39156-5"],
        component: None,
        unit: "kg/m²",
    },
];

/// Newest points of a chart.
const POINTS: &str = "100";

/// A measured value.
#[derive(Debug, Clone)]
pub struct Point {
    /// FHIR dateTime.
    pub at: String,
    /// Number as it was written.
    pub value: String,
}

/// The newest value of a series.
pub struct Latest {
    pub key: &'static str,
    pub name: String,
    pub value: String,
    pub unit: &'static str,
    pub at: String,
}

/// The series of a key; the first when there is none.
pub fn chosen(key: &str) -> &'static Series {
    SERIES.iter().find(|s| s.key == key).unwrap_or(&SERIES[0])
}

/// Points, oldest first.
pub async fn points(fhir: &Fhir, patient: &str, series: &Series) -> Result<Vec<Point>, PeerError> {
    let codes = codes(series);
    let search = [
        ("patient", patient),
        ("code", codes.as_str()),
        ("_sort", "-date"),
        ("_count", POINTS),
    ];
    let found = fhir.search("Observation", &search).await?;
    let mut points: Vec<Point> = found.iter().filter_map(|o| point(o, series)).collect();
    points.reverse();
    Ok(points)
}

fn codes(series: &Series) -> String {
    let codes: Vec<String> = series
        .codes
        .iter()
        .map(|code| format!("http://loinc.org|{code}"))
        .collect();
    codes.join(",")
}

fn point(observation: &Value, series: &Series) -> Option<Point> {
    if matches!(observation["status"].as_str(), Some("entered-in-error" | "cancelled")) {
        return None;
    }
    let quantity = match series.component {
        Some(code) if observation["component"].is_array() => {
            let parts = observation["component"].as_array()?;
            let has = |c: &&Value| {
                c["code"]["coding"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|k| k["code"] == code)
            };
            &parts.iter().find(has)?["valueQuantity"]
        }
        _ => &observation["valueQuantity"],
    };
    let value = match &quantity["value"] {
        Value::Number(number) => rounded(&number.to_string()),
        _ => return None,
    };
    let at = observation["effectiveDateTime"]
        .as_str()
        .or_else(|| observation["effectivePeriod"]["start"].as_str());
    Some(Point {
        at: at.or_else(|| observation["issued"].as_str())?.to_owned(),
        value,
    })
}

/// At most two decimals: some devices send fifteen.
fn rounded(number: &str) -> String {
    match number.split_once('.') {
        Some((_, fraction)) if fraction.len() > 2 => number
            .parse::<f64>()
            .map_or_else(|_| number.to_owned(), |n| format!("{n:.1}")),
        _ => number.to_owned(),
    }
}

/// The newest value of every series that has one: one search for all.
pub async fn latest(fhir: &Fhir, page: &Page, patient: &str) -> Result<Vec<Latest>, PeerError> {
    let all: Vec<String> = SERIES.iter().map(codes).collect();
    let all = all.join(",");
    let search = [
        ("patient", patient),
        ("code", all.as_str()),
        ("_sort", "-date"),
        ("_count", "200"),
    ];
    let found = fhir.search("Observation", &search).await?;
    let newest = |series: &'static Series| {
        let of = |o: &&Value| {
            let codings = o["code"]["coding"].as_array().into_iter().flatten();
            codings
                .filter_map(|c| c["code"].as_str())
                .any(|code| series.codes.contains(&code))
        };
        let point = found.iter().filter(of).find_map(|o| point(o, series))?;
        Some(Latest {
            key: series.key,
            name: page.t(&format!("value-{}", series.key)),
            value: page.decimal(&point.value),
            unit: series.unit,
            at: page.fhir_date(&point.at),
        })
    };
    Ok(SERIES.iter().filter_map(newest).collect())
}

/// The chart with its table; `None` when there is nothing to draw.
pub fn chart(page: &Page, series: &Series, points: &[Point]) -> Option<Html> {
    (!points.is_empty()).then(|| crate::pages::drawing::chart(page, series, points))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_component_of_a_panel_is_a_point() {
        let panel = json!({"status": "final", "effectiveDateTime": "2026-01-02", "component": [
            {"code": {"coding": [{"code": "8462-4"}]}, "valueQuantity": {"value": 80}},
            {"code": {"coding": [{"code": "8480-6"}]}, "valueQuantity": {"value": 131.123456}}]});
        assert_eq!(point(&panel, chosen("sistolica")).unwrap().value, "131.1");
        assert_eq!(point(&panel, chosen("diastolica")).unwrap().value, "80");
        assert!(
            point(
                &json!({"status": "entered-in-error", "valueQuantity": {"value": 1}}),
                chosen("peso")
            )
            .is_none()
        );
    }
}
