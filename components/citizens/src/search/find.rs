//! The steps of a search, from the surest to the most forgiving. Each is one query of the hub.

use super::person::Bundle;
use super::{Asked, Birth, Person, likeness};
use component::{Fhir, PeerError};
use std::num::NonZero;
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Persons of a page.
pub(crate) const PAGE: usize = 25;
/// With fewer than these found by the letters, those that sound alike are looked for, too.
const FEW: usize = 5;
/// Letters of a word that whoever was born on the day asked for must share.
const START: usize = 3;

/// How somebody was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum How {
    /// By the very code, another form of it, or the telephone number.
    Code,
    /// By the letters of the name.
    Letters,
    /// By its sound.
    Sound,
    /// By date of birth and a part of the name.
    Likeness,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Persons, the likeliest first, and how each was found.
    pub people: Vec<(Person, How)>,
    /// Mark of the next page.
    pub next: Option<String>,
    /// Too many would have to be looked at: more must be written.
    pub too_wide: bool,
}

/// Searches at work at the same time, for each core.
const PER_CORE: usize = 2;

/// Searches are worked on in the order in which they came, a few at a time. They are processor time and reads of one file, so that more at
/// once end no sooner; but each would wait for all the others at every one of its steps, and one of three steps three times.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    Semaphore::new(PER_CORE * cores)
});

/// Looks for persons. `after` is the mark of an earlier page, which only searches by letters have.
pub(crate) async fn find(fhir: &Fhir, asked: &Asked, after: Option<&str>) -> Result<Found, PeerError> {
    // It is never closed: nobody is refused here.
    let _place = PLACES.acquire().await;
    let mut found = Found::default();
    if asked.code.is_some() {
        by_code(fhir, asked, &mut found).await?;
        return Ok(found);
    }
    if let Some(phone) = &asked.phone {
        let mut query = vec![("phone", phone.clone())];
        query.extend(asked.words.iter().map(|word| ("fullname", word.clone())));
        step(fhir, query, None, How::Code, &mut found).await?;
        return Ok(sorted(found, asked));
    }
    if asked.words.is_empty() {
        return match asked.birth {
            Some(Birth::Day(day)) => {
                step(
                    fhir,
                    vec![("birthdate", day.to_string())],
                    after,
                    How::Letters,
                    &mut found,
                )
                .await?;
                Ok(sorted(found, asked))
            }
            // Everybody born in a year is no answer.
            _ => Ok(Found {
                too_wide: !asked.is_empty(),
                ..found
            }),
        };
    }
    step(fhir, by_name(By::Letters, asked), after, How::Letters, &mut found).await?;
    if found.people.len() < FEW && found.next.is_none() && after.is_none() {
        step(fhir, by_name(By::Sound, asked), None, How::Sound, &mut found).await?;
        found.next = None;
    }
    // Who knows the day and found somebody of it is not asked to read those who are only a little alike.
    let enough = match asked.birth {
        Some(Birth::Day(_)) => 1,
        _ => FEW,
    };
    if found.people.len() < enough && found.next.is_none() && after.is_none() {
        by_likeness(fhir, asked, &mut found).await?;
        found.next = None;
    }
    Ok(sorted(found, asked))
}

/// The very code first; the other forms that omocodia allows only where nobody has it.
async fn by_code(fhir: &Fhir, asked: &Asked, found: &mut Found) -> Result<(), PeerError> {
    let forms = asked.code_forms();
    let first = forms.first().cloned().unwrap_or_default();
    step(fhir, vec![("identifier", first)], None, How::Code, found).await?;
    if found.people.is_empty() && forms.len() > 1 {
        step(fhir, vec![("identifier", forms[1..].join(","))], None, How::Code, found).await?;
    }
    Ok(())
}

/// How the words of a name are compared.
#[derive(Debug, Clone, Copy)]
enum By {
    Letters,
    Sound,
}

impl By {
    /// The parameter of the name alone, and of the name within a year of birth.
    fn params(self) -> (&'static str, &'static str) {
        match self {
            By::Letters => ("fullname", "fullname-born"),
            By::Sound => ("phonetic", "phonetic-born"),
        }
    }

    /// The words that stand in one key, with the year of birth if one is known: one walk of neighbouring rows, however frequent
    /// the name. A year is told by the key itself; what is more precise is looked at in what the key finds.
    fn key(self, words: &[String], birth: Option<Birth>) -> Vec<(&'static str, String)> {
        let (name, born) = self.params();
        let words = words.join(" ");
        let Some(birth) = birth else {
            return vec![(name, words)];
        };
        let mut query = vec![(born, format!("{:04} {words}", birth.year()))];
        if !matches!(birth, Birth::Year(_)) {
            query.push(("birthdate", birth.fhir()));
        }
        query
    }
}

/// The first two words are one key; further words are looked at in what that key finds.
fn by_name(by: By, asked: &Asked) -> Vec<(&'static str, String)> {
    let start = asked.words.len().min(2);
    let mut query = by.key(&asked.words[..start], asked.birth);
    query.extend(asked.words[start..].iter().map(|word| (by.params().0, word.clone())));
    query
}

/// With a day of birth, whoever of that day has a name that begins or sounds as one of the words. Without, each word on its own.
async fn by_likeness(fhir: &Fhir, asked: &Asked, found: &mut Found) -> Result<(), PeerError> {
    if let Some(Birth::Day(day)) = asked.birth {
        let starts: Vec<String> = asked
            .words
            .iter()
            .map(|word| word.chars().take(START).collect())
            .collect();
        for (param, words) in [("fullname", &starts), ("phonetic", &asked.words)] {
            let query = vec![("birthdate", day.to_string()), (param, words.join(","))];
            step(fhir, query, None, How::Likeness, found).await?;
        }
    } else if asked.words.len() == 2 && asked.words.iter().all(|word| word.len() >= 3) {
        // Both words only begun. Two walks meet: the shorter is walked, the other looked up.
        let mut query = By::Letters.key(&asked.words[..1], asked.birth);
        let second = By::Letters.key(&asked.words[1..], asked.birth).into_iter().next();
        query.extend(second);
        step(fhir, query, None, How::Likeness, found).await?;
    }
    Ok(())
}

/// Asks the hub, and adds whoever is not there yet.
async fn step(
    fhir: &Fhir,
    mut query: Vec<(&'static str, String)>,
    after: Option<&str>,
    how: How,
    found: &mut Found,
) -> Result<(), PeerError> {
    query.push(("_count", PAGE.to_string()));
    query.extend(after.map(|mark| ("_page", mark.to_owned())));
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let bundle: Bundle = match fhir.bundle_as("Patient", &query).await {
        Ok(bundle) => bundle,
        Err(PeerError::Status { status, .. }) if matches!(status.as_u16(), 400 | 422) => {
            found.too_wide = true;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    found.next = next_mark(&bundle);
    for entry in bundle.entry {
        let person = entry.resource;
        let known = |(other, _): &(Person, How)| other.id == person.id;
        if person.resource_type.as_deref() == Some("Patient") && !found.people.iter().any(known) {
            found.people.push((person, how));
        }
    }
    Ok(())
}

/// The mark in the address of the next page.
fn next_mark(bundle: &Bundle) -> Option<String> {
    let next = bundle.link.iter().find(|link| link.relation == "next")?;
    let (_, query) = next.url.split_once('?')?;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    pairs
        .into_iter()
        .find(|(name, _)| name == "_page")
        .map(|(_, mark)| mark)
}

fn sorted(mut found: Found, asked: &Asked) -> Found {
    let mut order: Vec<(f32, (Person, How))> = found
        .people
        .into_iter()
        .map(|one| (likeness(asked, &one.0), one))
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.people = order.into_iter().map(|(_, one)| one).collect();
    found
}
