//! What kind of work a request is: for admission and for metrics. Told from verb and path; never an id.

use http::Method;

/// Kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Is it alive?
    Health,
    /// Style, scripts, fonts.
    Asset,
    /// A page of somebody who waits for it.
    Page,
    /// Signing in; tokens.
    SignIn,
    /// A FHIR resource or version is read.
    FhirRead,
    /// A FHIR search, history or operation.
    FhirSearch,
    /// A FHIR write, batch or transaction.
    FhirWrite,
    /// Processes are looked at.
    ProcessRead,
    /// Processes are moved.
    ProcessWrite,
    /// A worker waits for jobs.
    Poll,
    /// Heavy work that nobody sits before: bulk exports and imports, analyses.
    Background,
    /// Anything else.
    Other,
}

impl Class {
    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Asset => "asset",
            Self::Page => "page",
            Self::SignIn => "sign-in",
            Self::FhirRead => "fhir-read",
            Self::FhirSearch => "fhir-search",
            Self::FhirWrite => "fhir-write",
            Self::ProcessRead => "process-read",
            Self::ProcessWrite => "process-write",
            Self::Poll => "poll",
            Self::Background => "background",
            Self::Other => "other",
        }
    }

    /// Of a request.
    pub fn of(method: &Method, path: &str) -> Self {
        let mut parts = path.split('/').skip(1);
        let safe = matches!(*method, Method::GET | Method::HEAD);
        match parts.next().unwrap_or_default() {
            "health" => Self::Health,
            "assets" | "robots.txt" | "favicon.ico" => Self::Asset,
            "accedi" | "oauth" | "oidc" | ".well-known" => Self::SignIn,
            "fhir" => fhir(safe, &parts.collect::<Vec<_>>()),
            "orchestrator" => process(safe, &parts.collect::<Vec<_>>()),
            "api" | "access" => Self::Other,
            _ => Self::Page,
        }
    }

    /// Whether somebody sits before a screen and waits.
    pub fn is_person(self) -> bool {
        matches!(self, Self::Page | Self::SignIn)
    }
}

fn fhir(safe: bool, rest: &[&str]) -> Class {
    let last = rest.last().copied().unwrap_or_default();
    let heavy = [
        "$export",
        "$import",
        "$viewdefinition-export",
        "$viewdefinition-run",
        "$run",
        "$reindex",
        "$purge",
    ];
    match rest {
        _ if heavy.contains(&last) => Class::Background,
        [] | ["" | "metadata"] if safe => Class::FhirRead,
        [] | [""] => Class::FhirWrite,
        _ if last.starts_with('$') || last == "_search" || last == "_history" => Class::FhirSearch,
        [_] if safe => Class::FhirSearch,
        _ if safe => Class::FhirRead,
        _ => Class::FhirWrite,
    }
}

fn process(safe: bool, rest: &[&str]) -> Class {
    match rest {
        ["jobs", "fetch" | "activate" | "acquire", ..] => Class::Poll,
        ["history", "export" | "analysis" | "mining", ..] | ["simulations", ..] if !rest.is_empty() => {
            Class::Background
        }
        _ if safe => Class::ProcessRead,
        _ => Class::ProcessWrite,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_by_their_kind() {
        let of = |method: &str, path: &str| Class::of(&method.parse().unwrap(), path);
        assert_eq!(of("GET", "/health/ready"), Class::Health);
        assert_eq!(of("GET", "/"), Class::Page);
        assert_eq!(of("POST", "/pratiche/1"), Class::Page);
        assert_eq!(of("POST", "/accedi"), Class::SignIn);
        assert_eq!(of("GET", "/fhir/Patient/1"), Class::FhirRead);
        assert_eq!(of("GET", "/fhir/Patient/1/_history/2"), Class::FhirRead);
        assert_eq!(of("GET", "/fhir/Patient"), Class::FhirSearch);
        assert_eq!(of("POST", "/fhir/Patient/_search"), Class::FhirSearch);
        assert_eq!(of("POST", "/fhir"), Class::FhirWrite);
        assert_eq!(of("PUT", "/fhir/Patient/1"), Class::FhirWrite);
        assert_eq!(of("GET", "/fhir/$export"), Class::Background);
        assert_eq!(of("GET", "/fhir/Group/1/$export"), Class::Background);
        assert_eq!(of("POST", "/orchestrator/messages"), Class::ProcessWrite);
        assert_eq!(of("GET", "/orchestrator/tasks"), Class::ProcessRead);
    }
}
