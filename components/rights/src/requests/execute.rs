//! Doing what the office decided. Each may be done again with the same result: a job that was interrupted is.

use super::{Request, erase};
use crate::consents::{self, Said};
use crate::rules::{self, Field};
use component::Context;
use serde_json::{Value, json};

/// Does it, and says what was done in a sentence for the letter.
pub(super) async fn execute(context: &Context, request: &Request) -> Result<String, String> {
    let told = |error: component::PeerError| error.to_string();
    let fhir = context.peers.fhir(&access::Actor::system());
    let say = |kind, permit| Said {
        patient: &request.patient,
        kind,
        permit,
        by: request.get("deciso-da"),
    };
    match request.get("tipo") {
        "rettifica" => rectify(context, request).await,
        "limitazione" => {
            consents::say(context, &say("limitazione", Some(false)))
                .await
                .map_err(told)?;
            Ok("Da oggi i tuoi dati sono conservati e non vengono usati.".into())
        }
        "fine-limitazione" => {
            consents::say(context, &say("limitazione", None)).await.map_err(told)?;
            Ok("Da oggi chi ti cura vede di nuovo i tuoi dati.".into())
        }
        "opposizione" => {
            consents::say(context, &say("uso-secondario", Some(false)))
                .await
                .map_err(told)?;
            Ok("Da oggi i tuoi dati non escono per statistiche e programmazione.".into())
        }
        "cancellazione" => {
            if let Some(hold) = erase::hold(&fhir, &request.patient).await.map_err(told)? {
                return Ok(format!(
                    "Per ora non abbiamo cancellato nulla: {}.",
                    hold.get("motivo").trim_end_matches('.')
                ));
            }
            let plan = erase::plan(&fhir, &request.patient).await.map_err(told)?;
            let reason = format!("richiesta di cancellazione {} (GDPR art. 17)", request.id);
            let references = plan.references();
            let by = request.get("deciso-da");
            erase::for_good(context, &references, &request.patient, by, &reason)
                .await
                .map_err(told)?;
            let kept = &rules::retention().keep_because;
            Ok(format!(
                "Abbiamo cancellato {} dati, per sempre. {} restano: sono {} ({}).",
                references.len(),
                plan.kept,
                kept.it,
                kept.source
            ))
        }
        other => Err(format!("nobody knows how to do a request of kind '{other}'")),
    }
}

/// What stands in a field now.
pub(super) fn present(field: &Field, resource: &Value) -> String {
    let entries = resource[&field.list].as_array().into_iter().flatten();
    let entry = entries.into_iter().find(|entry| fits(field, entry));
    entry
        .and_then(|entry| entry[&field.member].as_str())
        .unwrap_or_default()
        .to_owned()
}

fn fits(field: &Field, entry: &Value) -> bool {
    field.entry.iter().all(|(name, value)| entry[name] == value.as_str())
}

/// A new version with the corrected value; the earlier ones stay in the history.
async fn rectify(context: &Context, request: &Request) -> Result<String, String> {
    let field = rules::requests()
        .fields
        .iter()
        .find(|field| field.code == request.get("campo"));
    let field = field.ok_or_else(|| {
        format!(
            "the request names no field that can be corrected: '{}'",
            request.get("campo")
        )
    })?;
    let fhir = context.peers.fhir(&access::Actor::system());
    let mut resource = fhir
        .read(&field.rtype, &request.patient)
        .await
        .map_err(|error| error.to_string())?;
    let value = request.get("valore");
    if present(field, &resource) != value {
        correct(field, &mut resource, value);
        fhir.update_if_unchanged(&resource)
            .await
            .map_err(|error| error.to_string())?;
        let provenance = json!({
            "resourceType": "Provenance", "recorded": context.clock.now().to_string(),
            "target": [{"reference": format!("{}/{}", field.rtype, request.patient)}],
            "reason": [{"text": format!("Rettifica (GDPR art. 16), richiesta {}", request.id)}],
            "activity": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": "UPDATE"}]},
            "agent": [{"who": {"reference": request.get("deciso-da"), "display": request.get("deciso-da-nome")}}],
        });
        fhir.create(&provenance).await.map_err(|error| error.to_string())?;
    }
    Ok(format!("{}: abbiamo scritto «{value}».", field.name.it))
}

fn correct(field: &Field, resource: &mut Value, value: &str) {
    if !resource[&field.list].is_array() {
        resource[&field.list] = json!([]);
    }
    let Some(list) = resource[&field.list].as_array_mut() else {
        return;
    };
    match list.iter_mut().find(|entry| fits(field, entry)) {
        Some(entry) => entry[&field.member] = json!(value),
        None => {
            let mut entry = json!({});
            for (name, text) in &field.entry {
                entry[name] = json!(text);
            }
            entry[&field.member] = json!(value);
            list.push(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_corrected_where_it_stands_or_added() {
        let phone = rules::requests()
            .fields
            .iter()
            .find(|field| field.code == "telefono")
            .unwrap();
        let mut patient =
            json!({"telecom": [{"system": "email", "value": "a@b.it"}, {"system": "phone", "value": "1"}]});
        correct(phone, &mut patient, "2");
        assert_eq!(patient["telecom"][1]["value"], "2");
        assert_eq!(present(phone, &patient), "2");
        let mut bare = json!({});
        correct(phone, &mut bare, "3");
        assert_eq!(bare, json!({"telecom": [{"system": "phone", "value": "3"}]}));
    }
}
