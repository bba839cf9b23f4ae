//! Which column of a file holds which field: shown to be corrected, read back from the form.

use super::{Column, Csv};

/// A column as it is shown beside the choice of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its place, the first being 0; the form sends its field as `colonna-<place>`.
    pub at: usize,
    /// Its name in the file.
    pub name: String,
    /// The first cell that is not empty.
    pub example: String,
    /// Field; empty: not imported.
    pub field: String,
}

/// The columns of a file with the field of each.
pub fn shown(header: &[String], mapping: &[String], file: Option<&Csv>) -> Vec<Shown> {
    let example = |at: usize| {
        let cells = file.into_iter().flat_map(|csv| &csv.rows).filter_map(|row| row.get(at));
        cells
            .take(100)
            .find(|cell| !cell.is_empty())
            .cloned()
            .unwrap_or_default()
    };
    let names = header.iter().zip(mapping).enumerate();
    names
        .map(|(at, (name, field))| Shown {
            at,
            name: name.clone(),
            example: example(at),
            field: field.clone(),
        })
        .collect()
}

/// The field of each of `width` columns, as the form of [`shown`] sends them; what is no field is not imported.
///
/// # Errors
/// The field that two columns hold.
pub fn chosen(sent: &[(String, String)], width: usize, columns: &[Column]) -> Result<Vec<String>, String> {
    let known = |field: &str| columns.iter().any(|column| column.field == field);
    let mut mapping = vec![String::new(); width];
    for (name, field) in sent.iter().filter(|(_, field)| known(field)) {
        let at = name.strip_prefix("colonna-").and_then(|at| at.parse::<usize>().ok());
        if let Some(place) = at.and_then(|at| mapping.get_mut(at)) {
            place.clone_from(field);
        }
    }
    let twice = mapping
        .iter()
        .enumerate()
        .find(|(at, field)| !field.is_empty() && mapping[..*at].contains(field));
    match twice {
        Some((_, field)) => Err(field.clone()),
        None => Ok(mapping),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_comes_back_and_no_field_stands_twice() {
        let columns = ["nome", "codice"].map(|field| Column {
            field: field.into(),
            names: vec![],
        });
        let file = Csv::read(b"a,b\n,1\nx,2\n").unwrap();
        let mapping = ["nome".to_owned(), String::new()];
        let seen = shown(&file.header, &mapping, Some(&file));
        assert_eq!((seen[0].example.as_str(), seen[1].example.as_str()), ("x", "1"));
        let sent = |fields: [&str; 2]| -> Vec<(String, String)> {
            let named = fields.iter().enumerate();
            named
                .map(|(at, field)| (format!("colonna-{at}"), (*field).to_owned()))
                .chain([("colonna-9".into(), "nome".into()), ("altro".into(), "nome".into())])
                .collect()
        };
        assert_eq!(
            chosen(&sent(["codice", "ignoto"]), 2, &columns),
            Ok(vec!["codice".into(), String::new()])
        );
        assert_eq!(chosen(&sent(["nome", "nome"]), 2, &columns), Err("nome".into()));
    }
}
