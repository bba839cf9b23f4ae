//! Labels, broken into lines.

use crate::html::escape;
use bpmn::Bounds;
use std::fmt::Write as _;

/// Average width of a character at 12 px Arial.
const CHAR: f64 = 6.1;
const LINE: f64 = 14.0;

/// Breaks at spaces (inside a word only when it is longer than a line); at most `lines`, the last one ends with `…`
/// when something is left out.
pub(super) fn wrap(text: &str, width: f64, lines: usize) -> Vec<String> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number of characters"
    )]
    let room = ((width / CHAR).floor().max(3.0)) as usize;
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word.to_owned();
        loop {
            let used = line.chars().count();
            let needed = word.chars().count() + usize::from(used > 0);
            if used + needed <= room {
                if used > 0 {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if used > 0 {
                out.push(std::mem::take(&mut line));
                continue;
            }
            let cut = word.char_indices().nth(room - 1).map_or(word.len(), |(i, _)| i);
            let rest = word.split_off(cut);
            out.push(format!("{word}-"));
            word = rest;
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    if out.len() > lines {
        out.truncate(lines);
        if let Some(last) = out.last_mut() {
            last.push('…');
        }
    }
    out
}

/// Writes a label in the middle of a rectangle.
pub(super) fn centred(text: &str, within: Bounds, padding: f64, out: &mut String) {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number of lines"
    )]
    let most = ((within.height - 4.0) / LINE).floor().max(1.0) as usize;
    let lines = wrap(text, within.width - 2.0 * padding, most);
    #[allow(clippy::cast_precision_loss, reason = "a handful of lines")]
    let top = within.y + within.height / 2.0 - (lines.len() as f64 - 1.0) * LINE / 2.0 + 4.2;
    write_lines(&lines, within.x + within.width / 2.0, top, out);
}

/// Writes a label below a point, over as many lines as it takes (six at most).
pub(super) fn below(text: &str, x: f64, y: f64, width: f64, out: &mut String) {
    write_lines(&wrap(text, width, 6), x, y + 12.0, out);
}

fn write_lines(lines: &[String], x: f64, top: f64, out: &mut String) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(out, "<text text-anchor=\"middle\" fill=\"#17324d\">");
    let mut y = top;
    for line in lines {
        let _ = write!(out, "<tspan x=\"{x:.1}\" y=\"{y:.1}\">{}</tspan>", escape(line));
        y += LINE;
    }
    out.push_str("</text>");
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_at_spaces_and_long_words_inside() {
        assert_eq!(wrap("Visita di controllo", 80.0, 3), ["Visita di", "controllo"]);
        assert_eq!(wrap("Elettrocardiogramma", 62.0, 3), ["Elettroca-", "rdiogramma"]);
        assert_eq!(wrap("uno due tre quattro", 30.0, 2), ["uno", "due…"]);
        assert!(wrap("  ", 80.0, 3).is_empty());
    }
}
