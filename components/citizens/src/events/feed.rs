//! A file or body of events: NDJSON (one event a line), a JSON event or array, or CSV by the layout of `rules/eventi.json`.

use super::event::{Data, Event, Kind};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Events taken at once.
pub const MAX_EVENTS: usize = 50_000;

/// One line: its number from one, and the event or what is wrong with it (Italian).
pub type Line = (usize, Result<Event, String>);

#[derive(Deserialize)]
struct Layout {
    separator: char,
    columns: BTreeMap<String, String>,
    kinds: BTreeMap<String, Kind>,
    status: String,
}

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/eventi.json")).expect("rules/eventi.json is well formed")
});

/// Whether nobody confirmed the layout of the CSV.
pub(super) fn is_unverified() -> bool {
    LAYOUT.status != "verified"
}

/// The events of a text, whichever of the forms it is in.
///
/// # Errors
/// The text as a whole cannot be read: too many lines, a CSV without the columns.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = match text.trim_start().chars().next() {
        None => return Err("il file è vuoto".into()),
        Some('[') => {
            let all: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
            all.into_iter()
                .enumerate()
                .map(|(n, one)| (n + 1, value(one)))
                .collect()
        }
        Some('{') => json_lines(text),
        Some(_) => csv(text)?,
    };
    if lines.len() > MAX_EVENTS {
        return Err(format!(
            "{} eventi: al massimo {MAX_EVENTS} per volta, dividere il file",
            lines.len()
        ));
    }
    Ok(lines)
}

fn value(one: serde_json::Value) -> Result<Event, String> {
    let event: Event = serde_json::from_value(one).map_err(|error| error.to_string())?;
    event.checked().map_err(|error| error.to_string())
}

fn json_lines(text: &str) -> Vec<Line> {
    // One event, perhaps written over several lines.
    if let Ok(one) = serde_json::from_str(text) {
        return vec![(1, value(one))];
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(n, line)| {
            let parsed = serde_json::from_str(line).map_err(|error| error.to_string());
            (n + 1, parsed.and_then(value))
        })
        .collect()
}

fn csv(text: &str) -> Result<Vec<Line>, String> {
    let layout = &*LAYOUT;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, head)) = lines.next() else {
        return Err("il file è vuoto".into());
    };
    let head = cells(head, layout.separator);
    let at = |field: &str| {
        head.iter()
            .position(|name| Some(name.trim()) == layout.columns.get(field).map(String::as_str))
    };
    for field in ["id", "kind", "date", "person"] {
        if at(field).is_none() {
            let name = layout.columns.get(field).map_or("", String::as_str);
            return Err(format!(
                "manca la colonna {name}: la prima riga deve portare i nomi delle colonne"
            ));
        }
    }
    let read = |(n, line): (usize, &str)| {
        let cells = cells(line, layout.separator);
        let cell = |field: &str| {
            at(field)
                .and_then(|at| cells.get(at))
                .map(|cell| cell.trim())
                .unwrap_or_default()
        };
        (n + 1, event(layout, cell))
    };
    Ok(lines.map(read).collect())
}

fn event<'a>(layout: &Layout, cell: impl Fn(&str) -> &'a str) -> Result<Event, String> {
    let text = |field: &str| Some(cell(field).to_owned()).filter(|text| !text.is_empty());
    let kind = layout.kinds.get(&cell("kind").to_uppercase());
    let kind = kind.ok_or_else(|| format!("tipo '{}' sconosciuto", cell("kind")))?;
    let date = codicefiscale::reading::date(cell("date")).or_else(|| cell("date").parse().ok());
    let sex = match cell("sex").to_uppercase().as_str() {
        "M" => Some("male".to_owned()),
        "F" => Some("female".to_owned()),
        _ => None,
    };
    let event = Event {
        id: cell("id").to_owned(),
        kind: *kind,
        date: date.ok_or_else(|| format!("data '{}' non valida: aaaa-mm-gg o gg/mm/aaaa", cell("date")))?,
        person: cell("person").to_owned(),
        data: Data {
            family: text("family"),
            given: text("given"),
            sex,
            municipality: text("municipality"),
            line: text("line"),
            country: text("country"),
            new_code: text("new_code"),
            survivor: text("survivor"),
        },
    };
    event.checked().map_err(|error| error.to_string())
}

/// The cells of a line; a cell in double quotes may hold the separator.
pub(crate) fn cells(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut quoted, mut chars) = (false, line.trim_end_matches('\r').chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells.last_mut().expect("there is one").push('"');
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("there is one").push(c),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_event_is_read_from_every_form() {
        let json = r#"{"id":"e1","kind":"death","date":"2026-01-31","person":"rssmra80a01f839w"}"#;
        let csv = "ID_EVENTO;TIPO;DATA_EVENTO;CODICE_FISCALE\r\ne1;D;31/01/2026;RSSMRA80A01F839W\r\n";
        let one = read(json).unwrap().remove(0).1.unwrap();
        assert_eq!(read(csv).unwrap().remove(0).1.unwrap(), one);
        assert_eq!(read(&format!("[{json}]")).unwrap().remove(0).1.unwrap(), one);
        assert_eq!((one.kind, one.person.as_str()), (Kind::Death, "RSSMRA80A01F839W"));
        let lines = read(&format!("{json}\n{{\"id\":\"e2\"}}\n")).unwrap();
        assert!(lines[0].1.is_ok() && lines[1].1.is_err());
        assert!(read("A;B\n1;2").unwrap_err().contains("ID_EVENTO"));
    }

    #[test]
    fn what_a_kind_needs_is_asked() {
        let lines = read(r#"{"id":"e1","kind":"move","date":"2026-01-31","person":"RSSMRA80A01F839W"}"#).unwrap();
        assert!(lines[0].1.as_ref().unwrap_err().contains("municipality"));
    }
}
