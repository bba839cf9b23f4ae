//! How a step changed the state: written with its events, so that the state of any moment can be rebuilt from history.
//!
//! History is read for years, by later programs: replaying the commands would ask for the engine, the decisions and the
//! calendars of that day, so what is kept is the difference itself. It says nothing twice: values that the events of the
//! step tell (`VariableSet`) are taken from there. Names are short because one is written with every step.

mod patch;
mod row;

use crate::state::{Incident, ScopeState, Token, Wait};
use crate::{Command, Event, InstanceState, State};
use row::Rows;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Variables that the events of a step tell: by number of their scope or token, then by name.
type Told<'e> = BTreeMap<u64, BTreeMap<&'e str, &'e Value>>;

/// The difference that one step made to a [`State`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta<'a> {
    /// The whole state, where one begins anew.
    #[serde(default, rename = "S", skip_serializing_if = "Option::is_none")]
    whole: Option<Cow<'a, State>>,
    #[serde(default, rename = "st", skip_serializing_if = "Option::is_none")]
    status: Option<InstanceState>,
    #[serde(default, rename = "n", skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
    #[serde(default, rename = "d", skip_serializing_if = "Option::is_none")]
    definition: Option<Cow<'a, str>>,
    /// The business key, where it became another.
    #[serde(default, rename = "k", skip_serializing_if = "Option::is_none")]
    business_key: Option<Cow<'a, str>>,
    #[serde(default, rename = "ca", skip_serializing_if = "Option::is_none")]
    called: Option<Cow<'a, [String]>>,
    #[serde(default, rename = "h", skip_serializing_if = "Option::is_none")]
    held: Option<Held<'a>>,
    #[serde(default, rename = "s", skip_serializing_if = "Rows::is_empty")]
    scopes: Rows<'a, ScopeState>,
    #[serde(default, rename = "t", skip_serializing_if = "Rows::is_empty")]
    tokens: Rows<'a, Token>,
    #[serde(default, rename = "w", skip_serializing_if = "Rows::is_empty")]
    waits: Rows<'a, Wait>,
    #[serde(default, rename = "i", skip_serializing_if = "Rows::is_empty")]
    incidents: Rows<'a, Incident>,
}

/// What a suspended instance holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Held<'a> {
    /// No longer suspended.
    Nothing,
    /// So many stay, these come after them.
    After(usize, Cow<'a, [Command]>),
}

impl<'a> Held<'a> {
    fn between(before: Option<&[Command]>, after: Option<&'a [Command]>) -> Option<Self> {
        if before == after {
            return None;
        }
        let Some(after) = after else {
            return Some(Self::Nothing);
        };
        let same = before
            .unwrap_or_default()
            .iter()
            .zip(after)
            .take_while(|(a, b)| a == b)
            .count();
        Some(Self::After(same, Cow::Borrowed(&after[same..])))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<'a> Delta<'a> {
    /// What `events` and this make of `before` is `after`.
    pub fn between(before: &State, after: &'a State, events: &[Event]) -> Self {
        let told = before.told(events);
        Self {
            whole: None,
            status: (before.status != after.status).then_some(after.status),
            next: (before.next != after.next).then_some(after.next),
            definition: (before.definition != after.definition).then_some(Cow::Borrowed(after.definition.as_str())),
            business_key: after
                .business_key
                .as_deref()
                .filter(|_| before.business_key != after.business_key)
                .map(Cow::Borrowed),
            called: (before.called != after.called).then_some(Cow::Borrowed(after.called.as_slice())),
            held: Held::between(before.held.as_deref(), after.held.as_deref()),
            scopes: Rows::between(&before.scopes, &after.scopes, &told),
            tokens: Rows::between(&before.tokens, &after.tokens, &told),
            waits: Rows::between(&before.waits, &after.waits, &told),
            incidents: Rows::between(&before.incidents, &after.incidents, &told),
        }
    }

    /// The state itself: one need not look further back.
    pub fn whole(state: &'a State) -> Self {
        Self {
            whole: Some(Cow::Borrowed(state)),
            ..Self::default()
        }
    }

    /// Whether it holds the whole state.
    pub fn is_whole(&self) -> bool {
        self.whole.is_some()
    }
}

/// Proves of one step that history gives its state back: for tests of whoever drives the engine.
///
/// # Errors
/// It does not; with what was written.
pub fn prove_history(before: &State, after: &State, events: &[Event]) -> Result<(), String> {
    let text = serde_json::to_string(&Delta::between(before, after, events)).map_err(|error| error.to_string())?;
    let mut made = before.clone();
    made.fold(
        events,
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?,
    )?;
    if made == *after {
        return Ok(());
    }
    Err(format!("history does not give the state back: {text}"))
}

impl State {
    fn told<'e>(&self, events: &'e [Event]) -> Told<'e> {
        let mut told = Told::new();
        for event in events {
            if let Event::VariableSet { scope, name, value } = event
                && let Some(n) = self.number(scope)
            {
                told.entry(n).or_default().insert(name, value);
            }
        }
        told
    }

    /// Makes the next state of history: `events` and `delta` are those of the step.
    ///
    /// # Errors
    /// The delta was not made for this state.
    pub fn fold(&mut self, events: &[Event], delta: Delta<'static>) -> Result<(), String> {
        if let Some(whole) = delta.whole {
            *self = whole.into_owned();
            return Ok(());
        }
        let told = self.told(events);
        let damaged = |error: serde_json::Error| error.to_string();
        delta.scopes.apply(&mut self.scopes, &told).map_err(damaged)?;
        delta.tokens.apply(&mut self.tokens, &told).map_err(damaged)?;
        delta.waits.apply(&mut self.waits, &told).map_err(damaged)?;
        delta.incidents.apply(&mut self.incidents, &told).map_err(damaged)?;
        match delta.held {
            None => {}
            Some(Held::Nothing) => self.held = None,
            Some(Held::After(same, more)) => {
                let held = self.held.get_or_insert_default();
                held.truncate(same);
                held.extend(more.into_owned());
            }
        }
        self.status = delta.status.unwrap_or(self.status);
        self.next = delta.next.unwrap_or(self.next);
        if let Some(definition) = delta.definition {
            self.definition = definition.into_owned();
        }
        if let Some(key) = delta.business_key {
            self.business_key = Some(key.into_owned());
        }
        if let Some(called) = delta.called {
            self.called = called.into_owned();
        }
        Ok(())
    }
}
