//! `GET [base]/metadata`: what this server can do, generated from the route table and the definitions.

use crate::http::{Answer, Ask, blocking};
use crate::parse::pairs;
use crate::routes::table;
use crate::{Hub, HubError, operations, terminology};
use bytes::Bytes;
use fhir::{ParamType, SearchParam};
use serde_json::{Value, json};
use std::sync::Arc;

/// Says where clients listen to subscriptions.
const WEBSOCKET_EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket";

/// Says where tokens are got (SMART App Launch; since version 2 clients read `.well-known/smart-configuration` first).
const OAUTH_EXTENSION: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";

impl Hub {
    /// The CapabilityStatement, made once for each set of user-defined search parameters.
    pub fn capabilities(&self) -> Bytes {
        let generation = self.definitions.custom().generation();
        let mut made = self.capabilities.lock();
        match &*made {
            Some((of, statement)) if *of == generation => statement.clone(),
            _ => {
                let statement = Bytes::from(statement(self).to_string());
                *made = Some((generation, statement.clone()));
                statement
            }
        }
    }
}

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    if pairs::decode(&ask.query)?
        .iter()
        .any(|(name, value)| name == "mode" && value == "terminology")
    {
        let made = blocking(move || Ok(terminology::capabilities(&hub))).await?;
        return Ok(Answer::made(Bytes::from(made.to_string())));
    }
    Ok(Answer::made(hub.capabilities()))
}

fn statement(hub: &Hub) -> Value {
    let resources: Vec<Value> = hub
        .definitions
        .resource_types()
        .iter()
        .map(|rtype| resource(hub, rtype))
        .collect();
    let system = ["transaction", "batch", "search-system", "history-system"];
    let code = |code: &&str| json!({"code": code});
    let mut rest = json!({
        "mode": "server",
        "resource": resources,
        "interaction": system.iter().map(code).collect::<Vec<_>>(),
        "operation": operations::of_system(),
        "compartment": ["http://hl7.org/fhir/CompartmentDefinition/patient"],
    });
    if let Some(security) = &hub.config.security {
        rest["security"] = json!({
            "cors": true,
            "service": [{
                "coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR"
                }],
                "text": "OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)"
            }],
            "extension": [{
                "url": OAUTH_EXTENSION,
                "extension": [
                    {"url": "authorize", "valueUri": security.authorize},
                    {"url": "token", "valueUri": security.token},
                ]
            }],
        });
    }
    if hub.subscriptions.is_some() {
        // ws for http, wss for https
        let address = hub.config.base_url.replacen("http", "ws", 1);
        rest["extension"] = json!([{"url": WEBSOCKET_EXTENSION, "valueUri": format!("{address}/websocket")}]);
    }
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": fhir::instant(hub.clock.now()),
        "kind": "instance",
        "instantiates": [
            "https://profiles.ihe.net/ITI/mCSD/CapabilityStatement/IHE.mCSD.Directory",
            "https://profiles.ihe.net/ITI/PDQm/CapabilityStatement/IHE.PDQm.PatientDemographicsSupplier",
            "https://profiles.ihe.net/ITI/PIXm/CapabilityStatement/IHE.PIXm.Manager"
        ],
        "software": {"name": "Sinfonia", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Sinfonia hub", "url": hub.config.base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json", "application/fhir+xml", "xml"],
        "patchFormat": [
            "application/json-patch+json", "application/merge-patch+json", "application/fhir+json",
            "application/fhir+xml"
        ],
        "rest": [rest],
    })
}

/// Interactions of a resource type, in the order of the table.
fn interactions() -> Vec<Value> {
    let mut codes: Vec<&'static str> = Vec::new();
    for row in table() {
        let of_type = row.path.starts_with("/{type}") && !row.interaction.is_empty();
        if of_type && !codes.contains(&row.interaction) {
            codes.push(row.interaction);
        }
    }
    codes.into_iter().map(|code| json!({"code": code})).collect()
}

fn resource(hub: &Hub, rtype: &str) -> Value {
    let custom = hub.definitions.custom();
    let params: Vec<&SearchParam> = hub
        .definitions
        .params_of(rtype)
        .iter()
        .chain(custom.params_of(rtype))
        .collect();
    let includes: Vec<String> = params
        .iter()
        .filter(|p| p.kind == ParamType::Reference)
        .map(|p| format!("{rtype}:{}", p.code))
        .collect();
    let mut search: Vec<Value> = vec![
        json!({"name": "_id", "type": "token", "definition": "http://hl7.org/fhir/SearchParameter/Resource-id"}),
        json!({"name": "_lastUpdated", "type": "date",
            "definition": "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated"}),
        json!({"name": "_text", "type": "string", "definition": "http://hl7.org/fhir/SearchParameter/DomainResource-text"}),
        json!({"name": "_content", "type": "string",
            "definition": "http://hl7.org/fhir/SearchParameter/Resource-content"}),
        json!({"name": "_list", "type": "special", "documentation": "Resources that the List with this id points to"}),
    ];
    search.extend(params.iter().copied().filter_map(search_param));
    let mut resource = json!({
        "type": rtype,
        "profile": format!("http://hl7.org/fhir/StructureDefinition/{rtype}"),
        "documentation": format!("What is written is validated: {}", hub.config.validation.of(rtype)),
        "interaction": interactions(),
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": true,
        "conditionalCreate": true,
        "conditionalRead": "full-support",
        "conditionalUpdate": true,
        "conditionalDelete": if hub.config.delete_matches > 1 { "multiple" } else { "single" },
        "referencePolicy": ["literal", "logical", "local"],
        "operation": operations::offered(rtype),
        "searchParam": search,
    });
    // FHIR has no empty arrays
    if !includes.is_empty() {
        resource["searchInclude"] = json!(includes);
    }
    resource
}

fn search_param(param: &SearchParam) -> Option<Value> {
    let kind = match param.kind {
        ParamType::Number => "number",
        ParamType::Date => "date",
        ParamType::String => "string",
        ParamType::Token => "token",
        ParamType::Reference => "reference",
        ParamType::Quantity => "quantity",
        ParamType::Uri => "uri",
        ParamType::Composite => "composite",
        ParamType::Special => "special",
    };
    // Those two are named for every type already.
    let standard = matches!(param.code, "_id" | "_lastUpdated");
    (!standard).then(|| json!({"name": param.code, "type": kind, "definition": param.url}))
}
