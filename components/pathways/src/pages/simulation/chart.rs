//! Bars with their confidence intervals, as SVG made on the server. The same figures stand in a table beside it.

use simulation::Estimate;
use std::fmt::Write as _;
use web::Html;

/// Most bars of one chart.
const MAX_BARS: usize = 12;
const ROW: f64 = 34.0;
const LEFT: f64 = 8.0;
const WIDTH: f64 = 480.0;

/// One bar.
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Value and interval.
    pub value: Estimate,
    /// Value in words.
    pub text: String,
}

fn escape(text: &str) -> String {
    Html::text(text).0
}

/// The figure; `most` is the end of the scale, the largest value without one. Empty without bars.
pub fn bars(title: &str, bars: &[Bar], most: Option<f64>) -> Html {
    let bars = &bars[..bars.len().min(MAX_BARS)];
    let largest = bars
        .iter()
        .map(|bar| bar.value.high.unwrap_or(bar.value.mean))
        .fold(0.0, f64::max);
    let scale = most.unwrap_or(largest).max(largest);
    if bars.is_empty() || scale <= 0.0 {
        return Html(String::new());
    }
    let height = ROW * bars.len() as f64 + 4.0;
    let room = WIDTH - 2.0 * LEFT;
    let place = |value: f64| LEFT + room * (value / scale).clamp(0.0, 1.0);
    let mut out = format!(
        "<figure class=\"sf-chart\"><figcaption>{0}</figcaption><svg xmlns=\"http://www.w3.org/2000/svg\" \
         viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"100%\" role=\"img\" font-size=\"12\"><title>{0}</title>",
        escape(title)
    );
    for (row, bar) in bars.iter().enumerate() {
        let top = ROW * row as f64;
        let end = place(bar.value.mean);
        let _ = write!(
            out,
            "<text x=\"{LEFT:.0}\" y=\"{:.1}\" fill=\"#17324d\">{}: {}</text>\
             <rect x=\"{LEFT:.0}\" y=\"{:.1}\" width=\"{room:.1}\" height=\"12\" fill=\"#e8edf2\"/>\
             <rect x=\"{LEFT:.0}\" y=\"{:.1}\" width=\"{:.1}\" height=\"12\" fill=\"#0066cc\"/>",
            top + 13.0,
            escape(&bar.name),
            escape(&bar.text),
            top + 18.0,
            top + 18.0,
            (end - LEFT).max(1.0),
        );
        if let (Some(low), Some(high)) = (bar.value.low, bar.value.high) {
            let (low, high, y) = (place(low.max(0.0)), place(high), top + 24.0);
            let _ = write!(
                out,
                "<path d=\"M{low:.1} {y:.1}H{high:.1}M{low:.1} {:.1}v8M{high:.1} {:.1}v8\" stroke=\"#17324d\" \
                 stroke-width=\"2\" fill=\"none\"/>",
                y - 4.0,
                y - 4.0
            );
        }
    }
    out.push_str("</svg></figure>");
    Html(out)
}
