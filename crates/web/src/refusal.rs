//! What the identity service refuses, in the words of the interface.

use crate::Page;
use access::{PasswordFault, ProviderFault, Refused};
use http::StatusCode;

/// The text for the person.
pub fn told(page: &Page, refused: &Refused) -> String {
    match refused {
        Refused::Wrong => page.t("refused-wrong"),
        Refused::Locked { retry_after_s } => page.t1("sign-in-locked", "seconds", *retry_after_s),
        Refused::Ended => page.t("refused-ended"),
        Refused::Password(fault) => match fault {
            PasswordFault::Short(min) => page.t1("password-short", "min", *min),
            PasswordFault::Long(max) => page.t1("password-long", "max", *max),
            PasswordFault::Common => page.t("password-common"),
            PasswordFault::Personal => page.t("password-personal"),
            PasswordFault::Repetition => page.t("password-repetition"),
            PasswordFault::Same => page.t("password-same"),
        },
        Refused::ProofNeeded => page.t("refused-proof"),
        Refused::NotAllowed => page.t("refused-not-allowed"),
        Refused::OwnRoles => page.t("refused-own-roles"),
        Refused::SecondPerson => page.t("refused-second-person"),
        Refused::Unknown(_) => page.t("refused-unknown"),
        Refused::Taken(_) => page.t("refused-taken"),
        Refused::FactorNeeded => page.t("refused-factor-needed"),
        Refused::TooMany(max) => page.t1("refused-too-many", "max", *max),
        Refused::NoPasskeysHere => page.t("refused-no-passkeys"),
        Refused::NoCapacity => page.t("refused-no-capacity"),
        Refused::Provider(fault) => match fault {
            ProviderFault::Unknown => page.t("provider-unknown"),
            ProviderFault::Away => page.t("provider-away"),
            ProviderFault::Stray => page.t("provider-stray"),
            ProviderFault::Cancelled => page.t("provider-cancelled"),
            ProviderFault::Denied(code) => page.t1("provider-denied", "code", code),
            ProviderFault::Token => page.t("provider-token"),
            ProviderFault::Level => page.t("provider-level"),
            ProviderFault::NotRegistered => page.t("provider-not-registered"),
        },
        Refused::Invalid { field, message } => page.t2("refused-invalid", "field", field, "message", message),
    }
}

/// The HTTP status of an answer that shows it.
pub fn status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Wrong | Refused::Ended | Refused::ProofNeeded => StatusCode::UNAUTHORIZED,
        Refused::Locked { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refused::NotAllowed | Refused::NoCapacity | Refused::OwnRoles | Refused::SecondPerson => StatusCode::FORBIDDEN,
        Refused::Provider(ProviderFault::Unknown) => StatusCode::NOT_FOUND,
        Refused::Provider(ProviderFault::Away) => StatusCode::BAD_GATEWAY,
        Refused::Provider(_) => StatusCode::UNAUTHORIZED,
        Refused::Unknown(_) => StatusCode::NOT_FOUND,
        Refused::Taken(_) | Refused::FactorNeeded | Refused::TooMany(_) | Refused::NoPasskeysHere => {
            StatusCode::CONFLICT
        }
        Refused::Password(_) | Refused::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
