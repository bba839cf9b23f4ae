//! Code systems that nobody can list: what their own grammar says of a code.

use crate::Membership;

/// Largest code that is looked at: longer ones are of no system here.
const MAX_CODE_BYTES: usize = 512;

/// Whether a code can be one of a system that has no list. `In` only where the grammar decides wholly; `Out` where the
/// form is wrong; [`Membership::Unknown`] otherwise, and for every system without a rule.
pub fn check(system: &str, code: &str) -> Membership {
    if code.is_empty() || code.len() > MAX_CODE_BYTES {
        return Membership::Out;
    }
    let formed = |well: bool| if well { Membership::Unknown } else { Membership::Out };
    match system {
        // a media type may be private: any of the right form is one (RFC 6838, §4.2)
        "urn:ietf:bcp:13" => {
            if is_media_type(code) {
                Membership::In
            } else {
                Membership::Out
            }
        }
        // the registry of subtags grows: any of the right form is accepted (RFC 5646, §2.1)
        "urn:ietf:bcp:47" => {
            if is_language_tag(code) {
                Membership::In
            } else {
                Membership::Out
            }
        }
        "urn:iso:std:iso:3166" => formed(is_country(code)),
        "urn:iso:std:iso:3166:-2" => formed(is_subdivision(code)),
        "urn:iso:std:iso:4217" => formed(code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())),
        "http://loinc.org" => formed(is_loinc(code)),
        // an expression may be composed of codes; a plain code has a check digit
        "http://snomed.info/sct" => formed(!code.bytes().all(|b| b.is_ascii_digit()) || is_sctid(code)),
        _ => Membership::Unknown,
    }
}

/// `type/subtype` with optional `;name=value`.
fn is_media_type(code: &str) -> bool {
    let mut parts = code.split(';');
    let Some((kind, subtype)) = parts.next().and_then(|essence| essence.trim().split_once('/')) else {
        return false;
    };
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let parameter = |text: &str| match text.trim().split_once('=') {
        Some((name, value)) => {
            let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
            token(name) && (quoted || token(value))
        }
        None => false,
    };
    token(kind) && token(subtype) && parts.all(parameter)
}

/// The form of RFC 5646: language, then script, region, variants, extensions and private use in this order.
fn is_language_tag(code: &str) -> bool {
    let alpha = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic());
    let alnum = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts = code.split('-').peekable();
    let Some(first) = parts.next() else { return false };
    if matches!(first, "x" | "i" | "X" | "I") {
        // private use, and what was registered before the rules
        return parts.peek().is_some() && parts.all(|part| (1..=8).contains(&part.len()) && alnum(part));
    }
    if !(2..=8).contains(&first.len()) || !alpha(first) {
        return false;
    }
    let mut extended = 0;
    while first.len() <= 3 && extended < 3 && parts.next_if(|p| p.len() == 3 && alpha(p)).is_some() {
        extended += 1;
    }
    parts.next_if(|p| p.len() == 4 && alpha(p));
    parts.next_if(|p| (p.len() == 2 && alpha(p)) || (p.len() == 3 && p.bytes().all(|b| b.is_ascii_digit())));
    let variant =
        |p: &&str| alnum(p) && ((5..=8).contains(&p.len()) || (p.len() == 4 && p.as_bytes()[0].is_ascii_digit()));
    while parts.next_if(variant).is_some() {}
    while let Some(singleton) = parts.next() {
        if singleton.len() != 1 || !alnum(singleton) {
            return false;
        }
        let private = singleton.eq_ignore_ascii_case("x");
        let fits = |p: &&str| alnum(p) && (if private { 1 } else { 2 }..=8).contains(&p.len());
        if parts.next_if(fits).is_none() {
            return false;
        }
        while parts.next_if(fits).is_some() {}
    }
    true
}

fn is_country(code: &str) -> bool {
    matches!(code.len(), 2 | 3)
        && (code.bytes().all(|b| b.is_ascii_uppercase())
            || (code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit())))
}

fn is_subdivision(code: &str) -> bool {
    let Some((country, part)) = code.split_once('-') else {
        return false;
    };
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=3).contains(&part.len())
        && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// `12345-6` with its check digit, or a part, list, answer or group (`LP14449-0`, …), whose last digit is not checked.
fn is_loinc(code: &str) -> bool {
    let Some((number, check)) = code.rsplit_once('-') else {
        return false;
    };
    let letters = number.len() - number.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
    if letters > 0 {
        return number[letters..].bytes().all(|b| b.is_ascii_digit()) && check.bytes().all(|b| b.is_ascii_digit());
    }
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.is_empty() || digits.len() != number.len() || digits.len() > 9 {
        return false;
    }
    let sum = luhn(&digits);
    check.parse::<u32>().is_ok_and(|check| check == (10 - sum % 10) % 10)
}

/// The sum of mod 10, the last digit doubled.
fn luhn(digits: &[u32]) -> u32 {
    let doubled = |d: u32| if d > 4 { d * 2 - 9 } else { d * 2 };
    let each = digits.iter().rev().enumerate();
    each.map(|(at, d)| if at % 2 == 0 { doubled(*d) } else { *d }).sum()
}

/// 6 to 18 digits with the Verhoeff check digit (SNOMED CT Release File Specification, §7.4).
fn is_sctid(code: &str) -> bool {
    const D: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const FIRST: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    if !(6..=18).contains(&code.len()) {
        return false;
    }
    let mut sum = 0_u8;
    for (at, byte) in code.bytes().rev().enumerate() {
        let mut digit = byte - b'0';
        for _ in 0..at % 8 {
            digit = FIRST[usize::from(digit)];
        }
        sum = D[usize::from(sum)][usize::from(digit)];
    }
    sum == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use Membership::{In, Out, Unknown};

    fn all(system: &str, cases: &[(&str, Membership)]) {
        for (code, expected) in cases {
            assert_eq!(check(system, code), *expected, "{system} {code}");
        }
    }

    #[test]
    fn media_types_and_languages_are_decided_by_form() {
        let media = [("text/plain", In), ("application/fhir+json; fhirVersion=4.0", In)];
        all("urn:ietf:bcp:13", &media);
        all(
            "urn:ietf:bcp:13",
            &[("text", Out), ("text/", Out), ("a b/c", Out), ("text/plain;", Out)],
        );
        let good = [
            "it",
            "it-IT",
            "zh-Hant-CN",
            "sl-rozaj-biske",
            "de-CH-1996",
            "en-x-own",
            "i-klingon",
            "es-419",
        ];
        good.iter().for_each(|tag| all("urn:ietf:bcp:47", &[(tag, In)]));
        ["italiano-it-it", "i", "it_IT", "it-", "123", "en-x"]
            .iter()
            .for_each(|tag| all("urn:ietf:bcp:47", &[(tag, Out)]));
    }

    #[test]
    fn what_only_the_owner_can_list_is_never_in() {
        all(
            "http://loinc.org",
            &[("4548-4", Unknown), ("4548-5", Out), ("LP14449-0", Unknown), ("x", Out)],
        );
        all(
            "http://snomed.info/sct",
            &[("73211009", Unknown), ("73211008", Out), ("73211009:1=2", Unknown)],
        );
        all(
            "urn:iso:std:iso:3166",
            &[("IT", Unknown), ("ITA", Unknown), ("380", Unknown), ("it", Out)],
        );
        all("urn:iso:std:iso:3166:-2", &[("IT-NA", Unknown), ("IT", Out)]);
        all("urn:iso:std:iso:4217", &[("EUR", Unknown), ("euro", Out)]);
        all("http://any", &[("x", Unknown), ("", Out)]);
    }
}
