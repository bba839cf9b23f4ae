//! What happened, newest first or oldest first as given: facts and work on one line.

use crate::Html;
use crate::html::escape;
use std::fmt::Write as _;

/// What an entry is, for its colour and for screen readers through its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineKind {
    /// A clinical fact.
    Fact,
    /// Somebody's work.
    Work,
    /// Work that was finished.
    Done,
    /// Something that needs attention.
    Warning,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When, as written, e.g. `21/11/2026, 14:30`.
    pub when: String,
    /// The same for machines (RFC 3339 or a date); empty: none.
    pub datetime: String,
    /// What it is.
    pub kind: TimelineKind,
    /// What happened.
    pub title: String,
    /// More; empty: nothing.
    pub detail: String,
    /// Who; empty: nobody.
    pub who: String,
    /// Where to read more.
    pub href: Option<String>,
}

/// The list. With no entries it is empty: say so with the `empty` macro.
pub fn timeline(entries: &[TimelineEntry]) -> Html {
    let mut out = String::from("<ol class=\"sf-timeline\">");
    for entry in entries {
        let kind = match entry.kind {
            TimelineKind::Fact => "fact",
            TimelineKind::Work => "work",
            TimelineKind::Done => "done",
            TimelineKind::Warning => "warning",
        };
        let _ = write!(out, "<li class=\"sf-kind-{kind}\">");
        if entry.datetime.is_empty() {
            let _ = write!(out, "<time>{}</time>", escape(&entry.when));
        } else {
            let _ = write!(
                out,
                "<time datetime=\"{}\">{}</time>",
                escape(&entry.datetime),
                escape(&entry.when)
            );
        }
        let title = escape(&entry.title);
        let _ = match &entry.href {
            Some(href) => write!(out, "<p><a href=\"{}\">{title}</a></p>", escape(href)),
            None => write!(out, "<p><strong>{title}</strong></p>"),
        };
        for line in [&entry.detail, &entry.who].into_iter().filter(|l| !l.is_empty()) {
            let _ = write!(out, "<p>{}</p>", escape(line));
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol>");
    Html(out)
}
