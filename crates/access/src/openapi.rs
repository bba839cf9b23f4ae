//! The catalogue of the API in OpenAPI 3.1, made of the routes that are served.

use crate::{Description, Policy, RouteInfo};
use http::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What stands at the head of the catalogue.
#[derive(Debug, Clone)]
pub struct ApiInfo {
    /// Version of the program.
    pub version: String,
    /// Address it is served at.
    pub server: String,
}

/// The catalogue of described routes: those of pages and of FHIR (which has its CapabilityStatement) are not in it.
pub fn openapi(routes: &[RouteInfo], info: &ApiInfo) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for route in routes {
        let Some(description) = &route.description else {
            continue;
        };
        let operation = operation(route, description, &mut generator);
        let verb = route.method.as_str().to_ascii_lowercase();
        paths.entry(route.path.clone()).or_default().insert(verb, operation);
    }
    let mut schemas: Map<String, Value> = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem_schema());
    let tags: std::collections::BTreeSet<&str> = paths.keys().map(|path| tag(path)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sinfonia",
            "version": info.version,
            "description": "The API beside FHIR. The FHIR API is described by its CapabilityStatement at /fhir/metadata. Errors are \
                problem+json (RFC 9457).",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": info.server}],
        "tags": tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "security": [{"bearer": []}, {"basic": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An access token of /oauth/token, or of a node of this installation"},
                "basic": {"type": "http", "scheme": "basic", "description": "User name and password of a local account"},
                "session": {"type": "apiKey", "in": "cookie", "name": "sinfonia", "description": "The session of a signed-in person; changes need the CSRF token"},
            },
            "responses": {
                "Problem": {
                    "description": "What is wrong, where, and what to do",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            },
        },
    })
}

/// The part of the program that a path belongs to.
fn tag(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
        },
    })
}

fn operation(route: &RouteInfo, description: &Description, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let name = name.trim_start_matches('*');
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
        })
        .collect();
    if let Some(query) = description.query {
        parameters.extend(of_query(query, generator));
    }
    let public = matches!(route.policy, Policy::Public);
    let problem = json!({"$ref": "#/components/responses/Problem"});
    let mut responses = Map::new();
    let status = if description.status == 0 {
        200
    } else {
        description.status
    };
    let mut success = json!({"description": "Done"});
    if let Some(answer) = description.answer {
        let schema = answer(generator);
        success["content"] = json!({"application/json": {"schema": schema}});
    }
    responses.insert(status.to_string(), success);
    let mut expected = vec!["400"];
    if !public {
        expected.extend(["401", "403"]);
    }
    if route.path.contains('{') {
        expected.push("404");
    }
    if route.method != Method::GET {
        expected.extend(["409", "413", "415", "422"]);
    }
    expected.push("429");
    for status in expected {
        responses.insert(status.into(), problem.clone());
    }
    responses.insert("default".into(), problem);
    let mut made = json!({
        "operationId": id(route),
        "summary": description.summary,
        "tags": [tag(&route.path)],
        "x-who": route.who(),
        "responses": responses,
    });
    if !parameters.is_empty() {
        made["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = description.body {
        let schema = body(generator);
        made["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    if public {
        made["security"] = json!([]);
    }
    made
}

/// The properties of a query's object, a parameter each.
fn of_query(query: crate::SchemaOf, generator: &mut SchemaGenerator) -> Vec<Value> {
    let schema = query(generator);
    let mut object = schema.to_value();
    if let Some(name) = object["$ref"]
        .as_str()
        .and_then(|reference| reference.rsplit('/').next())
    {
        object = generator.definitions().get(name).cloned().unwrap_or_default();
    }
    let required: Vec<&str> = object["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = object["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter =
                json!({"name": name, "in": "query", "required": required.contains(&name.as_str()), "schema": schema});
            if let Some(description) = description {
                parameter["description"] = description;
            }
            parameter
        })
        .collect()
}

/// Unique and stable: verb and path.
fn id(route: &RouteInfo) -> String {
    let path: String = route
        .path
        .split(['/', '{', '}', '-', '*', '.', '$'])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (first, rest) = part.split_at(part.chars().next().map_or(0, char::len_utf8));
            first.to_uppercase() + rest
        })
        .collect();
    format!("{}{path}", route.method.as_str().to_ascii_lowercase())
}
