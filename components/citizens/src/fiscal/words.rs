//! What is wrong with a code, in plain words.

use codicefiscale::Arguments;
use jiff::civil::Date;
use web::{Arg, Page, Texts};

/// The message of an error or finding of `codicefiscale`, in the page's language.
pub(crate) fn told(page: &Page, key: &str, arguments: &Arguments) -> String {
    told_by(page.texts(), key, arguments)
}

/// The same with these texts: dates as they are written, sexes in words.
pub(crate) fn told_by(texts: &Texts, key: &str, arguments: &Arguments) -> String {
    let arguments: Vec<(&'static str, Arg)> = arguments
        .iter()
        .map(|(name, value)| (*name, Arg::from(readable(texts, key, value))))
        .collect();
    texts.get(key, &arguments)
}

fn readable(texts: &Texts, key: &str, value: &str) -> String {
    match (key, value) {
        ("differs-sex", "F") => texts.t("sex-of-female"),
        ("differs-sex", _) => texts.t("sex-of-male"),
        _ => value.parse::<Date>().map_or_else(|_| value.to_owned(), web::date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codicefiscale::{CodiceFiscale, Identifier, Record, Sex, compare};
    use jiff::civil::date;

    fn texts() -> Texts {
        crate::texts(web::Lang::It)
    }

    #[test]
    fn each_mismatch_has_a_plain_sentence() {
        let code = CodiceFiscale::parse("RSSMRA41R64A455O").unwrap();
        let record = Record {
            surname: Some("Bianchi"),
            given: Some("Ugo"),
            sex: Some(Sex::Male),
            birth: Some(date(1946, 3, 2)),
            place: Some("Napoli"),
        };
        let sentences: Vec<String> = compare(&code, &record, date(2026, 11, 22))
            .iter()
            .map(|finding| told_by(&texts(), finding.key(), &finding.arguments()))
            .collect();
        assert_eq!(sentences.len(), 5, "{sentences:#?}");
        let all = sentences.join("\n");
        for part in [
            "«RSS»",
            "«BNC»",
            "24/10/1941",
            "02/03/1946",
            "una donna",
            "Arzano",
            "Napoli",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        for code in [
            "RSSMRA41R64A455X",
            "RSS",
            "RSSMRA41R99A455O",
            "RSSMRA41R64?455O",
            "00177330074",
            "STP9991050000123",
        ] {
            let error = Identifier::read(code).unwrap_err();
            let sentence = told_by(&texts(), error.key(), &error.arguments());
            assert_ne!(sentence, error.key(), "{code}");
            assert!(!sentence.contains('{'), "{sentence}");
        }
    }
}
