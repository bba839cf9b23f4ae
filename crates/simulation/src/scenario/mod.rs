//! A scenario: `*.simulation.json`, read and checked. `docs/simulation.md` tells what each field means.

mod arrivals;
mod element;

pub(crate) use arrivals::Arrivals;
pub(crate) use element::Element;

use crate::SimulationError;
use crate::read::{At, Problems};
use calendar::{Calendar, Calendars};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most replications of one run.
pub const MAX_REPLICATIONS: u64 = 1_000;
/// Most instances alive at the same time.
pub const MAX_LIVE: u64 = 1_000_000;
/// Most steps of one replication.
pub const MAX_STEPS: u64 = 1_000_000_000;
/// Most entries in one list of a scenario.
const MAX_ENTRIES: usize = 10_000;
/// Replications when nothing is said.
const REPLICATIONS: u64 = 10;
/// Live instances when nothing is said.
const LIVE: u64 = 100_000;
/// Steps of one replication when nothing is said.
const STEPS: u64 = 100_000_000;
const FIELDS: &[&str] = &[
    "name",
    "description",
    "process",
    "start",
    "zone",
    "horizon",
    "until",
    "instances",
    "warmUp",
    "replications",
    "seed",
    "timeUnit",
    "currency",
    "arrivals",
    "defaults",
    "elements",
    "flows",
    "resources",
    "calendars",
    "limits",
];

/// A group of people or machines that do the same work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resource {
    pub id: String,
    pub name: String,
    /// Most units at one time.
    pub capacity: u32,
    /// Units while a calendar is open; none: `capacity` at all opening hours.
    pub shifts: Vec<(String, u32)>,
    /// Calendars that must all be open.
    pub calendars: Vec<String>,
    pub cost_per_hour: f64,
}

/// A scenario, checked as far as that goes without the models.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name shown.
    pub name: String,
    /// The process simulated; `None`: the only one of the models.
    pub process: Option<String>,
    /// Symbol of the costs.
    pub currency: String,
    /// How often it is played.
    pub replications: u32,
    /// Begins the random numbers: the same seed gives the same result.
    pub seed: u64,
    pub(crate) start: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) end: Option<Timestamp>,
    pub(crate) instances: Option<u64>,
    pub(crate) warm_up: Timestamp,
    pub(crate) arrivals: Vec<Arrivals>,
    /// For user tasks, service tasks and waiting events without an entry of their own.
    pub(crate) defaults: BTreeMap<String, Element>,
    pub(crate) elements: BTreeMap<String, Element>,
    pub(crate) flows: BTreeMap<String, f64>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) calendars: Calendars,
    pub(crate) max_live: usize,
    pub(crate) max_steps: u64,
}

impl Scenario {
    /// Reads a scenario; the calendars are those that resources may name besides the scenario's own.
    ///
    /// # Errors
    /// [`SimulationError::Scenario`] with everything that is wrong.
    pub fn read(value: &Value, calendars: &Calendars) -> Result<Self, SimulationError> {
        let mut problems = Problems::default();
        let at = At {
            path: String::new(),
            value,
        };
        let read = Self::read_at(&at, calendars, &mut problems);
        match read {
            Some(scenario) if problems.list.is_empty() => Ok(scenario),
            _ => {
                if problems.list.is_empty() {
                    problems.tell("scenario", "it is not an object", "write { … }");
                }
                Err(SimulationError::Scenario(problems.list))
            }
        }
    }

    /// Reads the text of a `*.simulation.json` file.
    ///
    /// # Errors
    /// As [`Scenario::read`]; what is no JSON is told with line and column.
    pub fn parse(text: &str, calendars: &Calendars) -> Result<Self, SimulationError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let mut problems = Problems::default();
            problems.tell(
                "scenario",
                format!("it is not JSON: {error}"),
                "correct the text at that place",
            );
            SimulationError::Scenario(problems.list)
        })?;
        Self::read(&value, calendars)
    }

    fn read_at(at: &At<'_>, calendars: &Calendars, problems: &mut Problems) -> Option<Self> {
        at.object(FIELDS, problems)?;
        problems.unit = at.get("timeUnit").and_then(|at| unit(&at, problems));
        let zone = match at.get("zone") {
            None => TimeZone::get("Europe/Rome").ok(),
            Some(at) => zone(&at, problems),
        }
        .unwrap_or(TimeZone::UTC);
        let start = match at.get("start") {
            None => {
                problems.tell("start", "it is missing", "add \"start\": \"2026-01-01\"");
                None
            }
            Some(at) => moment(&at, &zone, problems),
        }
        .unwrap_or(Timestamp::UNIX_EPOCH);
        let calendars = own_calendars(at, calendars, problems);
        let resources = resources(at, &calendars, problems);
        let text = |key: &str, otherwise: &str, problems: &mut Problems| {
            let found = at.get(key).and_then(|at| at.text(problems));
            found.unwrap_or(otherwise).to_owned()
        };
        let whole = |key: &str, min, max, otherwise, problems: &mut Problems| {
            let found = at.get(key).and_then(|at| at.whole(min, max, problems));
            found.unwrap_or(otherwise)
        };
        let limits = at.get("limits");
        if let Some(limits) = &limits {
            limits.object(&["live", "steps"], problems);
        }
        let limit = |key: &str, max, otherwise, problems: &mut Problems| {
            let found = limits.as_ref().and_then(|at| at.get(key)?.whole(1, max, problems));
            found.unwrap_or(otherwise)
        };
        let scenario = Self {
            name: text("name", "", problems),
            process: at.get("process").and_then(|at| at.text(problems)).map(str::to_owned),
            currency: text("currency", "€", problems),
            replications: whole("replications", 1, MAX_REPLICATIONS, REPLICATIONS, problems) as u32,
            seed: whole("seed", 0, u64::MAX, 1, problems),
            start,
            end: end(at, start, &zone, problems),
            instances: at.get("instances").and_then(|at| at.whole(1, 1_000_000_000, problems)),
            warm_up: warm_up(at, start, &zone, problems),
            arrivals: arrivals::read(at, &zone, &calendars, problems),
            defaults: element::read_all(at, "defaults", &resources, problems),
            elements: element::read_all(at, "elements", &resources, problems),
            flows: flows(at, problems),
            resources,
            calendars,
            max_live: limit("live", MAX_LIVE, LIVE, problems) as usize,
            max_steps: limit("steps", MAX_STEPS, STEPS, problems),
            zone,
        };
        scenario.check(problems);
        Some(scenario)
    }

    fn check(&self, problems: &mut Problems) {
        if self.end.is_none() && self.instances.is_none() {
            let remedy = "add \"horizon\": \"P1Y\", or \"instances\": 1000, or both";
            problems.tell("horizon", "nothing says when the simulation ends", remedy);
        }
        if self.end.is_some_and(|end| end <= self.start) {
            problems.tell(
                "until",
                "the end is not after the start",
                "correct start, until or horizon",
            );
        }
        if self.end.is_some_and(|end| self.warm_up >= end) {
            problems.tell(
                "warmUp",
                "nothing is left to measure after it",
                "make it shorter than the horizon",
            );
        }
        for name in self.defaults.keys() {
            if !["userTask", "serviceTask", "event"].contains(&name.as_str()) {
                let message = "there are no such defaults";
                problems.tell(
                    format!("defaults.{name}"),
                    message,
                    "use userTask, serviceTask or event",
                );
            }
        }
    }
}

fn unit(at: &At<'_>, problems: &mut Problems) -> Option<f64> {
    match at.text(problems)? {
        "seconds" => Some(1.0),
        "minutes" => Some(60.0),
        "hours" => Some(3_600.0),
        "days" => Some(86_400.0),
        other => {
            problems.add(
                at,
                format!("'{other}' is no unit"),
                "use seconds, minutes, hours or days",
            );
            None
        }
    }
}

fn zone(at: &At<'_>, problems: &mut Problems) -> Option<TimeZone> {
    let name = at.text(problems)?;
    TimeZone::get(name)
        .map_err(|error| problems.add(at, error.to_string(), "name a zone such as Europe/Rome"))
        .ok()
}

/// A date, a civil date-time in the scenario's zone, or a moment with its offset.
pub(crate) fn moment(at: &At<'_>, zone: &TimeZone, problems: &mut Problems) -> Option<Timestamp> {
    let text = at.text(problems)?;
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Ok(moment) = text.parse::<Zoned>() {
        return Some(moment.timestamp());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok();
    let civil = civil.or_else(|| {
        text.parse::<Date>()
            .ok()
            .map(|day| day.to_datetime(jiff::civil::Time::midnight()))
    });
    let found = civil.and_then(|civil| civil.to_zoned(zone.clone()).ok());
    if found.is_none() {
        let remedy = "write 2026-01-31, 2026-01-31T08:00 or 2026-01-31T08:00:00+01:00";
        problems.add(at, format!("'{text}' is not a date or moment"), remedy);
    }
    found.map(|zoned| zoned.timestamp())
}

/// A moment so much after another, by the calendar (a month is a month).
fn after(at: &At<'_>, from: Timestamp, zone: &TimeZone, problems: &mut Problems) -> Option<Timestamp> {
    let text = at.text(problems)?;
    let read = bpmn::parse_duration(text).map_err(|error| error.to_string());
    let moved = read.and_then(|span| from.to_zoned(zone.clone()).checked_add(span).map_err(|e| e.to_string()));
    match moved {
        Ok(moved) if moved.timestamp() >= from => Some(moved.timestamp()),
        Ok(_) => {
            problems.add(at, "it is negative", "write P1Y, P6M, P30D");
            None
        }
        Err(error) => {
            problems.add(
                at,
                format!("'{text}' is not a duration ({error})"),
                "write P1Y, P6M, P30D",
            );
            None
        }
    }
}

fn end(at: &At<'_>, start: Timestamp, zone: &TimeZone, problems: &mut Problems) -> Option<Timestamp> {
    match (at.get("horizon"), at.get("until")) {
        (Some(horizon), None) => after(&horizon, start, zone, problems),
        (None, Some(until)) => moment(&until, zone, problems),
        (None, None) => None,
        (Some(_), Some(until)) => {
            problems.add(&until, "horizon and until both say when it ends", "keep one of them");
            None
        }
    }
}

fn warm_up(at: &At<'_>, start: Timestamp, zone: &TimeZone, problems: &mut Problems) -> Timestamp {
    let warm_up = at.get("warmUp").and_then(|at| after(&at, start, zone, problems));
    warm_up.unwrap_or(start)
}

fn own_calendars(at: &At<'_>, given: &Calendars, problems: &mut Problems) -> Calendars {
    let mut all = given.clone();
    let Some(list) = at.get("calendars") else { return all };
    let mut added = Vec::new();
    for item in list.items(problems) {
        match Calendar::read(&item.value.to_string()) {
            Ok(calendar) => {
                added.push((item, calendar.calendar.clone()));
                all.add(calendar);
            }
            Err(error) => problems.add(&item, error, "correct the calendar (docs/calendars.md)"),
        }
    }
    for (item, id) in added {
        if let Err(error) = all.view(&id) {
            problems.add(&item, error, "correct the calendar");
        }
    }
    all
}

/// One calendar name or a list of them, each of which must exist.
pub(crate) fn calendar_names(at: &At<'_>, calendars: &Calendars, problems: &mut Problems) -> Vec<String> {
    let items = if at.value.is_string() {
        vec![at.clone()]
    } else {
        at.items(problems)
    };
    let mut names = Vec::new();
    for item in items {
        let Some(name) = item.text(problems) else { continue };
        match calendars.view(name) {
            Ok(_) => names.push(name.to_owned()),
            Err(error) => problems.add(&item, error, "or give it in the scenario's own calendars"),
        }
    }
    names
}

fn resources(at: &At<'_>, calendars: &Calendars, problems: &mut Problems) -> Vec<Resource> {
    let Some(list) = at.get("resources") else {
        return Vec::new();
    };
    let members = list.members(problems);
    if members.len() > MAX_ENTRIES {
        problems.add(
            &list,
            format!("more than {MAX_ENTRIES} entries"),
            "put resources together",
        );
    }
    let mut found = Vec::new();
    for (id, at) in members.into_iter().take(MAX_ENTRIES) {
        if at
            .object(&["name", "capacity", "calendar", "costPerHour"], problems)
            .is_none()
        {
            continue;
        }
        let Some(capacity) = at.get("capacity") else {
            problems.add(&at, "'capacity' is missing", "say how many there are");
            continue;
        };
        let number = |key: &str, problems: &mut Problems| at.get(key).and_then(|at| at.number(0.0, 1e9, problems));
        let shifts = if capacity.value.is_array() {
            shifts(&capacity, calendars, problems)
        } else {
            Vec::new()
        };
        let units = if shifts.is_empty() && !capacity.value.is_array() {
            capacity.whole(1, 1_000_000, problems).unwrap_or(1) as u32
        } else {
            shifts
                .iter()
                .map(|(_, units)| *units)
                .fold(0, u32::saturating_add)
                .max(1)
        };
        let mut open: Vec<String> = at
            .get("calendar")
            .map(|at| calendar_names(&at, calendars, problems))
            .unwrap_or_default();
        if !shifts.is_empty() {
            // It is there while one of its shifts is.
            let any: Vec<&str> = shifts.iter().map(|(calendar, _)| calendar.as_str()).collect();
            open.push(any.join(crate::openings::ANY));
        }
        found.push(Resource {
            id: id.to_owned(),
            name: at.get("name").and_then(|at| at.text(problems)).unwrap_or(id).to_owned(),
            capacity: units,
            shifts,
            calendars: open,
            cost_per_hour: number("costPerHour", problems).unwrap_or(0.0),
        });
    }
    found
}

/// `[{"calendar": "mattina", "units": 3}, {"calendar": "pomeriggio", "units": 1}]`: units add up where they overlap.
fn shifts(at: &At<'_>, calendars: &Calendars, problems: &mut Problems) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for item in at.items(problems) {
        if item.object(&["calendar", "units"], problems).is_none() {
            continue;
        }
        let (Some(calendar), Some(units)) = (item.get("calendar"), item.get("units")) else {
            problems.add(
                &item,
                "'calendar' and 'units' are needed",
                "say when, and how many there are then",
            );
            continue;
        };
        let names = calendar_names(&calendar, calendars, problems);
        if let ([name], Some(units)) = (names.as_slice(), units.whole(1, 1_000_000, problems)) {
            found.push((name.clone(), units as u32));
        }
    }
    if found.is_empty() {
        problems.add(
            at,
            "no shift is given",
            "write [{\"calendar\": \"mattina\", \"units\": 3}]",
        );
    }
    found
}

fn flows(at: &At<'_>, problems: &mut Problems) -> BTreeMap<String, f64> {
    let Some(list) = at.get("flows") else {
        return BTreeMap::new();
    };
    let members = list.members(problems).into_iter();
    let read = members.filter_map(|(id, at)| Some((id.to_owned(), at.number(0.0, 1.0, problems)?)));
    read.collect()
}
