//! Canonical addresses: `url|version`.

/// A canonical address taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Canonical<'a> {
    /// The URL, without version.
    pub url: &'a str,
    /// The version, when stated.
    pub version: Option<&'a str>,
}

impl<'a> Canonical<'a> {
    /// Reads `url` or `url|version`.
    pub fn parse(text: &'a str) -> Self {
        match text.split_once('|') {
            Some((url, version)) if !version.is_empty() => Self {
                url,
                version: Some(version),
            },
            Some((url, _)) => Self { url, version: None },
            None => Self {
                url: text,
                version: None,
            },
        }
    }

    /// A URL with a version stated apart; one inside the URL counts when there is none.
    pub fn of(url: &'a str, version: Option<&'a str>) -> Self {
        let parsed = Self::parse(url);
        Self {
            version: version.filter(|v| !v.is_empty()).or(parsed.version),
            ..parsed
        }
    }

    /// Whether a resource of this version is meant.
    pub fn accepts(&self, version: Option<&str>) -> bool {
        self.version.is_none_or(|wanted| version == Some(wanted))
    }
}

impl std::fmt::Display for Canonical<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url)?;
        match self.version {
            Some(version) => write!(f, "|{version}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_taken_apart() {
        let parsed = Canonical::parse("http://x|1");
        assert_eq!((parsed.url, parsed.version), ("http://x", Some("1")));
        assert_eq!(Canonical::parse("http://x|").version, None);
        assert_eq!(Canonical::of("http://x|1", Some("2")).to_string(), "http://x|2");
        assert!(parsed.accepts(Some("1")) && !parsed.accepts(None));
    }
}
