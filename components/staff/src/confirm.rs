//! Assignments that wait for a second person (`crates/access/rules/sensitive-roles.json`): the list, confirming, refusing.
//! Neither who gave the role nor who gets it confirms it, nor who waits for a role, nor two people in turn.

mod page;

use crate::app::{App, Declared};
use crate::assignment::Assignment;
use crate::note::Note;
use crate::person::Person;
use crate::systems::id_of;
use access::registry::{WAITING, Waiting, reciprocal_days, set_waiting, waiting};
use access::{Actor, describe};
use axum::routing::{get, post};
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Who confirms what others gave.
const CONFIRM: &str = "staff.confirm";
/// Kind of the notes about what was decided.
const KIND: &str = "conferma";
/// Assignments listed.
const MAX: usize = 500;
/// Longest reason.
const MAX_REASON: usize = 500;

/// Declares the pages and the REST side.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared
        .get(CONFIRM, "/personale/conferme", get(page::list))
        .post(CONFIRM, "/personale/conferme/{id}", post(page::decide))
        .get(CONFIRM, "/staff/confirmations", get(page::all))
        .described(
            "Lists the assignments that wait for a second person",
            describe(&page::all),
        )
        .post(CONFIRM, "/staff/confirmations/{id}", post(page::settle))
        .described(
            "Confirms or refuses an assignment that somebody else gave",
            describe(&page::settle),
        )
}

/// An assignment that waits.
pub(crate) struct Pending {
    /// As it would be.
    pub one: Assignment,
    /// Whose hands it comes from.
    pub waiting: Waiting,
    /// When it was written.
    pub since: String,
    resource: Value,
}

impl Pending {
    fn of(resource: Value) -> Option<Self> {
        Some(Self {
            waiting: waiting(&resource)?,
            since: resource["meta"]["lastUpdated"].as_str().unwrap_or_default().to_owned(),
            one: Assignment::of(resource.clone())?,
            resource,
        })
    }
}

/// Why somebody does not confirm: the key of the message.
type Not = Option<&'static str>;

/// All that waits, oldest first.
async fn pending(fhir: &Fhir) -> Result<Vec<Pending>, PeerError> {
    let tag = format!("{WAITING}|");
    let asked = [("_tag", tag.as_str()), ("_sort", "_lastUpdated"), ("_count", "100")];
    let found = fhir.search_all("PractitionerRole", &asked, MAX).await?;
    Ok(found.into_iter().filter_map(Pending::of).collect())
}

/// Who somebody is: the reference, and the codice fiscale of the record, for one person may have two.
struct Who {
    reference: String,
    fiscal: String,
}

impl Who {
    async fn of(system: &Fhir, reference: &str) -> Result<Self, PeerError> {
        let record = match id_of(&json!({"reference": reference}), "Practitioner") {
            Some(id) => crate::registry::person(system, id).await?,
            None => None,
        };
        Ok(Self {
            reference: reference.to_owned(),
            fiscal: record.map(|person: Person| person.fiscal).unwrap_or_default(),
        })
    }

    async fn is(&self, system: &Fhir, reference: &str) -> Result<bool, PeerError> {
        if self.reference == reference {
            return Ok(true);
        }
        let other = Self::of(system, reference).await?;
        Ok(!self.fiscal.is_empty() && self.fiscal == other.fiscal)
    }
}

/// What decides on whether somebody may confirm: who they are, whether they wait themselves, what was confirmed lately.
struct Judge {
    me: Who,
    waits: bool,
    lately: Vec<Note>,
}

impl Judge {
    async fn of(app: &App, actor: &Actor, all: &[Pending]) -> Result<Self, PeerError> {
        let system = app.system();
        let me = Who::of(&system, &actor.subject).await?;
        let mut waits = false;
        for one in all {
            waits = waits || me.is(&system, &recipient(one)).await?;
        }
        let since = app.context.clock.now() - jiff::SignedDuration::from_hours(24 * reciprocal_days());
        let mut lately = Note::all(&system, KIND, None).await?;
        let recent = |note: &Note| note.get("scritta").parse::<Timestamp>().is_ok_and(|at| at >= since);
        lately.retain(|note| note.get("esito") == "confermata" && recent(note));
        Ok(Self { me, waits, lately })
    }

    /// Why the person of this judge does not confirm it.
    async fn not(&self, system: &Fhir, one: &Pending) -> Result<Not, PeerError> {
        for giver in &one.waiting.givers {
            if self.me.is(system, giver).await? {
                return Ok(Some("confirm-not-giver"));
            }
        }
        let to = recipient(one);
        if self.me.is(system, &to).await? {
            return Ok(Some("confirm-not-own"));
        }
        if self.waits {
            return Ok(Some("confirm-own-waits"));
        }
        let givers = &one.waiting.givers;
        let me = &self.me.reference;
        let gave = |note: &Note, who: &str| note.get("da").split(' ').any(|giver| giver == who);
        // The giver confirmed what was mine, or the one who gets it confirmed what I gave.
        let in_turn = self.lately.iter().any(|note| {
            (note.subject == *me && givers.iter().any(|giver| giver == note.get("chi")))
                || (note.get("chi") == to && gave(note, me))
        });
        Ok(in_turn.then_some("confirm-in-turn"))
    }
}

fn recipient(one: &Pending) -> String {
    format!("Practitioner/{}", one.one.person)
}

/// What was decided about an assignment, and by whom.
struct Decision<'a> {
    actor: &'a Actor,
    /// Confirmed, or refused.
    yes: bool,
    reason: &'a str,
    /// The version that was looked at.
    version: &'a str,
}

/// Why nothing was decided.
enum Undecided {
    /// It does not wait (any more), or was written meanwhile.
    Changed,
    /// Not by this person: the key of the message.
    NotYou(&'static str),
    /// A refusal says why, in so many characters.
    Reason,
    Peer(PeerError),
}

impl From<PeerError> for Undecided {
    fn from(error: PeerError) -> Self {
        match error.is_conflict() {
            true => Self::Changed,
            false => Self::Peer(error),
        }
    }
}

/// Decides, in one commit with the note of it. A refused one becomes what it was before; a new one is taken back.
async fn decide(app: &App, id: &str, decision: &Decision<'_>) -> Result<(), Undecided> {
    let system = app.system();
    let all = pending(&system).await?;
    let one = all
        .iter()
        .find(|one| one.one.id == id && one.one.version == decision.version);
    let one = one.ok_or(Undecided::Changed)?;
    let judge = Judge::of(app, decision.actor, &all).await?;
    let not = match decision.yes {
        true => judge.not(&system, one).await?,
        // Who gave it may take it back, who gets it has no say.
        false if judge.me.is(&system, &recipient(one)).await? => Some("confirm-not-own"),
        false => None,
    };
    if let Some(key) = not {
        return Err(Undecided::NotYou(key));
    }
    let length = decision.reason.chars().count();
    if length > MAX_REASON || (!decision.yes && length == 0) {
        return Err(Undecided::Reason);
    }
    let mut role = one.resource.clone();
    if !decision.yes {
        role = before(&system, one).await?;
    }
    set_waiting(&mut role, None);
    let note = note(app, one, decision);
    let matching = format!("W/\"{}\"", one.one.version);
    let entries = json!([
        {"resource": role, "request": {"method": "PUT", "url": format!("PractitionerRole/{id}"), "ifMatch": matching}},
        {"resource": note.resource(), "request": {"method": "PUT", "url": format!("Basic/{}", note.id)}},
    ]);
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    system.transaction(&bundle).await?;
    Ok(())
}

fn note(app: &App, one: &Pending, decision: &Decision<'_>) -> Note {
    let now = app.context.clock.now();
    let id = format!("{KIND}-{}", app.context.ids.next());
    let outcome = if decision.yes { "confermata" } else { "rifiutata" };
    Note::new(&id, KIND, &recipient(one), &decision.actor.subject, now).with(&[
        ("incarico", &one.one.id),
        ("ruolo", &one.one.role),
        ("struttura", &one.one.organization),
        ("da", &one.waiting.givers.join(" ")),
        ("chi", &decision.actor.subject),
        ("esito", outcome),
        ("motivo", decision.reason),
    ])
}

/// What an assignment is when it is refused.
async fn before(system: &Fhir, one: &Pending) -> Result<Value, PeerError> {
    let mut role = one.resource.clone();
    if let Some(version) = one.waiting.counts {
        let versions = system.history("PractitionerRole", &one.one.id, MAX).await?;
        let version = version.to_string();
        let found = versions
            .into_iter()
            .find(|old| old["meta"]["versionId"] == version.as_str());
        if let Some(found) = found {
            return Ok(found);
        }
    }
    role["active"] = json!(false);
    Ok(role)
}
