//! What the decision `ammissibilita-scelta` is asked about one request.

use super::codes::{END_REASON, extension, id_in};
use super::doctors::{self, Doctor};
use super::person::Person;
use super::record::Record;
use super::rules;
use component::{Fhir, PeerError};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// Person and doctor of a request, as they are now.
pub(crate) struct Parties {
    pub person: Person,
    pub doctor: Doctor,
}

/// Reads both.
///
/// # Errors
/// In words: one of them is not there.
pub(crate) async fn parties(fhir: &Fhir, request: &Record, today: Date) -> Result<Parties, String> {
    let told = |error: PeerError| error.to_string();
    let person = Person::load(fhir, &request.patient).await.map_err(told)?;
    let doctor = doctors::one(fhir, request.get("medico"), today).await.map_err(told)?;
    Ok(Parties {
        person: person.ok_or_else(|| format!("there is no Patient/{}", request.patient))?,
        doctor: doctor.ok_or_else(|| format!("Practitioner/{} has no role as a doctor", request.get("medico")))?,
    })
}

/// The input of the decision. No name is among it.
pub(crate) async fn facts(
    fhir: &Fhir,
    request: &Record,
    parties: &Parties,
    today: Date,
) -> Result<Map<String, Value>, PeerError> {
    let (person, doctor) = (&parties.person, &parties.doctor);
    let rules = rules::on(today);
    // Whoever asks to stay asks for the time after the present choice.
    let stay = stays(request, parties, today);
    let age = person.age(stay.unwrap_or(today)).unwrap_or(0);
    let until: Option<Date> = request.get("fine").parse().ok();
    let for_a_time = request.get("a-tempo") == "si";
    let days = until.map(|until| (until - today).get_days());
    let lasts =
        !for_a_time || days.is_some_and(|days| (rules.temporary.min_days..=rules.temporary.max_days).contains(&days));
    let paediatricians =
        age >= rules.age.gp_from || doctor.kind != "mmg" || has_paediatrician(fhir, person, today).await?;
    let refused = person.choices.iter().any(|one| {
        id_in(&one["careManager"], "Practitioner") == Some(&doctor.id)
            && extension(one, END_REASON).is_some_and(|why| why["valueCode"] == "ricusazione")
    });
    let family = family(fhir, request, parties).await?;
    let facts = json!({
        "vivo": person.death().is_none() && person.replaced_by().is_none(),
        "assistenza": person.assistance_kind(today), "tipoMedico": doctor.kind,
        "eta": age, "etaMmgDa": rules.age.gp_from, "etaPlsFino": rules.age.paediatrician_to,
        "etaPlsDeroga": rules.age.paediatrician_to_with_grounds,
        "pediatriLiberi": paediatricians, "motivoOltre14": !request.get("motivo14").is_empty(),
        "posti": doctor.places.unwrap_or(0) + i64::from(stay.is_some()), "postiFamiglia": rules.beyond(&doctor.kind), "ricongiungimento": family,
        "nellAmbito": doctor.covers(person), "deroga": !request.get("deroga").is_empty(),
        "residente": !person.lives_elsewhere(), "aTempo": for_a_time, "durataAmmessa": lasts, "ricusato": refused,
        "stessoMedico": person.doctor() == Some(&doctor.id) && stay.is_none(), "medicoAttivo": doctor.is_active(),
        "medico": format!("Practitioner/{}", doctor.id), "assistito": format!("Patient/{}", person.id()),
        "fine": until.filter(|_| for_a_time).and_then(end_of),
    });
    match facts {
        Value::Object(facts) => Ok(facts),
        _ => Ok(Map::new()),
    }
}

/// Somebody whose choice of the paediatrician is about to end by age asks, with a ground, to stay: from which day on. Their place is
/// theirs already.
pub(crate) fn stays(request: &Record, parties: &Parties, today: Date) -> Option<Date> {
    let (person, doctor) = (&parties.person, &parties.doctor);
    if doctor.kind != "pls" || request.get("motivo14").is_empty() || person.doctor() != Some(&doctor.id) {
        return None;
    }
    let last = super::person::date(&person.choice()?["period"]["end"])?;
    let notice = rules::on(today).ending.notice_days;
    let soon = today <= last && (last - today).get_days() <= notice;
    last.tomorrow().ok().filter(|_| soon)
}

/// The last second of a day in Italy.
pub(crate) fn end_of(day: Date) -> Option<String> {
    let next = web::local_start(day.tomorrow().ok()?)?;
    Some((next - jiff::SignedDuration::from_secs(1)).to_string())
}

async fn has_paediatrician(fhir: &Fhir, person: &Person, today: Date) -> Result<bool, PeerError> {
    Ok(!doctors::free(fhir, "pls", person, today, 1).await?.is_empty())
}

/// Whether the relative who is named lives at the same address and has the same doctor.
async fn family(fhir: &Fhir, request: &Record, parties: &Parties) -> Result<bool, PeerError> {
    let code = request.get("familiare");
    if code.is_empty() {
        return Ok(false);
    }
    let identifier = format!("{}|{code}", super::codes::FISCAL);
    let found = fhir.search("Patient", &[("identifier", identifier.as_str())]).await?;
    let home = |patient: &Value| {
        let addresses = patient["address"].as_array()?;
        let home = addresses.iter().find(|one| one["use"] == "home")?;
        let text = format!("{} {}", home["line"][0].as_str()?, home["city"].as_str()?);
        Some(codicefiscale::fold(&text))
    };
    let own = home(&parties.person.patient);
    Ok(found.iter().any(|relative| {
        relative["id"] != parties.person.patient["id"]
            && own.is_some()
            && home(relative) == own
            && id_in(&relative["generalPractitioner"][0], "Practitioner") == Some(&parties.doctor.id)
    }))
}
