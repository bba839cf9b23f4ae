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
    /// Units a value may come in (UCUM code, or the text where there is no code), each with how it becomes the unit
    /// shown. A value in any other unit is not shown: a number on the wrong scale is worse than none.
    pub accepts: &'static [(&'static str, Scale)],
}

/// How a number becomes the unit shown: `number * factor + offset`.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    factor: f64,
    offset: f64,
}

/// The unit shown itself.
const SAME: Scale = times(1.0);

const fn times(factor: f64) -> Scale {
    Scale { factor, offset: 0.0 }
}

/// NGSP percent to IFCC mmol/mol: 10.93 x % - 23.5 (IFCC-NGSP master equation, Clin Chem 2004;50:166).
const NGSP: Scale = Scale {
    factor: 10.93,
    offset: -23.5,
};

/// The values of the diabetes pathway. LOINC: panel and component codes of blood pressure included.
pub const SERIES: &[Series] = &[
    series(
        "hba1c",
        &["59261-8", "4548-4"],
        "mmol/mol",
        &[("mmol/mol", SAME), ("%", NGSP)],
    ),
    series(
        "glicemia",
        &["1558-6", "2345-7", "2339-0"],
        "mg/dL",
        &[("mg/dL", SAME), ("mmol/L", times(18.016))],
    ),
    series(
        "ldl",
        &["18262-6", "13457-7", "2089-1"],
        "mg/dL",
        &[("mg/dL", SAME), ("mmol/L", times(38.67))],
    ),
    series(
        "egfr",
        &["33914-3", "62238-1", "98979-8"],
        "mL/min/1,73 m²",
        &[
            ("mL/min/{1.73_m2}", SAME),
            ("mL/min/1.73.m2", SAME),
            ("mL/min/1.73m2", SAME),
            ("mL/min", SAME),
        ],
    ),
    series(
        "acr",
        &["14959-1", "9318-7"],
        "mg/g",
        &[("mg/g", SAME), ("mg/mmol", times(8.84)), ("ug/mg", SAME)],
    ),
    Series {
        component: Some("8480-6"),
        ..series("sistolica", &["8480-6", "85354-9", "55284-4"], "mmHg", MMHG)
    },
    Series {
        component: Some("8462-4"),
        ..series("diastolica", &["8462-4", "85354-9", "55284-4"], "mmHg", MMHG)
    },
    series(
        "peso",
        &["29463-7"],
        "kg",
        &[("kg", SAME), ("g", times(0.001)), ("[lb_av]", times(0.453_592_37))],
    ),
    series("bmi", &["39156-5"], "kg/m²", &[("kg/m2", SAME)]),
];

const MMHG: &[(&str, Scale)] = &[("mm[Hg]", SAME), ("mmHg", SAME)];

const fn series(
    key: &'static str,
    codes: &'static [&'static str],
    unit: &'static str,
    accepts: &'static [(&'static str, Scale)],
) -> Series {
    Series {
        key,
        codes,
        component: None,
        unit,
        accepts,
    }
}

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
    let unit = quantity["code"].as_str().or_else(|| quantity["unit"].as_str())?;
    let (_, scale) = series.accepts.iter().find(|(name, _)| *name == unit)?;
    let value = match &quantity["value"] {
        Value::Number(number) => scaled(&number.to_string(), *scale)?,
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

/// The day of a FHIR date or dateTime, in Italy; of a part of a date its first day.
pub fn day(text: &str) -> Option<jiff::civil::Date> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(web::local_date(at));
    }
    let full = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    full.parse().ok()
}

/// In the unit shown. As it was written where nothing changes; else, and where a device sent fifteen decimals, with one;
/// HbA1c made from % is a whole number of mmol/mol, as its tables have it.
fn scaled(number: &str, scale: Scale) -> Option<String> {
    let decimals = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if scale.factor == 1.0 && scale.offset == 0.0 && decimals <= 2 {
        return Some(number.to_owned());
    }
    let value = number.parse::<f64>().ok()? * scale.factor + scale.offset;
    if scale.offset != 0.0 {
        return Some(format!("{value:.0}"));
    }
    let text = format!("{value:.1}");
    Some(text.strip_suffix(".0").map_or(text.clone(), str::to_owned))
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
pub fn chart(page: &Page, series: &Series, points: &[Point], target: Option<f64>) -> Option<Html> {
    (!points.is_empty()).then(|| crate::pages::drawing::chart(page, series, points, target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn units_do_not_mix() {
        let value = |code: &str, value: f64| {
            let observation = json!({"status": "final", "effectiveDateTime": "2026-01-02",
                "valueQuantity": {"value": value, "code": code}});
            point(&observation, chosen("hba1c")).map(|p| p.value)
        };
        // The pairs of the Italian standards: 6,5% is 48 mmol/mol, 7% is 53.
        assert_eq!(value("%", 6.5).as_deref(), Some("48"));
        assert_eq!(value("%", 7.0).as_deref(), Some("53"));
        assert_eq!(value("mmol/mol", 51.0).as_deref(), Some("51.0"));
        assert_eq!(value("g/L", 51.0), None);
    }

    #[test]
    fn a_component_of_a_panel_is_a_point() {
        let panel = json!({"status": "final", "effectiveDateTime": "2026-01-02", "component": [
            {"code": {"coding": [{"code": "8462-4"}]}, "valueQuantity": {"value": 80, "code": "mm[Hg]"}},
            {"code": {"coding": [{"code": "8480-6"}]}, "valueQuantity": {"value": 131.123456, "unit": "mmHg"}}]});
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
