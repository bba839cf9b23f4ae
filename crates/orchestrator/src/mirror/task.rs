//! A user task as a FHIR `Task`.

use super::{
    CANDIDATE_SYSTEM, ELEMENT_SYSTEM, INSTANCE_SYSTEM, ORDER_EXTENSION, PRIORITY_EXTENSION, ROLE_SYSTEM,
    definition_uri, is_reference, text,
};
use crate::api::{TaskComment, TaskDocument, TaskInfo};
use crate::instance::Hot;
use engine::{Attachment, TaskSpec};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Most comments, and most documents, of one task.
const MAX_NOTES: usize = 500;
/// What a document beside a task is called.
const ATTACHMENT: &str = "attachment";

/// The task's element in another version of the process.
pub(crate) fn retarget(task: &mut Value, hot: &Hot, spec: &TaskSpec, now: Timestamp) {
    task["instantiatesUri"] = json!(definition_uri(&hot.state.definition));
    task["code"] = json!({"coding": [{"system": ELEMENT_SYSTEM, "code": spec.element}], "text": spec.name});
    task["description"] = json!(spec.name);
    task["lastModified"] = json!(fhir::instant(now));
}

/// A new task. `hot` is the instance after the step.
pub(crate) fn create(hot: &Hot, spec: &TaskSpec, now: Timestamp) -> Value {
    let mut task = json!({
        "resourceType": "Task",
        "extension": [
            {"url": PRIORITY_EXTENSION, "valueInteger": spec.priority},
            {"url": ORDER_EXTENSION, "valueDecimal": place(spec.priority, spec.due)},
        ],
        "instantiatesUri": definition_uri(&hot.state.definition),
        "groupIdentifier": {"system": INSTANCE_SYSTEM, "value": hot.state.id},
        "status": "ready",
        "intent": "order",
        "priority": priority_code(spec.priority),
        "code": {"coding": [{"system": ELEMENT_SYSTEM, "code": spec.element}], "text": spec.name},
        "description": spec.name,
        "executionPeriod": {"start": fhir::instant(now)},
        "authoredOn": fhir::instant(now),
        "lastModified": fhir::instant(now),
    });
    if let Some(patient) = &hot.patient {
        task["basedOn"] = json!([{"reference": format!("CarePlan/{}", hot.state.id)}]);
        task["for"] = json!({"reference": format!("Patient/{patient}")});
        // What the task is about: a resource handed to it by input mapping, else the patient.
        let focus = spec
            .variables
            .get("focus")
            .and_then(Value::as_str)
            .filter(|f| is_reference(f));
        task["focus"] = json!({"reference": focus.map_or_else(|| format!("Patient/{patient}"), str::to_owned)});
    }
    if let Some(lane) = &spec.lane {
        task["businessStatus"] = json!({"text": lane});
    }
    let performers = performers(spec);
    if !performers.is_empty() {
        task["performerType"] = json!(performers);
    }
    set_owner(&mut task, spec.assignment.assignee.as_deref());
    let restriction = restriction(spec);
    if !restriction.is_empty() {
        task["restriction"] = Value::Object(restriction);
    }
    if let Some(documentation) = &spec.documentation {
        task["note"] = json!([{"text": documentation}]);
    }
    if let Some(form) = &spec.form {
        let reference = if is_reference(form) {
            form.clone()
        } else {
            format!("Questionnaire/{form}")
        };
        task["input"] = json!([{"type": {"text": "form"}, "valueReference": {"reference": reference}}]);
    }
    task
}

/// Roles, and people named beside them.
fn performers(spec: &TaskSpec) -> Vec<Value> {
    let concept = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}]});
    let roles = spec.assignment.candidate_groups.iter();
    let people = spec.assignment.candidate_users.iter();
    roles
        .map(|role| concept(ROLE_SYSTEM, role))
        .chain(people.map(|person| concept(CANDIDATE_SYSTEM, person)))
        .collect()
}

/// The place in a list of work: less urgent ones later, and among equals those due later. Eleven digits of seconds
/// reach beyond the year 5000 and, with the priority before them, stay exact as a double.
fn place(priority: u8, due: Option<Timestamp>) -> i64 {
    const NEVER: i64 = 99_999_999_999;
    let due = due.map_or(NEVER, |due| due.as_second().clamp(0, NEVER));
    (100 - i64::from(priority.min(100))) * (NEVER + 1) + due
}

/// Says which data the task opens to whoever has it in hand.
pub(crate) fn declare(task: &mut Value, data: &str) {
    let extension = json!({"url": access::STEP_DATA_EXTENSION, "valueString": data});
    if let Some(list) = task["extension"].as_array_mut() {
        list.push(extension);
    }
}

/// When it is to be done, and by which people.
fn restriction(spec: &TaskSpec) -> Map<String, Value> {
    let mut restriction = Map::new();
    let mut period = Map::new();
    if let Some(follow_up) = spec.follow_up {
        period.insert("start".into(), json!(fhir::instant(follow_up)));
    }
    if let Some(due) = spec.due {
        period.insert("end".into(), json!(fhir::instant(due)));
    }
    if !period.is_empty() {
        restriction.insert("period".into(), Value::Object(period));
    }
    let people: Vec<Value> = spec
        .assignment
        .candidate_users
        .iter()
        .filter(|user| is_reference(user))
        .map(|user| json!({"reference": user}))
        .collect();
    if !people.is_empty() {
        restriction.insert("recipient".into(), json!(people));
    }
    restriction
}

/// Puts a new owner in place; `None` gives the task back to its candidates. `delegated_by` asks for it to be done.
pub(crate) fn reassign(
    task: &mut Value,
    assignee: Option<&str>,
    delegated_by: Option<&str>,
    reason: Option<&str>,
    now: Timestamp,
) {
    set_owner(task, assignee);
    match delegated_by {
        Some(person) => task["requester"] = who(person),
        None => {
            task.as_object_mut().map(|task| task.remove("requester"));
        }
    }
    task["lastModified"] = json!(fhir::instant(now));
    if let Some(reason) = reason {
        task["statusReason"] = json!({"text": reason});
    }
}

/// Changes when it is due and how urgent it is.
pub(crate) fn change(
    task: &mut Value,
    due: Option<Timestamp>,
    follow_up: Option<Timestamp>,
    priority: u8,
    now: Timestamp,
) {
    for (end, moment) in [("start", follow_up), ("end", due)] {
        if let Some(moment) = moment {
            task["restriction"]["period"][end] = json!(fhir::instant(moment));
        }
    }
    task["priority"] = json!(priority_code(priority));
    let due = text(&task["restriction"], &["period", "end"]).and_then(|t| t.parse().ok());
    let extensions = task["extension"].as_array_mut();
    for extension in extensions.into_iter().flatten() {
        if extension["url"] == PRIORITY_EXTENSION {
            extension["valueInteger"] = json!(priority);
        }
        if extension["url"] == ORDER_EXTENSION {
            extension["valueDecimal"] = json!(place(priority, due));
        }
    }
    task["lastModified"] = json!(fhir::instant(now));
}

/// Adds what someone wrote, or a document.
pub(crate) fn note(
    task: &mut Value,
    author: &str,
    written: &str,
    attachment: Option<&Attachment>,
    now: Timestamp,
) -> Result<(), String> {
    let (list, entry) = match attachment {
        Some(document) => {
            let reference = json!({"reference": document.reference, "display": document.title});
            (
                "input",
                json!({"type": {"text": ATTACHMENT}, "valueReference": reference}),
            )
        }
        None => {
            let mut note = json!({"time": fhir::instant(now), "text": written});
            if is_reference(author) {
                note["authorReference"] = json!({"reference": author});
            } else {
                note["authorString"] = json!(author);
            }
            ("note", note)
        }
    };
    if !task[list].is_array() {
        task[list] = json!([]);
    }
    let entries = task[list].as_array_mut().expect("just made");
    if entries.len() >= MAX_NOTES {
        return Err(format!("the task has {MAX_NOTES} entries already, which is the most"));
    }
    entries.push(entry);
    task["lastModified"] = json!(fhir::instant(now));
    Ok(())
}

/// Ends a task: `completed` or `cancelled`, with what it produced. Who completed a task that nobody held becomes its
/// owner.
pub(crate) fn close(task: &mut Value, status: &str, actor: &str, outputs: &[String], now: Timestamp) {
    if status == "completed" && task.get("owner").is_none() && is_reference(actor) {
        task["owner"] = json!({"reference": actor});
    }
    task["status"] = json!(status);
    task["lastModified"] = json!(fhir::instant(now));
    if !task["executionPeriod"].is_object() {
        task["executionPeriod"] = json!({});
    }
    task["executionPeriod"]["end"] = json!(fhir::instant(now));
    if let Some(extensions) = task["extension"].as_array_mut() {
        extensions.retain(|e| e["url"] != ORDER_EXTENSION);
    }
    if !outputs.is_empty() {
        let outputs: Vec<Value> = outputs
            .iter()
            .map(|reference| json!({"type": {"text": "result"}, "valueReference": {"reference": reference}}))
            .collect();
        task["output"] = json!(outputs);
    }
}

fn set_owner(task: &mut Value, assignee: Option<&str>) {
    let object = task.as_object_mut().expect("a Task is an object");
    match assignee {
        Some(person) => {
            object.insert("owner".into(), who(person));
            object.insert("status".into(), json!("in-progress"));
        }
        None => {
            object.remove("owner");
            object.insert("status".into(), json!("ready"));
        }
    }
}

fn who(person: &str) -> Value {
    if is_reference(person) {
        json!({"reference": person})
    } else {
        json!({"display": person})
    }
}

fn priority_code(priority: u8) -> &'static str {
    match priority {
        0..=59 => "routine",
        60..=79 => "urgent",
        80..=89 => "asap",
        _ => "stat",
    }
}

/// A task of the list, read back from its FHIR form, with who may do it.
#[derive(Debug)]
pub(crate) struct Info {
    pub task: TaskInfo,
    /// People who may claim it.
    pub candidate_users: Vec<String>,
}

/// Reads a task back; `None` when it was not made by this orchestrator.
pub(crate) fn info(task: &Value) -> Option<Info> {
    let moment = |path: &[&str]| text(task, path).and_then(|t| t.parse::<Timestamp>().ok());
    let uri = text(task, &["instantiatesUri"])?;
    let performers = |system: &str| -> Vec<String> {
        let concepts = list(task, "performerType").map(|concept| &concept["coding"][0]);
        let ours = concepts.filter(|coding| text(coding, &["system"]) == Some(system));
        ours.filter_map(|coding| text(coding, &["code"]).map(str::to_owned))
            .collect()
    };
    let form = list(task, "input")
        .find(|i| text(i, &["type", "text"]) == Some("form"))
        .and_then(|i| text(i, &["valueReference", "reference"]))
        .map(|reference| reference.strip_prefix("Questionnaire/").unwrap_or(reference).to_owned());
    let priority = list(task, "extension")
        .find(|e| text(e, &["url"]) == Some(PRIORITY_EXTENSION))
        .and_then(|e| e["valueInteger"].as_u64())
        .and_then(|p| u8::try_from(p).ok())
        .unwrap_or(50);
    let owner = &task["owner"];
    let candidate_users = performers(CANDIDATE_SYSTEM);
    let task_info = TaskInfo {
        id: text(task, &["id"])?.to_owned(),
        instance: text(task, &["groupIdentifier", "value"])?.to_owned(),
        definition: uri.strip_prefix("urn:sinfonia:process:")?.to_owned(),
        element: text(&task["code"]["coding"][0], &["code"])?.to_owned(),
        name: text(task, &["code", "text"]).unwrap_or_default().to_owned(),
        documentation: list(task, "note")
            .find(|n| n.get("time").is_none())
            .and_then(|n| text(n, &["text"]))
            .map(str::to_owned),
        patient: text(task, &["for", "reference"])
            .and_then(|r| r.strip_prefix("Patient/"))
            .map(str::to_owned),
        status: text(task, &["status"])?.to_owned(),
        assignee: text(owner, &["reference"])
            .or_else(|| text(owner, &["display"]))
            .map(str::to_owned),
        roles: performers(ROLE_SYSTEM),
        candidates: candidate_users.clone(),
        form,
        created: moment(&["authoredOn"])?,
        due: moment(&["restriction", "period", "end"]),
        follow_up: moment(&["restriction", "period", "start"]),
        delegated_by: text(task, &["requester", "reference"])
            .or_else(|| text(task, &["requester", "display"]))
            .map(str::to_owned),
        comments: comments(task),
        attachments: attachments(task),
        priority,
        variables: Map::new(),
    };
    Some(Info {
        task: task_info,
        candidate_users,
    })
}

fn comments(task: &Value) -> Vec<TaskComment> {
    let found = list(task, "note").filter_map(|note| {
        Some(TaskComment {
            author: text(note, &["authorReference", "reference"])
                .or_else(|| text(note, &["authorString"]))
                .unwrap_or_default()
                .to_owned(),
            at: text(note, &["time"])?.parse().ok()?,
            text: text(note, &["text"])?.to_owned(),
        })
    });
    found.collect()
}

fn attachments(task: &Value) -> Vec<TaskDocument> {
    let found = list(task, "input")
        .filter(|input| text(input, &["type", "text"]) == Some(ATTACHMENT))
        .filter_map(|input| {
            Some(TaskDocument {
                reference: text(input, &["valueReference", "reference"])?.to_owned(),
                title: text(input, &["valueReference", "display"])
                    .unwrap_or_default()
                    .to_owned(),
            })
        });
    found.collect()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Assignment;

    fn spec() -> TaskSpec {
        TaskSpec {
            id: "i.3".into(),
            element: "visita".into(),
            name: "Visita".into(),
            documentation: Some("Prima visita".into()),
            lane: Some("MMG".into()),
            assignment: Assignment {
                assignee: None,
                candidate_groups: vec!["mmg".into()],
                candidate_users: vec![],
            },
            delegated_by: None,
            form: Some("visita-form".into()),
            due: Some("2026-03-01T00:00:00Z".parse().unwrap()),
            follow_up: None,
            priority: 70,
            variables: Map::new(),
        }
    }

    #[test]
    fn a_task_reads_back_as_it_was_written() {
        let now: Timestamp = "2026-02-01T08:00:00Z".parse().unwrap();
        let hot = Hot::new(
            "i".into(),
            "dm2:1".into(),
            Some("Patient/p1".into()),
            Some("p1".into()),
            now,
        );
        let mut task = create(&hot, &spec(), now);
        task["id"] = json!("i.3");
        assert_eq!(task["basedOn"][0]["reference"], "CarePlan/i");
        let read = info(&task).expect("ours").task;
        assert_eq!(
            (read.instance.as_str(), read.definition.as_str(), read.element.as_str()),
            ("i", "dm2:1", "visita")
        );
        assert_eq!(
            (read.status.as_str(), read.priority, read.roles),
            ("ready", 70, vec!["mmg".to_owned()])
        );
        assert_eq!(
            (read.form.as_deref(), read.patient.as_deref()),
            (Some("visita-form"), Some("p1"))
        );
        assert_eq!(read.due, spec().due);
        let order = |task: &Value| {
            let mut all = task["extension"].as_array().unwrap().iter();
            let found = all.find(|e| e["url"] == ORDER_EXTENSION);
            found.map(|e| e["valueDecimal"].to_string())
        };
        assert_eq!(
            order(&task).as_deref(),
            Some("3001772323200"),
            "30 below the most urgent, then the due second"
        );

        let asked_by = Some("Practitioner/6");
        reassign(&mut task, Some("Practitioner/7"), asked_by, Some("turno"), now);
        note(&mut task, "Practitioner/7", "Chiamato", None, now).unwrap();
        let document = Attachment {
            reference: "DocumentReference/d".into(),
            title: "Referto".into(),
        };
        note(&mut task, "Practitioner/7", "", Some(&document), now).unwrap();
        change(&mut task, None, Some(now), 95, now);
        let read = info(&task).expect("ours").task;
        assert_eq!(read.delegated_by.as_deref(), asked_by);
        assert_eq!((read.comments[0].text.as_str(), read.comments[0].at), ("Chiamato", now));
        assert_eq!(read.attachments[0].title, "Referto");
        assert_eq!((read.due, read.follow_up, read.priority), (spec().due, Some(now), 95));
        assert_eq!(
            (read.documentation.as_deref(), &task["priority"]),
            (Some("Prima visita"), &json!("stat"))
        );
        assert_eq!(
            (read.status.as_str(), read.assignee.as_deref()),
            ("in-progress", Some("Practitioner/7"))
        );

        close(
            &mut task,
            "completed",
            "Practitioner/9",
            &["Observation/o1".into()],
            now,
        );
        assert_eq!(task["output"][0]["valueReference"]["reference"], "Observation/o1");
        assert_eq!(info(&task).expect("ours").task.status, "completed");
        assert_eq!(order(&task), None, "ended tasks are not in the lists of work");
    }

    #[test]
    fn a_foreign_task_is_not_ours() {
        assert!(info(&json!({"resourceType": "Task", "id": "x", "status": "ready", "intent": "order"})).is_none());
    }
}
