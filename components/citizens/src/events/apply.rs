//! Taking an event: it is noted, applied to its person in the same transaction, or kept waiting or refused with a reason.

use super::event::{Data, Event, Kind};
use super::timeline::{self, Verdict};
use crate::choice::commit::{self, CommitError};
use crate::choice::person::Person;
use crate::choice::plan::Plan;
use crate::choice::record::{Record, id_of};
use crate::matching::merge::MergeError;
use crate::matching::merge::join::{self, Decision};
use component::{Context, Fhir, PeerError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Code of the records.
pub(super) const CODE: &str = "evento-vita";
/// Where an event stands.
pub(super) const STATE: &str = "https://sinfonia.it/fhir/CodeSystem/stato-evento";
/// Carried by applied events only, once: the messages `evento-…` are sent by it (`processes/evento-vita.bpmn`).
const APPLIED: &str = "https://sinfonia.it/fhir/CodeSystem/evento-applicato";
/// Identifier of the source.
const SOURCE: &str = "https://sinfonia.it/fhir/sid/evento-vita";
/// Person of the event, as the source names it.
const SUBJECT: &str = "https://sinfonia.it/fhir/sid/evento-persona";
/// Tries when others write at the same moment.
const TRIES: usize = 8;
/// Events of one person read at most.
const MAX: usize = 1000;
/// Records followed from one that was merged to the one that stays.
const MERGED: usize = 5;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// Identifier given by the source; of a line that could not be read, its number.
    pub id: String,
    /// `applied`, `waiting`, `refused`, `repeated`, `invalid`.
    pub state: String,
    /// Why it waits or is refused (Italian).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What can be done (Italian).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Outcome {
    /// With a reason.
    pub(super) fn of(id: &str, state: &str, reason: Option<(&str, &str)>) -> Self {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            id: id.to_owned(),
            state: state.to_owned(),
            reason: reason.and_then(|one| text(one.0)),
            remedy: reason.and_then(|one| text(one.1)),
        }
    }
}

/// Who brings an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// Whose account it came by.
    pub by: &'a str,
    /// Name of the key that signed it; empty: nobody did, or it is not known.
    pub signer: &'a str,
}

/// The program itself: what waited is tried again.
const AGAIN: Source<'static> = Source {
    by: "system",
    signer: "",
};

/// Takes an event. Taken again, it changes nothing. Those of the same person that waited are tried again.
///
/// # Errors
/// The hub refused, or did not answer: nothing of the event was written.
pub(super) async fn receive(context: &Context, event: &Event, from: &Source<'_>) -> Result<Outcome, PeerError> {
    let outcome = one(context, event, from, None).await?;
    if outcome.state == "applied" {
        let mut people = vec![event.person.clone()];
        people.extend(event.data.new_code.clone());
        people.extend(event.data.survivor.clone());
        retry_waiting(context, people).await?;
    }
    Ok(outcome)
}

/// Tells of a death of one record: by its id, for a code may be of two records, or of none.
pub(super) async fn died(
    context: &Context,
    patient: &str,
    date: jiff::civil::Date,
    by: &str,
) -> Result<Outcome, PeerError> {
    let fhir = context.peers.fhir(&access::Actor::system());
    let person = Person::load(&fhir, patient).await?.unwrap_or_default();
    let code = Some(person.code()).filter(|code| !code.is_empty());
    let event = Event {
        id: format!("anagrafe-decesso-{patient}-{date}"),
        kind: Kind::Death,
        date,
        person: code.map_or_else(|| format!("Patient/{patient}"), str::to_owned),
        data: Data::default(),
    };
    one(context, &event, &Source { by, signer: "" }, Some(patient)).await
}

/// Tries again what waits of some persons, oldest first, as long as something is applied.
async fn retry_waiting(context: &Context, people: Vec<String>) -> Result<(), PeerError> {
    let fhir = context.peers.fhir(&access::Actor::system());
    let waiting = format!("{STATE}|in-attesa");
    for person in people {
        for _ in 0..TRIES {
            let identifier = format!("{SUBJECT}|{person}");
            let asked = [("identifier", identifier.as_str()), ("code", &waiting)];
            let found = Record::search(&fhir, CODE, &asked, MAX).await?;
            let mut events: Vec<Event> = found.iter().filter_map(of_record).collect();
            events.sort_by(|a, b| (a.date, a.kind, &a.id).cmp(&(b.date, b.kind, &b.id)));
            let mut moved = false;
            for event in &events {
                moved |= one(context, event, &AGAIN, None).await?.state == "applied";
            }
            if !moved {
                break;
            }
        }
    }
    Ok(())
}

/// The event of a record.
pub(super) fn of_record(record: &Record) -> Option<Event> {
    serde_json::from_str(record.get("evento")).ok()
}

async fn one(context: &Context, event: &Event, from: &Source<'_>, record: Option<&str>) -> Result<Outcome, PeerError> {
    let fhir = context.peers.fhir(&access::Actor::system());
    let mut last = None;
    for _ in 0..TRIES {
        match try_once(context, &fhir, event, from, record).await {
            Ok(outcome) => return Ok(outcome),
            Err(CommitError::Conflict) => last = Some(CommitError::Conflict),
            Err(other) => return Err(other.into()),
        }
    }
    Err(last.unwrap_or(CommitError::Conflict).into())
}

async fn try_once(
    context: &Context,
    fhir: &Fhir,
    event: &Event,
    from: &Source<'_>,
    of: Option<&str>,
) -> Result<Outcome, CommitError> {
    let by = from.by;
    let now = context.clock.now();
    let id = id_of("evento", &[&event.id]);
    let mut record = match Record::find(fhir, CODE, &id).await? {
        Some(known) if state(&known) == "applicato" => return Ok(repeated(&known, event)),
        Some(known) => known,
        None => Record::new(&id, CODE, "Evento della vita", "", by, now),
    };
    record.identify(&[(SOURCE, &event.id), (SUBJECT, &event.person)]);
    record.set("evento", &json!(event).to_string());
    record.set("tipo", event.kind.message());
    record.set("data", &event.date.to_string());
    record.set("persona", &event.person);
    if !from.signer.is_empty() {
        record.set("firma", from.signer);
    }
    let Some(person) = person_of(fhir, event, of).await? else {
        let reason = ("la persona non è in anagrafe", "attende la nascita o l'iscrizione");
        return settled(
            fhir,
            &mut record,
            event,
            &Verdict::Wait(reason.0.into(), reason.1.into()),
        )
        .await;
    };
    let earlier = if person.birth().is_some() {
        applied(fhir, person.id()).await?
    } else {
        Vec::new()
    };
    let mut plan = Plan::new(person);
    let mut other = other_of(fhir, event).await?.map(Plan::new);
    let today = web::local_date(now);
    let verdict = timeline::apply(&mut plan, other.as_mut(), event, &earlier, today);
    if verdict != Verdict::Done {
        return settled(fhir, &mut record, event, &verdict).await;
    }
    if let Some(other) = other
        .as_ref()
        .filter(|other| event.kind == Kind::Merge && other.person.id() != plan.person.id())
    {
        return merged(
            context,
            fhir,
            record,
            event,
            (other.person.id(), plan.person.id()),
            by,
            now,
        )
        .await;
    }
    record.about(plan.person.id());
    record.mark(STATE, "applicato");
    record.mark(APPLIED, event.kind.message());
    for name in ["motivo", "rimedio"] {
        record.set(name, "");
    }
    record.set("applicato", &now.to_string());
    let plans: Vec<&Plan> = std::iter::once(&plan).chain(&other).collect();
    let lines = |of: fn(&Plan) -> Vec<String>| plans.iter().flat_map(|plan| of(plan)).collect::<Vec<_>>().join("\n");
    record.set("effetti", &lines(|plan| plan.done.clone()));
    record.set("risorse", &lines(Plan::references));
    commit::commit(fhir, &plans, vec![record.entry()], |_| None).await?;
    Ok(Outcome::of(&event.id, "applied", None))
}

/// Merges two records as the desk does, so that their references follow and it can be undone. Tried again after it stopped, the
/// records are found to be one, and the event is noted as applied.
async fn merged(
    context: &Context,
    fhir: &Fhir,
    mut record: Record,
    event: &Event,
    (stays, gone): (&str, &str),
    by: &str,
    now: jiff::Timestamp,
) -> Result<Outcome, CommitError> {
    let decision = Decision {
        by: (by.to_owned(), String::new()),
        reason: format!("Evento {} della fonte", event.id),
        at: now,
    };
    match join::join(context, (stays, gone), None, &decision).await {
        Ok(_) => {}
        Err(MergeError::Peer(error)) => return Err(error.into()),
        Err(MergeError::Refused(_)) => {
            let reason = "l'anagrafe non può unire queste due schede".to_owned();
            return settled(
                fhir,
                &mut record,
                event,
                &Verdict::Wait(reason, "decidere in «Doppioni»".into()),
            )
            .await;
        }
    }
    record.about(stays);
    record.mark(STATE, "applicato");
    for (name, value) in [
        ("motivo", ""),
        ("rimedio", ""),
        ("effetti", "due schede unite: si può annullare da «Doppioni»"),
    ] {
        record.set(name, value);
    }
    record.set("applicato", &now.to_string());
    record.set("risorse", &format!("Patient/{gone}\nPatient/{stays}"));
    commit::commit(fhir, &[], vec![record.entry()], |_| None).await?;
    Ok(Outcome::of(&event.id, "applied", None))
}

/// `applicato`, `in-attesa`, `rifiutato`.
pub(super) fn state(record: &Record) -> String {
    let resource = record.resource();
    crate::choice::codes::code_of(&resource["code"], STATE)
        .unwrap_or_default()
        .to_owned()
}

fn repeated(known: &Record, event: &Event) -> Outcome {
    if of_record(known).as_ref() == Some(event) {
        return Outcome::of(&event.id, "repeated", None);
    }
    let reason = "un evento con lo stesso identificativo e un altro contenuto è già applicato";
    Outcome::of(
        &event.id,
        "refused",
        Some((reason, "la rettifica ha un identificativo proprio")),
    )
}

/// Notes that an event waits or is refused, and why.
async fn settled(fhir: &Fhir, record: &mut Record, event: &Event, verdict: &Verdict) -> Result<Outcome, CommitError> {
    let (mark, state, reason, remedy) = match verdict {
        Verdict::Refuse(reason, remedy) => ("rifiutato", "refused", reason, remedy),
        Verdict::Wait(reason, remedy) => ("in-attesa", "waiting", reason, remedy),
        Verdict::Done => return Ok(Outcome::of(&event.id, "applied", None)),
    };
    let as_before = self::state(record) == mark && record.get("motivo") == reason;
    record.mark(STATE, mark);
    record.set("motivo", reason);
    record.set("rimedio", remedy);
    if !as_before {
        commit::commit(fhir, &[], vec![record.entry()], |_| None).await?;
    }
    Ok(Outcome::of(&event.id, state, Some((reason, remedy))))
}

/// The person of an event, `of` one record where the registry itself tells of it; of a birth that nobody knows yet, a new one.
async fn person_of(fhir: &Fhir, event: &Event, of: Option<&str>) -> Result<Option<Person>, PeerError> {
    if let Some(id) = of {
        return Person::load(fhir, id).await;
    }
    let found = by_code(fhir, &event.person).await?;
    if found.is_some() || event.kind != Kind::Birth {
        return Ok(found);
    }
    let id = id_of("persona", &[&event.person]);
    Ok(Some(Person {
        patient: json!({"resourceType": "Patient", "id": id}),
        ..Person::default()
    }))
}

async fn other_of(fhir: &Fhir, event: &Event) -> Result<Option<Person>, PeerError> {
    match &event.data.survivor {
        Some(code) if event.kind == Kind::Merge => by_code(fhir, code).await,
        _ => Ok(None),
    }
}

/// The record of a code that stands now: of merged ones, the one that stays.
async fn by_code(fhir: &Fhir, code: &str) -> Result<Option<Person>, PeerError> {
    let system = match codicefiscale::Identifier::read(code).map(|one| one.kind()) {
        Ok("stp") => "http://hl7.it/sid/stp",
        Ok("eni") => "http://hl7.it/sid/eni",
        _ => crate::choice::codes::FISCAL,
    };
    let identifier = format!("{system}|{code}");
    let found = fhir.search("Patient", &[("identifier", &identifier)]).await?;
    let stands = |one: &&Value| one["active"] != false;
    let Some(id) = found
        .iter()
        .find(stands)
        .or(found.first())
        .and_then(|one| one["id"].as_str())
    else {
        return Ok(None);
    };
    let mut id = id.to_owned();
    for _ in 0..MERGED {
        let Some(person) = Person::load(fhir, &id).await? else {
            return Ok(None);
        };
        match person.replaced_by() {
            Some(other) => id = other.to_owned(),
            None => return Ok(Some(person)),
        }
    }
    Ok(None)
}

/// The events of a person that were applied.
async fn applied(fhir: &Fhir, patient: &str) -> Result<Vec<Event>, PeerError> {
    let code = format!("{STATE}|applicato");
    let found = Record::search(fhir, CODE, &[("patient", patient), ("code", &code)], MAX).await?;
    Ok(found.iter().filter_map(of_record).collect())
}
