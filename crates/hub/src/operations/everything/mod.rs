//! `$everything` of a patient, of all patients and of an encounter: what is about it, type after type, then what that
//! refers to (<https://hl7.org/fhir/R4/patient-operation-everything.html>,
//! <https://hl7.org/fhir/R4/encounter-operation-everything.html>).
//!
//! Pages are stateless: the mark says which step comes next and where in it. Nothing comes twice: resources about the
//! focus are matches of one step each, what they refer to follows after them in the order of type and id.

mod referred;
mod steps;
mod wanted;

use crate::bundle::BundleWriter;
use crate::http::{Answer, Ask};
use crate::scope::Scope;
use crate::search::{links, write_page};
use crate::{Hub, HubError};
use std::sync::Arc;
use steps::{Focus, Step};
use store::{Page, Query, SearchPage, Snapshot};
use wanted::Wanted;

/// Where the resources that are referred to begin.
const REFERRED: &str = "r";

/// The handler of one patient or encounter.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let (rtype, id) = (ask.param("type").to_owned(), ask.param("id").to_owned());
    let focus = match rtype.as_str() {
        "Patient" => Focus::Patient(id.clone()),
        "Encounter" => Focus::Encounter(id.clone()),
        _ => return Err(HubError::NotSupported(format!("$everything of {rtype}"))),
    };
    let resource = match hub.read(&rtype, &id).await {
        Ok(resource) => resource,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    ask.scope.admit(&resource)?;
    let pairs = ask.operation_pairs(&hub).await?;
    let wanted = wanted::read(&hub, pairs)?;
    let mut snapshot = hub.snapshot().await?;
    let mut page = SearchPage::default();
    let mark = wanted.mark.clone();
    page.next = walk(
        snapshot.as_mut(),
        &focus,
        &wanted,
        &ask.scope,
        mark.as_deref(),
        &mut page,
    )
    .await?;
    drop(snapshot);
    let path = format!("{}/{rtype}/{id}/$everything", hub.config.base_url);
    Ok(answer(&hub, &mut ask, &path, &wanted, &page))
}

/// The handler of all patients, one after the other. What they refer to comes with each, once in a page.
pub(crate) async fn handle_type(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    if ask.param("type") != "Patient" {
        let rtype = ask.param("type");
        return Err(HubError::NotSupported(format!("$everything of every {rtype}")));
    }
    let pairs = ask.operation_pairs(&hub).await?;
    let wanted = wanted::read(&hub, pairs)?;
    let mut snapshot = hub.snapshot().await?;
    let mut page = SearchPage::default();
    // the mark: where the patients go on after this one, this patient, where in this patient
    let mut place = match wanted.mark.as_deref() {
        None => next_patient(snapshot.as_mut(), &ask.scope, None).await?,
        Some(mark) => {
            let mut parts = mark.splitn(3, '!').map(str::to_owned);
            let (Some(after), Some(id), Some(inner)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(wanted::bad_mark());
            };
            Some((id, after, Some(inner).filter(|inner| !inner.is_empty())))
        }
    };
    while let Some((id, after, inner)) = place {
        let focus = Focus::Patient(id.clone());
        let next = walk(
            snapshot.as_mut(),
            &focus,
            &wanted,
            &ask.scope,
            inner.as_deref(),
            &mut page,
        )
        .await?;
        if let Some(inner) = next {
            page.next = Some(format!("{after}!{id}!{inner}"));
            break;
        }
        place = match after.as_str() {
            "" => None,
            after => next_patient(snapshot.as_mut(), &ask.scope, Some(after.to_owned())).await?,
        };
    }
    drop(snapshot);
    let path = format!("{}/Patient/$everything", hub.config.base_url);
    Ok(answer(&hub, &mut ask, &path, &wanted, &page))
}

/// A patient, where the patients after that one begin (empty: nowhere), and no place inside yet.
type Place = (String, String, Option<String>);

async fn next_patient(
    snapshot: &mut dyn Snapshot,
    scope: &Scope,
    after: Option<String>,
) -> Result<Option<Place>, HubError> {
    let mut query = Query {
        rtype: "Patient".into(),
        page: Page { count: 1, after },
        ..Query::default()
    };
    scope.narrow(&mut query)?;
    let mut page = snapshot.search(&query).await?;
    let next = page.next.unwrap_or_default();
    Ok(page.matches.pop().map(|patient| (patient.id, next, None)))
}

/// Adds to the page, from the mark on, until it is full; gives the mark to go on from.
async fn walk(
    snapshot: &mut dyn Snapshot,
    focus: &Focus,
    wanted: &Wanted,
    scope: &Scope,
    mark: Option<&str>,
    page: &mut SearchPage,
) -> Result<Option<String>, HubError> {
    let steps = steps::of(focus, wanted);
    let place = wanted::split_mark(mark)?;
    let begin = match place.begin {
        Some(begin) => begin.to_owned(),
        None => snapshot.mark().await?,
    };
    let first = page.matches.len();
    if place.step != REFERRED {
        let start: usize = place.step.parse().map_err(|_| wanted::bad_mark())?;
        let next = matches(
            snapshot,
            scope,
            &steps,
            (start, place.inner),
            (&begin, wanted.count),
            page,
        )
        .await?;
        if next.is_some() {
            return Ok(next);
        }
    }
    let after = place.inner.filter(|_| place.step == REFERRED);
    let found = if mark.is_none() {
        referred::among(&page.matches[first..])?
    } else {
        referred::of_all(snapshot, scope, &steps, &begin).await?
    };
    let next = referred::add(snapshot, focus, found, after, wanted, scope, page).await?;
    Ok(next.map(|last| format!("{REFERRED}~{begin}~{last}")))
}

/// The steps' resources, up to the count of a page.
async fn matches(
    snapshot: &mut dyn Snapshot,
    scope: &Scope,
    steps: &[Step],
    (start, inner): (usize, Option<&str>),
    (begin, count): (&str, usize),
    page: &mut SearchPage,
) -> Result<Option<String>, HubError> {
    for (n, step) in steps.iter().enumerate().skip(start) {
        let left = count.saturating_sub(page.matches.len() + page.included.len());
        if left == 0 {
            return Ok(Some(format!("{n}~{begin}~")));
        }
        let after = inner.filter(|_| n == start).unwrap_or(begin);
        let mut query = step.query(left, Some(after.to_owned()));
        scope.narrow(&mut query)?;
        let found = snapshot.search(&query).await?;
        page.matches.extend(found.matches);
        if let Some(next) = found.next {
            return Ok(Some(format!("{n}~{begin}~{next}")));
        }
    }
    Ok(None)
}

fn answer(hub: &Hub, ask: &mut Ask, path: &str, wanted: &Wanted, page: &SearchPage) -> Answer {
    let links = links(path, &wanted.used, page);
    let mut writer = BundleWriter::new("searchset", hub.clock.now(), None, &links);
    let view = std::mem::take(&mut ask.view);
    write_page(hub, &ask.scope, &mut writer, page, &view);
    Answer::made(writer.finish())
}
