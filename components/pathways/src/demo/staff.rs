//! Facilities and staff of the demo region: all invented.

use access::Actor;
use serde_json::{Value, json};

/// System of role codes, as the orchestrator writes them into tasks.
const ROLE: &str = "https://sinfonia.it/fhir/CodeSystem/role";
/// The local health authority.
pub const AUTHORITY: &str = "asl-partenope";
const HOUSE: &str = "casa-comunita-partenope";
const CENTRE: &str = "centro-diabetologico-partenope";

/// One member of staff.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Practitioner id.
    pub id: &'static str,
    /// Title before the name.
    pub title: &'static str,
    /// Given name.
    pub given: &'static str,
    /// Family name.
    pub family: &'static str,
    /// Role code.
    pub role: &'static str,
    /// Organization id.
    pub organization: &'static str,
    female: bool,
}

impl Member {
    /// Title, given and family name.
    pub fn shown(&self) -> String {
        format!("{} {} {}", self.title, self.given, self.family)
            .trim()
            .to_owned()
    }

    /// Who acts when this person works.
    pub fn actor(&self) -> Actor {
        Actor {
            subject: format!("Practitioner/{}", self.id),
            name: self.shown(),
            roles: vec![self.role.into()],
            organization: Some(self.organization.into()),
            assurance: 1,
            ..Actor::default()
        }
    }
}

const fn member(
    id: &'static str,
    (title, given, family): (&'static str, &'static str, &'static str),
    role: &'static str,
    organization: &'static str,
    female: bool,
) -> Member {
    Member {
        id,
        title,
        given,
        family,
        role,
        organization,
        female,
    }
}

const MEMBERS: [Member; 13] = [
    // GPs work under a convention with the authority: their own patients are theirs, not those of the house.
    member("mmg-rossi", ("Dott.", "Paolo", "Rossi"), "mmg", AUTHORITY, false),
    member(
        "mmg-deangelis",
        ("Dott.ssa", "Silvia", "De Angelis"),
        "mmg",
        AUTHORITY,
        true,
    ),
    member("mmg-coppola", ("Dott.", "Gennaro", "Coppola"), "mmg", AUTHORITY, false),
    member("mmg-marino", ("Dott.ssa", "Teresa", "Marino"), "mmg", AUTHORITY, true),
    member(
        "diabetologo-russo",
        ("Dott.", "Marco", "Russo"),
        "diabetologo",
        CENTRE,
        false,
    ),
    member(
        "diabetologa-ricci",
        ("Dott.ssa", "Elena", "Ricci"),
        "diabetologo",
        CENTRE,
        true,
    ),
    member(
        "infermiera-esposito",
        ("Inf.", "Lucia", "Esposito"),
        "infermiere",
        HOUSE,
        true,
    ),
    member(
        "infermiere-amato",
        ("Inf.", "Ciro", "Amato"),
        "infermiere",
        HOUSE,
        false,
    ),
    member(
        "infermiera-greco",
        ("Inf.", "Rosa", "Greco"),
        "infermiere",
        CENTRE,
        true,
    ),
    member(
        "casemanager-ferrara",
        ("Inf.", "Anna", "Ferrara"),
        "case-manager",
        HOUSE,
        true,
    ),
    member(
        "casemanager-gallo",
        ("Inf.", "Luigi", "Gallo"),
        "case-manager",
        HOUSE,
        false,
    ),
    member("dpo-conte", ("Avv.", "Giulia", "Conte"), "dpo", AUTHORITY, true),
    member("amministratore", ("", "Amministratore", ""), "admin", AUTHORITY, false),
];

/// Everyone.
pub fn members() -> &'static [Member] {
    &MEMBERS
}

/// Those with a role, in order.
pub fn with_role(role: &str) -> Vec<Member> {
    MEMBERS.iter().filter(|m| m.role == role).copied().collect()
}

/// Organizations, locations, practitioners and their roles, to be written in this order.
pub fn resources() -> Vec<Value> {
    let mut out = vec![
        organization(AUTHORITY, "ASL Partenope (dimostrativa)", None),
        organization("distretto-1-partenope", "Distretto 1 Partenope", Some(AUTHORITY)),
        organization(HOUSE, "Casa della Comunità Partenope", Some("distretto-1-partenope")),
        organization(CENTRE, "Centro diabetologico Partenope", Some(AUTHORITY)),
        location(HOUSE, "Casa della Comunità Partenope", "Via Santa Lucia 100", "Napoli"),
        location(CENTRE, "Centro diabetologico Partenope", "Via dei Mille 12", "Napoli"),
    ];
    for m in members() {
        out.push(practitioner(m));
        out.push(role(m));
    }
    out
}

/// Who cares for a person of the demo: their doctor, the house of the community and the diabetes centre, a case manager.
/// The team is what opens the person's data to those who are not their chosen doctor.
pub fn care_team(person: &str, doctor: &Member) -> Value {
    let number = person.bytes().map(usize::from).sum::<usize>();
    let managers = with_role("case-manager");
    let manager = &managers[number % managers.len()];
    let member = |reference: String| json!({"member": {"reference": reference}});
    json!({
        "resourceType": "CareTeam", "id": format!("{person}-equipe"), "status": "active",
        "name": "Équipe del diabete",
        "subject": {"reference": format!("Patient/{person}")},
        "participant": [
            member(format!("Practitioner/{}", doctor.id)), member(format!("Practitioner/{}", manager.id)),
            member(format!("Organization/{HOUSE}")), member(format!("Organization/{CENTRE}")),
        ],
        "managingOrganization": [{"reference": format!("Organization/{AUTHORITY}")}],
    })
}

fn organization(id: &str, name: &str, part_of: Option<&str>) -> Value {
    let mut out = json!({
        "resourceType": "Organization", "id": id, "active": true,
        "type": [{"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "prov",
        }]}],
        "name": name,
    });
    if let Some(parent) = part_of {
        out["partOf"] = json!({"reference": format!("Organization/{parent}")});
    }
    out
}

fn location(organization: &str, name: &str, line: &str, city: &str) -> Value {
    json!({
        "resourceType": "Location", "id": organization, "status": "active", "name": name, "mode": "instance",
        "address": {"line": [line], "city": city, "district": "NA", "state": "Campania", "country": "IT"},
        "managingOrganization": {"reference": format!("Organization/{organization}")},
    })
}

fn practitioner(m: &Member) -> Value {
    let mut name = json!({"use": "official", "given": [m.given], "text": m.shown()});
    if !m.family.is_empty() {
        name["family"] = m.family.into();
    }
    if !m.title.is_empty() {
        name["prefix"] = json!([m.title]);
    }
    json!({
        "resourceType": "Practitioner", "id": m.id, "active": true, "name": [name],
        "gender": if m.female { "female" } else { "male" },
    })
}

fn role(m: &Member) -> Value {
    let text = match m.role {
        "mmg" => "Medico di medicina generale",
        "diabetologo" => "Diabetologo",
        "infermiere" => "Infermiere di famiglia e comunità",
        "case-manager" => "Case manager",
        "dpo" => "Responsabile della protezione dei dati",
        _ => "Amministratore",
    };
    let mut out = json!({
        "resourceType": "PractitionerRole", "id": m.id, "active": true,
        "practitioner": {"reference": format!("Practitioner/{}", m.id), "display": m.shown()},
        "organization": {"reference": format!("Organization/{}", m.organization)},
        "code": [{"coding": [{"system": ROLE, "code": m.role}], "text": text}],
    });
    if m.organization != AUTHORITY {
        out["location"] = json!([{"reference": format!("Location/{}", m.organization)}]);
    }
    out
}
