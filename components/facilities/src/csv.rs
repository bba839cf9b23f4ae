//! Comma-separated values (RFC 4180): what the ministry's tables are, what people import, what is exported.

/// Rows read from one text at most.
pub const MAX_ROWS: usize = 5_000;

/// A text that is no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A quote that is not closed, in the row that begins on this line.
    Quote(usize),
    /// More rows than [`MAX_ROWS`].
    Rows,
}

/// The rows of a text, quotes taken away. `separator` parts cells.
///
/// # Errors
/// See [`Wrong`].
pub fn read(text: &str, separator: char) -> Result<Vec<Vec<String>>, Wrong> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut line, mut began) = (false, 1, 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                push(&mut rows, &mut row)?;
                began = line;
            }
            c if c == separator && !quoted => row.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    if quoted {
        return Err(Wrong::Quote(began));
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        push(&mut rows, &mut row)?;
    }
    Ok(rows)
}

/// Empty lines are no rows.
fn push(rows: &mut Vec<Vec<String>>, row: &mut Vec<String>) -> Result<(), Wrong> {
    let row = std::mem::take(row);
    if row.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(());
    }
    if rows.len() > MAX_ROWS {
        return Err(Wrong::Rows);
    }
    rows.push(row);
    Ok(())
}

/// A row as a line. A cell that a spreadsheet would take for a formula is led by an apostrophe.
pub fn line(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t']) && cell.parse::<f64>().is_err();
        let cell = if formula { format!("'{cell}") } else { cell.clone() };
        match cell.contains([',', '"', '\n', '\r', ';']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell,
        }
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let rows = vec![
            vec!["a".to_owned(), "con \"virgolette\"".into(), "due\nrighe".into()],
            vec!["1".into(), String::new(), "x,y;z".into()],
        ];
        let text: String = rows.iter().map(|row| line(row)).collect();
        assert_eq!(read(&text, ',').unwrap(), rows);
        assert_eq!(read("a;b\n\n\"c\n", ';'), Err(Wrong::Quote(3)));
    }

    #[test]
    fn no_cell_becomes_a_formula() {
        assert_eq!(line(&["=1+1".into(), "-3.5".into()]), "'=1+1,-3.5\r\n");
    }
}
