use super::*;
use crate::places::places;
use jiff::civil::Date;
use jiff::civil::date;
use proptest::prelude::*;
use std::path::PathBuf;

/// The vectors of the reference data; without them, and outside CI, the test says so and stops.
fn vectors() -> Option<String> {
    let oracles = std::env::var_os("SINFONIA_ORACLES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracles"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(oracles.join("codice-fiscale/vectors.csv"));
    if text.is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "codice-fiscale/vectors.csv is missing under {}",
            oracles.display()
        );
        println!(
            "SKIPPED: codice-fiscale/vectors.csv is missing under {}",
            oracles.display()
        );
    }
    text.ok()
}

#[test]
fn every_vector_is_computed_checked_and_decoded() {
    let Some(text) = vectors() else { return };
    let mut count = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [surname, given, sex, birth, place, belfiore, code, variant, valid] = fields[..] else {
            panic!("nine fields: {line}")
        };
        let birth: Date = birth.parse().unwrap();
        let sex = if sex == "F" { Sex::Female } else { Sex::Male };
        let computed = CodiceFiscale::compute(surname, given, birth, sex, belfiore).unwrap();
        assert_eq!(computed.as_str(), code, "{line}");
        let parsed = CodiceFiscale::parse(code).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(parsed, computed);
        assert!(!parsed.is_omocode());
        assert_eq!(CodiceFiscale::parse(variant).is_ok(), valid == "1", "{line}");
        for code in [parsed, CodiceFiscale::parse(variant).unwrap()] {
            assert_eq!(code.base(), computed, "{line}");
            assert_eq!((code.sex(), code.place().as_str()), (sex, belfiore), "{line}");
            let at_fifty = date(birth.year() + 50, 12, 31);
            assert_eq!(code.birth_date(at_fifty), Some(birth), "{line}");
            let record = record(surname, given, birth, sex, place);
            let findings = compare(&code, &record, at_fifty);
            assert!(
                findings.iter().all(|finding| !finding.contradicts()),
                "{line}: {findings:?}"
            );
        }
        assert_eq!(
            CodiceFiscale::parse(variant).unwrap().is_omocode(),
            variant != computed.as_str(),
            "{line}"
        );
        count += 1;
    }
    assert_eq!(count, 2000);
}

fn error(text: &str) -> String {
    CodiceFiscale::parse(text).unwrap_err().to_string()
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(
        CodiceFiscale::parse(" rssmra41r64a455o ").unwrap().as_str(),
        "RSSMRA41R64A455O"
    );
    assert!(error("12345678901").contains("this one has 11"));
    assert!(error("1SSMRA41R64A455O").starts_with("character 1 of the codice fiscale is '1': a letter"));
    assert!(error("RSSMRA4AR64A455O").starts_with("character 8 of the codice fiscale is 'A': a digit"));
    assert!(error("RSSMRA41F64A455O").starts_with("character 9 of the codice fiscale is 'F': a month letter"));
    assert!(error("RSSMRA41R64N455O").starts_with("character 12"));
    assert!(error("RSSMRÀ41R64A455O").starts_with("character 6 of the codice fiscale is 'À'"));
    assert!(error("ASRMRA41R64A455O").starts_with("'ASR' cannot come from a name"));
    assert!(error("RSSMRA41B70A455O").contains("day 30 of month 2"));
    assert!(error("RSSMRA41R40A455O").contains("day 40 of month 10"));
    assert!(error("RSSMRA41R64A000O").contains("'A000' is not a Belfiore code"));
    assert!(error("RSSMRA41R64A455A").contains("is 'A' and should be 'O'"));
}

#[test]
fn names_make_their_letters() {
    for (name, surname, given) in [
        ("Rossi", "RSS", "RSS"),
        ("Fo", "FOX", "FOX"),
        ("Gianfranco", "GNF", "GFR"),
        ("D'Àmico", "DMC", "DMC"),
        ("Ai", "AIX", "AIX"),
        ("O", "OXX", "OXX"),
        ("Øster Ærø", "STR", "SRR"),
        ("Weiß", "WSS", "WSS"),
    ] {
        assert_eq!(surname_letters(name).as_deref(), Some(surname), "{name}");
        assert_eq!(given_letters(name).as_deref(), Some(given), "{name}");
    }
    assert_eq!(surname_letters(" ' "), None);
    assert!(CodiceFiscale::compute("李", "A", date(2000, 1, 1), Sex::Male, "H501").is_err());
    assert!(CodiceFiscale::compute("A", "A", date(2000, 1, 1), Sex::Male, "Roma").is_err());
}

#[test]
fn a_leap_day_of_1900_and_a_mismatch_are_told() {
    let code = CodiceFiscale::compute("Rossi", "Ada", date(2000, 2, 29), Sex::Female, "H501").unwrap();
    assert_eq!(code.birth_date(date(2026, 1, 1)), Some(date(2000, 2, 29)));
    assert_eq!(code.birth_date(date(1999, 1, 1)), None);
    let record = record("Rossi", "Ida", date(2000, 2, 28), Sex::Male, "Milano");
    let wrong: Vec<String> = compare(&code, &record, date(2026, 1, 1))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        wrong,
        [
            "the code says 'DAA' for the given name; the record's 'Ida' makes 'DIA'",
            "the code says born on 2000-02-29; the record says 2000-02-28",
            "the code is of a woman; the record says man",
            "the code says born in Roma (RM) (H501); the record says Milano (MI) (F205)",
        ]
    );
}

fn record<'a>(surname: &'a str, given: &'a str, birth: Date, sex: Sex, place: &'a str) -> Record<'a> {
    Record {
        surname: Some(surname),
        given: Some(given),
        sex: Some(sex),
        birth: Some(birth),
        place: Some(place),
    }
}

fn keys(code: &str, record: &Record<'_>) -> Vec<&'static str> {
    let code = CodiceFiscale::parse(code).unwrap();
    compare(&code, record, date(2026, 1, 1))
        .iter()
        .map(Finding::key)
        .collect()
}

#[test]
fn findings_tell_frequent_mistakes() {
    let born = date(1941, 10, 24);
    let of = |surname, given, place| record(surname, given, born, Sex::Female, place);
    let code = "RSSMRA41R64A455O";
    assert_eq!(keys(code, &of("Maria", "Rossi", "Arzano")), ["differs-exchanged"]);
    assert_eq!(
        keys(code, &of("Rossi Bianchi", "Maria Immacolata", "Arzano (NA)")),
        ["differs-given-part"]
    );
    assert_eq!(keys(code, &of("Rossi", "Maria", "Arzanno")), ["place-unknown-similar"]);
    assert_eq!(keys(code, &Record::default()), [""; 0]);
    let unknown = CodiceFiscale::compute("Rossi", "Maria", born, Sex::Female, "M998").unwrap();
    assert_eq!(
        keys(unknown.as_str(), &of("Rossi", "Maria", "A455")),
        ["differs-no-such-place", "differs-place"]
    );
}

#[test]
fn places_are_found_as_people_write_them() {
    let found = |text: &str, year: i16| {
        let day = Some(date(year, 6, 1)).filter(|_| year > 0);
        places()
            .find(text, day)
            .map(|found| (found.place.code, found.place.province, found.in_force))
    };
    assert_eq!(found("torino, Italy", 1990), Ok(("L219", "TO", true)));
    assert_eq!(found("Vimercate", 1980), Ok(("M052", "MI", true)));
    assert_eq!(found("Vimercate (MB)", 1980), Ok(("M052", "MI", true)));
    assert_eq!(found("Casagiove", 1942), Ok(("B860", "NA", false)));
    assert_eq!(found("Sant'Angelo d'Alife", 1996).map(|found| found.0), Ok("I273"));
    assert_eq!(
        found("Micronesia, Stati Federati di", 0).map(|found| found.0),
        Ok("Z735")
    );
    assert_eq!(found("Georgia", 1980).map(|found| found.0), Ok("Z254"));
    let unknown = places().find("Napolli", None).unwrap_err();
    assert!(
        unknown.to_string().contains("similar are Napoli (NA) F839"),
        "{unknown}"
    );
    assert!(places().find("Area 51", None).is_err());
}

#[test]
fn every_period_is_in_order_and_every_code_is_one() {
    for place in places().rows() {
        assert!(place.to.is_none_or(|to| place.from <= to), "{place:?}");
        assert!(parse::is_place(place.code.as_bytes()), "{place:?}");
    }
    assert!(places().rows().len() > 19_000);
}

#[test]
fn one_code_has_128_forms() {
    let code = CodiceFiscale::parse("RSSMRA41R64A455O").unwrap();
    let forms = code.forms();
    let distinct: std::collections::HashSet<_> = forms.iter().collect();
    assert_eq!((forms.len(), distinct.len()), (128, 128));
    assert!(forms.iter().all(|form| form.base() == code && form.same_base(&code)));
    assert_eq!(forms[0], code);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,20}", codes in "[A-Z0-9]{16}") {
        let _ = CodiceFiscale::parse(&text);
        let _ = CodiceFiscale::parse(&codes);
    }

    #[test]
    fn omocodia_keeps_the_data(places in prop::collection::vec(0usize..7, 0..7), changed in 0usize..15) {
        let code = CodiceFiscale::compute("Rossi", "Maria", date(1941, 10, 24), Sex::Female, "A455").unwrap();
        let variant = code.omocode(&places);
        prop_assert_eq!(CodiceFiscale::parse(variant.as_str()), Ok(variant.clone()));
        prop_assert_eq!(variant.base(), code);
        prop_assert_eq!(variant.is_omocode(), !places.is_empty());
        // a single changed character never goes unseen
        let mut typo = variant.as_str().to_owned().into_bytes();
        typo[changed] = if typo[changed] == b'B' { b'C' } else { b'B' };
        prop_assert!(CodiceFiscale::parse(std::str::from_utf8(&typo).unwrap()).is_err());
    }
}
