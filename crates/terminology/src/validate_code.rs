//! Whether a code is valid in a value set or code system
//! (<https://hl7.org/fhir/R4/valueset-operation-validate-code.html>).

use crate::membership::{Asked, code_system};
use crate::{CodeSystem, Concept, Content, Membership, Source, TermError, ValueSet, rules};
use std::sync::Arc;

/// A code to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coding {
    /// Code system; `None`: the one in which the value set has the code.
    pub system: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The code.
    pub code: String,
    /// The display to check.
    pub display: Option<String>,
}

/// How to look.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `Some(false)`: codes that only group others are not valid.
    pub allow_abstract: Option<bool>,
    /// Language of the display in the answer.
    pub display_language: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether a coding is valid, its display too.
    pub result: bool,
    /// Why not, or a hint.
    pub message: Option<String>,
    /// The right display.
    pub display: Option<String>,
    /// The coding the answer is about.
    pub coding: Option<Coding>,
}

/// Whether one of the codings (those of a CodeableConcept, or the only one) is in a value set.
///
/// # Errors
/// [`TermError::NotSupported`] when the content needed to tell is not here: "no" would be a guess.
pub fn in_value_set(
    source: &dyn Source,
    set: &ValueSet,
    codings: &[Coding],
    options: &Options,
) -> Result<Verdict, TermError> {
    let name = if set.url().is_empty() {
        "the value set"
    } else {
        set.url()
    };
    let mut refused: Option<Verdict> = None;
    let mut unknown = None;
    for coding in codings {
        let asked = Asked::new(source, coding.system.as_deref(), &coding.code);
        match asked.in_set(set, 0)? {
            Membership::In => {
                let system = coding.system.clone().or_else(|| inferred(source, set, &coding.code));
                let content = system
                    .as_deref()
                    .and_then(|system| code_system(source, set, system, coding.version.as_deref()));
                let coding = Coding {
                    system,
                    ..coding.clone()
                };
                let verdict = looked_at(content.as_deref(), listed_display(set, &coding), coding, options);
                if verdict.result {
                    return Ok(verdict);
                }
                refused = Some(verdict);
            }
            Membership::Unknown => unknown = Some(coding),
            Membership::Out => {
                let message = format!("the code {} is not in the value set {name}", told(coding));
                refused.get_or_insert_with(|| no(coding.clone(), message));
            }
        }
    }
    match (unknown, refused) {
        (Some(coding), _) => Err(TermError::NotSupported(format!(
            "whether the code {} is in the value set {name} cannot be told here: the content of its code system is not \
             loaded",
            told(coding)
        ))),
        (None, Some(refused)) => Ok(refused),
        (None, None) => Err(TermError::Invalid("there is no code to validate".into())),
    }
}

/// Whether one of the codings is in a code system.
///
/// # Errors
/// As [`in_value_set`].
pub fn in_code_system(system: &Arc<CodeSystem>, codings: &[Coding], options: &Options) -> Result<Verdict, TermError> {
    let mut refused: Option<Verdict> = None;
    for coding in codings {
        if coding.system.as_deref().is_some_and(|given| given != system.url()) {
            let message = format!("the code {} is not of the code system {}", told(coding), system.url());
            refused.get_or_insert_with(|| no(coding.clone(), message));
            continue;
        }
        let found = system.find(&coding.code).is_some();
        let by_rule = || rules::check(system.url(), &coding.code);
        if !found && system.content != Content::Complete && by_rule() == Membership::Unknown {
            return Err(TermError::NotSupported(format!(
                "whether the code {} exists cannot be told here: only a part of {} is loaded",
                told(coding),
                system.url()
            )));
        }
        if !found && (system.content == Content::Complete || by_rule() == Membership::Out) {
            let message = format!("the code '{}' is not in the code system {}", coding.code, system.url());
            refused.get_or_insert_with(|| no(coding.clone(), message));
            continue;
        }
        let coding = Coding {
            system: Some(system.url().to_owned()),
            ..coding.clone()
        };
        let verdict = looked_at(Some(system), None, coding, options);
        if verdict.result {
            return Ok(verdict);
        }
        refused = Some(verdict);
    }
    refused.ok_or_else(|| TermError::Invalid("there is no code to validate".into()))
}

/// Whether a code of a system without content is valid, by the rules of the system.
///
/// # Errors
/// The system has no rule, or its rule does not decide.
pub fn by_rule(system: &str, coding: &Coding) -> Result<Verdict, TermError> {
    match rules::check(system, &coding.code) {
        Membership::In => Ok(Verdict {
            result: true,
            coding: Some(coding.clone()),
            ..Verdict::default()
        }),
        Membership::Out => {
            let message = format!("'{}' does not have the form of a code of {system}", coding.code);
            Ok(no(coding.clone(), message))
        }
        Membership::Unknown => Err(TermError::unknown_system(system)),
    }
}

/// A code that is in: its display and whether it may be used.
fn looked_at(content: Option<&CodeSystem>, listed: Option<&str>, coding: Coding, options: &Options) -> Verdict {
    let concept = content.and_then(|content| Some((content, content.find(&coding.code)?)));
    if options.allow_abstract == Some(false) && concept.is_some_and(|(content, concept)| content.is_abstract(concept)) {
        let message = format!(
            "the code {} is abstract: it groups others and is not used itself",
            told(&coding)
        );
        return no(coding, message);
    }
    let language = options.display_language.as_deref();
    let display = concept.and_then(|(content, concept)| content.display_in(concept, language));
    let display = display.or(listed).map(str::to_owned);
    let hint = concept.filter(|(content, concept)| content.is_inactive(*concept));
    let mut verdict = Verdict {
        result: true,
        message: hint.map(|_| format!("the code {} is no longer in use", told(&coding))),
        display,
        coding: None,
    };
    if let Some(given) = &coding.display {
        let names = names(concept, listed);
        if !names.is_empty() && !names.iter().any(|name| same(name, given)) {
            let list: Vec<String> = names.iter().take(5).map(|name| format!("'{name}'")).collect();
            verdict.result = false;
            verdict.message = Some(format!(
                "the display '{given}' is not that of the code {}: {}",
                told(&coding),
                list.join(" or ")
            ));
        }
    }
    verdict.coding = Some(coding);
    verdict
}

fn names<'a>(concept: Option<(&'a CodeSystem, Concept)>, listed: Option<&'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = listed.into_iter().collect();
    if let Some((content, concept)) = concept {
        names.extend(content.display(concept));
        names.extend(content.designations(concept).map(|d| d.value));
    }
    names.dedup();
    names
}

/// Displays are the same but for case and white space.
fn same(a: &str, b: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    words(a) == words(b)
}

fn listed_display<'a>(set: &'a ValueSet, coding: &Coding) -> Option<&'a str> {
    let of_system = |include: &&crate::Include| include.system.as_deref() == coding.system.as_deref();
    let mut found = set
        .includes
        .iter()
        .filter(of_system)
        .filter_map(|include| include.find(&coding.code));
    found.find_map(|listed| listed.display.as_deref())
}

/// The system in which a value set has a code.
fn inferred(source: &dyn Source, set: &ValueSet, code: &str) -> Option<String> {
    let systems = set.includes.iter().filter_map(|include| include.system.as_deref());
    let has = |system: &&str| {
        Asked::new(source, Some(system), code)
            .in_set(set, 0)
            .is_ok_and(|found| found == Membership::In)
    };
    let direct = systems.into_iter().find(has).map(str::to_owned);
    direct.or_else(|| {
        let listed = crate::expand::codes(source, set, crate::expand::MAX_CODES).ok()?;
        listed
            .into_iter()
            .find(|(_, one)| one == code)
            .map(|(system, _)| system)
    })
}

fn no(coding: Coding, message: String) -> Verdict {
    Verdict {
        result: false,
        message: Some(message),
        display: None,
        coding: Some(coding),
    }
}

fn told(coding: &Coding) -> String {
    match &coding.system {
        Some(system) => format!("'{}' of {system}", coding.code),
        None => format!("'{}'", coding.code),
    }
}
