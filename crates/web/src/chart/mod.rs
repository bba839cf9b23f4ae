//! A line over time as SVG made on the server, with its data as a table: readable without scripts, on paper, on a phone
//! and by a screen reader.

mod scale;
mod svg;

use crate::html::escape;
use crate::{Html, Texts, date, decimal};
use jiff::civil::Date;
use std::fmt::Write as _;

/// Most points drawn; of more the newest are.
pub const MAX_POINTS: usize = 500;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartPoint {
    /// Day.
    pub at: Date,
    /// Value for the drawing.
    pub value: f64,
    /// Value as it was recorded, e.g. `7.40`.
    pub text: String,
}

/// A time series of one quantity.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chart {
    /// Caption, e.g. `HbA1c`.
    pub title: String,
    /// Unit, e.g. `mmol/mol`.
    pub unit: String,
    /// Measurements in any order.
    pub points: Vec<ChartPoint>,
    /// Reference band (low, high).
    pub band: Option<(f64, f64)>,
    /// Target: a value not to be exceeded (or reached), with its label, e.g. `obiettivo`.
    pub target: Option<(f64, String)>,
}

impl Chart {
    /// The figure; without points a line that says so.
    pub fn html(&self, texts: &Texts) -> Html {
        let points = self.sorted();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            let none = texts.get("chart-none", &[("title", self.title.as_str().into())]);
            return Html(format!("<p class=\"sf-chart-none\">{}</p>", escape(&none)));
        };
        let summary = texts.get(
            "chart-summary",
            &[
                ("title", self.title.as_str().into()),
                ("n", points.len().into()),
                ("from", date(first.at).into()),
                ("to", date(last.at).into()),
                ("last", decimal(&last.text, texts.lang()).into()),
                ("unit", self.unit.as_str().into()),
            ],
        );
        let mut out = String::from("<figure class=\"sf-chart\">");
        let _ = write!(
            out,
            "<figcaption>{} <small>({})</small></figcaption>",
            escape(&self.title),
            escape(&self.unit)
        );
        for (class, width) in [("sf-wide", 760.0), ("sf-narrow", 340.0)] {
            let canvas = svg::Canvas {
                chart: self,
                points: &points,
                width,
                texts,
            };
            canvas.draw(class, &summary, &mut out);
        }
        self.table(&points, texts, &mut out);
        out.push_str("</figure>");
        Html(out)
    }

    fn sorted(&self) -> Vec<&ChartPoint> {
        let mut points: Vec<&ChartPoint> = self.points.iter().filter(|p| p.value.is_finite()).collect();
        points.sort_by_key(|p| p.at);
        let cut = points.len().saturating_sub(MAX_POINTS);
        points.split_off(cut)
    }

    fn table(&self, points: &[&ChartPoint], texts: &Texts, out: &mut String) {
        let _ = write!(
            out,
            "<details><summary>{}</summary><table class=\"sf-table\"><thead><tr><th scope=\"col\">{}</th>\
             <th scope=\"col\" class=\"sf-number\">{} ({})</th></tr></thead><tbody>",
            escape(&texts.t("chart-table")),
            escape(&texts.t("chart-date")),
            escape(&self.title),
            escape(&self.unit)
        );
        for point in points.iter().rev() {
            let value = decimal(&point.text, texts.lang());
            let _ = write!(
                out,
                "<tr><td>{}</td><td class=\"sf-number\">{}</td></tr>",
                date(point.at),
                escape(&value)
            );
        }
        out.push_str("</tbody></table></details>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[(&str, &str)]) -> Chart {
        let point = |(at, text): &(&str, &str)| ChartPoint {
            at: at.parse().unwrap(),
            value: text.parse().unwrap(),
            text: (*text).to_owned(),
        };
        Chart {
            title: "HbA1c".into(),
            unit: "mmol/mol".into(),
            points: values.iter().map(point).collect(),
            band: Some((20.0, 42.0)),
            target: Some((53.0, "obiettivo".into())),
        }
    }

    #[test]
    fn a_series_in_any_order() {
        let html = chart(&[("2026-05-10", "58"), ("2025-01-15", "71.5"), ("2026-11-02", "51")]).html(&Texts::base());
        insta::assert_snapshot!(html.0);
    }

    #[test]
    fn no_point_one_point_and_equal_points_are_drawn() {
        let texts = Texts::base();
        assert!(chart(&[]).html(&texts).0.contains("Nessuna misura"));
        for values in [
            &[("2026-05-10", "58")][..],
            &[("2026-05-10", "58"), ("2026-05-10", "58")],
        ] {
            let html = chart(values).html(&texts).0;
            assert!(
                html.contains("<circle") && !html.contains("NaN") && !html.contains("inf"),
                "{html}"
            );
        }
    }

    #[test]
    fn the_number_of_points_is_limited() {
        let many: Vec<ChartPoint> = (0..2000)
            .map(|n| ChartPoint {
                at: "2020-01-01".parse().unwrap(),
                value: f64::from(n),
                text: n.to_string(),
            })
            .collect();
        let html = Chart {
            points: many,
            ..Chart::default()
        }
        .html(&Texts::base())
        .0;
        assert_eq!(html.matches("<tr>").count(), MAX_POINTS + 1);
    }
}
