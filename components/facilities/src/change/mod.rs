//! Changes that who manages a structure asks for: the office approves or refuses, and an approved change takes effect on its day
//! (`processes/richiesta-variazione-struttura.bpmn`). The request is a `Basic` that only the program writes; the process names it only.

mod apply;
mod document;
pub(crate) mod hours;
mod more;
mod new;
mod office;
mod page;
mod request;
mod worker;

pub(crate) use apply::end_hours;
pub(crate) use document::document;
pub(crate) use office::{decide, list, show};
pub(crate) use page::{ask, send, start};
pub(crate) use request::Request;
pub(crate) use worker::{entry, workers};

use serde::Deserialize;
use std::sync::LazyLock;
use web::Lang;

/// The process, and the code of the requests.
pub(crate) const PROCESS: &str = "richiesta-variazione-struttura";

/// What may be asked.
#[derive(Debug, Deserialize)]
pub(crate) struct Kind {
    pub code: String,
    it: String,
    en: String,
    pub fields: Vec<Field>,
}

/// What is asked of who asks.
#[derive(Debug, Deserialize)]
pub(crate) struct Field {
    pub name: String,
    it: String,
    en: String,
    /// `text`, `lines`, `date`, `time`, `number`, `email`, `url`, `service`, `structure`, `title`, `access`, `file`.
    pub kind: String,
    /// Whether it may be left empty.
    #[serde(default)]
    pub optional: bool,
}

#[derive(Deserialize)]
struct Kinds {
    kinds: Vec<Kind>,
}

static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/variazioni.json")).expect("the rules of the program are right")
});

fn in_lang<'a>(lang: Lang, it: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

impl Kind {
    /// Name in a language.
    pub fn of(&self, lang: Lang) -> &str {
        in_lang(lang, &self.it, &self.en)
    }
}

impl Field {
    /// Name in a language.
    pub fn of(&self, lang: Lang) -> &str {
        in_lang(lang, &self.it, &self.en)
    }
}

/// How large a form with a document may be.
pub(crate) fn limit() -> axum::extract::DefaultBodyLimit {
    axum::extract::DefaultBodyLimit::max(document::MAX + (64 << 10))
}

/// All that may be asked.
pub(crate) fn kinds() -> &'static [Kind] {
    &KINDS.kinds
}

/// One by its code.
pub(crate) fn kind(code: &str) -> Option<&'static Kind> {
    KINDS.kinds.iter().find(|kind| kind.code == code)
}
