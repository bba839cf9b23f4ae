//! Changes of contacts, address, single days, authorisations, equipment and accessibility.

use super::Request;
use super::apply::{before, list, needed, part};
use super::document;
use crate::model::{Exception, time};
use crate::names::{ACCESS, EQUIPMENT, EXCEPTION, PRECISION, TITLE};
use crate::period::Period;
use crate::places::{by_code, distance_km};
use crate::rules;
use jiff::civil::Date;
use serde_json::{Value, json};

/// A structure farther than this from the centre of its municipality is in another, kilometres.
const FAR_KM: f64 = 25.0;

/// What a change of this kind makes of a structure and its site.
///
/// # Errors
/// In Italian, for the office: what does not fit.
pub(super) fn apply(
    kind: &str,
    request: &Request,
    mut organization: Value,
    mut site: Value,
    day: Date,
) -> Result<Vec<Value>, String> {
    match kind {
        "email" | "sito" => {
            let system = if kind == "email" { "email" } else { "url" };
            let telecom = list(&mut organization, "telecom");
            telecom.retain(|one| one["system"] != system);
            telecom.push(json!({"system": system, "value": request.value(kind).trim(), "use": "work"}));
            Ok(vec![organization])
        }
        "indirizzo" => address(request, site),
        "eccezione-orario" => {
            needed(&site)?;
            let exception = exception(request, day)?;
            list(&mut site, "extension").push(exception.json());
            Ok(vec![site])
        }
        "fine-eccezione" => end_exceptions(site, day),
        "titolo" => title(request, organization, day),
        "fine-titolo" => end_title(request, organization, day),
        "attrezzatura" => equipment(request, organization, day),
        "accessibilita" | "fine-accessibilita" => access(kind, request, site),
        other => Err(format!("il tipo di variazione «{other}» non è previsto")),
    }
}

fn address(request: &Request, mut site: Value) -> Result<Vec<Value>, String> {
    needed(&site)?;
    site["address"]["line"] = json!([request.value("via").trim()]);
    let given = (request.value("latitudine").trim(), request.value("longitudine").trim());
    if given != ("", "") {
        let degrees = |text: &str| text.replace(',', ".").parse::<f64>().ok();
        let at = degrees(given.0).zip(degrees(given.1));
        let at = at.ok_or("latitudine e longitudine si scrivono tutte e due, in gradi (40.85)")?;
        let extensions = site["address"]["extension"].as_array().into_iter().flatten();
        let code = extensions.into_iter().find_map(|one| one["valueCode"].as_str());
        let centre = code.and_then(by_code).map(|place| place.centre);
        if centre.is_some_and(|centre| distance_km(centre, at) > FAR_KM) {
            return Err("il punto è troppo lontano dal comune: latitudine e longitudine sono scambiate?".into());
        }
        site["position"] = json!({"latitude": at.0, "longitude": at.1});
        let extensions = list(&mut site, "extension");
        extensions.retain(|one| one["url"] != PRECISION);
        extensions.push(json!({"url": PRECISION, "valueCode": "struttura"}));
    }
    Ok(vec![site])
}

fn exception(request: &Request, day: Date) -> Result<Exception, String> {
    let end: Option<Date> = request.value("al").parse().ok();
    let end = end.filter(|end| *end >= day);
    let end = end.ok_or("l'ultimo giorno viene prima del primo")?;
    let (from, to) = (request.value("dalle"), request.value("alle"));
    match (time(from), time(to)) {
        (Some(opens), Some(closes)) if opens < closes => Ok(Exception {
            period: Period {
                start: Some(day),
                end: Some(end),
            },
            open: Some((from.chars().take(5).collect(), to.chars().take(5).collect())),
            reason: request.value("perche").to_owned(),
        }),
        _ => Err("l'ora di chiusura deve venire dopo quella di apertura".into()),
    }
}

/// Days with other hours end the day before; those that were to begin later never do.
fn end_exceptions(mut site: Value, day: Date) -> Result<Vec<Value>, String> {
    needed(&site)?;
    let (mut ended, extensions) = (0, list(&mut site, "extension"));
    extensions.retain(|one| {
        let later = one["url"] == EXCEPTION && Exception::of(one).period.start.is_some_and(|start| start >= day);
        ended += usize::from(later);
        !later
    });
    for one in extensions.iter_mut().filter(|one| one["url"] == EXCEPTION) {
        if Exception::of(one).period.holds(day)
            && let Some(period) = part(one, "periodo")
        {
            period["valuePeriod"]["end"] = json!(before(day).to_string());
            ended += 1;
        }
    }
    match ended {
        0 => Err("in quel giorno la struttura non ha chiusure né orari diversi".into()),
        _ => Ok(vec![site]),
    }
}

/// The titles that hold on a day, with their act.
fn act_of(one: &Value) -> &str {
    let parts = one["extension"].as_array().into_iter().flatten();
    let act = parts.into_iter().find(|part| part["url"] == "atto");
    act.and_then(|part| part["valueString"].as_str())
        .unwrap_or_default()
        .trim()
}

fn holds(one: &mut Value, day: Date) -> bool {
    part(one, "periodo").is_none_or(|period| Period::of(&period["valuePeriod"]).holds(day))
}

fn title(request: &Request, mut organization: Value, day: Date) -> Result<Vec<Value>, String> {
    let kind = request.value("titolo");
    if !rules::TITLES.contains(&kind) {
        return Err(format!(
            "«{kind}» non è un'autorizzazione, un accreditamento o un accordo"
        ));
    }
    let act = request.value("atto").trim();
    let mut period = json!({"start": day.to_string()});
    if !request.value("scadenza").is_empty() {
        let end: Option<Date> = request.value("scadenza").parse().ok();
        let end = end
            .filter(|end| *end >= day)
            .ok_or("la scadenza viene prima della decorrenza")?;
        period["end"] = json!(end.to_string());
    }
    let extensions = list(&mut organization, "extension");
    let titles = extensions.iter_mut().filter(|one| one["url"] == TITLE);
    for known in titles {
        if act_of(known) == act && holds(known, day) {
            return Err(format!("l'atto «{act}» è già nella scheda"));
        }
    }
    let mut parts = vec![
        json!({"url": "tipo", "valueCode": kind}),
        json!({"url": "atto", "valueString": act}),
        json!({"url": "ente", "valueString": request.value("ente").trim()}),
        json!({"url": "periodo", "valuePeriod": period}),
    ];
    if !request.value("documento").is_empty() {
        parts.push(json!({"url": "documento", "valueUrl": document::address(&request.id)}));
    }
    extensions.push(json!({"url": TITLE, "extension": parts}));
    Ok(vec![organization])
}

fn end_title(request: &Request, mut organization: Value, day: Date) -> Result<Vec<Value>, String> {
    let act = request.value("atto").trim().to_owned();
    let extensions = list(&mut organization, "extension");
    let mut ended = false;
    for one in extensions.iter_mut().filter(|one| one["url"] == TITLE) {
        if !act_of(one).eq_ignore_ascii_case(&act) || !holds(one, day) {
            continue;
        }
        match part(one, "periodo") {
            Some(period) => period["valuePeriod"]["end"] = json!(before(day).to_string()),
            None => {
                list(one, "extension").push(json!({"url": "periodo", "valuePeriod": {"end": before(day).to_string()}}))
            }
        }
        ended = true;
    }
    match ended {
        true => Ok(vec![organization]),
        false => Err(format!("in quel giorno la struttura non ha l'atto «{act}»")),
    }
}

fn equipment(request: &Request, mut organization: Value, day: Date) -> Result<Vec<Value>, String> {
    let number: u32 = request
        .value("numero")
        .trim()
        .parse()
        .map_err(|_| "quante siano non è un numero".to_owned())?;
    let name = request.value("nome").trim();
    let extensions = list(&mut organization, "extension");
    for one in extensions.iter_mut().filter(|one| one["url"] == EQUIPMENT) {
        let same = part(one, "tipo").is_some_and(|part| {
            part["valueString"]
                .as_str()
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        });
        if same
            && holds(one, day)
            && let Some(period) = part(one, "periodo")
        {
            period["valuePeriod"]["end"] = json!(before(day).to_string());
        }
    }
    if number > 0 {
        extensions.push(json!({"url": EQUIPMENT, "extension": [
            {"url": "tipo", "valueString": name}, {"url": "numero", "valueInteger": number},
            {"url": "periodo", "valuePeriod": {"start": day.to_string()}},
        ]}));
    }
    Ok(vec![organization])
}

fn access(kind: &str, request: &Request, mut site: Value) -> Result<Vec<Value>, String> {
    needed(&site)?;
    let code = request.value("voce");
    if !rules::accessibility().iter().any(|one| one.code == code) {
        return Err(format!("«{code}» non è tra le voci dell'accessibilità"));
    }
    let extensions = list(&mut site, "extension");
    let is = |one: &Value| one["url"] == ACCESS && one["valueCode"] == code;
    let there = extensions.iter().any(is);
    match (kind, there) {
        ("accessibilita", true) => Err("la scheda lo dice già".into()),
        ("accessibilita", false) => {
            extensions.push(json!({"url": ACCESS, "valueCode": code}));
            Ok(vec![site])
        }
        (_, false) => Err("la scheda non lo dice".into()),
        (_, true) => {
            extensions.retain(|one| !is(one));
            Ok(vec![site])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facility, Parts};
    use crate::seed::ministry;
    use jiff::Timestamp;
    use jiff::civil::date;

    fn asked(kind: &str, values: &[(&str, &str)]) -> Request {
        let mut request = Request::new("r1", "hsp-1", kind, "Practitioner/a", Timestamp::UNIX_EPOCH);
        for (name, value) in values {
            request.set(&format!("valore-{name}"), value);
        }
        request
    }

    /// A structure and its site, changed one after the other.
    struct Hospital(Value, Value);

    impl Hospital {
        fn new() -> Self {
            let organization = ministry::organization("hsp-1", "Ospedale", "presidio", "ministero");
            Self(
                organization,
                ministry::site("hsp-1", "Sede", "063049", None, "ministero").unwrap(),
            )
        }

        fn change(&mut self, kind: &str, values: &[(&str, &str)], day: Date) -> Result<(), String> {
            for made in apply(kind, &asked(kind, values), self.0.clone(), self.1.clone(), day)? {
                match made["resourceType"].as_str() {
                    Some("Location") => self.1 = made,
                    _ => self.0 = made,
                }
            }
            Ok(())
        }

        fn on(&self, day: Date) -> Facility {
            let parts = Parts {
                site: Some(&self.1),
                ..Parts::default()
            };
            Facility::of(&self.0, &parts).unwrap().on(day)
        }
    }

    #[test]
    fn titles_equipment_and_single_days_have_a_beginning_and_an_end() {
        let (first, later) = (date(2026, 12, 1), date(2027, 2, 1));
        let mut one = Hospital::new();
        let act = [
            ("titolo", "accreditamento"),
            ("atto", "DCA 12/2026"),
            ("ente", "Regione Campania"),
            ("scadenza", "2029-12-31"),
            ("documento", "atto.pdf"),
        ];
        one.change("titolo", &act, first).unwrap();
        assert!(one.change("titolo", &act, first).is_err(), "it is there");
        one.change("attrezzatura", &[("nome", "TAC"), ("numero", "1")], first)
            .unwrap();
        one.change("attrezzatura", &[("nome", "tac"), ("numero", "3")], later)
            .unwrap();
        one.change("accessibilita", &[("voce", "ascensore")], first).unwrap();
        one.change("email", &[("email", "info@esempio.it")], first).unwrap();
        let hours = [
            ("al", "2027-02-28"),
            ("dalle", "10:00"),
            ("alle", "12:00"),
            ("perche", "Lavori"),
        ];
        one.change("eccezione-orario", &hours, first).unwrap();
        one.change(
            "indirizzo",
            &[
                ("via", "Via Cardarelli 9"),
                ("latitudine", "40,8663"),
                ("longitudine", "14.2262"),
            ],
            first,
        )
        .unwrap();
        let then = one.on(date(2026, 12, 2));
        assert_eq!(then.titles[0].document.as_deref(), Some("/strutture/documenti/r1"));
        assert_eq!((then.equipment[0].count, one.on(later).equipment[0].count), (1, 3));
        assert_eq!(
            (then.accessibility.len(), then.address.as_str(), then.precision.as_str()),
            (1, "Via Cardarelli 9", "struttura")
        );
        assert_eq!(then.exceptions[0].open, Some(("10:00".into(), "12:00".into())));
        one.change("fine-titolo", &[("atto", "dca 12/2026")], later).unwrap();
        one.change("fine-eccezione", &[], later).unwrap();
        one.change("fine-accessibilita", &[("voce", "ascensore")], later)
            .unwrap();
        assert!(one.on(later).titles.is_empty() && one.on(first).titles.len() == 1);
        assert_eq!(one.on(later).exceptions[0].period.end, Some(date(2027, 1, 31)));
        assert!(one.on(later).accessibility.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let day = date(2026, 12, 1);
        for (kind, values) in [
            ("titolo", vec![("titolo", "patente"), ("atto", "1")]),
            (
                "titolo",
                vec![("titolo", "accordo"), ("atto", "1"), ("scadenza", "2020-01-01")],
            ),
            ("fine-titolo", vec![("atto", "mai visto")]),
            ("fine-eccezione", vec![]),
            (
                "eccezione-orario",
                vec![("al", "2026-12-02"), ("dalle", "12:00"), ("alle", "10:00")],
            ),
            (
                "eccezione-orario",
                vec![("al", "2026-11-02"), ("dalle", "08:00"), ("alle", "10:00")],
            ),
            ("accessibilita", vec![("voce", "scivolo d'acqua")]),
            (
                "indirizzo",
                vec![("via", "Via X"), ("latitudine", "14.2"), ("longitudine", "40.8")],
            ),
            ("attrezzatura", vec![("nome", "TAC"), ("numero", "tante")]),
            ("ignoto", vec![]),
        ] {
            assert!(Hospital::new().change(kind, &values, day).is_err(), "{kind} {values:?}");
        }
    }
}
