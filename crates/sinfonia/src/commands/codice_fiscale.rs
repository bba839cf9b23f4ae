//! `sinfonia codice-fiscale`: computes, checks and reads tax codes, and lists their forms. Nothing is kept and no store is opened.

use anyhow::{Context as _, bail};
use codicefiscale::places::places;
use codicefiscale::{CodiceFiscale, Identifier, Record, Sex, compare, reading};
use jiff::civil::Date;

/// Flags of `codice-fiscale`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

/// What is asked.
#[derive(clap::Subcommand)]
enum What {
    /// Computes the code of a person (before any omocodia).
    Compute(Person),
    /// Says whether a code (codice fiscale, provisional number, STP, ENI) is well formed and fits a person; what is not given is
    /// not compared. Ends with 1 when it does not.
    Check {
        /// The code.
        code: String,
        #[command(flatten)]
        person: Person,
    },
    /// Lists the 128 forms of a code, the one without omocodia first.
    Forms {
        /// The code.
        code: String,
    },
}

/// What is known of a person.
#[derive(clap::Args)]
struct Person {
    /// Surname of birth.
    #[arg(long)]
    surname: Option<String>,
    /// Given names.
    #[arg(long)]
    given: Option<String>,
    /// M or F.
    #[arg(long)]
    sex: Option<String>,
    /// Date of birth: 1946-03-12 or 12/03/1946.
    #[arg(long)]
    birth: Option<String>,
    /// Place of birth: name, with or without province, or Belfiore code.
    #[arg(long)]
    place: Option<String>,
}

impl Person {
    fn birth(&self) -> anyhow::Result<Option<Date>> {
        let read = |text: &String| {
            reading::date(text)
                .with_context(|| format!("--birth: '{text}' cannot be read: write it as 1946-03-12 or 12/03/1946"))
        };
        self.birth.as_ref().map(read).transpose()
    }

    fn sex(&self) -> anyhow::Result<Option<Sex>> {
        Ok(match self.sex.as_deref().map(str::trim) {
            None => None,
            Some("M" | "m") => Some(Sex::Male),
            Some("F" | "f") => Some(Sex::Female),
            Some(other) => bail!("--sex: '{other}' is not M or F"),
        })
    }
}

/// Does what is asked.
///
/// # Errors
/// Data that are missing or cannot be read; a code that does not fit.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.what {
        What::Compute(person) => {
            println!("{}", computed(person)?.as_str());
            Ok(())
        }
        What::Check { code, person } => checked(code, person),
        What::Forms { code } => {
            for form in CodiceFiscale::read(code)?.forms() {
                println!("{}", form.as_str());
            }
            Ok(())
        }
    }
}

fn computed(person: &Person) -> anyhow::Result<CodiceFiscale> {
    let missing =
        |flag: &str| format!("a codice fiscale is made of surname, given, sex, birth and place: --{flag} is missing");
    let birth = person.birth()?.with_context(|| missing("birth"))?;
    let sex = person.sex()?.with_context(|| missing("sex"))?;
    let place = person.place.as_deref().with_context(|| missing("place"))?;
    let found = places().find(place, Some(birth))?;
    let (surname, given) = (person.surname.as_deref(), person.given.as_deref());
    let (surname, given) = (surname.unwrap_or_default(), given.unwrap_or_default());
    Ok(CodiceFiscale::compute(surname, given, birth, sex, found.place.code)?)
}

fn checked(code: &str, person: &Person) -> anyhow::Result<()> {
    let identifier = Identifier::read(code)?;
    println!("{}: {}", identifier.as_str(), identifier.kind());
    let Identifier::Fiscal(code) = &identifier else {
        return Ok(());
    };
    if code.is_omocode() {
        println!(
            "omocodia: its form without letters for digits is {}",
            code.base().as_str()
        );
    }
    let record = Record {
        surname: person.surname.as_deref(),
        given: person.given.as_deref(),
        sex: person.sex()?,
        birth: person.birth()?,
        place: person.place.as_deref(),
    };
    let today = super::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let findings = compare(code, &record, today);
    for finding in &findings {
        println!("{}: {finding}", if finding.contradicts() { "wrong" } else { "look" });
    }
    if findings.iter().any(codicefiscale::Finding::contradicts) {
        bail!("the code does not fit the person");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        Person {
            surname: Some("Rossi".into()),
            given: Some("Mario".into()),
            sex: Some("m".into()),
            birth: Some("01/01/1980".into()),
            place: Some("Napoli".into()),
        }
    }

    #[test]
    fn a_code_is_computed_and_checked_and_what_is_wrong_is_named() {
        let code = computed(&person()).unwrap();
        assert_eq!(code.as_str(), "RSSMRA80A01F839W");
        assert!(checked("rss mra 80a01 f839w", &person()).is_ok());
        assert!(
            checked(code.forms()[127].as_str(), &person()).is_ok(),
            "another form of it"
        );
        let mut other = person();
        other.birth = Some("1981-01-01".into());
        assert!(checked(code.as_str(), &other).is_err());
        assert!(checked("RSSMRA80A01F839X", &person()).is_err());
        other.birth = None;
        assert!(computed(&other).unwrap_err().to_string().contains("--birth"));
        other.sex = Some("x".into());
        assert!(other.sex().unwrap_err().to_string().contains("M or F"));
    }
}
