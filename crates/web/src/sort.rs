//! Tables that sort by link: `?ordina=scadenza`, `?ordina=-scadenza`.

use crate::html::escape;
use crate::{Html, Page};

/// The order of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Column.
    pub column: String,
    /// Greatest first.
    pub descending: bool,
    /// The rest of the query, kept in the links.
    rest: String,
}

impl Sort {
    /// From a request's query (without `?`). A column that is not among `columns` gives the first one, ascending.
    pub fn of(query: &str, columns: &[&str]) -> Self {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let asked = pairs
            .iter()
            .find(|(k, _)| k == "ordina")
            .map_or("", |(_, v)| v.as_str());
        let (descending, name) = asked.strip_prefix('-').map_or((false, asked), |name| (true, name));
        let known = columns.iter().find(|c| **c == name);
        let kept: Vec<&(String, String)> = pairs.iter().filter(|(k, _)| k != "ordina" && k != "dopo").collect();
        Self {
            column: known.or(columns.first()).map_or(String::new(), |c| (*c).to_owned()),
            descending: descending && known.is_some(),
            rest: serde_urlencoded::to_string(kept).unwrap_or_default(),
        }
    }

    /// A heading cell `<th>` with its sorting link; `key` is the message of its label.
    pub fn heading(&self, page: &Page, column: &str, key: &str) -> Html {
        let label = page.t(key);
        let current = self.column == column;
        let (aria, arrow) = match (current, self.descending) {
            (false, _) => ("none", ""),
            (true, false) => ("ascending", " ↑"),
            (true, true) => ("descending", " ↓"),
        };
        let minus = if current && !self.descending { "-" } else { "" };
        let rest = if self.rest.is_empty() {
            String::new()
        } else {
            format!("&{}", self.rest)
        };
        let hint = page.t1("sort-by", "column", label.as_str());
        Html(format!(
            "<th scope=\"col\" aria-sort=\"{aria}\"><a href=\"?ordina={minus}{column}{}\" title=\"{}\">{}</a><span aria-hidden=\"true\">{arrow}</span></th>",
            escape(&rest),
            escape(&hint),
            escape(&label)
        ))
    }

    /// Sorts rows by a key.
    pub fn apply<T, K: Ord>(&self, rows: &mut [T], key: impl Fn(&T) -> K) {
        rows.sort_by_key(key);
        if self.descending {
            rows.reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sort;

    #[test]
    fn only_known_columns_sort_and_the_rest_of_the_query_stays() {
        let sort = Sort::of("fase=2&ordina=-nome&dopo=x", &["scadenza", "nome"]);
        assert_eq!(
            (sort.column.as_str(), sort.descending, sort.rest.as_str()),
            ("nome", true, "fase=2")
        );
        assert_eq!(Sort::of("ordina=-password", &["scadenza"]).column, "scadenza");
        let mut rows = vec![2, 3, 1];
        sort.apply(&mut rows, |n| *n);
        assert_eq!(rows, [3, 2, 1]);
    }
}
