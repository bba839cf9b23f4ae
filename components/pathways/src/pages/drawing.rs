//! Charts and diagrams of this component, drawn by the page kit.

use super::patient::values::{Point, Series};
use web::{Html, Page};

/// A process diagram with live and done elements.
pub fn draw(_page: &Page, _process: &str, _source: &str, _live: &[(&str, usize)], _done: &[&str]) -> Html {
    Html::default()
}

/// A chart of a value over time.
pub fn chart(_page: &Page, _series: &Series, _points: &[Point]) -> Html {
    Html::default()
}
