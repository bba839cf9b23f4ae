//! Nothing open stays of an assistance whose last day is over, or of somebody who is dead, by whichever door it came to be known.

use super::codes::{ASSISTANCE, ENDING, id_in};
use super::commit::{self, CommitError};
use super::person::{Person, date};
use super::plan::Plan;
use access::Actor;
use component::{Context, Fhir, PeerError};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Assistances in a page: one page is held at a time, and of it only the persons whose last day is over.
const PAGE: &str = "500";
/// Dead looked at in one run, about.
const MOST: usize = 100_000;
/// Tries when others write at the same moment.
const TRIES: usize = 8;
/// Kinds of assistance that are for a time by what they are.
const FOR_A_TIME: [&str; 4] = ["temporanea", "stp", "eni", "team-ue"];

fn told(error: PeerError) -> String {
    error.to_string()
}

/// Ends the assistances whose last day is over, and with them the choice of the doctor. Gives how many persons were concerned.
pub(super) async fn close_over(fhir: &Fhir, today: Date) -> Result<usize, String> {
    let kinds = FOR_A_TIME.map(|kind| format!("{ASSISTANCE}|{kind}")).join(",");
    let marked = format!("{}|{}", ENDING.0, ENDING.1);
    let mut people = BTreeSet::new();
    for (name, value) in [("type", &kinds), ("_tag", &marked)] {
        let asked = [(name, value.as_str()), ("status", "active"), ("_count", PAGE)];
        fhir.walk("Coverage", &asked, |page| {
            let over = page
                .iter()
                .filter(|one| date(&one["period"]["end"]).is_some_and(|last| last < today));
            people.extend(over.filter_map(|one| id_in(&one["beneficiary"], "Patient").map(str::to_owned)));
            true
        })
        .await
        .map_err(told)?;
    }
    let mut closed = 0;
    for patient in people {
        closed += usize::from(settle(fhir, &patient, |plan| plan.close_over(today)).await?);
    }
    Ok(closed)
}

/// Ends what is open of somebody dead. Where the day is known it is told as an event of the registry, so that every component
/// hears of it. Nothing happens when nothing is open.
async fn close_dead(context: &Context, patient: &str, today: Date) -> Result<bool, String> {
    let fhir = context.peers.fhir(&Actor::system());
    let Some(person) = Person::load(&fhir, patient).await.map_err(told)? else {
        return Ok(false);
    };
    let open = person.choice().is_some() || person.assistance().is_some() || person.doctor().is_some();
    let Some(death) = person.death().filter(|_| open && person.replaced_by().is_none()) else {
        return Ok(false);
    };
    if let Some(day) = death.filter(|day| *day <= today && person.birth().is_none_or(|birth| birth <= *day)) {
        let outcome = crate::events::died(context, patient, day, "system")
            .await
            .map_err(told)?;
        return Ok(outcome.state == "applied");
    }
    settle(&fhir, patient, |plan| plan.break_off(today, "decesso", true)).await
}

/// Looks at the dead whose record was written lately, by whichever door (`processes/chiusura-decesso.bpmn`). Gives of how many
/// something was open.
pub(super) async fn close_lately_dead(context: &Context, since: Timestamp) -> Result<usize, String> {
    let fhir = context.peers.fhir(&Actor::system());
    let today = web::local_date(context.clock.now());
    let since = format!("ge{since}");
    let asked = [("deceased", "true"), ("_lastUpdated", since.as_str()), ("_count", PAGE)];
    let mut people = Vec::new();
    fhir.walk("Patient", &asked, |page| {
        people.extend(page.iter().filter_map(|one| one["id"].as_str().map(str::to_owned)));
        people.len() < MOST
    })
    .await
    .map_err(told)?;
    let mut closed = 0;
    for patient in people {
        closed += usize::from(close_dead(context, &patient, today).await?);
    }
    Ok(closed)
}

/// Changes a person as the program, and writes it if it changed something.
async fn settle(fhir: &Fhir, patient: &str, change: impl Fn(&mut Plan)) -> Result<bool, String> {
    for _ in 0..TRIES {
        let Some(person) = Person::load(fhir, patient).await.map_err(told)? else {
            return Ok(false);
        };
        let mut plan = Plan::new(person);
        change(&mut plan);
        if !plan.changes() {
            return Ok(false);
        }
        match commit::commit(fhir, &[&plan], Vec::new(), |_| None).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Conflict) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("others keep writing Patient/{patient}: it is tried again"))
}
