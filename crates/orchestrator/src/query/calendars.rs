//! Business calendars: `GET /orchestrator/calendars`, `GET /orchestrator/calendars/{id}?year=&municipality=`.

use crate::api::{CalendarInfo, DayOff, List};
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError};
use axum::Json;
use axum::extract::{Path, State};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::Arc;

/// Which year of a calendar, and for which municipality.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CalendarQuery {
    /// Year; the present one when absent.
    pub year: Option<i16>,
    /// ISTAT code, for its patron's day.
    pub municipality: Option<String>,
}

impl Orchestrator {
    /// Every calendar at its newest version, without its days.
    pub async fn calendars(&self) -> Result<List<CalendarInfo>, OrchestratorError> {
        let registry = self.registry().await?;
        let mut items: Vec<CalendarInfo> = registry
            .calendars()
            .all()
            .map(|calendar| CalendarInfo::of(calendar, registry.version_of_calendar(&calendar.calendar)))
            .collect();
        items.sort_by(|a, b| a.calendar.calendar.cmp(&b.calendar.calendar));
        Ok(List { items, next: None })
    }

    /// A calendar with the days off of a year.
    ///
    /// # Errors
    /// Unknown calendar (404) or municipality (422), a year out of range (400).
    pub async fn calendar(&self, id: &str, query: CalendarQuery) -> Result<CalendarInfo, OrchestratorError> {
        let registry = self.registry().await?;
        let calendars = registry.calendars();
        let calendar = calendars.get(id).ok_or_else(|| OrchestratorError::NotFound {
            what: "calendar",
            id: id.to_owned(),
        })?;
        let mut info = CalendarInfo::of(calendar, registry.version_of_calendar(id));
        let name = match &query.municipality {
            Some(code) => format!("{id}/{code}"),
            None => id.to_owned(),
        };
        let view = calendars.view(&name).map_err(OrchestratorError::Invalid)?;
        let year = query
            .year
            .unwrap_or_else(|| self.clock.now().to_zoned(jiff::tz::TimeZone::UTC).year());
        if !(1900..=2200).contains(&year) {
            return Err(OrchestratorError::BadRequest("year: from 1900 to 2200".into()));
        }
        let first = Date::new(year, 1, 1).map_err(|e| OrchestratorError::BadRequest(e.to_string()))?;
        for day in first.series(jiff::ToSpan::days(1)).take_while(|day| day.year() == year) {
            info.days_off
                .extend(view.holidays_on(day).into_iter().map(|holiday| DayOff {
                    date: day,
                    name: holiday.name.clone(),
                    source: holiday.source.clone(),
                    unverified: holiday.unverified,
                }));
        }
        Ok(info)
    }
}

pub(crate) async fn list(
    State(orchestrator): State<Arc<Orchestrator>>,
) -> Result<Json<List<CalendarInfo>>, OrchestratorError> {
    orchestrator.calendars().await.map(Json)
}

pub(crate) async fn one(
    State(orchestrator): State<Arc<Orchestrator>>,
    Path(id): Path<String>,
    Params(query): Params<CalendarQuery>,
) -> Result<Json<CalendarInfo>, OrchestratorError> {
    orchestrator.calendar(&id, query).await.map(Json)
}
