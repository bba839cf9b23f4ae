//! How the people of the demo behave: when they do what is asked of them, if at all.

use jiff::{Span, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;

/// One person's story in the pathway.
#[derive(Debug, Clone)]
pub(super) struct Character {
    /// When the GP starts the pathway; `None`: not in the demo's two years.
    pub enrols: Option<Timestamp>,
    /// Comes late to examinations now and then.
    pub late: bool,
    /// Fills in questionnaires.
    pub answers: bool,
    /// Gives consent.
    pub consents: bool,
    /// Enters with a value that must be confirmed, and whether it is.
    pub to_confirm: Option<bool>,
    /// Leaves at this moment.
    pub leaves: Option<Timestamp>,
    /// The GP leaves their visits and plans of the last weeks undone.
    pub waits_for_gp: bool,
    /// Dies at this moment.
    pub dies: Option<Timestamp>,
}

/// What waits on a GP's list on the last day.
const BY_GP: [&str; 3] = ["visita-controllo", "revisione-terapia", "piano-di-cura"];
/// Days before the end from which on such work is left.
const LEFT_BY_GP: i64 = 35;

/// Whether the GP leaves this task to whoever tries the system, `left` days before the end.
pub(super) fn left_by_gp(element: &str, character: &Character, left: i64) -> bool {
    character.waits_for_gp && left <= LEFT_BY_GP && BY_GP.contains(&element)
}

/// Days from the creation of a task to its completion, `None`: it stays undone (someone else or a timer goes on).
pub(super) fn days(element: &str, character: &Character, near_end: bool, rng: &mut StdRng) -> Option<i64> {
    let (from, to) = match element {
        "arruolamento" | "consenso" => (0, 3),
        "esame-conferma" => (8, 20),
        "piano-di-cura" | "presa-in-carico" | "revisione-terapia" | "valutazione-ritardo" | "chiusura" => (1, 8),
        "educazione" => (10, 38),
        "prima-visita-diabetologica" | "valutazione-diabetologo" => (12, 28),
        "questionario-iniziale" | "autovalutazione" if !character.answers => return None,
        "questionario-iniziale" | "autovalutazione" => (1, 9),
        "laboratorio" => (4, 13),
        "esame-piede" => (5, 18),
        "ecg" | "esame-occhio" => (8, 26),
        "contatto-case-manager" => (1, 5),
        _ => (3, 14),
    };
    let mut days = rng.random_range(from..=to);
    let slow = matches!(
        element,
        "laboratorio" | "esame-occhio" | "visita-controllo" | "visita-specialistica"
    );
    if character.late && slow && rng.random_bool(0.35) {
        days += rng.random_range(35..75);
    }
    // Towards today more work is left lying, so that every list has something due and something overdue.
    let kept_for_the_audience = matches!(
        element,
        "visita-controllo" | "revisione-terapia" | "contatto-case-manager"
    );
    if near_end && rng.random_bool(if kept_for_the_audience { 0.85 } else { 0.45 }) {
        days += 45;
    }
    Some(days)
}

/// A working moment `days` after `from`: between 8 and 18 (UTC), not on Sundays.
pub(super) fn working_moment(from: Timestamp, days: i64, rng: &mut StdRng) -> Timestamp {
    let zoned = from.to_zoned(jiff::tz::TimeZone::UTC);
    let mut day = zoned.date().checked_add(Span::new().days(days)).unwrap_or(zoned.date());
    if day.weekday() == jiff::civil::Weekday::Sunday {
        day = day.tomorrow().unwrap_or(day);
    }
    let (hour, minute) = (rng.random_range(8..18), rng.random_range(0..60));
    let at = day
        .at(hour, minute, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map(|z| z.timestamp())
        .unwrap_or(from);
    // Something asked at nine and answered "the same day at eight" is answered soon after it was asked.
    if at > from {
        at
    } else {
        from + jiff::SignedDuration::from_mins(rng.random_range(5..90))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn moments_are_later_and_never_on_sunday_unless_asked_then() {
        let mut rng = StdRng::seed_from_u64(5);
        let friday: Timestamp = "2026-11-20T17:59:00Z".parse().unwrap();
        for days in 0..30 {
            let at = working_moment(friday, days, &mut rng);
            assert!(at > friday);
            let weekday = at.to_zoned(jiff::tz::TimeZone::UTC).weekday();
            assert_ne!(weekday, jiff::civil::Weekday::Sunday, "{days} days later");
        }
    }
}
