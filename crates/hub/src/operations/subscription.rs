//! Operations on subscriptions, for who is on call: `$status` (of one or all), `$waiting`, `$dead-letters`, `$replay`,
//! `$drop`. They answer Parameters; they are this server's own.

use crate::http::{Answer, Ask};
use crate::parse::pairs;
use crate::scope::Scope;
use crate::subscriptions::{Shared, manages, may_write};
use crate::{Hub, HubError};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    DeliveryCount, DeliveryRecord, DeliveryState, DeliveryWrite, Method, Page, Query, Snapshot, StoredResource,
    Transaction,
};

/// Notifications in one answer, when nothing else is asked.
const COUNT: usize = 100;
/// Notifications changed by one request, and subscriptions in one list.
const MAX: usize = 1_000;

/// What the CapabilityStatement says of an operation.
pub(crate) fn offered(name: &str) -> Value {
    json!({"name": name, "definition": format!("https://sinfonia.it/fhir/OperationDefinition/Subscription-{name}")})
}

fn shared(hub: &Hub, ask: &Ask) -> Result<Arc<Shared>, HubError> {
    if ask.param("type") != "Subscription" {
        return Err(HubError::NoRoute(ask.path.clone()));
    }
    hub.subscriptions
        .clone()
        .ok_or_else(|| HubError::NotSupported("Subscription (switched off on this server)".to_owned()))
}

/// Whether the acting person manages a Subscription: theirs, or any for who runs the installation.
fn theirs(scope: &Scope, subscription: &Value) -> bool {
    *scope == Scope::All || access::acting().is_some_and(|actor| manages(&actor, subscription))
}

/// The Subscription that a request names, if the acting person may see and manage it; another's does not exist.
async fn own(hub: &Hub, scope: &Scope, id: &str) -> Result<StoredResource, HubError> {
    let stored = hub.read("Subscription", id).await.map_err(|error| scope.mask(error))?;
    scope.admit(&stored)?;
    if theirs(scope, &value_of(&stored)) {
        return Ok(stored);
    }
    Err(HubError::not_found("Subscription", id))
}

fn parameters(parameter: Vec<Value>) -> Answer {
    Answer::made(Bytes::from(
        json!({"resourceType": "Parameters", "parameter": parameter}).to_string(),
    ))
}

/// The HTTP handler of `GET [base]/Subscription/$status`: all that one manages, what is wrong first; `_count` and `_page`.
pub(crate) async fn handle_all(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let shared = shared(&hub, &ask)?;
    let asked = Asked::of(&ask)?;
    let mut snapshot = hub.snapshot().await?;
    let mut query = Query {
        rtype: "Subscription".into(),
        page: Page {
            count: asked.count,
            after: asked.page,
        },
        ..Query::default()
    };
    ask.scope.narrow(&mut query)?;
    let page = snapshot.search(&query).await?;
    let mut counts: BTreeMap<String, Vec<DeliveryCount>> = BTreeMap::new();
    for count in snapshot.delivery_counts(None).await? {
        counts.entry(count.subscription.clone()).or_default().push(count);
    }
    let mut all: Vec<(bool, Value)> = Vec::new();
    for stored in &page.matches {
        if !theirs(&ask.scope, &value_of(stored)) {
            continue;
        }
        let counts = counts.remove(&stored.id).unwrap_or_default();
        let parts = status(snapshot.as_mut(), stored, &counts).await?;
        let value = value_of(stored);
        let troubled = value["status"] == "error" || value.get("error").is_some() || dead(&counts) > 0;
        all.push((!troubled, json!({"name": "subscription", "part": parts})));
    }
    all.sort_by_key(|(well, _)| *well);
    // How much is written in the whole installation is for those who have something to wait for.
    let mut answer = Vec::new();
    if !all.is_empty() || ask.scope.administers().is_ok() {
        answer.push(lag(&hub, &shared));
    }
    answer.extend(page.next.map(|next| json!({"name": "next", "valueString": next})));
    answer.extend(all.into_iter().map(|(_, value)| value));
    Ok(parameters(answer))
}

/// The HTTP handler of `GET [base]/Subscription/id/$status`.
pub(crate) async fn handle_status(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let shared = shared(&hub, &ask)?;
    let stored = own(&hub, &ask.scope, ask.param("id")).await?;
    let mut snapshot = hub.snapshot().await?;
    let counts = snapshot.delivery_counts(Some(&stored.id)).await?;
    let mut parts = status(snapshot.as_mut(), &stored, &counts).await?;
    parts.push(lag(&hub, &shared));
    Ok(parameters(parts))
}

/// How many changes were committed that the worker has not looked at; nothing when no subscription is at work.
fn lag(hub: &Hub, shared: &Shared) -> Value {
    let head = *hub.store.changes().borrow();
    let position = shared.position();
    let lag = if position == 0 {
        0
    } else {
        head.saturating_sub(position)
    };
    json!({"name": "lag", "valueUnsignedInt": lag})
}

fn value_of(stored: &StoredResource) -> Value {
    serde_json::from_slice(stored.body.as_deref().unwrap_or_default()).unwrap_or_default()
}

fn dead(counts: &[DeliveryCount]) -> u64 {
    counts
        .iter()
        .filter(|c| c.state == DeliveryState::Dead)
        .map(|c| c.count)
        .sum()
}

async fn status(
    snapshot: &mut dyn Snapshot,
    stored: &StoredResource,
    counts: &[DeliveryCount],
) -> Result<Vec<Value>, HubError> {
    let value = value_of(stored);
    let waiting: u64 = counts
        .iter()
        .filter(|c| c.state != DeliveryState::Dead)
        .map(|c| c.count)
        .sum();
    let mut parts = vec![
        json!({"name": "id", "valueId": stored.id}),
        json!({"name": "status", "valueCode": value["status"]}),
        json!({"name": "criteria", "valueString": value["criteria"]}),
        json!({"name": "channel", "valueCode": value["channel"]["type"]}),
        json!({"name": "waiting", "valueUnsignedInt": waiting}),
        json!({"name": "deadLetters", "valueUnsignedInt": dead(counts)}),
    ];
    if let Some(endpoint) = value["channel"]["endpoint"].as_str() {
        parts.push(json!({"name": "endpoint", "valueUrl": endpoint}));
    }
    if let Some(error) = value["error"].as_str() {
        parts.push(json!({"name": "error", "valueString": error}));
    }
    let first = snapshot
        .deliveries(&stored.id, DeliveryState::Ready, Timestamp::MAX, None, 1)
        .await?;
    if let Some(row) = first.first() {
        parts.push(json!({"name": "next", "part": letter(row)}));
    }
    Ok(parts)
}

fn letter(row: &DeliveryRecord) -> Vec<Value> {
    let due = if row.state == DeliveryState::Dead {
        "givenUp"
    } else {
        "due"
    };
    let mut parts = vec![
        json!({"name": "delivery", "valueString": row.n.to_string()}),
        json!({"name": "attempts", "valueUnsignedInt": row.attempts}),
        json!({"name": "queued", "valueInstant": fhir::instant(row.queued)}),
        json!({"name": due, "valueInstant": fhir::instant(row.due)}),
    ];
    if !row.lane.is_empty() {
        let version = format!("{}/_history/{}", row.lane, row.version);
        parts.insert(1, json!({"name": "resource", "valueReference": {"reference": version}}));
    }
    parts.extend(
        row.error
            .as_ref()
            .map(|error| json!({"name": "error", "valueString": error})),
    );
    parts
}

/// What a list is asked for.
struct Asked {
    count: usize,
    page: Option<String>,
}

impl Asked {
    fn of(ask: &Ask) -> Result<Self, HubError> {
        let mut asked = Self {
            count: COUNT,
            page: None,
        };
        for (name, value) in pairs::decode(&ask.query)? {
            match name.as_str() {
                "_count" => {
                    let count = value.parse().ok().filter(|count| (1..=MAX).contains(count));
                    asked.count = count.ok_or_else(|| {
                        HubError::bad(format!("_count must be a number from 1 to {MAX}, not '{value}'"))
                    })?;
                }
                "_page" => asked.page = Some(value),
                "_format" | "_pretty" => {}
                _ => return Err(HubError::NotSupported(format!("the parameter '{name}'"))),
            }
        }
        Ok(asked)
    }

    /// The mark of a list of notifications: due moment in µs, and number.
    fn after(&self) -> Result<Option<(Timestamp, u64)>, HubError> {
        let Some(mark) = &self.page else { return Ok(None) };
        let read = || {
            let (due, n) = mark.split_once('.')?;
            Some((Timestamp::from_microsecond(due.parse().ok()?).ok()?, n.parse().ok()?))
        };
        let bad = || HubError::bad("the _page mark is not one of this list");
        read().map(Some).ok_or_else(bad)
    }
}

/// The HTTP handler of `GET [base]/Subscription/id/$dead-letters`: oldest first.
pub(crate) async fn handle_dead(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let (id, asked) = listed(&hub, &ask)?;
    own(&hub, &ask.scope, &id).await?;
    list(&hub, &id, &asked, DeliveryState::Dead).await
}

/// The HTTP handler of `GET [base]/Subscription/id/$waiting`: those to be sent next; later ones of a resource follow when
/// the earlier is through.
pub(crate) async fn handle_waiting(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let (id, asked) = listed(&hub, &ask)?;
    own(&hub, &ask.scope, &id).await?;
    list(&hub, &id, &asked, DeliveryState::Ready).await
}

fn listed(hub: &Hub, ask: &Ask) -> Result<(String, Asked), HubError> {
    shared(hub, ask)?;
    Ok((ask.param("id").to_owned(), Asked::of(ask)?))
}

async fn list(hub: &Hub, id: &str, asked: &Asked, state: DeliveryState) -> Result<Answer, HubError> {
    let after = asked.after()?;
    let mut snapshot = hub.snapshot().await?;
    let rows = snapshot
        .deliveries(id, state, Timestamp::MAX, after, asked.count)
        .await?;
    let mut parts: Vec<Value> = Vec::new();
    if let Some(last) = rows.last().filter(|_| rows.len() == asked.count) {
        let mark = format!("{}.{}", last.due.as_microsecond(), last.n);
        parts.push(json!({"name": "next", "valueString": mark}));
    }
    parts.extend(
        rows.iter()
            .map(|row| json!({"name": "notification", "part": letter(row)})),
    );
    Ok(parameters(parts))
}

/// Which notifications a request is about.
struct Chosen {
    all: bool,
    numbers: Vec<u64>,
    confirm: Option<String>,
}

impl Chosen {
    fn of(body: &Value) -> Result<Self, HubError> {
        if fhir::resource_type(body)? != "Parameters" {
            return Err(HubError::bad("the body of this operation is Parameters"));
        }
        let mut chosen = Self {
            all: false,
            numbers: Vec::new(),
            confirm: None,
        };
        for parameter in body["parameter"].as_array().into_iter().flatten() {
            match parameter["name"].as_str() {
                Some("all") => chosen.all = parameter["valueBoolean"] == true,
                Some("confirm") => chosen.confirm = parameter["valueString"].as_str().map(str::to_owned),
                Some("delivery") => {
                    let number = parameter["valueString"].as_str().and_then(|text| text.parse().ok());
                    let bad = || HubError::bad("a delivery is named by its number as valueString");
                    chosen.numbers.push(number.ok_or_else(bad)?);
                }
                other => {
                    let name = other.unwrap_or("without name");
                    return Err(HubError::bad(format!(
                        "the parameter '{name}' is none of all, delivery, confirm"
                    )));
                }
            }
        }
        if chosen.all != chosen.numbers.is_empty() {
            return Err(HubError::bad("name deliveries, or give all = true"));
        }
        Ok(chosen)
    }
}

/// The HTTP handler of `POST [base]/Subscription/id/$replay`: dead letters are tried again, with all their attempts.
pub(crate) async fn handle_replay(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let (shared, chosen) = change(&hub, &mut ask).await?;
    let now = hub.clock.now();
    let replay = |n| DeliveryWrite::Replay { n, at: now };
    let id = ask.param("id").to_owned();
    done(&hub, &shared, id, &chosen, "replayed", replay).await
}

/// The HTTP handler of `POST [base]/Subscription/id/$drop`: dead letters are forgotten. `confirm` is the subscription's
/// id, since nothing brings them back.
pub(crate) async fn handle_drop(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let (shared, chosen) = change(&hub, &mut ask).await?;
    if chosen.confirm.as_deref() != Some(ask.param("id")) {
        return Err(HubError::bad(format!(
            "dropped dead letters do not come back: confirm with the parameter confirm = '{}'",
            ask.param("id")
        )));
    }
    let drop = |n| DeliveryWrite::Drop { n };
    let id = ask.param("id").to_owned();
    done(&hub, &shared, id, &chosen, "dropped", drop).await
}

async fn change(hub: &Hub, ask: &mut Ask) -> Result<(Arc<Shared>, Chosen), HubError> {
    let shared = shared(hub, ask)?;
    may_write(hub, &ask.roles, "Subscription")?;
    let id = ask.param("id").to_owned();
    own(hub, &ask.scope, &id).await?;
    let body = ask.json(hub).await?;
    Ok((shared, Chosen::of(&body)?))
}

/// Changes dead letters, at most [`MAX`] in one request; says how many, and how many are left.
async fn done(
    hub: &Hub,
    shared: &Shared,
    id: String,
    chosen: &Chosen,
    name: &str,
    write: impl Fn(u64) -> DeliveryWrite,
) -> Result<Answer, HubError> {
    let id = id.as_str();
    let mut snapshot = hub.snapshot().await?;
    let there = snapshot.read("Subscription", id).await?;
    if there.is_none_or(|stored| stored.method == Method::Delete) {
        return Err(HubError::not_found("Subscription", id));
    }
    let mut found = Vec::new();
    let mut after = None;
    // Named ones are looked for among all of them: a number of another subscription is not theirs to change.
    while found.len() < MAX {
        let rows = snapshot
            .deliveries(id, DeliveryState::Dead, Timestamp::MAX, after, MAX)
            .await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.due, last.n));
        let wanted = |row: &&DeliveryRecord| chosen.all || chosen.numbers.contains(&row.n);
        found.extend(rows.iter().filter(wanted).map(|row| row.n));
    }
    found.truncate(MAX);
    let dead: u64 = dead(&snapshot.delivery_counts(Some(id)).await?);
    drop(snapshot);
    let transaction = Transaction {
        deliveries: found.iter().map(|n| write(*n)).collect(),
        ..Transaction::default()
    };
    hub.store.commit(transaction).await?;
    shared.touch(id);
    Ok(parameters(vec![
        json!({"name": name, "valueUnsignedInt": found.len()}),
        json!({"name": "left", "valueUnsignedInt": dead - (found.len() as u64).min(dead)}),
    ]))
}
