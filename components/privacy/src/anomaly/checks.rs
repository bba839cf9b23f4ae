//! What each rule says of one entry, or of one person's day.

use super::facts::Facts;
use super::memory::{Memory, Peers};
use super::rule::Check;
use crate::log::{Entry, Outcome};
use jiff::civil::Weekday;

/// What a rule found: about which patient (`None`: about the person's day), and in words.
pub(super) struct Found {
    pub patient: Option<String>,
    pub text: String,
}

/// What a check sees.
pub(super) struct Seen<'a> {
    pub entry: &'a Entry,
    pub facts: &'a Facts,
    pub memory: &'a Memory,
    pub peers: &'a Peers,
}

impl Seen<'_> {
    fn name(&self) -> &str {
        self.facts.name(&self.entry.who)
    }

    fn roles(&self) -> &[String] {
        self.facts.roles.get(&self.entry.who).map_or(&[], Vec::as_slice)
    }

    /// What a rule finds here.
    pub fn check(&self, check: &Check) -> Vec<Found> {
        let done = self.entry.outcome == Outcome::Done;
        match check {
            Check::Volume {
                min_people,
                times_own,
                times_peers,
                days,
                min_days,
            } if done => self.volume(*min_people, (*times_own, *times_peers), *days, *min_days),
            Check::Relatives {} if done => self.relatives(),
            Check::Watched {} if done => self.watched(),
            Check::NoTie { per_day, .. } if done && self.memory.untied.len() >= *per_day => vec![Found {
                patient: None,
                text: format!(
                    "{} ha visto in un giorno {} persone o più senza un legame di cura con loro.",
                    self.name(),
                    per_day
                ),
            }],
            Check::OffDuty {
                from_hour,
                to_hour,
                sundays,
                roles,
            } if done => self.off_duty((*from_hour, *to_hour), *sundays, roles),
            Check::Refusals { per_day } if !done && self.memory.refused >= *per_day => vec![Found {
                patient: None,
                text: format!(
                    "A {} sono state rifiutate {per_day} richieste o più in un giorno.",
                    self.name()
                ),
            }],
            _ => Vec::new(),
        }
    }

    fn volume(&self, min: usize, (own, peers): (u32, u32), days: usize, min_days: usize) -> Vec<Found> {
        let seen = self.memory.people.len();
        let (worked, people) = self.memory.history(days);
        // seen > times * people / worked, without fractions.
        let beyond_own = worked < min_days || seen * worked > own as usize * people;
        let mut roles = self
            .roles()
            .iter()
            .filter_map(|role| self.peers.get(role))
            .filter(|(_, days)| *days > 0);
        let beyond_peers = roles.all(|(people, days)| seen as u64 * days > u64::from(peers) * people);
        if seen < min || !beyond_own || !beyond_peers {
            return Vec::new();
        }
        let usual = match worked {
            0 => "non c'è ancora una storia con cui confrontare".to_owned(),
            worked => format!(
                "di solito {} al giorno, su {worked} giorni di lavoro",
                people.div_ceil(worked)
            ),
        };
        vec![Found {
            patient: None,
            text: format!(
                "{} ha visto {min} persone diverse o più in un giorno; {usual}.",
                self.name()
            ),
        }]
    }

    fn relatives(&self) -> Vec<Found> {
        let patients = self.entry.patients.iter();
        let found = patients.filter_map(|patient| {
            let why = self.facts.relatives.get(&(self.entry.who.clone(), patient.clone()))?;
            Some(Found {
                patient: Some(patient.clone()),
                text: format!(
                    "{} ha visto i dati di {}: {why}.",
                    self.name(),
                    self.facts.patient_name(patient)
                ),
            })
        });
        found.collect()
    }

    fn watched(&self) -> Vec<Found> {
        let watched = self
            .entry
            .patients
            .iter()
            .filter(|patient| self.facts.exposed.contains(*patient));
        let found = watched.map(|patient| Found {
            patient: Some(patient.clone()),
            text: format!(
                "{} ha visto i dati di {}, che è nell'elenco delle persone esposte.",
                self.name(),
                self.facts.patient_name(patient)
            ),
        });
        found.collect()
    }

    fn off_duty(&self, (from, to): (i8, i8), sundays: bool, roles: &[String]) -> Vec<Found> {
        if self.entry.patients.is_empty() || !self.roles().iter().any(|role| roles.contains(role)) {
            return Vec::new();
        }
        let local = super::evaluate::italian(self.entry.at);
        let night = local.hour() >= from || local.hour() < to;
        let sunday = sundays && local.weekday() == Weekday::Sunday;
        if !night && !sunday {
            return Vec::new();
        }
        let when = if night { "di notte" } else { "di domenica" };
        vec![Found {
            patient: None,
            text: format!(
                "{} ha visto dati di persone {when} ({}).",
                self.name(),
                web::date_time(self.entry.at)
            ),
        }]
    }
}
