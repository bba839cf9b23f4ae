//! Groups of questions, those with rows, and files.

use super::field::{Described, Fields};
use super::files;
use super::item::{Item, Kind};
use super::rows::{ADD, REMOVE};
use super::{FILE_TYPES, MAX_FILE_BYTES};
use crate::html::escape;
use std::fmt::Write as _;

impl Fields<'_> {
    pub(super) fn group(&self, item: &Item, level: usize, out: &mut String) {
        let _ = write!(
            out,
            "<fieldset class=\"sf-group\" id=\"{}\"{}>",
            item.field_id(),
            self.when(item)
        );
        if !item.text.is_empty() {
            let _ = write!(out, "<legend>{}</legend>", escape(&item.text));
        }
        self.hint(item, out);
        out.push('\n');
        self.items(&item.items, level + 1, out);
        out.push_str("</fieldset>\n");
    }

    /// A group with rows: each a group of its own with a button that takes it away, and one button that adds another.
    /// The buttons send the form, so they need no script; it comes back with what was typed.
    pub(super) fn rows(&self, item: &Item, level: usize, out: &mut String) {
        let id = item.field_id();
        let count = item.items.len();
        let _ = write!(
            out,
            "<fieldset class=\"sf-group sf-rows\" id=\"{id}\" tabindex=\"-1\"{}><legend>{}{}</legend>",
            self.when(item),
            escape(&item.text),
            self.mark(item)
        );
        self.lines(item, out);
        let _ = writeln!(
            out,
            "<input type=\"hidden\" name=\"{}\" value=\"{count}\">",
            escape(&item.rows_name())
        );
        let limits = item.rows.filter(|_| !item.read_only);
        for (n, row) in item.items.iter().enumerate() {
            let label = self.texts.get("form-row", &[("n", (n + 1).into())]);
            let _ = write!(
                out,
                "<fieldset class=\"sf-group sf-row\" id=\"{}\"><legend>{}</legend>",
                row.field_id(),
                escape(&label)
            );
            self.items(&row.items, level + 2, out);
            if limits.is_some_and(|l| count > l.min) {
                let remove = self.texts.get("form-row-remove", &[("n", (n + 1).into())]);
                self.button(REMOVE, &row.link, &remove, out);
            }
            out.push_str("</fieldset>\n");
        }
        if limits.is_some_and(|l| count < l.max) {
            let add = self.texts.get("form-row-add", &[("label", item.text.as_str().into())]);
            self.button(ADD, &item.link, &add, out);
        }
        out.push_str("</fieldset>\n");
    }

    #[allow(clippy::unused_self, reason = "called as its siblings are")]
    fn button(&self, name: &str, value: &str, label: &str, out: &mut String) {
        let _ = writeln!(
            out,
            "<button class=\"btn btn-outline-primary btn-xs\" type=\"submit\" name=\"{name}\" value=\"{}\" \
             formnovalidate>{}</button>",
            escape(value),
            escape(label)
        );
    }

    pub(super) fn attachment(&self, item: &Item, described: &Described, out: &mut String) {
        let types = item
            .upload
            .as_ref()
            .map_or_else(|| FILE_TYPES.join(","), |limits| limits.types.join(","));
        let many = if item.repeats { " multiple" } else { "" };
        let off = if item.read_only { " disabled" } else { "" };
        let _ = write!(
            out,
            "<input class=\"form-control\" type=\"file\" id=\"{}\" name=\"{}\" accept=\"{types}\"{many}{off}{}>",
            item.field_id(),
            escape(&item.link),
            described.attributes(item.required)
        );
    }

    /// What a text or a file must be, before it is given.
    pub(super) fn expected(&self, item: &Item) -> Option<String> {
        if item.kind == Kind::Attachment {
            let upload = item.upload.as_ref();
            let types = upload.map_or_else(|| FILE_TYPES.map(str::to_owned).to_vec(), |u| u.types.clone());
            let max = files::megabytes(upload.map_or(MAX_FILE_BYTES, |u| u.max_bytes));
            let args = [("types", files::says(&types).into()), ("max", max.into())];
            let said = self.texts.get("form-file", &args);
            // A browser never fills in a file: after an error it has to be chosen again.
            let again = (!self.entry.errors().is_empty()).then(|| self.texts.t("form-file-again"));
            return Some([Some(said), again].into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
        if let Some(format) = &item.format {
            return Some(self.texts.get("form-format", &[("format", format.as_str().into())]));
        }
        (item.min_length > 0).then(|| self.texts.get("form-min-length", &[("min", item.min_length.into())]))
    }
}
