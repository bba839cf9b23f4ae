//! What may be used once: `jti` of assertions, codes, refresh tokens. The store decides, inside the commit, so that of two
//! that come at the same moment only one passes.

use crate::records::{self, Ending, USED};
use crate::{Oauth, OauthError};
use store::RecordWrite;

impl Oauth {
    /// Remembers that `what` of `whose` was used, until it would have ended anyway. `Ok(false)`: it was used before.
    ///
    /// # Errors
    /// The store fails.
    pub async fn use_once(&self, whose: &str, what: &str, until: i64) -> Result<bool, OauthError> {
        self.use_once_with(whose, what, until, vec![]).await
    }

    /// The same, with other writes in the same commit.
    pub(crate) async fn use_once_with(
        &self,
        whose: &str,
        what: &str,
        until: i64,
        mut writes: Vec<RecordWrite>,
    ) -> Result<bool, OauthError> {
        let key = jose::s256(format!("{whose}\n{what}"));
        let now = self.now();
        writes.extend(records::ended(self.store.as_ref(), USED, &key, now).await?);
        let until = until.max(now) + 120;
        writes.push(records::write(USED, &key, true, &Ending { until, value: () }));
        match records::commit(self.store.as_ref(), writes).await {
            Ok(()) => Ok(true),
            Err(error) if records::is_conflict(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Oauth {
    /// Whether something was used.
    pub(crate) async fn was_used(&self, whose: &str, what: &str) -> Result<bool, OauthError> {
        let key = jose::s256(format!("{whose}\n{what}"));
        let found: Option<()> = records::read_alive(self.store.as_ref(), USED, &key, self.now()).await?;
        Ok(found.is_some())
    }
}
