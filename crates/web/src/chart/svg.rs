//! The drawing itself, once for wide screens and once for phones, so that the writing has its size on both.

use super::scale::{Axis, month_marks, round_marks};
use super::{Chart, ChartPoint};
use crate::html::escape;
use crate::{Texts, date, decimal};
use jiff::civil::Date;
use std::fmt::Write as _;

const HEIGHT: f64 = 260.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 30.0;

pub(super) struct Canvas<'a> {
    pub chart: &'a Chart,
    pub points: &'a [&'a ChartPoint],
    pub width: f64,
    pub texts: &'a Texts,
}

impl Canvas<'_> {
    pub(super) fn draw(&self, class: &str, summary: &str, out: &mut String) {
        let _ = write!(
            out,
            "<svg class=\"{class}\" viewBox=\"0 0 {} {HEIGHT}\" role=\"img\" font-size=\"13\"><title>{}</title>",
            self.width,
            escape(summary)
        );
        let (marks, decimals) = self.marks();
        let y = Axis {
            low: marks.first().copied().unwrap_or(0.0),
            high: marks.last().copied().unwrap_or(1.0),
            from: HEIGHT - BOTTOM,
            to: TOP,
        };
        let x = self.days();
        self.band(&y, out);
        self.grid(&marks, decimals, &y, out);
        self.months(&x, out);
        self.target(&y, out);
        self.line(&x, &y, out);
        out.push_str("</svg>");
    }

    fn marks(&self) -> (Vec<f64>, usize) {
        let values = self.points.iter().map(|p| p.value);
        let target = self.chart.target.iter().map(|t| t.0);
        let (low, high) = values
            .chain(target)
            .fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        round_marks(low, high, 4.0)
    }

    fn days(&self) -> Axis {
        let (first, last) = (day(self.points[0].at), day(self.points[self.points.len() - 1].at));
        let pad = if last - first < 1.0 { 15.0 } else { 0.0 };
        Axis {
            low: first - pad,
            high: last + pad,
            from: LEFT + 8.0,
            to: self.width - RIGHT - 8.0,
        }
    }

    fn band(&self, y: &Axis, out: &mut String) {
        let Some((low, high)) = self.chart.band else { return };
        let (top, bottom) = (y.place(high.min(y.high)), y.place(low.max(y.low)));
        if bottom > top {
            let _ = write!(
                out,
                "<rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#d6f0e3\"></rect>",
                self.width - LEFT - RIGHT,
                bottom - top
            );
        }
    }

    fn grid(&self, marks: &[f64], decimals: usize, y: &Axis, out: &mut String) {
        for mark in marks {
            let at = y.place(*mark);
            let text = decimal(&format!("{mark:.decimals$}"), self.texts.lang());
            let _ = write!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#d9dadb\"></line>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#455b71\">{}</text>",
                self.width - RIGHT,
                LEFT - 6.0,
                at + 4.5,
                escape(&text)
            );
        }
    }

    fn months(&self, x: &Axis, out: &mut String) {
        let (first, last) = (self.points[0].at, self.points[self.points.len() - 1].at);
        let count = if self.width < 500.0 { 3 } else { 6 };
        for mark in month_marks(first, last, count) {
            let at = x.place(day(mark));
            let exact = mark.day() != 1 || first == last;
            let text = if exact {
                date(mark)
            } else {
                format!("{:02}/{}", mark.month(), mark.year())
            };
            let room = if exact { 36.0 } else { 24.0 };
            let middle = at.clamp(LEFT + room - 8.0, self.width - room);
            let _ = write!(
                out,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#455b71\"></line>\
                 <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#455b71\">{text}</text>",
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 5.0,
                HEIGHT - 8.0
            );
        }
    }

    fn target(&self, y: &Axis, out: &mut String) {
        let Some((value, label)) = &self.chart.target else {
            return;
        };
        let at = y.place(*value);
        let shown = decimal(&value.to_string(), self.texts.lang());
        let _ = write!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#007a52\" stroke-width=\"2\" \
             stroke-dasharray=\"6 4\"></line><text x=\"{:.1}\" y=\"{:.1}\" fill=\"#006b48\" font-weight=\"600\">{} {}</text>",
            self.width - RIGHT,
            LEFT + 6.0,
            at - 5.0,
            escape(label),
            escape(&shown)
        );
    }

    fn line(&self, x: &Axis, y: &Axis, out: &mut String) {
        let place = |p: &ChartPoint| (x.place(day(p.at)), y.place(p.value));
        let path: Vec<String> = self
            .points
            .iter()
            .map(|p| place(p))
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = write!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#0066cc\" stroke-width=\"2.5\"></polyline>",
            path.join(" ")
        );
        for point in self.points {
            let (x, y) = place(point);
            let value = decimal(&point.text, self.texts.lang());
            let _ = write!(
                out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#0066cc\"><title>{}: {} {}</title></circle>",
                date(point.at),
                escape(&value),
                escape(&self.chart.unit)
            );
        }
        if let Some(last) = self.points.last() {
            let (x, y) = place(last);
            let _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-weight=\"700\" fill=\"#17324d\">{}</text>",
                x + 6.0,
                if y < TOP + 20.0 { y + 20.0 } else { y - 9.0 },
                escape(&decimal(&last.text, self.texts.lang()))
            );
        }
    }
}

/// Days since the epoch.
fn day(at: Date) -> f64 {
    f64::from((at - jiff::civil::date(1970, 1, 1)).get_days())
}
