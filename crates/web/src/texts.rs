//! Texts of the interface: Fluent messages, Italian first, English second.

use crate::format::count;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "it",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Italian.
    #[default]
    It,
    /// English.
    En,
}

impl Lang {
    /// `it` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
        }
    }

    /// From a code; `None` for a language we do not have.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "it" => Some(Self::It),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        match self {
            Self::It => fluent_templates::langid!("it"),
            Self::En => fluent_templates::langid!("en"),
        }
    }
}

/// A value inside a message.
#[derive(Debug, Clone)]
pub enum Arg {
    /// Text.
    Text(String),
    /// A count: chooses plural forms, and is written with its thousands apart. A year, a code or a port is a text.
    Number(i64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

macro_rules! number_args {
    ($($t:ty),*) => { $(
        impl From<$t> for Arg {
            fn from(n: $t) -> Self { Self::Number(i64::try_from(n).unwrap_or(i64::MAX)) }
        }
        impl From<&$t> for Arg {
            fn from(n: &$t) -> Self { Self::from(*n) }
        }
    )* };
}
number_args!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

type AnyLoader = &'static (dyn Loader + Send + Sync);

/// The messages of the page kit and of one component, in one language. A component's message wins over the kit's.
#[derive(Clone)]
pub struct Texts {
    loaders: Arc<[AnyLoader]>,
    lang: Lang,
}

impl Texts {
    /// The kit's own messages, Italian.
    pub fn base() -> Self {
        Self {
            loaders: Arc::new([&*LOCALES as AnyLoader]),
            lang: Lang::It,
        }
    }

    /// With a component's messages (made by `fluent_templates::static_loader!`).
    #[must_use]
    pub fn with(self, loader: AnyLoader) -> Self {
        let loaders: Vec<AnyLoader> = std::iter::once(loader).chain(self.loaders.iter().copied()).collect();
        Self {
            loaders: loaders.into(),
            ..self
        }
    }

    /// The same in another language.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> Self {
        Self {
            loaders: self.loaders.clone(),
            lang,
        }
    }

    /// Language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// A message. A missing key shows itself, and is said in the log.
    pub fn t(&self, key: &str) -> String {
        self.get(key, &[])
    }

    /// A message with values.
    pub fn get(&self, key: &str, args: &[(&'static str, Arg)]) -> String {
        self.find(key, args).unwrap_or_else(|| {
            tracing::error!(key, lang = self.lang.code(), "message key is missing");
            format!("[{key}]")
        })
    }

    /// A message, if there is one.
    pub fn find(&self, key: &str, args: &[(&'static str, Arg)]) -> Option<String> {
        let lang = self.lang.identifier();
        let args: HashMap<Cow<'static, str>, FluentValue<'static>> = args
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Arg::Text(text) => FluentValue::from(text.clone()),
                    // No plural form of Italian or English is of a thousand alone: as a text it takes the general one.
                    Arg::Number(n) if n.unsigned_abs() >= 1000 => FluentValue::from(count(*n, self.lang)),
                    Arg::Number(n) => FluentValue::from(*n),
                };
                (Cow::Borrowed(*name), value)
            })
            .collect();
        self.loaders
            .iter()
            .find_map(|loader| loader.try_lookup_complete(&lang, key, Some(&args)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_follow_the_language() {
        let it = Texts::base();
        assert_eq!(it.get("due-in-days", &[("n", 1.into())]), "entro domani");
        assert_eq!(it.get("due-in-days", &[("n", 3.into())]), "fra 3 giorni");
        assert_eq!(it.in_lang(Lang::En).get("due-in-days", &[("n", 3.into())]), "in 3 days");
        assert_eq!(it.get("due-in-days", &[("n", 1500.into())]), "fra 1.500 giorni");
        assert_eq!(
            it.in_lang(Lang::En).get("due-in-days", &[("n", 1500.into())]),
            "in 1,500 days"
        );
    }

    #[test]
    fn a_missing_key_shows_itself() {
        assert_eq!(Texts::base().t("no-such-key"), "[no-such-key]");
    }
}
