//! What a change makes of the resources of a structure. What held before ends the day before; nothing is overwritten that was true.

use super::{Request, hours};
use crate::model::{Exception, site_of};
use crate::names::{BEDS, CATALOGUE, OWN_SERVICE, PERIOD};
use crate::period::Period;
use crate::rules;
use crate::seed::ministry::meta;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

/// The resources of one structure.
#[derive(Debug, Clone, Default)]
pub(super) struct Present {
    pub organization: Value,
    pub site: Value,
    pub services: Vec<Value>,
}

/// Ends what holds, in a list of things with a period extension or part.
pub(super) fn before(day: Date) -> Date {
    day.saturating_sub(1.day())
}

pub(super) fn list<'a>(resource: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    if !resource[key].is_array() {
        resource[key] = json!([]);
    }
    resource[key].as_array_mut().expect("it was made one")
}

pub(super) fn part<'a>(extension: &'a mut Value, url: &str) -> Option<&'a mut Value> {
    let parts = extension["extension"].as_array_mut()?;
    parts.iter_mut().find(|one| one["url"] == url)
}

/// The resources that the request changes, as they are then.
///
/// # Errors
/// In Italian, for the office: what does not fit (any more).
pub(super) fn apply(request: &Request, present: &Present, day: Date) -> Result<Vec<Value>, String> {
    let mut organization = present.organization.clone();
    let mut site = present.site.clone();
    match request.get("tipo") {
        "nome" => {
            let old = organization["name"].clone();
            list(&mut organization, "alias").insert(0, old);
            organization["name"] = json!(request.value("nome"));
            Ok(vec![organization])
        }
        "telefono" => {
            let telecom = list(&mut organization, "telecom");
            telecom.retain(|one| one["system"] != "phone");
            telecom.insert(
                0,
                json!({"system": "phone", "value": request.value("telefono"), "use": "work"}),
            );
            Ok(vec![organization])
        }
        "orari" => {
            needed(&site)?;
            let new = hours::read(request.value("orari"), Period::from(day));
            let new = new.map_err(|line| format!("gli orari non si leggono: «{line}»"))?;
            let all = list(&mut site, "hoursOfOperation");
            end_hours(all, day);
            all.extend(new.iter().map(|one| one.json(("openingTime", "closingTime"))));
            Ok(vec![site])
        }
        "chiusura-temporanea" => {
            needed(&site)?;
            let end: Option<Date> = request.value("al").parse().ok();
            let end = end
                .filter(|end| *end >= day)
                .ok_or("l'ultimo giorno di chiusura viene prima del primo")?;
            let closed = Exception {
                period: Period {
                    start: Some(day),
                    end: Some(end),
                },
                open: None,
                reason: request.value("perche").to_owned(),
            };
            list(&mut site, "extension").push(closed.json());
            Ok(vec![site])
        }
        "posti-letto" => beds(request, organization, day),
        "servizio" => service(request, present, day),
        "fine-servizio" => end_service(request, present, day),
        "orari-servizio" => service_hours(request, present, day),
        "nuova-struttura" => super::new::apply(request, present, day),
        "cessazione" => {
            let period = json!({"url": PERIOD, "valuePeriod": {"end": before(day).to_string()}});
            let extensions = list(&mut organization, "extension");
            match extensions.iter_mut().find(|one| one["url"] == PERIOD) {
                Some(known) => known["valuePeriod"]["end"] = json!(before(day).to_string()),
                None => extensions.push(period),
            }
            organization["active"] = json!(false);
            Ok(vec![organization])
        }
        other => super::more::apply(other, request, organization, site, day),
    }
}

pub(super) fn needed(site: &Value) -> Result<(), String> {
    if site.is_object() {
        Ok(())
    } else {
        Err("la struttura non ha una sede nel registro".into())
    }
}

/// Hours that hold on the day end the day before; those that were to begin later never do.
pub(crate) fn end_hours(all: &mut Vec<Value>, day: Date) {
    all.retain(|one| {
        crate::model::Hours::of(one)
            .period
            .start
            .is_none_or(|start| start < day)
    });
    for one in all.iter_mut() {
        let mut period = crate::model::Hours::of(one).period;
        if period.holds(day) {
            period.end = Some(before(day));
            one["extension"] = json!([{"url": PERIOD, "valuePeriod": period.json()}]);
        }
    }
}

fn beds(request: &Request, mut organization: Value, day: Date) -> Result<Vec<Value>, String> {
    let number: u32 = request
        .value("numero")
        .trim()
        .parse()
        .map_err(|_| "il numero di posti letto non è un numero".to_owned())?;
    let discipline = request.value("disciplina").trim();
    let extensions = list(&mut organization, "extension");
    for one in extensions.iter_mut().filter(|one| one["url"] == BEDS) {
        let same = part(one, "disciplina").is_some_and(|part| part["valueCoding"]["code"] == discipline);
        let Some(period) = part(one, "periodo").filter(|_| same) else {
            continue;
        };
        if Period::of(&period["valuePeriod"]).holds(day) {
            period["valuePeriod"]["end"] = json!(before(day).to_string());
        }
    }
    if number > 0 {
        let coding = json!({"code": discipline, "display": request.value("nome-disciplina").trim()});
        extensions.push(json!({"url": BEDS, "extension": [
            {"url": "disciplina", "valueCoding": coding}, {"url": "regime", "valueCode": "ordinario"},
            {"url": "numero", "valueInteger": number}, {"url": "periodo", "valuePeriod": {"start": day.to_string()}},
        ]}));
    }
    Ok(vec![organization])
}

fn code_of(service: &Value) -> &str {
    service["type"][0]["coding"][0]["code"].as_str().unwrap_or_default()
}

fn holds(service: &Value, day: Date) -> bool {
    let extensions = service["extension"].as_array().into_iter().flatten();
    let period = extensions.into_iter().find(|one| one["url"] == PERIOD);
    period.is_none_or(|one| Period::of(&one["valuePeriod"]).holds(day))
}

fn service(request: &Request, present: &Present, day: Date) -> Result<Vec<Value>, String> {
    let code = request.value("servizio");
    let known = rules::service(code).ok_or_else(|| format!("il servizio «{code}» non è previsto"))?;
    if present
        .services
        .iter()
        .any(|one| code_of(one) == code && holds(one, day))
    {
        return Err("la struttura offre già questo servizio".into());
    }
    let owner = request.get("struttura");
    let system = if known.in_catalogue() { CATALOGUE } else { OWN_SERVICE };
    // The request's id in it: asked for twice, it is the same.
    let id: String = format!("srv-{}", request.id).chars().take(64).collect();
    Ok(vec![json!({
        "resourceType": "HealthcareService", "id": id, "meta": meta("richiesta"), "active": true,
        "providedBy": {"reference": format!("Organization/{owner}")},
        "location": [{"reference": format!("Location/{}", site_of(owner))}],
        "name": known.it, "type": [{"coding": [{"system": system, "code": code, "display": known.it}]}],
        "extension": [{"url": PERIOD, "valuePeriod": {"start": day.to_string()}}],
    })])
}

/// The service that a request names, as the structure offers it on a day.
fn offered(request: &Request, present: &Present, day: Date) -> Result<Value, String> {
    let code = request.value("servizio");
    let mut services = present.services.iter();
    let found = services.find(|one| code_of(one) == code && holds(one, day));
    Ok(found.cloned().ok_or("la struttura non offre questo servizio")?)
}

fn end_service(request: &Request, present: &Present, day: Date) -> Result<Vec<Value>, String> {
    let mut one = offered(request, present, day)?;
    let extensions = list(&mut one, "extension");
    match extensions.iter_mut().find(|one| one["url"] == PERIOD) {
        Some(known) => known["valuePeriod"]["end"] = json!(before(day).to_string()),
        None => extensions.push(json!({"url": PERIOD, "valuePeriod": {"end": before(day).to_string()}})),
    }
    Ok(vec![one])
}

/// Other hours of one service than those of the structure.
fn service_hours(request: &Request, present: &Present, day: Date) -> Result<Vec<Value>, String> {
    let mut one = offered(request, present, day)?;
    let new = hours::read(request.value("orari"), Period::from(day));
    let new = new.map_err(|line| format!("gli orari non si leggono: «{line}»"))?;
    let all = list(&mut one, "availableTime");
    end_hours(all, day);
    all.extend(
        new.iter()
            .map(|one| one.json(("availableStartTime", "availableEndTime"))),
    );
    Ok(vec![one])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facility, Parts};
    use jiff::Timestamp;

    fn asked(kind: &str, values: &[(&str, &str)]) -> Request {
        let mut request = Request::new("r1", "hsp-1", kind, "Practitioner/a", Timestamp::UNIX_EPOCH);
        for (name, value) in values {
            request.set(&format!("valore-{name}"), value);
        }
        request
    }

    fn hospital() -> Present {
        let organization = crate::seed::ministry::organization("hsp-1", "Ospedale", "presidio", "ministero");
        let mut site = crate::seed::ministry::site("hsp-1", "Sede", "063049", None, "ministero").unwrap();
        site["hoursOfOperation"] =
            json!([{"daysOfWeek": ["mon"], "openingTime": "08:00:00", "closingTime": "12:00:00"}]);
        Present {
            organization,
            site,
            services: vec![],
        }
    }

    fn seen(present: &Present) -> Facility {
        let parts = Parts {
            site: Some(&present.site),
            services: present.services.iter().collect(),
            affiliations: vec![],
        };
        Facility::of(&present.organization, &parts).unwrap()
    }

    #[test]
    fn what_was_true_before_stays_true_of_before() {
        let day = Date::constant(2026, 12, 1);
        let mut present = hospital();
        let hours = apply(&asked("orari", &[("orari", "mar 09:00-10:00")]), &present, day).unwrap();
        present.site = hours.into_iter().next().unwrap();
        let beds = [
            ("disciplina", "08"),
            ("nome-disciplina", "Cardiologia"),
            ("numero", "10"),
        ];
        present.organization = apply(&asked("posti-letto", &beds), &present, Date::constant(2026, 1, 1))
            .unwrap()
            .remove(0);
        let fewer = [
            ("disciplina", "08"),
            ("nome-disciplina", "Cardiologia"),
            ("numero", "4"),
        ];
        present.organization = apply(&asked("posti-letto", &fewer), &present, day).unwrap().remove(0);
        let (then, now) = (seen(&present).on(before(day)), seen(&present).on(day));
        assert_eq!(
            (then.hours[0].days[0].as_str(), now.hours[0].days[0].as_str()),
            ("mon", "tue")
        );
        assert_eq!((then.beds[0].count, now.beds[0].count), (10, 4));
        present.organization = apply(&asked("cessazione", &[]), &present, day).unwrap().remove(0);
        assert!(seen(&present).stood(before(day)) && !seen(&present).stood(day));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let day = Date::constant(2026, 12, 1);
        let present = hospital();
        for wrong in [
            asked("orari", &[("orari", "quando capita")]),
            asked("chiusura-temporanea", &[("al", "2026-11-01")]),
            asked("posti-letto", &[("numero", "tanti")]),
            asked("fine-servizio", &[("servizio", "89.52")]),
            asked("altro", &[]),
        ] {
            assert!(apply(&wrong, &present, day).is_err(), "{}", wrong.get("tipo"));
        }
    }
}
