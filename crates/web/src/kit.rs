//! What the pages of one component share.

use crate::{Lang, Texts};
use component::{Context, NavigationItem};
use fluent_templates::Loader;
use std::sync::Arc;
use store::{Clock, Ids};

/// Texts, navigation and clock behind every [`crate::Page`]; cheap to clone. Part of a component's axum state.
#[derive(Clone)]
pub struct Kit {
    pub(crate) texts: Texts,
    pub(crate) navigation: Arc<[NavigationItem]>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Kit {
    /// The kit with a component's messages.
    pub fn new(context: &Context, locales: &'static (dyn Loader + Send + Sync)) -> Self {
        let kit = Self::base(context);
        Self {
            texts: kit.texts.with(locales),
            ..kit
        }
    }

    /// The kit alone: sign-in, error pages.
    pub fn base(context: &Context) -> Self {
        Self {
            texts: Texts::base(),
            navigation: context.navigation.clone(),
            clock: context.clock.clone(),
            ids: context.ids.clone(),
        }
    }

    /// The messages in a language.
    pub fn texts(&self, lang: Lang) -> Texts {
        self.texts.in_lang(lang)
    }
}
