//! One field of each kind as HTML: label, help, error, control, tied together for screen readers.

use super::html::Entry;
use super::item::{Bound, Item, Kind};
use crate::html::escape;
use crate::{Texts, decimal};
use std::fmt::Write as _;

pub(super) struct Fields<'e> {
    pub entry: &'e Entry<'e>,
    pub texts: &'e Texts,
}

/// Ids of the lines that describe a field.
pub(super) struct Described {
    ids: Vec<String>,
    wrong: bool,
}

impl Described {
    pub(super) fn attributes(&self, required: bool) -> String {
        let mut out = String::new();
        if !self.ids.is_empty() {
            let _ = write!(out, " aria-describedby=\"{}\"", self.ids.join(" "));
        }
        if self.wrong {
            out.push_str(" aria-invalid=\"true\"");
        }
        if required {
            out.push_str(" aria-required=\"true\"");
        }
        out
    }
}

impl Fields<'_> {
    pub(super) fn items(&self, items: &[Item], level: usize, out: &mut String) {
        // What other answers decide is on the page all the same: they are given on it.
        let seen = |item: &&Item| !item.hidden && (!item.computed.withheld || item.computed.depends);
        for item in items.iter().filter(seen) {
            match item.kind {
                Kind::Group if item.rows.is_some() => self.rows(item, level, out),
                Kind::Display if item.computed.table.is_some() => super::table::html(item, self.texts, out),
                Kind::Group => self.group(item, level, out),
                Kind::Display => {
                    let _ = writeln!(
                        out,
                        "<p class=\"sf-display\"{}>{}</p>",
                        self.when(item),
                        escape(&item.text)
                    );
                }
                _ => self.question(item, level, out),
            }
        }
    }

    fn question(&self, item: &Item, level: usize, out: &mut String) {
        let error = self.entry.error(item);
        let wrong = if error.is_some() { " sf-wrong" } else { "" };
        let yes_no = if item.kind == Kind::Boolean { " sf-yesno" } else { "" };
        let many = matches!(item.kind, Kind::Boolean)
            || matches!(item.kind, Kind::Choice | Kind::OpenChoice) && (item.repeats || !item.drop_down);
        let tag = if many { "fieldset" } else { "div" };
        let id = item.field_id();
        let _ = write!(out, "<{tag} class=\"sf-field{yes_no}{wrong}\"{}", self.when(item));
        // An error link leads to the whole group of choices; a single control has the id itself.
        let _ = if many {
            write!(out, " id=\"{id}\" tabindex=\"-1\">")
        } else {
            write!(out, ">")
        };
        let label = format!("{}{}", escape(&item.text), self.mark(item));
        let _ = if many {
            write!(out, "<legend>{label}</legend>")
        } else {
            write!(out, "<label for=\"{id}\">{label}</label>")
        };
        let described = self.lines(item, out);
        match item.kind {
            Kind::Boolean => self.boolean(item, &described, out),
            Kind::Choice if item.options.is_empty() => {
                let _ = write!(
                    out,
                    "<p class=\"sf-display\">{}</p>",
                    escape(&self.texts.t("form-no-options"))
                );
            }
            Kind::Choice | Kind::OpenChoice if many => self.choices(item, &described, out),
            Kind::Choice | Kind::OpenChoice => self.select(item, &described, out),
            Kind::Text => self.area(item, &described, out),
            Kind::Attachment => self.attachment(item, &described, out),
            _ => self.input(item, &described, out),
        }
        if !item.items.is_empty() {
            self.items(&item.items, level + 1, out);
        }
        let _ = writeln!(out, "</{tag}>");
    }

    /// That an answer is needed, beside the question.
    pub(super) fn mark(&self, item: &Item) -> String {
        if !item.required {
            return String::new();
        }
        let mark = escape(&self.texts.t("required-mark"));
        format!(" <span class=\"sf-optional\">({mark})</span>")
    }

    /// Help, hint of the condition, error: each a line of its own with an id.
    pub(super) fn lines(&self, item: &Item, out: &mut String) -> Described {
        let id = item.field_id();
        let mut described = Described {
            ids: Vec::new(),
            wrong: false,
        };
        for (n, help) in item.help.iter().enumerate() {
            let _ = write!(out, "<p class=\"sf-help\" id=\"{id}-aiuto{n}\">{}</p>", escape(help));
            described.ids.push(format!("{id}-aiuto{n}"));
        }
        if let Some(range) = self.range(item).or_else(|| self.expected(item)) {
            let _ = write!(out, "<p class=\"sf-help\" id=\"{id}-limiti\">{}</p>", escape(&range));
            described.ids.push(format!("{id}-limiti"));
        }
        self.hint(item, out);
        if let Some(error) = self.entry.error(item) {
            let _ = write!(
                out,
                "<p class=\"sf-error\" id=\"{id}-errore\">{}</p>",
                escape(&error.message)
            );
            described.ids.push(format!("{id}-errore"));
            described.wrong = true;
        }
        described
    }

    fn range(&self, item: &Item) -> Option<String> {
        let say = |bound: &Bound| match bound {
            Bound::Number(n) => decimal(&n.to_string(), self.texts.lang()),
            Bound::Date(day) => crate::date(*day),
        };
        let (min, max) = (item.min.as_ref().map(say), item.max.as_ref().map(say));
        Some(match (min, max) {
            (Some(min), Some(max)) => self
                .texts
                .get("form-range", &[("min", min.into()), ("max", max.into())]),
            (Some(min), None) => self.texts.get("form-range-min", &[("min", min.into())]),
            (None, Some(max)) => self.texts.get("form-range-max", &[("max", max.into())]),
            (None, None) => return None,
        })
    }

    fn boolean(&self, item: &Item, described: &Described, out: &mut String) {
        let given = self.entry.first(&item.link);
        let mut options = vec![("true", self.texts.t("form-yes")), ("false", self.texts.t("form-no"))];
        if !item.required {
            options.push(("", self.texts.t("form-not-given")));
        }
        for (n, (value, label)) in options.iter().enumerate() {
            self.choice(item, "radio", n, value, label, given == *value, described, out);
        }
    }

    fn choices(&self, item: &Item, described: &Described, out: &mut String) {
        let given = self.entry.values(item);
        let kind = if item.repeats { "checkbox" } else { "radio" };
        for (n, option) in item.options.iter().enumerate() {
            self.choice(
                item,
                kind,
                n,
                &option.key,
                &option.label,
                given.contains(&option.key),
                described,
                out,
            );
        }
        let other = self.entry.first(&item.other_name());
        if !item.required && !item.repeats {
            let none = given.is_empty() && other.is_empty();
            let label = self.texts.t("form-not-given");
            self.choice(item, kind, item.options.len(), "", &label, none, described, out);
        }
        self.other(item, out);
    }

    #[allow(clippy::too_many_arguments, reason = "the attributes of one HTML control")]
    fn choice(
        &self,
        item: &Item,
        kind: &str,
        n: usize,
        value: &str,
        label: &str,
        checked: bool,
        described: &Described,
        out: &mut String,
    ) {
        let (id, name) = (item.field_id(), escape(&item.link));
        let mut state = String::from(if checked { " checked" } else { "" });
        if item.read_only {
            state.push_str(" disabled");
        }
        let described = described.attributes(false);
        let _ = write!(
            out,
            "<div class=\"sf-choice\"><input type=\"{kind}\" id=\"{id}-{n}\" name=\"{name}\" value=\"{}\"{state}{described}>\
             <label for=\"{id}-{n}\">{}</label></div>",
            escape(value),
            escape(label)
        );
    }

    fn other(&self, item: &Item, out: &mut String) {
        if item.kind != Kind::OpenChoice {
            return;
        }
        let (id, name) = (item.field_id(), escape(&item.other_name()));
        let _ = write!(
            out,
            "<label for=\"{id}-altro\" class=\"sf-help\">{}</label><input class=\"form-control\" id=\"{id}-altro\" \
             name=\"{name}\" value=\"{}\" maxlength=\"{}\">",
            escape(&self.texts.t("form-other")),
            escape(self.entry.first(&item.other_name())),
            item.max_length
        );
    }

    fn select(&self, item: &Item, described: &Described, out: &mut String) {
        let given = self.entry.first(&item.link);
        let disabled = if item.read_only { " disabled" } else { "" };
        let _ = write!(
            out,
            "<select id=\"{}\" name=\"{}\"{}{disabled}><option value=\"\">{}</option>",
            item.field_id(),
            escape(&item.link),
            described.attributes(item.required),
            escape(&self.texts.t("form-choose"))
        );
        for option in &item.options {
            let chosen = if option.key == given { " selected" } else { "" };
            let _ = write!(
                out,
                "<option value=\"{}\"{chosen}>{}</option>",
                escape(&option.key),
                escape(&option.label)
            );
        }
        out.push_str("</select>");
        self.other(item, out);
    }

    fn area(&self, item: &Item, described: &Described, out: &mut String) {
        let read_only = if item.read_only { " readonly" } else { "" };
        let _ = write!(
            out,
            "<textarea class=\"form-control\" id=\"{}\" name=\"{}\" rows=\"4\" maxlength=\"{}\"{}{read_only}>\n{}</textarea>",
            item.field_id(),
            escape(&item.link),
            item.max_length,
            described.attributes(item.required),
            escape(self.entry.first(&item.link))
        );
    }

    fn input(&self, item: &Item, described: &Described, out: &mut String) {
        let raw = self.entry.first(&item.link);
        let (kind, extra, value) = match item.kind {
            Kind::Integer => (
                "text",
                " inputmode=\"numeric\" autocomplete=\"off\"".to_owned(),
                raw.to_owned(),
            ),
            Kind::Decimal | Kind::Quantity => {
                let extra = " inputmode=\"decimal\" autocomplete=\"off\"".to_owned();
                // What the person typed stays as typed; a stored number is written as Italians do.
                let value = if self.entry.error(item).is_some() {
                    raw.to_owned()
                } else {
                    self.number(raw)
                };
                ("text", extra, value)
            }
            Kind::Date => ("date", date_limits(item), raw.to_owned()),
            Kind::DateTime => ("datetime-local", String::new(), local(raw)),
            Kind::Time => ("time", String::new(), raw.to_owned()),
            Kind::Url => ("url", format!(" maxlength=\"{}\"", item.max_length), raw.to_owned()),
            _ => ("text", format!(" maxlength=\"{}\"", item.max_length), raw.to_owned()),
        };
        let short = if matches!(item.kind, Kind::String | Kind::Url) {
            ""
        } else {
            " sf-short"
        };
        let read_only = if item.read_only { " readonly" } else { "" };
        let control = format!(
            "<input class=\"form-control{short}\" type=\"{kind}\" id=\"{}\" name=\"{}\" value=\"{}\"{extra}{}{read_only}>",
            item.field_id(),
            escape(&item.link),
            escape(&value),
            described.attributes(item.required)
        );
        match item.units.as_slice() {
            [] => out.push_str(&control),
            [unit] => {
                let _ = write!(
                    out,
                    "<div class=\"sf-unit\">{control}<span>{}</span></div>",
                    escape(unit.label())
                );
            }
            units => {
                let name = escape(&item.unit_name());
                let label = escape(&self.texts.get("form-unit", &[("label", item.text.as_str().into())]));
                let _ = write!(
                    out,
                    "<div class=\"sf-unit\">{control}<select name=\"{name}\" aria-label=\"{label}\">"
                );
                for unit in units {
                    let code = unit.code.as_deref().unwrap_or("");
                    let chosen = if self.entry.first(&item.unit_name()) == code {
                        " selected"
                    } else {
                        ""
                    };
                    let _ = write!(
                        out,
                        "<option value=\"{}\"{chosen}>{}</option>",
                        escape(code),
                        escape(unit.label())
                    );
                }
                out.push_str("</select></div>");
            }
        }
    }

    fn number(&self, raw: &str) -> String {
        let plain = raw.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
        if plain && self.texts.lang() == crate::Lang::It {
            raw.replace('.', ",")
        } else {
            raw.to_owned()
        }
    }
}

fn date_limits(item: &Item) -> String {
    let mut out = String::new();
    if let Some(Bound::Date(day)) = &item.min {
        let _ = write!(out, " min=\"{day}\"");
    }
    if let Some(Bound::Date(day)) = &item.max {
        let _ = write!(out, " max=\"{day}\"");
    }
    out
}

/// A stored moment as a datetime-local field wants it: Italian time without offset.
fn local(raw: &str) -> String {
    let Ok(at) = raw.parse::<jiff::Timestamp>() else {
        return raw.to_owned();
    };
    crate::format::italian(at).strftime("%Y-%m-%dT%H:%M").to_string()
}
