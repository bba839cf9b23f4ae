//! Accesses opened for a time, as components ask for them.

use crate::{AccessGrant, GrantReview};
use serde::{Deserialize, Serialize};

/// What is asked about accesses opened for a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Grants {
    /// Opens one; with the id of one that is there, nothing is done, so that a form sent twice opens one. While one of
    /// the same kind is open to the same person for the same patient, that one is answered instead, unless the new one
    /// follows it: then the earlier one ends. Answers [`crate::Reply::Grant`].
    Open(Box<AccessGrant>),
    /// Ends one now. Answers [`crate::Reply::Grant`].
    Close {
        /// Its id.
        id: String,
        /// Who ends it, `Practitioner/…`.
        by: String,
    },
    /// Notes what was found when it was looked at. The same finding by the same person again changes nothing. Answers
    /// [`crate::Reply::Grant`].
    Review {
        /// Its id.
        id: String,
        /// What was found.
        review: GrantReview,
    },
    /// One. Answers [`crate::Reply::Grant`].
    Get {
        /// Its id.
        id: String,
    },
    /// Those that are open to anybody, at most 1,000. Answers [`crate::Reply::Grants`].
    Live,
    /// All, newest first, at most 200 at once. Answers [`crate::Reply::Grants`].
    List {
        /// After this id.
        after: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// Those that nobody has been told of yet, at most 100. Answers [`crate::Reply::Grants`].
    Untold,
    /// The people concerned have been told. Answers [`crate::Reply::Done`].
    Told {
        /// Its id.
        id: String,
    },
}
