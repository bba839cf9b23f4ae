//! Reference texts.

use crate::Definitions;

/// What the text of a `Reference.reference` (or of a reference search value) points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceText<'a> {
    /// A resource of this server: `Patient/1`, `Patient/1/_history/2`.
    Local {
        /// Resource type.
        rtype: &'a str,
        /// Id.
        id: &'a str,
        /// Version, where one is given.
        version: Option<&'a str>,
    },
    /// An absolute URL or URN, without `/_history/…` and without `|version`.
    Absolute(&'a str),
    /// `#id`: a resource contained in the same one.
    Contained(&'a str),
    /// `Type?query`: to be found by a transaction.
    Conditional {
        /// Resource type.
        rtype: &'a str,
        /// Search, without the `?`.
        query: &'a str,
    },
    /// None of these.
    Other(&'a str),
}

impl<'a> ReferenceText<'a> {
    /// Tells the forms apart; never fails.
    pub fn parse(text: &'a str) -> ReferenceText<'a> {
        if let Some(id) = text.strip_prefix('#') {
            return ReferenceText::Contained(id);
        }
        let definitions = Definitions::r4();
        if let Some((rtype, rest)) = text.split_once(['/', '?'])
            && definitions.is_resource(rtype)
        {
            if text.as_bytes()[rtype.len()] == b'?' {
                return ReferenceText::Conditional { rtype, query: rest };
            }
            let (id, version) = match rest.split_once("/_history/") {
                Some((id, version)) => (id, Some(version)),
                None => (rest, None),
            };
            if is_id(id) && version.is_none_or(is_id) {
                return ReferenceText::Local { rtype, id, version };
            }
        }
        if has_scheme(text) {
            let base = text.split('|').next().unwrap_or(text);
            return ReferenceText::Absolute(base.split("/_history/").next().unwrap_or(base));
        }
        ReferenceText::Other(text)
    }

    /// The type of the target as far as the text tells it: of a local reference, or of a URL that ends in `Type/id`.
    pub fn target_type(&self) -> Option<&'a str> {
        match *self {
            ReferenceText::Local { rtype, .. } | ReferenceText::Conditional { rtype, .. } => Some(rtype),
            ReferenceText::Absolute(url) => {
                let (rest, _) = url.rsplit_once('/')?;
                let (_, rtype) = rest.rsplit_once('/')?;
                Definitions::r4().is_resource(rtype).then_some(rtype)
            }
            ReferenceText::Contained(_) | ReferenceText::Other(_) => None,
        }
    }
}

/// Whether a text is a FHIR id: 1 to 64 of letters, digits, `-` and `.`.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// Whether a text starts with a URI scheme (RFC 3986 section 3.1).
pub(crate) fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_are_told_apart() {
        let local = |id, version| ReferenceText::Local {
            rtype: "Patient",
            id,
            version,
        };
        assert_eq!(ReferenceText::parse("Patient/1"), local("1", None));
        assert_eq!(ReferenceText::parse("Patient/1/_history/2"), local("1", Some("2")));
        assert_eq!(ReferenceText::parse("#p"), ReferenceText::Contained("p"));
        let conditional = ReferenceText::Conditional {
            rtype: "Patient",
            query: "identifier=a|b",
        };
        assert_eq!(ReferenceText::parse("Patient?identifier=a|b"), conditional);
        assert_eq!(
            ReferenceText::parse("urn:uuid:1"),
            ReferenceText::Absolute("urn:uuid:1")
        );
        let url = ReferenceText::parse("http://x/fhir/Patient/1/_history/2");
        assert_eq!(
            (url, url.target_type()),
            (ReferenceText::Absolute("http://x/fhir/Patient/1"), Some("Patient"))
        );
        assert_eq!(
            ReferenceText::parse("http://x/Questionnaire|2"),
            ReferenceText::Absolute("http://x/Questionnaire")
        );
        for other in ["", "Patient", "Patient/", "Patient/1/2", "Nothing/1", "Patient/a b"] {
            assert_eq!(ReferenceText::parse(other), ReferenceText::Other(other));
        }
    }

    proptest! {
        #[test]
        fn local_references_come_back_whole(id in "[A-Za-z0-9.\\-]{1,64}", version in proptest::option::of("[0-9]{1,9}")) {
            let suffix = version.as_deref().map(|v| format!("/_history/{v}")).unwrap_or_default();
            let text = format!("Observation/{id}{suffix}");
            let expected = ReferenceText::Local { rtype: "Observation", id: &id, version: version.as_deref() };
            prop_assert_eq!(ReferenceText::parse(&text), expected);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let parsed = ReferenceText::parse(&text);
            let _ = parsed.target_type();
        }
    }
}
