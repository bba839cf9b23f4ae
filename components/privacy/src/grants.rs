//! The accesses opened for a time, asked of the identity service, and what must follow an opening.

use crate::{App, notify};
use access::{AccessGrant, Ask, AskError, GrantReview, Grants, Identity as _, Refused, Reply};
use component::{Context, RemoteIdentity};
use web::{Failure, Page, refusal};

/// Asks the identity service.
pub async fn ask(context: &Context, ask: Grants) -> Result<Reply, AskError> {
    RemoteIdentity::new(context.peers.clone()).ask(Ask::Grants(ask)).await
}

/// One access, whether it is new or changed.
///
/// # Errors
/// It is refused, or the identity service cannot be reached.
pub async fn one(context: &Context, asked: Grants) -> Result<(AccessGrant, bool), AskError> {
    match ask(context, asked).await? {
        Reply::Grant(grant, new) => Ok((*grant, new)),
        _ => Err(AskError::Access(access::AccessError::Remote(
            "an access was expected".into(),
        ))),
    }
}

/// Several.
///
/// # Errors
/// The identity service cannot be reached.
pub async fn several(context: &Context, asked: Grants) -> Result<Vec<AccessGrant>, AskError> {
    match ask(context, asked).await? {
        Reply::Grants(grants) => Ok(grants),
        _ => Err(AskError::Access(access::AccessError::Remote(
            "accesses were expected".into(),
        ))),
    }
}

/// Opens an access and tells those whom it concerns. The right holds from the answer on. Should the program stop between
/// the two, the watch (see [`crate::watch`]) tells them later: the access was written with a note that nobody knows of it.
///
/// # Errors
/// It is refused, or the identity service cannot be reached.
pub async fn open(context: &Context, grant: AccessGrant) -> Result<(AccessGrant, bool), AskError> {
    let (grant, new) = one(context, Grants::Open(Box::new(grant))).await?;
    if let Err(error) = notify::announce(context, &grant).await {
        tracing::warn!(grant = grant.id, %error, "an access was opened, and those concerned will be told shortly");
    }
    Ok((grant, new))
}

/// Notes a review.
///
/// # Errors
/// It is refused, or the identity service cannot be reached.
pub async fn review(context: &Context, id: &str, review: GrantReview) -> Result<AccessGrant, AskError> {
    let id = id.to_owned();
    Ok(one(context, Grants::Review { id, review }).await?.0)
}

/// A refusal of the identity service as an answer.
pub fn failure(page: &Page, error: AskError) -> Failure {
    match error {
        AskError::Refused(Refused::Unknown(what)) => Failure::NotFound(what),
        AskError::Refused(refused @ (Refused::Taken(_) | Refused::TooMany(_))) => {
            Failure::Conflict(refusal::told(page, &refused))
        }
        AskError::Refused(refused) => Failure::Unprocessable(refusal::told(page, &refused)),
        AskError::Access(error) => Failure::Unavailable(error.to_string()),
    }
}

impl App {
    /// One access that the actor opened; somebody else's does not exist for them.
    pub(crate) async fn own_grant(&self, page: &Page, id: &str) -> Result<AccessGrant, Failure> {
        let found = one(&self.context, Grants::Get { id: id.to_owned() }).await;
        let (grant, _) = found.map_err(|error| failure(page, error))?;
        if grant.who != page.actor().subject {
            return Err(Failure::NotFound(id.to_owned()));
        }
        Ok(grant)
    }
}
