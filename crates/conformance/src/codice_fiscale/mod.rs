//! The codice fiscale: 2000 vectors, and the cases in the tests of python-codicefiscale and codice-fiscale-js, which are read
//! from their files (`../reference/registries/codicefiscale` beside the reference data).

mod js;
mod literal;
mod ours;
mod python;

use crate::Report;
use codicefiscale::places::places;
use codicefiscale::{CodiceFiscale, Record, Sex, compare};
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// Runs the suite: `folder` holds `vectors.csv`.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    match std::fs::read_to_string(folder.join("vectors.csv")) {
        Ok(text) => text.lines().skip(1).for_each(|line| vector(line, &mut report)),
        Err(error) => report.fail("vectors.csv", error.to_string()),
    }
    let tables = folder.join("../../reference/registries/codicefiscale");
    for (tests, extension, of_file) in [
        ("python-tests", "py", python::run as fn(&str, &str, &mut Report)),
        ("codice-fiscale-js-tests", "js", js::run),
    ] {
        let files = sources(&tables.join(tests), extension);
        if files.is_empty() {
            report.skip(tests, format!("there are no tests in {}", tables.join(tests).display()));
        }
        for file in files {
            let name = format!("{tests}/{}", file.file_name().unwrap_or_default().to_string_lossy());
            match std::fs::read_to_string(&file) {
                Ok(text) => of_file(&name, &text, &mut report),
                Err(error) => report.fail(name, error.to_string()),
            }
        }
    }
    report
}

/// The files of a folder and of the folders in it, by name.
fn sources(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// One line: the code is computed, checked, decoded, found consistent; so is its variant.
fn vector(line: &str, report: &mut Report) {
    let outcome = (|| {
        let fields: Vec<&str> = line.split(',').collect();
        let [surname, given, sex, birth, place, belfiore, code, variant, valid] = fields[..] else {
            return Err("nine fields are expected".to_owned());
        };
        let birth: Date = birth.parse().map_err(|error| format!("{birth}: {error}"))?;
        let sex = if sex == "F" { Sex::Female } else { Sex::Male };
        let found = places().find(&format!("{place} ({})", province(belfiore)), Some(birth));
        let found = found.map_err(|error| error.to_string())?.place.code;
        let of = |belfiore: &str| {
            let computed = CodiceFiscale::compute(surname, given, birth, sex, belfiore);
            computed.map_err(|error| error.to_string())
        };
        let computed = of(belfiore)?;
        same("computed", computed.as_str(), code)?;
        same("place", found, belfiore)?;
        same(
            "variant valid",
            if CodiceFiscale::parse(variant).is_ok() {
                "1"
            } else {
                "0"
            },
            valid,
        )?;
        let record = Record {
            surname: Some(surname),
            given: Some(given),
            sex: Some(sex),
            birth: Some(birth),
            place: Some(belfiore),
        };
        for text in [code, variant] {
            let parsed = CodiceFiscale::parse(text).map_err(|error| format!("{text}: {error}"))?;
            same("base", parsed.base().as_str(), code)?;
            if let Some(finding) = compare(&parsed, &record, ours::today())
                .iter()
                .find(|finding| finding.contradicts())
            {
                return Err(format!("{text}: {finding}"));
            }
            if !computed.forms().contains(&parsed) {
                return Err(format!("{text} is not among the 128 forms"));
            }
        }
        Ok(())
    })();
    report.record(format!("vectors.csv/{line}"), outcome);
}

fn province(belfiore: &str) -> &'static str {
    places().latest(belfiore).map_or("", |place| place.province)
}

fn same(what: &str, ours: &str, expected: &str) -> Result<(), String> {
    if ours == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected}, got {ours}"))
    }
}
