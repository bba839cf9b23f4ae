//! Resource type names as small numbers.

use crate::error::{Outcome, corrupt};
use crate::session::Session;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// What this node knows of the table `rtype`; codes never change once committed.
#[derive(Debug, Default)]
pub(crate) struct Types(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Arc<str>, i64>,
    by_code: HashMap<i64, Arc<str>>,
}

impl Types {
    /// The code of a type, or `None` if no resource of it was ever stored.
    pub async fn code(&self, session: &Session, name: &str) -> Outcome<Option<i64>> {
        if let Some(code) = self.known(name) {
            return Ok(Some(code));
        }
        self.refresh(session).await?;
        Ok(self.known(name))
    }

    /// The name of a code.
    pub async fn name(&self, session: &Session, code: i64) -> Outcome<Arc<str>> {
        if let Some(name) = self.name_of(code) {
            return Ok(name);
        }
        self.refresh(session).await?;
        self.name_of(code)
            .ok_or_else(|| corrupt(&format!("resource type code {code}")))
    }

    /// The code, if this node has met it.
    pub fn known(&self, name: &str) -> Option<i64> {
        self.0.read().by_name.get(name).copied()
    }

    /// The name, if this node has met it.
    pub fn name_of(&self, code: i64) -> Option<Arc<str>> {
        self.0.read().by_code.get(&code).cloned()
    }

    /// Every code this node has met.
    pub fn codes(&self) -> Vec<i64> {
        self.0.read().by_code.keys().copied().collect()
    }

    /// Remembers a committed code.
    pub fn learn(&self, code: i64, name: &str) {
        let name: Arc<str> = name.into();
        let mut known = self.0.write();
        known.by_name.insert(name.clone(), code);
        known.by_code.insert(code, name);
    }

    /// Reads the table again.
    pub async fn refresh(&self, session: &Session) -> Outcome<()> {
        let rows = session
            .rows("SELECT code, name FROM rtype", &[], "reading resource types")
            .await?;
        for row in rows {
            self.learn(row.get(0), row.get(1));
        }
        Ok(())
    }
}
