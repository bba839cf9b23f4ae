//! Who does what in the demo.

use super::character::Character;
use super::staff::{self, Member};
use super::{DIABETIC, PEOPLE, SEED};
use crate::people::{Person, Therapy, generate};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// People with diabetes who enter the pathway in the two years; the remaining ones wait to be enrolled by whoever
/// tries the system.
const ENROLLED: usize = 36;
/// How many of them enter in the last weeks: their first steps are still open.
const RECENT: usize = 10;

/// One person and where they stand in the story.
#[derive(Debug)]
pub(super) struct Life {
    /// Who.
    pub person: Person,
    /// How they behave.
    pub character: Character,
    /// Their own randomness: one person's story does not change another's.
    pub rng: StdRng,
    /// Their GP.
    pub gp: Member,
    /// Since when they are in the pathway.
    pub enrolled: Option<Date>,
    /// What they take for diabetes now.
    pub therapy: Option<Therapy>,
}

/// The cast as it stands two years before `end`.
pub(super) fn cast(end: Timestamp) -> Vec<Life> {
    let today = end.to_zoned(jiff::tz::TimeZone::UTC).date();
    let gps = staff::with_role("mmg");
    let people = generate(SEED, PEOPLE, DIABETIC, today);
    let mut cast: Vec<Life> = people
        .into_iter()
        .enumerate()
        .map(|(n, person)| life(n, person, end, &gps))
        .collect();
    spread(&mut cast, today);
    cast
}

fn life(n: usize, person: Person, end: Timestamp, gps: &[Member]) -> Life {
    let mut rng = StdRng::seed_from_u64(SEED ^ (n as u64 + 1).wrapping_mul(0x9E37_79B9));
    let ago = |days: i64| end - SignedDuration::from_hours(24 * days);
    let therapy = person.diabetes.as_ref().map(|c| c.therapy);
    let enrols = match n {
        0 => Some(ago(470)),
        n if (ENROLLED - RECENT..ENROLLED).contains(&n) => Some(ago(3 + 4 * (ENROLLED - 1 - n) as i64)),
        n if n < ENROLLED => Some(ago(700 - 24 * n as i64 - rng.random_range(0..14))),
        // Two people at risk whom the criteria turn away.
        n if n == DIABETIC || n == DIABETIC + 1 => Some(ago(rng.random_range(60..400))),
        _ => None,
    };
    let character = Character {
        enrols,
        late: n % 4 == 2,
        answers: n != 0 && n % 5 != 3,
        consents: n != 13,
        to_confirm: match n {
            4 | 17 => Some(true),
            21 => Some(false),
            _ => None,
        },
        leaves: match n {
            5 => Some(ago(150)),
            9 => Some(ago(40)),
            _ => None,
        },
        // One in three of each GP's people: chance alone leaves some GP without work on some days.
        waits_for_gp: (n / gps.len()) % 3 == 1,
        dies: (n == 7).then(|| ago(95)),
    };
    Life {
        person,
        character,
        rng,
        gp: gps[n % gps.len()],
        enrolled: None,
        therapy,
    }
}

/// Makes sure that every class of complexity is on stage, whatever the seed gave.
fn spread(cast: &mut [Life], today: Date) {
    for (n, change) in [(2, 3), (6, 4), (10, 3), (14, 4), (18, 3)] {
        let Some(course) = cast[n].person.diabetes.as_mut() else {
            continue;
        };
        match (n, change) {
            (_, 3) => course.cardiovascular = true,
            (6, _) => course.foot = crate::people::Foot::Ulcer,
            _ => course.eye = crate::people::Eye::Severe,
        }
        course.onset = course
            .onset
            .min(today.checked_sub(jiff::Span::new().years(9)).unwrap_or(course.onset));
    }
}
