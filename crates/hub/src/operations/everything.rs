//! `GET [base]/Patient/id/$everything`: the patient's compartment, type after type, and what it refers to
//! (<https://hl7.org/fhir/R4/patient-operation-everything.html>).

use crate::bundle::BundleWriter;
use crate::http::{Answer, Ask};
use crate::parse::{self, pairs::Pair};
use crate::search::{links, write_page};
use crate::{Hub, HubError};
use fhir::ReferenceText;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use store::{Clause, Page, Query, SearchPage, Snapshot, StoredResource};

/// Resources outside the compartment that one page brings along.
const MAX_INCLUDED: usize = 1_000;

/// What is asked for.
struct Wanted {
    types: Vec<&'static str>,
    since: Option<Timestamp>,
    count: usize,
    /// Number of the type to go on with, and that type's own mark.
    from: usize,
    mark: Option<String>,
    /// The mark that every type begins with; `None` on the first page.
    begin: Option<String>,
    used: Vec<Pair>,
}

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let (rtype, id) = (ask.param("type").to_owned(), ask.param("id").to_owned());
    if rtype != "Patient" {
        return Err(HubError::NotSupported(format!("$everything of {rtype}")));
    }
    let patient = match hub.read("Patient", &id).await {
        Ok(patient) => patient,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    ask.scope.admit(&patient)?;
    let pairs = parse::pairs::decode(&ask.query)?;
    let wanted = wanted(&hub, pairs)?;
    let mut snapshot = hub.snapshot().await?;
    let mut page = walk(snapshot.as_mut(), &id, &wanted).await?;
    page.included = referred(snapshot.as_mut(), &page.matches, &wanted.types).await?;
    page.included.retain(|resource| ask.scope.sees(resource));
    drop(snapshot);
    let path = format!("{}/Patient/{id}/$everything", hub.config.base_url);
    let links = links(&path, &wanted.used, &page);
    let mut writer = BundleWriter::new("searchset", hub.clock.now(), None, &links);
    let view = std::mem::take(&mut ask.view);
    write_page(&hub, &mut writer, &page, &view);
    Ok(Answer::made(writer.finish()))
}

fn wanted(hub: &Hub, pairs: Vec<Pair>) -> Result<Wanted, HubError> {
    let mut wanted = Wanted {
        types: Vec::new(),
        since: None,
        count: hub.config.limits.count_default,
        from: 0,
        mark: None,
        begin: None,
        used: Vec::new(),
    };
    let mut named: Vec<String> = Vec::new();
    let mut page = None;
    for (name, value) in pairs {
        match name.as_str() {
            "_type" => named.extend(value.split(',').map(str::to_owned)),
            "_since" => {
                let bad = || HubError::bad(format!("cannot read _since '{value}': expected a FHIR instant or date"));
                wanted.since = Some(parse::date::since(&value).ok_or_else(bad)?);
            }
            "_count" => wanted.count = parse::count(&hub.parse_context(), &value)?.max(1),
            "_page" => page = Some(value.clone()),
            "_format" | "_pretty" | "_summary" | "_elements" => {}
            _ => return Err(HubError::NotSupported(format!("the $everything parameter '{name}'"))),
        }
        wanted.used.push((name, value));
    }
    named.iter().try_for_each(|name| hub.check_type(name))?;
    let chosen = |rtype: &str| named.is_empty() || named.iter().any(|name| name == rtype);
    let all = hub.definitions.resource_types().iter().copied();
    // the patient first, then what is about the patient, then what that may refer to
    wanted.types = all.filter(|rtype| chosen(rtype)).collect();
    wanted.types.sort_by_key(|rtype| {
        (
            *rtype != "Patient",
            hub.definitions.patient_compartment(rtype).is_empty(),
        )
    });
    if let Some(mark) = page {
        let bad = || HubError::bad("the _page mark is not one of this server: follow the next link as it is");
        let mut parts = mark.splitn(3, '~');
        let (Some(number), Some(begin), Some(inner)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad());
        };
        wanted.from = number.parse().map_err(|_| bad())?;
        wanted.begin = Some(begin.to_owned());
        wanted.mark = (!inner.is_empty()).then(|| inner.to_owned());
    }
    Ok(wanted)
}

/// One page of the compartment.
async fn walk(snapshot: &mut dyn Snapshot, id: &str, wanted: &Wanted) -> Result<SearchPage, HubError> {
    let mut all = SearchPage::default();
    let definitions = fhir::Definitions::r4();
    // Every type is shown as it was when the first page was asked for.
    let begin = match &wanted.begin {
        Some(begin) => begin.clone(),
        None => snapshot.mark().await?,
    };
    for (n, rtype) in wanted.types.iter().enumerate().skip(wanted.from) {
        if *rtype != "Patient" && definitions.patient_compartment(rtype).is_empty() {
            break;
        }
        let left = wanted.count.saturating_sub(all.matches.len());
        if left == 0 {
            all.next = Some(format!("{n}~{begin}~"));
            break;
        }
        let mut clauses = vec![Clause::Patient(id.to_owned())];
        if wanted.since.is_some() {
            clauses.push(Clause::LastUpdated {
                from: wanted.since,
                until: None,
            });
        }
        let query = Query {
            rtype: (*rtype).to_owned(),
            clauses,
            page: Page {
                count: left,
                after: wanted
                    .mark
                    .clone()
                    .filter(|_| n == wanted.from)
                    .or_else(|| Some(begin.clone())),
            },
            ..Query::default()
        };
        let page = snapshot.search(&query).await?;
        all.matches.extend(page.matches);
        if let Some(next) = page.next {
            all.next = Some(format!("{n}~{begin}~{next}"));
            break;
        }
    }
    Ok(all)
}

/// What the matches refer to and belongs to no patient: people, places, medicines. (What belongs to this patient is
/// among the matches of some page; what belongs to others stays theirs.)
async fn referred(
    snapshot: &mut dyn Snapshot,
    matches: &[StoredResource],
    types: &[&str],
) -> Result<Vec<StoredResource>, HubError> {
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let mut found = Vec::new();
    for resource in matches {
        let body = resource.body.as_deref().unwrap_or_default();
        let mut value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        let mut wanted = Vec::new();
        fhir::for_each_reference(&mut value, &mut |text| {
            if let ReferenceText::Local { rtype, id, .. } = ReferenceText::parse(text)
                && types.contains(&rtype)
                && seen.insert((rtype.to_owned(), id.to_owned()))
            {
                wanted.push((rtype.to_owned(), id.to_owned()));
            }
        });
        for (rtype, id) in wanted {
            if found.len() >= MAX_INCLUDED {
                return Err(HubError::Limit {
                    what: "resources that one page of $everything refers to (ask for a smaller _count)",
                    max: MAX_INCLUDED,
                    found: found.len() + 1,
                });
            }
            let there = snapshot.read(&rtype, &id).await?;
            found.extend(there.filter(|resource| resource.body.is_some() && resource.patient.is_none()));
        }
    }
    Ok(found)
}
