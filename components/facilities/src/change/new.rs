//! A ward, a site or a whole structure that is part of another, asked for by who manages that one, or by the office.

use super::apply::Present;
use super::{Request, hours};
use crate::lists::code_form;
use crate::names::{HSP, MUNICIPALITY, PERIOD, STS};
use crate::period::Period;
use crate::places::{self, Place};
use crate::rules;
use crate::seed::ministry::{affiliation, belongs, organization, site};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Kinds that nobody makes by a form: the law does.
const BY_LAW: [&str; 2] = ["regione", "asl"];

/// Kinds that may be asked for.
pub(super) fn kinds() -> impl Iterator<Item = &'static rules::Kind> {
    rules::kinds()
        .iter()
        .filter(|kind| !BY_LAW.contains(&kind.code.as_str()))
}

/// A municipality as people write it.
pub(super) fn municipality(text: &str) -> Option<&'static Place> {
    places::by_code(text).or_else(|| places::by_name(text))
}

/// A code without spaces, in capitals, and whose it is; `None`: it has no form that we know.
pub(super) fn code(text: &str) -> Option<(&'static str, String)> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
    let bare = bare.to_uppercase();
    Some((if code_form(&bare)? == "HSP" { HSP } else { STS }, bare))
}

/// The new structure below the one of the request. Its id has the request's in it: asked for twice, it is the same.
///
/// # Errors
/// In Italian, for the office: what does not fit.
pub(super) fn apply(request: &Request, present: &Present, day: Date) -> Result<Vec<Value>, String> {
    let (name, kind) = (request.value("nome").trim(), request.value("genere"));
    if !kinds().any(|known| known.code == kind) {
        return Err(format!("il tipo «{kind}» non si può chiedere con una richiesta"));
    }
    if present.organization["active"] == false {
        return Err("la struttura di cui farebbe parte è cessata".into());
    }
    let id: String = format!("uo-{}", request.id).chars().take(60).collect();
    let mut one = organization(&id, name, kind, "richiesta");
    let extensions = super::apply::list(&mut one, "extension");
    extensions.push(json!({"url": PERIOD, "valuePeriod": {"start": day.to_string()}}));
    let text = request.value("codice").trim();
    if !text.is_empty() {
        let (system, value) = code(text).ok_or_else(|| format!("«{text}» non ha la forma di un codice HSP o STS"))?;
        one["identifier"] = json!([{"system": system, "value": value}]);
    }
    let phone = request.value("telefono").trim();
    if !phone.is_empty() {
        one["telecom"] = json!([{"system": "phone", "value": phone, "use": "work"}]);
    }
    let owner = request.get("struttura");
    let territory = crate::lists::of_territory(kind);
    let mut belongs = match territory {
        true => affiliation(&id, owner, "territorio", "richiesta"),
        false => belongs(&mut one, owner, "richiesta"),
    };
    belongs["period"] = json!({"start": day.to_string()});
    let site = place(request, present, &id, name, day)?;
    Ok(vec![one, belongs, site])
}

/// Its site: in the municipality that was written, else where the structure is that it is part of.
fn place(request: &Request, present: &Present, id: &str, name: &str, day: Date) -> Result<Value, String> {
    let (text, street) = (request.value("comune").trim(), request.value("via").trim());
    let above = present.site["address"]["extension"].as_array().into_iter().flatten();
    let above = above.into_iter().find(|one| one["url"] == MUNICIPALITY);
    let above = above
        .and_then(|one| one["valueCode"].as_str())
        .and_then(places::by_code);
    let place = match text {
        "" => above.ok_or("manca il comune: la struttura di cui fa parte non ne ha uno")?,
        text => municipality(text).ok_or_else(|| format!("«{text}» non è un comune della Campania"))?,
    };
    let line = Some(street).filter(|street| !street.is_empty());
    let made = site(id, &format!("Sede di {name}"), place.code, line, "richiesta");
    let mut made = made.ok_or("il comune non è nella tabella")?;
    // Without a street of its own it is where the structure above is.
    if line.is_none() && above.is_some_and(|above| above.code == place.code) {
        for part in ["address", "position"] {
            made[part] = present.site[part].clone();
        }
        let precision = present.site["extension"].as_array().into_iter().flatten();
        let precision = precision.filter(|one| one["url"] == crate::names::PRECISION);
        made["extension"] = precision.cloned().collect();
    }
    if !request.value("orari").is_empty() {
        let read = hours::read(request.value("orari"), Period::from(day));
        let read = read.map_err(|line| format!("gli orari non si leggono: «{line}»"))?;
        made["hoursOfOperation"] = read
            .iter()
            .map(|one| one.json(("openingTime", "closingTime")))
            .collect();
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facility, Parts};
    use jiff::Timestamp;
    use jiff::civil::date;

    fn asked(values: &[(&str, &str)]) -> Request {
        let mut request = Request::new(
            "r1",
            "hsp-1",
            "nuova-struttura",
            "Practitioner/a",
            Timestamp::UNIX_EPOCH,
        );
        for (name, value) in values {
            request.set(&format!("valore-{name}"), value);
        }
        request
    }

    fn hospital() -> Present {
        Present {
            organization: organization("hsp-1", "Ospedale", "presidio", "ministero"),
            site: site("hsp-1", "Sede", "063049", Some("Via Roma 1"), "ministero").unwrap(),
            services: vec![],
        }
    }

    #[test]
    fn a_ward_begins_on_its_day_where_its_hospital_is() {
        let day = date(2026, 12, 1);
        let ward = [
            ("nome", "Cardiologia"),
            ("genere", "reparto"),
            ("orari", "lun-ven 08:00-14:00"),
        ];
        let made = apply(&asked(&ward), &hospital(), day).unwrap();
        let parts = Parts {
            site: Some(&made[2]),
            services: vec![],
            affiliations: vec![&made[1]],
        };
        let one = Facility::of(&made[0], &parts).unwrap();
        assert_eq!(
            (one.part_of.as_deref(), one.address.as_str()),
            (Some("hsp-1"), "Via Roma 1")
        );
        assert!(one.stood(day) && !one.stood(date(2026, 11, 30)));
        assert_eq!(
            (one.on(day).hours.len(), one.affiliations[0].period.start),
            (1, Some(day))
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for values in [
            vec![("nome", "Napoli 4"), ("genere", "asl")],
            vec![("nome", "X"), ("genere", "reparto"), ("comune", "Atlantide")],
            vec![("nome", "X"), ("genere", "reparto"), ("codice", "15")],
            vec![("nome", "X"), ("genere", "reparto"), ("orari", "quando capita")],
        ] {
            assert!(
                apply(&asked(&values), &hospital(), date(2026, 12, 1)).is_err(),
                "{values:?}"
            );
        }
        let mut gone = hospital();
        gone.organization["active"] = json!(false);
        assert!(
            apply(
                &asked(&[("nome", "X"), ("genere", "reparto")]),
                &gone,
                date(2026, 12, 1)
            )
            .is_err()
        );
    }
}
