//! The jobs of the process `scelta-medico`. Each reads the request as it is stored: what variables say decides nothing, and
//! only an instance that the program started for that request counts.

use super::commit::{self, CommitError};
use super::facts::{self, Parties};
use super::person::{Person, date};
use super::plan::{NewChoice, Plan};
use super::record::{Record, id_of};
use super::request::{CODE, PROCESS, WAITS};
use super::{doctors, rules};
use access::{Actor, Ask, Identity as _, Reply};
use component::{Context, Fhir, RemoteIdentity, Worker, WorkerResult};
use engine::JobSpec;
use futures::FutureExt as _;
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Tries when others write at the same moment.
const TRIES: usize = 8;
/// Doctors proposed in the place of one who has no place.
const ALTERNATIVES: usize = 5;
/// Who decides at the office.
const OFFICE: &str = "operatore-anagrafe";

/// The workers of this module.
pub(crate) fn workers() -> Vec<Worker> {
    macro_rules! worker {
        ($name:literal, $run:ident) => {
            Worker {
                job_type: $name,
                run: Arc::new(|context, job| $run(context, job).boxed()),
            }
        };
    }
    vec![
        worker!("scelta-fatti", gather),
        worker!("scelta-leggi-consenso", read_consent),
        worker!("scelta-leggi-valutazione", read_verdict),
        worker!("scelta-registra", register),
        worker!("scelta-respingi", refuse),
        worker!("scelta-termina", close),
        worker!("anagrafe-scadenze-scelte", close_over),
        worker!("evento-controlla-pediatra", has_doctor),
        worker!("anagrafe-chiudi-decesso", close_dead),
    ]
}

/// The request that the job's instance stands for: its business key, in an instance that the program itself started.
async fn request_of(context: &Context, job: &JobSpec) -> Result<Record, String> {
    let system = Actor::system();
    let orchestrator = context.peers.orchestrator(&system);
    let id = job
        .id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance);
    let instance = orchestrator.instance(id).await.map_err(|error| error.to_string())?;
    let starter = orchestrator.starter(id).await.map_err(|error| error.to_string())?;
    if instance.definition.split(':').next() != Some(PROCESS) || starter != system.subject {
        return Err(format!(
            "the instance {id} stands for no request: only the program starts '{PROCESS}'"
        ));
    }
    let key = instance.business_key.unwrap_or_default();
    let found = Record::find(&context.peers.fhir(&system), CODE, &key).await;
    let found = found.map_err(|error| error.to_string())?;
    found.ok_or_else(|| format!("there is no Basic/{key} of code '{CODE}'"))
}

struct Here {
    fhir: Fhir,
    today: Date,
    request: Record,
}

async fn here(context: &Context, job: &JobSpec) -> Result<Here, String> {
    Ok(Here {
        request: request_of(context, job).await?,
        fhir: context.peers.fhir(&Actor::system()),
        today: web::local_date(context.clock.now()),
    })
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn one(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

/// The facts that the decision asks for.
async fn gather(context: Context, job: JobSpec) -> WorkerResult {
    let Here { fhir, today, request } = here(&context, &job).await?;
    let parties = facts::parties(&fhir, &request, today).await?;
    facts::facts(&fhir, &request, &parties, today).await.map_err(told)
}

/// What the doctor answered, on their own page.
async fn read_consent(context: Context, job: JobSpec) -> WorkerResult {
    let request = request_of(&context, &job).await?;
    let by_doctor = request.get("medico-risponde") == format!("Practitioner/{}", request.get("medico"));
    let answer = match request.get("risposta-medico") {
        answer @ ("accettata" | "rifiutata") if by_doctor => answer,
        _ => "manca",
    };
    Ok(one("risposta", json!(answer)))
}

/// What the office decided, if whoever did has the role now.
async fn read_verdict(context: Context, job: JobSpec) -> WorkerResult {
    let request = request_of(&context, &job).await?;
    let verdict = match request.get("risposta-ufficio") {
        verdict @ ("accolta" | "respinta") if has_role(&context, request.get("decisa-da")).await? => verdict,
        _ => "manca",
    };
    Ok(one("decisione", json!(verdict)))
}

async fn has_role(context: &Context, subject: &str) -> Result<bool, String> {
    if !subject.starts_with("Practitioner/") {
        return Ok(false);
    }
    let asked = Ask::ActorsOf {
        subject: subject.to_owned(),
    };
    match RemoteIdentity::new(context.peers.clone()).ask(asked).await {
        Ok(Reply::Actors(actors)) => Ok(actors.iter().any(|actor| actor.has_role(OFFICE))),
        Ok(_) => Err("people were expected of the identity service".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// Writes the choice: EpisodeOfCare, the Patient's doctor, the counters and the request in one transaction. When facts have
/// changed since they were judged, they are judged again.
async fn register(context: Context, job: JobSpec) -> WorkerResult {
    for _ in 0..TRIES {
        let mut here = here(&context, &job).await?;
        if here.request.get("stato") == "registrata" {
            return Ok(one("registrazione", json!("fatta")));
        }
        let parties = facts::parties(&here.fhir, &here.request, here.today).await?;
        let facts = facts::facts(&here.fhir, &here.request, &parties, here.today)
            .await
            .map_err(told)?;
        if !still_possible(&facts) {
            return Ok(one("registrazione", json!("rifare")));
        }
        let beyond = if facts["ricongiungimento"] == true {
            rules::on(here.today).beyond(&parties.doctor.kind)
        } else {
            0
        };
        let most = parties.doctor.ceiling + beyond;
        let plan = planned(&mut here, &parties);
        match commit::commit(&here.fhir, &[&plan], vec![here.request.entry()], |_| Some(most)).await {
            Ok(()) => return Ok(one("registrazione", json!("fatta"))),
            Err(CommitError::Conflict) => {}
            Err(CommitError::Full { .. }) => return Ok(one("registrazione", json!("rifare"))),
            Err(error) => return Err(error.to_string()),
        }
    }
    Err("others keep writing the same person or doctor: it is tried again".into())
}

/// What holds whatever the office or the doctor decided.
fn still_possible(facts: &Map<String, Value>) -> bool {
    let is = |name: &str| facts[name] == true;
    let number = |name: &str| facts[name].as_i64().unwrap_or(0);
    let places = number("posti")
        + if is("ricongiungimento") {
            number("postiFamiglia")
        } else {
            0
        };
    is("vivo") && facts["assistenza"] != "nessuna" && is("medicoAttivo") && places > 0 && !is("stessoMedico")
}

fn planned(here: &mut Here, parties: &Parties) -> Plan {
    let (person, doctor) = (&parties.person, &parties.doctor);
    let rules = rules::on(here.today);
    let for_a_time = here.request.get("a-tempo") == "si";
    let mut until = date(&json!(here.request.get("fine"))).filter(|_| for_a_time);
    if doctor.kind == "pls" {
        // A ground counts from the age on that needs it.
        let begins = facts::stays(&here.request, parties, here.today).unwrap_or(here.today);
        let of_age = person.age(begins).is_some_and(|age| age >= rules.age.paediatrician_to);
        let with_grounds = of_age && !here.request.get("motivo14").is_empty();
        let years = if with_grounds {
            rules.age.paediatrician_to_with_grounds
        } else {
            rules.age.paediatrician_to
        };
        let grown = person
            .birth()
            .and_then(|birth| birth.checked_add(years.years()).ok()?.yesterday().ok());
        // A choice for a time does not outlast the age either.
        until = match (until, grown) {
            (Some(until), Some(grown)) => Some(until.min(grown)),
            (until, grown) => until.or(grown),
        };
    }
    let id = id_of("scelta", &[&here.request.id]);
    let mut plan = Plan::new(person.clone());
    plan.choose(&NewChoice {
        id: &id,
        doctor: &doctor.id,
        doctor_name: &doctor.name,
        kind: &doctor.kind,
        from: here.today,
        temporary: for_a_time,
        until,
        authority: doctor.authority.as_deref(),
    });
    let request = &mut here.request;
    request.set("stato", "registrata");
    request.set("scelta", &id);
    request.set("decorre", &here.today.to_string());
    request.set("tipo-medico", &doctor.kind);
    request.mark(WAITS, "");
    plan
}

/// Answers no, with the reasons and who has places.
async fn refuse(context: Context, job: JobSpec) -> WorkerResult {
    let Here {
        fhir,
        today,
        mut request,
    } = here(&context, &job).await?;
    if request.get("stato") != "aperta" {
        return Ok(Map::new());
    }
    let rules = job.variables.get("ammissibilita").and_then(Value::as_array);
    let hindering = rules.into_iter().flatten().filter(|one| one["effetto"] == "impedisce");
    let reasons: Vec<&str> = hindering.filter_map(|one| one["motivo"].as_str()).collect();
    request.set("motivi", &reasons.join("\n"));
    if request.get("tipo") == "scelta" {
        let parties = facts::parties(&fhir, &request, today).await?;
        let age = parties.person.age(today).unwrap_or(0);
        let kinds = rules::on(today).kinds(age);
        let kind = if kinds.contains(&parties.doctor.kind.as_str()) {
            parties.doctor.kind.as_str()
        } else {
            kinds[0]
        };
        let free = doctors::free(&fhir, kind, &parties.person, today, ALTERNATIVES)
            .await
            .map_err(told)?;
        let ids: Vec<&str> = free.iter().map(|one| one.id.as_str()).collect();
        request.set("alternative", &ids.join(" "));
    }
    request.set("stato", "respinta");
    request.mark(WAITS, "");
    request.save(&fhir).await.map_err(told)?;
    Ok(Map::new())
}

/// Ends a choice: revoked by the person, refused by the doctor, over.
async fn close(context: Context, job: JobSpec) -> WorkerResult {
    for _ in 0..TRIES {
        let Here {
            fhir,
            today,
            mut request,
        } = here(&context, &job).await?;
        if request.get("chiusa") == "si" {
            return Ok(Map::new());
        }
        let person = Person::load(&fhir, &request.patient).await.map_err(told)?;
        let person = person.ok_or_else(|| format!("there is no Patient/{}", request.patient))?;
        let (reason, concerned) = match request.get("tipo") {
            "revoca" => ("revoca", person.doctor().is_some()),
            "ricusazione" => ("ricusazione", person.doctor() == Some(request.get("medico"))),
            _ => (
                "scadenza",
                person.choice().is_some_and(|one| one["id"] == request.get("scelta")),
            ),
        };
        let mut plan = Plan::new(person);
        if concerned {
            plan.end_choices(today, reason);
        }
        request.set("chiusa", "si");
        if request.get("tipo") != "scelta" {
            request.set("stato", "registrata");
        }
        request.set("decorre", &today.to_string());
        request.mark(WAITS, "");
        match commit::commit(&fhir, &[&plan], vec![request.entry()], |_| None).await {
            Ok(()) => return Ok(Map::new()),
            Err(CommitError::Conflict) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err("others keep writing the same person: it is tried again".into())
}

/// Every day: choices whose last day is over end, those for a time and those of who is too old for the paediatrician.
async fn close_over(context: Context, _: JobSpec) -> WorkerResult {
    /// Choices ended in one run at most; the others are of the next day.
    const MOST: usize = 20_000;
    /// The dead of these days are looked at again: the hourly run may have stood still.
    const LATELY: SignedDuration = SignedDuration::from_hours(48);
    let fhir = context.peers.fhir(&Actor::system());
    let today = web::local_date(context.clock.now());
    let over = format!("eb{today}");
    let mut ended = 0;
    for kind in ["temporanea", "pls"] {
        let code = format!("{}|{kind}", super::codes::CHOICE);
        let asked = [
            ("type", code.as_str()),
            ("status", "active"),
            ("date", &over),
            ("_count", "200"),
        ];
        for episode in fhir.search_all("EpisodeOfCare", &asked, MOST).await.map_err(told)? {
            let Some(patient) = super::codes::id_in(&episode["patient"], "Patient") else {
                continue;
            };
            if end_over(&fhir, patient, today).await? {
                ended += 1;
            }
        }
    }
    let lapsed = super::lapsed::close_over(&fhir, today).await?;
    let dead = super::lapsed::close_lately_dead(&context, context.clock.now() - LATELY).await?;
    let warned = super::ending::tell(&fhir, context.clock.now()).await.map_err(told)?;
    let wrong = super::counter::recount(&fhir).await.map_err(told)?;
    let counts = [
        ("scelteChiuse", json!(ended)),
        ("assistenzeChiuse", json!(lapsed)),
        ("decessiChiusi", json!(dead)),
        ("scelteAvvisate", json!(warned)),
        ("conteggiCorretti", json!(wrong)),
    ];
    Ok(counts
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect())
}

async fn end_over(fhir: &Fhir, patient: &str, today: Date) -> Result<bool, String> {
    for _ in 0..TRIES {
        let Some(person) = Person::load(fhir, patient).await.map_err(told)? else {
            return Ok(false);
        };
        let Some(choice) = person.choice() else {
            return Ok(false);
        };
        let Some(last) = date(&choice["period"]["end"]).filter(|last| *last < today) else {
            return Ok(false);
        };
        let temporary = super::person::choice_kind(choice) == Some("temporanea");
        let mut plan = Plan::new(person);
        plan.end_choices(last, if temporary { "scadenza" } else { "eta" });
        match commit::commit(fhir, &[&plan], Vec::new(), |_| None).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Conflict) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("others keep writing Patient/{patient}: it is tried again"))
}

/// Whether a newborn has a doctor by now, or is no longer to have one.
async fn has_doctor(context: Context, job: JobSpec) -> WorkerResult {
    let subject = job.variables.get("resource").map(|event| &event["subject"]);
    let patient = subject
        .and_then(|subject| super::codes::id_in(subject, "Patient"))
        .unwrap_or_default();
    let fhir = context.peers.fhir(&Actor::system());
    let person = Person::load(&fhir, patient).await.map_err(told)?.unwrap_or_default();
    let today = web::local_date(context.clock.now());
    let settled = person.doctor().is_some() || person.death().is_some() || person.replaced_by().is_some();
    Ok(one(
        "scelto",
        json!(settled || person.assistance_kind(today) == "nessuna"),
    ))
}

/// Every hour: somebody was written as dead, by whichever door. What is open of them ends on that day, as when the feed tells of it.
async fn close_dead(context: Context, _: JobSpec) -> WorkerResult {
    /// Three runs: one that fails is made good by the next.
    const LATELY: SignedDuration = SignedDuration::from_hours(3);
    let since = context.clock.now() - LATELY;
    let closed = super::lapsed::close_lately_dead(&context, since).await?;
    Ok(one("decessiChiusi", json!(closed)))
}
