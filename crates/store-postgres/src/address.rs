//! The address of a database: what of it is ours to read (TLS), and the rest, which the driver reads.
//!
//! Both forms that PostgreSQL knows: `postgres://user@host/name?key=value&…`, and `key=value key='a value' …`. A message about an
//! address never shows it: it may hold a password.

use crate::error::Outcome;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::ops::Range;
use std::path::{Path, PathBuf};
use store::StoreError;

/// How the connection to the database is encrypted, as PostgreSQL names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Never.
    Disable,
    /// Where the database can.
    Prefer,
    /// Always; whose certificate it is, is looked at only where there is a root certificate.
    Require,
    /// Always, and the certificate is of an authority that is named.
    VerifyCa,
    /// The same, and it is for the host of the address.
    VerifyFull,
}

const MODES: [(&str, Mode); 5] = [
    ("disable", Mode::Disable),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];

/// An address that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// What the driver understands.
    pub rest: String,
    /// `sslmode`.
    pub mode: Option<Mode>,
    /// `sslrootcert`.
    pub root: Option<PathBuf>,
}

/// A setting of an address: where it stands, its name and its value.
type Setting = (Range<usize>, String, String);

/// Reads an address.
///
/// # Errors
/// [`StoreError::Invalid`]: it is not understood, or asks for what does not fit.
pub(crate) fn read(address: &str) -> Outcome<Address> {
    let (mut rest, mut mode, mut root) = (String::new(), None, None);
    let mut from = 0;
    for (range, name, value) in settings(address)? {
        match name.as_str() {
            "sslmode" => mode = Some(known(&value)?),
            "sslrootcert" => root = Some(PathBuf::from(value)),
            _ => continue,
        }
        rest.push_str(&address[from..range.start]);
        from = range.end;
    }
    rest.push_str(&address[from..]);
    if matches!(mode, Some(Mode::VerifyCa | Mode::VerifyFull)) && root.is_none() {
        return Err(StoreError::Invalid(
            "the certificate of the database is to be verified, and by whom is not said: name a PEM file of authorities \
             (sslrootcert=FILE in the address, --store-root-cert FILE; those of the system are often \
             /etc/ssl/certs/ca-certificates.crt)"
                .into(),
        ));
    }
    Ok(Address { rest, mode, root })
}

fn known(text: &str) -> Outcome<Mode> {
    let found = MODES.iter().find(|(name, _)| *name == text);
    found.map(|(_, mode)| *mode).ok_or_else(|| {
        let names: Vec<&str> = MODES.iter().map(|(name, _)| *name).collect();
        StoreError::Invalid(format!("sslmode '{text}' is none of {}", names.join(", ")))
    })
}

/// Adds TLS settings to an address that does not have them.
///
/// # Errors
/// [`StoreError::Invalid`]: it has them already, or they are no settings.
pub fn with_tls(address: &str, mode: Option<&str>, root: Option<&Path>) -> Result<String, StoreError> {
    let mut all = address.to_owned();
    let root = root.map(|root| root.display().to_string());
    for (name, flag, value) in [
        ("sslmode", "--store-tls", mode),
        ("sslrootcert", "--store-root-cert", root.as_deref()),
    ] {
        let Some(value) = value else { continue };
        if settings(address)?.iter().any(|(_, there, _)| there == name) {
            return Err(StoreError::Invalid(format!(
                "the address of the database has {name} already: leave out {flag}"
            )));
        }
        if is_url(address) {
            all.push(if query(&all).is_some() { '&' } else { '?' });
            all.push_str(&format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        } else {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            all.push_str(&format!(" {name}='{value}'"));
        }
    }
    read(&all)?;
    Ok(all)
}

fn is_url(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

/// Where the settings of a URL begin.
fn query(url: &str) -> Option<usize> {
    let after_user = url.find('@').unwrap_or(0);
    url[after_user..].find('?').map(|at| after_user + at + 1)
}

fn settings(address: &str) -> Outcome<Vec<Setting>> {
    if is_url(address) {
        Ok(of_url(address))
    } else {
        words(address).ok_or_else(|| {
            StoreError::Invalid(
                "the address of the database is not understood: it is no URL, and not made of key=value either".into(),
            )
        })
    }
}

fn of_url(url: &str) -> Vec<Setting> {
    let Some(mut at) = query(url) else { return Vec::new() };
    let mut found = Vec::new();
    for part in url[at..].split('&') {
        // With the mark after it, so that what is left is a URL still.
        let end = (at + part.len() + 1).min(url.len());
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        found.push((at..end, name.to_owned(), value));
        at = end;
    }
    found
}

/// Settings of the form `key = value`, as PostgreSQL's own library reads them; `None`: it is not of that form.
fn words(text: &str) -> Option<Vec<Setting>> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    loop {
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(start, _)) = rest.peek() else {
            return Some(found);
        };
        let mut name = String::new();
        while let Some((_, c)) = rest.next_if(|(_, c)| !c.is_whitespace() && *c != '=') {
            name.push(c);
        }
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        rest.next_if(|(_, c)| *c == '=')?;
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let quoted = rest.next_if(|(_, c)| *c == '\'').is_some();
        let mut value = String::new();
        loop {
            let ends = |c: char| if quoted { c == '\'' } else { c.is_whitespace() };
            match rest.peek().copied() {
                None if quoted => return None,
                None => break,
                Some((_, c)) if ends(c) => {
                    if quoted {
                        rest.next();
                    }
                    break;
                }
                Some((_, '\\')) => {
                    rest.next();
                    value.push(rest.next()?.1);
                }
                Some((_, c)) => {
                    rest.next();
                    value.push(c);
                }
            }
        }
        let end = rest.peek().map_or(text.len(), |(at, _)| *at);
        found.push((start..end, name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(address: &str) -> String {
        read(address).unwrap_err().to_string()
    }

    #[test]
    fn what_is_ours_is_taken_out_of_both_forms() {
        for (address, rest, mode, root) in [
            ("host=/run/pg dbname=x", "host=/run/pg dbname=x", None, None),
            (
                "host = a  password = 'it\\'s' sslmode=verify-full sslrootcert='/a b.pem' dbname=x",
                "host = a  password = 'it\\'s'   dbname=x",
                Some(Mode::VerifyFull),
                Some("/a b.pem"),
            ),
            ("postgres://u:p@h/x", "postgres://u:p@h/x", None, None),
            (
                "postgres://u:p%3F@h/x?sslmode=require&connect_timeout=3&sslrootcert=%2Fa%20b.pem",
                "postgres://u:p%3F@h/x?connect_timeout=3&",
                Some(Mode::Require),
                Some("/a b.pem"),
            ),
        ] {
            let read = read(address).unwrap();
            assert_eq!((read.rest.as_str(), read.mode), (rest, mode), "{address}");
            assert_eq!(read.root.as_deref(), root.map(Path::new), "{address}");
        }
    }

    #[test]
    fn settings_are_added_once_and_found_again() {
        let root = Path::new("/etc/l'autorità.pem");
        for address in [
            "host=h dbname=x",
            "postgres://h/x",
            "postgres://u@h/x?connect_timeout=3",
        ] {
            let added = with_tls(address, Some("verify-full"), Some(root)).unwrap();
            let read = read(&added).unwrap();
            assert_eq!(
                (read.mode, read.root.as_deref()),
                (Some(Mode::VerifyFull), Some(root)),
                "{added}"
            );
            let again = with_tls(&added, Some("disable"), None).unwrap_err().to_string();
            assert!(again.contains("has sslmode already: leave out --store-tls"), "{again}");
        }
        assert_eq!(with_tls("host=h", None, None).unwrap(), "host=h");
    }

    #[test]
    fn what_is_wrong_is_told_without_the_address() {
        assert!(
            told("host=h sslmode=always")
                .contains("'always' is none of disable, prefer, require, verify-ca, verify-full")
        );
        assert!(told("host=h sslmode=verify-full").contains("sslrootcert=FILE"));
        for malformed in ["segreto", "host='segreto", "host=h password segreto"] {
            let told = told(malformed);
            assert!(told.contains("not understood") && !told.contains("segreto"), "{told}");
        }
    }
}
