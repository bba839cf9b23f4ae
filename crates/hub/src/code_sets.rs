//! Codes that a search leaves to the terminology: `:in`, `:not-in`, `:above`, `:below`
//! (<https://hl7.org/fhir/R4/search.html#token>).

use crate::{Hub, HubError};
use std::sync::Arc;
use store::{CodeSet, Query, ValueTest};
use terminology::{Canonical, Source, TermError, ValueSet, expand};

/// Codes that the code sets of one search may come to: each is a walk through an index.
const MAX_CODES: usize = 2_000;

impl Hub {
    /// Puts the codes in the place of every [`store::CodeSet`] of a query, nested conditions included; to be called
    /// before the query goes to the store. A value set that is a whole code system becomes one test of the system.
    ///
    /// # Errors
    /// A value set or code is not known here, or the codes are more than 2,000.
    pub(crate) async fn resolve_code_sets(&self, query: &mut Query) -> Result<(), HubError> {
        let sets = query.code_sets();
        let mut known: Vec<(CodeSet, Vec<ValueTest>)> = Vec::new();
        let mut found = 0;
        for set in sets {
            if known.iter().any(|(one, _)| *one == set) {
                continue;
            }
            let tests = self.tests_of(&set).await?;
            found += tests.len();
            if found > MAX_CODES {
                return Err(HubError::Limit {
                    what: "codes that :in, :not-in, :above and :below of one search stand for",
                    max: MAX_CODES,
                    found,
                });
            }
            known.push((set, tests));
        }
        let of = |set: &CodeSet| known.iter().find(|(one, _)| one == set).map(|(_, tests)| tests.clone());
        query.replace_code_sets(|set| of(set).unwrap_or_default());
        Ok(())
    }

    async fn tests_of(&self, set: &CodeSet) -> Result<Vec<ValueTest>, HubError> {
        let tests = match set {
            CodeSet::In(address) => {
                let local = self.local_value_set(address).await?;
                let address = address.clone();
                self.with_terminology(move |source| in_value_set(source, local.as_ref(), &address))
                    .await?
            }
            CodeSet::Below { system, code } => self.related(system.as_deref(), code, false).await?,
            CodeSet::Above { system, code } => self.related(system.as_deref(), code, true).await?,
        };
        // the address or code of the search is at fault: the search itself exists
        tests.map_err(|error| match error {
            TermError::Unknown { .. } | TermError::UnknownCode { .. } => HubError::bad(error.to_string()),
            other => other.into(),
        })
    }

    /// The value set of `ValueSet/id`.
    async fn local_value_set(&self, address: &str) -> Result<Option<Arc<ValueSet>>, HubError> {
        let Some(id) = address.strip_prefix("ValueSet/") else {
            return Ok(None);
        };
        let body = self.read("ValueSet", id).await?.body.unwrap_or_default();
        Ok(Some(Arc::new(ValueSet::from_json(&body)?)))
    }

    async fn related(
        &self,
        system: Option<&str>,
        code: &str,
        above: bool,
    ) -> Result<Result<Vec<ValueTest>, TermError>, HubError> {
        let Some(system) = system.filter(|system| !system.is_empty()) else {
            let example = "write system|code: what is above or below a code, its code system says";
            return Ok(Err(TermError::Invalid(example.to_owned())));
        };
        let (system, code) = (system.to_owned(), code.to_owned());
        self.with_terminology(move |source| relatives(source, &system, &code, above))
            .await
    }
}

fn token(system: &str, code: Option<&str>) -> ValueTest {
    ValueTest::Token {
        system: Some(system.to_owned()),
        code: code.map(str::to_owned),
    }
}

fn in_value_set(
    source: &dyn Source,
    local: Option<&Arc<ValueSet>>,
    address: &str,
) -> Result<Vec<ValueTest>, TermError> {
    let unknown = || TermError::Unknown {
        kind: "value set",
        canonical: address.to_owned(),
    };
    let set = match local {
        Some(set) => set.clone(),
        None => source.value_set(Canonical::parse(address)).ok_or_else(unknown)?,
    };
    if let ([include], [], None) = (set.includes.as_slice(), set.excludes.as_slice(), set.inactive)
        && include.is_whole_system()
        && include.value_sets.is_empty()
        && set.code_systems.is_empty()
        && let Some(system) = &include.system
    {
        return Ok(vec![token(system, None)]);
    }
    let codes = expand::codes(source, &set, MAX_CODES)?;
    Ok(codes.iter().map(|(system, code)| token(system, Some(code))).collect())
}

fn relatives(source: &dyn Source, system: &str, code: &str, above: bool) -> Result<Vec<ValueTest>, TermError> {
    let content = source
        .code_system(Canonical::parse(system))
        .ok_or_else(|| TermError::Unknown {
            kind: "code system",
            canonical: system.to_owned(),
        })?;
    let concept = content.find(code).ok_or_else(|| TermError::UnknownCode {
        system: system.to_owned(),
        code: code.to_owned(),
    })?;
    let related = match above {
        true => content.ancestors_or_self(concept),
        false => content.descendants_or_self(concept),
    };
    Ok(related
        .into_iter()
        .map(|one| token(content.url(), Some(content.code(one))))
        .collect())
}
