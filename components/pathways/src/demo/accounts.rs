//! The accounts of the demo region.

/// Password of every demo account, shown on the sign-in page.
pub const PASSWORD: &str = "sinfonia-demo";

/// An account to be made for the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoAccount {
    /// User name.
    pub username: String,
    /// Password in clear: these are invented people.
    pub password: String,
    /// Name shown.
    pub name: String,
    /// `Practitioner/…` or `Patient/…`.
    pub subject: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Organization that a member of staff works for.
    pub organization: Option<String>,
}

/// The accounts: two GPs, nurse, diabetologist, case manager, an assisted person, data-protection officer, administrator.
pub fn accounts() -> Vec<DemoAccount> {
    let account = |username: &str, name: &str, subject: &str, role: &str| DemoAccount {
        username: username.into(),
        password: PASSWORD.into(),
        name: name.into(),
        subject: subject.into(),
        roles: vec![role.into()],
        organization: super::staff::members()
            .iter()
            .find(|member| subject.strip_prefix("Practitioner/") == Some(member.id))
            .map(|member| member.organization.to_owned()),
    };
    vec![
        account("mmg.rossi", "Dott. Paolo Rossi", "Practitioner/mmg-rossi", "mmg"),
        account(
            "mmg.deangelis",
            "Dott.ssa Silvia De Angelis",
            "Practitioner/mmg-deangelis",
            "mmg",
        ),
        account(
            "infermiera.esposito",
            "Inf. Lucia Esposito",
            "Practitioner/infermiera-esposito",
            "infermiere",
        ),
        account(
            "diabetologo.russo",
            "Dott. Marco Russo",
            "Practitioner/diabetologo-russo",
            "diabetologo",
        ),
        account(
            "casemanager.ferrara",
            "Inf. Anna Ferrara",
            "Practitioner/casemanager-ferrara",
            "case-manager",
        ),
        account("dpo.conte", "Avv. Giulia Conte", "Practitioner/dpo-conte", "dpo"),
        account("assistita.deluca", "Carmela De Luca", "Patient/paz-001", "assistito"),
        account(
            "amministratore",
            "Amministratore",
            "Practitioner/amministratore",
            "admin",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::generate;

    #[test]
    fn accounts_are_of_people_that_exist() {
        let staff = crate::demo::staff::members();
        let person = &generate(super::super::SEED, 1, 1, jiff::civil::date(2026, 11, 21))[0];
        for account in accounts() {
            let (kind, id) = account.subject.split_once('/').unwrap();
            match kind {
                "Patient" => assert_eq!((person.id.as_str(), person.name()), (id, account.name)),
                _ => assert!(
                    staff.iter().any(|m| m.id == id && m.shown() == account.name),
                    "{}",
                    account.subject
                ),
            }
        }
    }
}
