//! Finding structures: by name, place, kind, service, ASL, state, on a day; nearest first where a place is given.

use crate::fold::{fold, found};
use crate::model::{Facility, Service};
use crate::open::State;
use crate::places::{self, distance_km};
use crate::register::Register;
use crate::rules;
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::Deserialize;

/// Structures shown at once.
pub const PAGE: usize = 50;
/// Longest text searched for.
const LONGEST: usize = 200;

/// What is looked for; every part may be left out.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Asked {
    /// Words of the name, the municipality or a code; a slip is forgiven.
    pub q: String,
    /// Municipality: name or ISTAT code.
    pub comune: String,
    /// Kind, or group of kinds (`ospedale`, `territorio`, `farmacia`).
    pub tipo: String,
    /// Code of a service.
    pub servizio: String,
    /// Id of the ASL.
    pub asl: String,
    /// `attive` (also when empty), `cessate`, `tutte`.
    pub stato: String,
    /// What was true on this day, `YYYY-MM-DD`; today when empty.
    pub al: String,
    /// Near what: an address or a municipality.
    pub vicino: String,
    /// Or near this: `latitude,longitude`.
    pub qui: String,
    /// `1`: only what is open now.
    pub aperte: String,
    /// Page, from 1.
    pub pagina: String,
}

/// A place that something is near to.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// Latitude and longitude, degrees.
    pub point: (f64, f64),
    /// In words.
    pub name: String,
    /// `posizione`, `struttura` (the address of a structure), `comune` (the centre of a municipality).
    pub how: &'static str,
}

/// A structure that was found.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The structure.
    pub one: &'a Facility,
    /// Its service, where one was looked for.
    pub service: Option<&'a Service>,
    /// Whether it is open.
    pub state: State,
    /// How far, where something was near.
    pub distance_km: Option<f64>,
    score: f64,
}

/// What was found.
#[derive(Debug)]
pub struct Result<'a> {
    /// Of all pages.
    pub total: usize,
    /// Of this page.
    pub found: Vec<Found<'a>>,
    /// This page, from 1.
    pub page: usize,
    /// The place it is near to.
    pub near: Option<Near>,
    /// The place that was asked for is not known.
    pub nowhere: bool,
    /// The day it holds for.
    pub day: Date,
}

impl Asked {
    /// The day asked about; today without one.
    pub fn day(&self, today: Date) -> Date {
        self.al.parse().unwrap_or(today)
    }

    /// Whether anything narrows it.
    pub fn is_empty(&self) -> bool {
        let texts = [
            &self.q,
            &self.comune,
            &self.tipo,
            &self.servizio,
            &self.asl,
            &self.vicino,
            &self.qui,
            &self.aperte,
        ];
        texts.iter().all(|text| text.trim().is_empty())
    }
}

/// Finds. `now`: Italian civil time. `size`: how many at once.
pub fn find<'a>(register: &'a Register, asked: &Asked, now: DateTime, size: usize) -> Result<'a> {
    let day = asked.day(now.date());
    let near = near(register, asked);
    let nowhere = near.is_none() && !(asked.vicino.trim().is_empty() && asked.qui.trim().is_empty());
    let words: Vec<String> = fold(&asked.q.chars().take(LONGEST).collect::<String>())
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let place = asked.comune.trim();
    let municipality = places::by_code(place)
        .or_else(|| places::by_name(place))
        .map(|place| place.code);
    let mut all: Vec<Found<'a>> = Vec::new();
    for (one, their) in register.with_words() {
        let kind = rules::kind(&one.kind);
        let fits =
            (asked.tipo.is_empty() || one.kind == asked.tipo || kind.is_some_and(|kind| kind.group == asked.tipo))
                && (place.is_empty() || Some(one.municipality.as_str()) == municipality)
                && (asked.asl.is_empty() || register.asl(one).is_some_and(|asl| asl.id == asked.asl))
                && stands(one, &asked.stato, day);
        if !fits {
            continue;
        }
        let Some(score) = found(&words, their) else { continue };
        let service = match asked.servizio.as_str() {
            "" => None,
            code => match one.offers(code, day) {
                Some(service) => Some(service),
                None => continue,
            },
        };
        let state = match service {
            Some(service) => register.timetables.service_state(one, service, now),
            None => register.timetables.state(one, now),
        };
        if asked.aperte == "1" && !matches!(state, State::Open(_)) {
            continue;
        }
        let distance = near
            .as_ref()
            .zip(one.position)
            .map(|(near, position)| distance_km(near.point, position));
        if near.is_some() && distance.is_none() {
            continue;
        }
        all.push(Found {
            one,
            service,
            state,
            distance_km: distance,
            score,
        });
    }
    all.sort_by(|a, b| {
        let far = |one: &Found<'_>| one.distance_km.unwrap_or(0.0);
        far(a)
            .total_cmp(&far(b))
            .then(b.score.total_cmp(&a.score))
            .then_with(|| a.one.name.cmp(&b.one.name))
    });
    let (total, page) = (all.len(), asked.pagina.parse::<usize>().unwrap_or(1).max(1));
    let skipped = (page - 1).saturating_mul(size);
    Result {
        total,
        found: all.into_iter().skip(skipped).take(size).collect(),
        page,
        near,
        nowhere,
        day,
    }
}

fn stands(one: &Facility, state: &str, day: Date) -> bool {
    match state {
        "tutte" => true,
        "cessate" => !one.stood(day),
        _ => one.stood(day),
    }
}

/// Where "near" is: a position; the address of a structure that the text names; the municipality in it. There is no table of
/// addresses here, so that a street alone is not found.
fn near(register: &Register, asked: &Asked) -> Option<Near> {
    if let Some((latitude, longitude)) = asked.qui.split_once(',') {
        let point = (
            latitude.trim().parse::<f64>().ok()?,
            longitude.trim().parse::<f64>().ok()?,
        );
        let on_globe = point.0.abs() <= 90.0 && point.1.abs() <= 180.0;
        return on_globe.then(|| Near {
            point,
            name: String::new(),
            how: "posizione",
        });
    }
    let text = asked.vicino.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let place = places::by_code(text).or_else(|| places::named_in(text));
    let wanted = fold(text);
    let street = register.all().iter().find(|one| {
        let address = fold(&format!("{} {}", one.address, one.city));
        one.precision == "struttura" && !one.address.is_empty() && address == wanted
    });
    if let Some((one, point)) = street.and_then(|one| Some((one, one.position?))) {
        return Some(Near {
            point,
            name: format!("{}, {}", one.address, one.city),
            how: "struttura",
        });
    }
    place.map(|place| Near {
        point: place.centre,
        name: place.name.to_owned(),
        how: "comune",
    })
}
