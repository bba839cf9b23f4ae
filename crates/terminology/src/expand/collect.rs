//! Which codes are in, as small references into the code systems and value sets they come from.

use super::{MAX_WORK, Options};
use crate::membership::{Asked, check_depth, code_system, value_set};
use crate::{CodeSystem, Concept, Content, Include, Listed, Membership, Source, TermError, ValueSet, filter};
use std::collections::HashSet;
use std::sync::Arc;

/// No place.
const NONE: u32 = u32::MAX;

/// A code that is in: a concept of a code system, a listed code, or both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    system: u16,
    concept: u32,
    listed: u32,
}

/// A code system that was used.
#[derive(Debug)]
pub(super) struct Used {
    pub url: Box<str>,
    pub version: Option<Box<str>>,
    pub content: Option<Arc<CodeSystem>>,
}

/// Codes with what they refer to.
#[derive(Default)]
pub(super) struct Collected {
    pub items: Vec<Item>,
    pub systems: Vec<Used>,
    /// Listed codes: the value set and the places of the include and of the code in it.
    listed: Vec<(Place, u32)>,
    /// Value sets whose lists are used.
    places: Vec<(Arc<ValueSet>, usize)>,
}

/// A place in `places`.
type Place = u32;

/// A code with all that is known of it.
pub(super) struct View<'a> {
    pub system: &'a str,
    content: Option<&'a CodeSystem>,
    concept: Option<Concept>,
    listed: Option<&'a Listed>,
}

impl<'a> View<'a> {
    pub fn code(&self) -> &'a str {
        match (self.listed, self.content.zip(self.concept)) {
            (Some(listed), _) => &listed.code,
            (None, Some((content, concept))) => content.code(concept),
            (None, None) => "",
        }
    }

    /// The display of the value set counts before that of the code system, unless another language is asked.
    pub fn display(&self, language: Option<&str>) -> Option<&'a str> {
        let own = self.listed.and_then(|listed| {
            let named = listed
                .designations
                .iter()
                .find(|(of, _, _)| language.is_some_and(|wanted| crate::code_system::is_language(of, wanted)));
            named.map(|(_, _, value)| &**value)
        });
        let listed = self.listed.and_then(|listed| listed.display.as_deref());
        let inner = self.content.zip(self.concept);
        let translated = inner.and_then(|(content, concept)| content.display_in(concept, language));
        own.or(if language.is_some() {
            translated.or(listed)
        } else {
            listed.or(translated)
        })
    }

    pub fn inactive(&self) -> bool {
        self.content
            .zip(self.concept)
            .is_some_and(|(content, concept)| content.is_inactive(concept))
    }

    pub fn is_abstract(&self) -> bool {
        self.content
            .zip(self.concept)
            .is_some_and(|(content, concept)| content.is_abstract(concept))
    }

    pub fn definition(&self) -> Option<&'a str> {
        self.content
            .zip(self.concept)
            .and_then(|(content, concept)| content.definition(concept))
    }

    /// Other names: language, use, name.
    pub fn designations(&self) -> Vec<crate::Designation<'a>> {
        let mut all = Vec::new();
        for (language, usage, value) in self.listed.iter().flat_map(|listed| &listed.designations) {
            let usage = (&*usage[0], &*usage[1], &*usage[2]);
            all.push(crate::Designation { language, usage, value });
        }
        if let Some((content, concept)) = self.content.zip(self.concept) {
            all.extend(content.designations(concept));
        }
        all
    }

    /// Its place in its code system.
    pub fn concept(&self) -> Option<(&'a CodeSystem, Concept)> {
        self.content.zip(self.concept)
    }
}

impl Collected {
    pub fn view(&self, item: Item) -> View<'_> {
        let used = &self.systems[usize::from(item.system)];
        View {
            system: &used.url,
            content: used.content.as_deref(),
            concept: (item.concept != NONE).then_some(Concept(item.concept)),
            listed: (item.listed != NONE).then(|| self.listed(item.listed)),
        }
    }

    fn listed(&self, at: u32) -> &Listed {
        let (place, at) = self.listed[at as usize];
        let (set, include) = &self.places[place as usize];
        &set.includes[*include].listed[at as usize]
    }
}

/// The work of one expansion.
struct Work<'a> {
    source: &'a dyn Source,
    options: &'a Options,
    out: Collected,
    /// Includes and codes gone through, repeats counted.
    done: usize,
}

/// Codes of a value set.
pub(super) fn collect(source: &dyn Source, set: &ValueSet, options: &Options) -> Result<Collected, TermError> {
    let mut work = Work {
        source,
        options,
        out: Collected::default(),
        done: 0,
    };
    let items = work.set(&SetRef::Outer(set), 0)?;
    let mut out = work.out;
    out.items = items;
    Ok(out)
}

/// The value set asked about, or one it includes.
enum SetRef<'a> {
    Outer(&'a ValueSet),
    Inner(Arc<ValueSet>),
}

impl SetRef<'_> {
    fn get(&self) -> &ValueSet {
        match self {
            Self::Outer(set) => set,
            Self::Inner(set) => set,
        }
    }
}

impl Work<'_> {
    fn set(&mut self, set: &SetRef<'_>, depth: usize) -> Result<Vec<Item>, TermError> {
        let value_set = set.get();
        check_depth(value_set, depth)?;
        let mut items = Vec::new();
        for at in 0..value_set.includes.len() {
            let more = self.include(set, at, depth)?;
            if items.is_empty() {
                items = more;
            } else {
                items.extend(more);
            }
        }
        if value_set.includes.len() > 1 || value_set.includes.iter().any(|include| !include.listed.is_empty()) {
            self.without_repeats(&mut items);
        }
        if !value_set.excludes.is_empty() {
            self.retain(
                &mut items,
                |asked| asked.in_any(value_set, &value_set.excludes, depth),
                Membership::Out,
            )?;
        }
        if value_set.inactive == Some(false) {
            items.retain(|item| !self.out.view(*item).inactive());
        }
        Ok(items)
    }

    fn include(&mut self, set: &SetRef<'_>, at: usize, depth: usize) -> Result<Vec<Item>, TermError> {
        let value_set_here = set.get();
        let include = &value_set_here.includes[at];
        self.count(1)?;
        let excluded = |system: &str| {
            let named = |canonical: &String| crate::Canonical::parse(canonical).url == system;
            self.options.exclude_systems.iter().any(named)
        };
        let mut rest = include.value_sets.iter();
        let mut items = match &include.system {
            Some(system) if excluded(system) => return Ok(Vec::new()),
            Some(system) => self.of_system(set, at, system)?,
            None => match rest.next() {
                Some(canonical) => self.set(&SetRef::Inner(self.named(value_set_here, canonical)?), depth + 1)?,
                None => return Ok(Vec::new()),
            },
        };
        for canonical in rest {
            let inner = self.named(value_set_here, canonical)?;
            self.retain(&mut items, |asked| asked.in_set(&inner, depth + 1), Membership::In)?;
        }
        Ok(items)
    }

    fn named(&self, set: &ValueSet, canonical: &str) -> Result<Arc<ValueSet>, TermError> {
        value_set(self.source, set, canonical).ok_or_else(|| TermError::unknown_value_set(canonical))
    }

    fn of_system(&mut self, set: &SetRef<'_>, at: usize, system: &str) -> Result<Vec<Item>, TermError> {
        let include = &set.get().includes[at];
        let version = include.version.as_deref().or_else(|| {
            let named = self.options.versions.iter().find(|(url, _)| url == system);
            named.map(|(_, version)| version.as_str())
        });
        let content = code_system(self.source, set.get(), system, version);
        let number = self.used(system, version, content.clone())?;
        if !include.listed.is_empty() {
            return self.listed(set, at, number, content.as_deref());
        }
        let content = content.filter(|found| found.content != Content::Absent);
        let content = content.ok_or_else(|| TermError::Unknown {
            kind: "code system whose codes are needed to list the value set,",
            canonical: crate::Canonical::of(system, version).to_string(),
        })?;
        let item = |concept: Concept| Item {
            system: number,
            concept: concept.0,
            listed: NONE,
        };
        let items: Vec<Item> = match include.filters.is_empty() {
            true => content.concepts().map(item).collect(),
            false => filter::select(&content, &include.filters)?
                .into_iter()
                .map(item)
                .collect(),
        };
        self.count(items.len())?;
        Ok(items)
    }

    fn listed(
        &mut self,
        set: &SetRef<'_>,
        at: usize,
        number: u16,
        content: Option<&CodeSystem>,
    ) -> Result<Vec<Item>, TermError> {
        let include = &set.get().includes[at];
        self.count(include.listed.len())?;
        let place = u32::try_from(self.out.places.len()).unwrap_or(NONE);
        let held = match set {
            SetRef::Inner(set) => set.clone(),
            // The outer one is only borrowed: its lists are kept by copy.
            SetRef::Outer(_) => Arc::new(copy_of_lists(include)),
        };
        let at = if matches!(set, SetRef::Inner(_)) { at } else { 0 };
        self.out.places.push((held, at));
        let mut items = Vec::with_capacity(include.listed.len());
        for (code, listed) in (0..).zip(&include.listed) {
            let concept = content.and_then(|content| content.find(&listed.code));
            self.out.listed.push((place, code));
            items.push(Item {
                system: number,
                concept: concept.map_or(NONE, |concept| concept.0),
                listed: u32::try_from(self.out.listed.len() - 1).unwrap_or(NONE),
            });
        }
        Ok(items)
    }

    fn used(&mut self, url: &str, version: Option<&str>, content: Option<Arc<CodeSystem>>) -> Result<u16, TermError> {
        let version = content.as_ref().and_then(|content| content.version()).or(version);
        let same = |used: &Used| *used.url == *url && used.version.as_deref() == version;
        if let Some(at) = self.out.systems.iter().position(same) {
            return Ok(u16::try_from(at).unwrap_or(u16::MAX));
        }
        let number = u16::try_from(self.out.systems.len());
        let number =
            number.map_err(|_| TermError::TooCostly("the value set draws on more than 65536 systems".into()))?;
        self.out.systems.push(Used {
            url: url.into(),
            version: version.map(Into::into),
            content,
        });
        Ok(number)
    }

    /// Keeps the items for which a question has the wanted answer.
    fn retain(
        &self,
        items: &mut Vec<Item>,
        ask: impl Fn(&Asked<'_>) -> Result<Membership, TermError>,
        wanted: Membership,
    ) -> Result<(), TermError> {
        let mut failed = None;
        items.retain(|item| {
            let view = self.out.view(*item);
            let asked = Asked::new(self.source, Some(view.system), view.code());
            match ask(&asked) {
                Ok(Membership::Unknown) => {
                    failed.get_or_insert_with(|| {
                        let code = format!("'{}' of {}", view.code(), view.system);
                        TermError::NotSupported(format!(
                            "whether the code {code} is in a value set that this one includes or excludes cannot be told: \
                             the content is not here"
                        ))
                    });
                    false
                }
                Ok(found) => found == wanted,
                Err(error) => {
                    failed.get_or_insert(error);
                    false
                }
            }
        });
        failed.map_or(Ok(()), Err)
    }

    fn without_repeats(&self, items: &mut Vec<Item>) {
        let mut seen: HashSet<(&str, &str)> = HashSet::with_capacity(items.len());
        items.retain(|item| {
            let used = &self.out.systems[usize::from(item.system)];
            let code = match item.listed {
                NONE => used
                    .content
                    .as_ref()
                    .map_or("", |content| content.code(Concept(item.concept))),
                listed => &self.out.listed(listed).code,
            };
            seen.insert((&*used.url, code))
        });
    }

    fn count(&mut self, more: usize) -> Result<(), TermError> {
        self.done += more;
        if self.done > MAX_WORK {
            return Err(TermError::TooCostly(format!(
                "the value set takes more than {MAX_WORK} codes to go through: narrow its content"
            )));
        }
        Ok(())
    }
}

/// The lists of one include, as a value set of their own.
fn copy_of_lists(include: &Include) -> ValueSet {
    let copy = |listed: &Listed| Listed {
        code: listed.code.clone(),
        display: listed.display.clone(),
        designations: listed.designations.clone(),
    };
    let include = Include {
        listed: include.listed.iter().map(copy).collect(),
        ..Include::default()
    };
    ValueSet::of_includes(vec![include])
}
