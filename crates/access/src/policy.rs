//! What a route demands.

use crate::Actor;
use policy::Capability;

/// A decision with the name of the rule that made it, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Permit(&'static str),
    /// Refused.
    Deny(&'static str),
}

/// What a route demands of its caller. Finer checks (whose patient) are `Check`s or happen in the handler with the
/// actor at hand; they come with consent in a later step.
#[derive(Debug, Clone, Copy)]
pub enum Policy {
    /// Anyone, signed in or not (sign-in page, assets, health check).
    Public,
    /// Any signed-in actor.
    SignedIn,
    /// A capability: the policies in force (`capabilities.json`) say which roles have it. `system` always does.
    May(&'static str),
    /// One of these roles (`admin` and `system` always pass). New routes name a capability.
    AnyRole(&'static [&'static str]),
    /// A rule of its own.
    Check(fn(&Actor, &http::request::Parts) -> Decision),
}

/// What the wrapper does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Permit(&'static str),
    /// Nobody is signed in: 401.
    Anonymous,
    /// Somebody is, but may not: 403.
    Deny(&'static str),
}

impl Policy {
    /// Decides for a caller. `capability`: what the policies in force say of the one that [`Policy::May`] names.
    pub(crate) fn decide(
        &self,
        capability: Option<&Capability>,
        actor: Option<&Actor>,
        parts: &http::request::Parts,
    ) -> Verdict {
        let Some(actor) = actor else {
            return if matches!(self, Policy::Public) {
                Verdict::Permit("public")
            } else {
                Verdict::Anonymous
            };
        };
        match self {
            Policy::Public => Verdict::Permit("public"),
            Policy::SignedIn => Verdict::Permit("signed-in"),
            Policy::May(name) => match capability {
                Some(capability) if capability.has(actor.roles.iter().map(String::as_str)) => Verdict::Permit(name),
                _ => Verdict::Deny(name),
            },
            Policy::AnyRole(_) if actor.has_role("admin") || actor.has_role("system") => Verdict::Permit("admin"),
            Policy::AnyRole(roles) if roles.iter().any(|role| actor.has_role(role)) => Verdict::Permit("role"),
            Policy::AnyRole(_) => Verdict::Deny("role"),
            Policy::Check(check) => match check(actor, parts) {
                Decision::Permit(rule) => Verdict::Permit(rule),
                Decision::Deny(rule) => Verdict::Deny(rule),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> http::request::Parts {
        http::Request::new(()).into_parts().0
    }

    fn actor(role: &str) -> Actor {
        Actor {
            subject: "Practitioner/1".into(),
            name: "A".into(),
            roles: vec![role.into()],
            ..Actor::default()
        }
    }

    #[test]
    fn anonymous_passes_only_public_routes() {
        assert_eq!(Policy::Public.decide(None, None, &parts()), Verdict::Permit("public"));
        for policy in [
            Policy::SignedIn,
            Policy::AnyRole(&["mmg"]),
            Policy::Check(|_, _| Decision::Permit("x")),
        ] {
            assert_eq!(policy.decide(None, None, &parts()), Verdict::Anonymous);
        }
    }

    #[test]
    fn roles_are_checked_and_admin_passes() {
        let policy = Policy::AnyRole(&["mmg", "infermiere"]);
        assert_eq!(
            policy.decide(None, Some(&actor("infermiere")), &parts()),
            Verdict::Permit("role")
        );
        assert_eq!(
            policy.decide(None, Some(&actor("assistito")), &parts()),
            Verdict::Deny("role")
        );
        assert_eq!(
            policy.decide(None, Some(&actor("admin")), &parts()),
            Verdict::Permit("admin")
        );
    }

    #[test]
    fn a_capability_is_had_by_the_roles_that_the_data_names() {
        let policies = policy::Policies::standard();
        let operate = policies.capabilities().named("processes.operate").map(AsRef::as_ref);
        let policy = Policy::May("processes.operate");
        let decided = |role: &str| policy.decide(operate, Some(&actor(role)), &parts());
        assert_eq!(decided("case-manager"), Verdict::Permit("processes.operate"));
        assert_eq!(decided("mmg"), Verdict::Deny("processes.operate"));
        assert_eq!(policy.decide(operate, None, &parts()), Verdict::Anonymous);
        let unknown = policy.decide(None, Some(&actor("case-manager")), &parts());
        assert_eq!(
            unknown,
            Verdict::Deny("processes.operate"),
            "nobody has what the data does not know"
        );
    }
}
