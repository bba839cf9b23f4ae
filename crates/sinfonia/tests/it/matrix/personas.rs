//! The people and programs of the matrix, and how each identifies itself.

use crate::world::{World, actor};
use access::{Actor, Ask, ClientGrant, Identity as _, Mine, NewAccount, Reply};
use std::sync::Arc;

pub const PASSWORD: &str = "una frase lunga";

pub struct Persona {
    pub name: &'static str,
    /// Id of the patient whom it looks at.
    pub patient: &'static str,
    /// Id of the patient's task.
    pub task: String,
    /// Id of the patient's instance.
    pub instance: String,
    pub headers: Vec<(&'static str, String)>,
}

/// Whom a persona looks at.
pub fn patient_of(name: &str) -> &'static str {
    match name {
        "parent" => "m1",
        "exparent" => "x1",
        "guardian" => "w1",
        "delegate" | "expired" => "d1",
        _ => "p1",
    }
}

/// Headers that identify a persona.
pub async fn headers(world: &World, name: &str) -> Vec<(&'static str, String)> {
    if let Some((subject, roles, unit)) = staff(name) {
        let actor = Actor {
            organization: unit.map(str::to_owned),
            ..actor(subject, &[roles])
        };
        return vec![("authorization", world.bearer(&actor))];
    }
    match name {
        "anon" => vec![],
        "system" => vec![("authorization", world.bearer(&Actor::system()))],
        "self" => citizen(world, "p1", None).await,
        "other" => citizen(world, "p9", None).await,
        "parent" => citizen(world, "p2", Some("m1")).await,
        "exparent" => citizen(world, "p2b", Some("x1")).await,
        "guardian" => citizen(world, "p3", Some("w1")).await,
        "delegate" => citizen(world, "p4", Some("d1")).await,
        "expired" => citizen(world, "p5", Some("d1")).await,
        "smart" => client(
            world,
            actor("Patient/p1", &["assistito"]),
            &["patient/*.rs"],
            Some("p1"),
        ),
        "smartuser" => client(
            world,
            actor("Practitioner/gp1", &["mmg"]),
            &["user/Observation.rs"],
            None,
        ),
        "backend" => client(
            world,
            actor("client/lab", &["sistema"]),
            &["system/Observation.rs"],
            None,
        ),
        "pdnd" => client(
            world,
            actor("client/comune", &["sistema"]),
            &["system/Patient.rs"],
            None,
        ),
        "disabled" => {
            let headers = session(world, "disattivato", actor("Practitioner/gp1", &["mmg"]), None).await;
            let accounts = world.system.identity.accounts();
            accounts.set_disabled("disattivato", true).await.unwrap();
            headers
        }
        "ended" => session(world, "cessato", actor("Practitioner/cessato", &[]), None).await,
        other => panic!("the persona '{other}' has no way to identify itself"),
    }
}

fn staff(name: &str) -> Option<(&'static str, &'static str, Option<&'static str>)> {
    Some(match name {
        "gp" => ("Practitioner/gp1", "mmg", None),
        "gp2" => ("Practitioner/gp2", "mmg", None),
        "sub" => ("Practitioner/sub1", "mmg", None),
        "pls" => ("Practitioner/pls1", "pls", None),
        "nurse1" => ("Practitioner/nurse1", "infermiere", None),
        "nurse2" => ("Practitioner/nurse2", "infermiere", None),
        "spec" => ("Practitioner/spec1", "specialista", Some("reparto")),
        "spec2" => ("Practitioner/spec2", "specialista", Some("altrove")),
        "cm" => ("Practitioner/cm1", "case-manager", None),
        "cup" => ("Practitioner/cup1", "operatore-cup", None),
        "reg" => ("Practitioner/reg1", "operatore-anagrafe", None),
        "dpo" => ("Practitioner/dpo1", "dpo", None),
        "risk" => ("Practitioner/risk1", "risk-manager", None),
        "plan" => ("Practitioner/plan1", "programmatore", None),
        "admin" => ("Practitioner/admin1", "admin", None),
        "emer" => ("Practitioner/emer1", "medico", None),
        "emerx" => ("Practitioner/emerx1", "medico", None),
        _ => return None,
    })
}

fn client(world: &World, person: Actor, scopes: &[&str], patient: Option<&str>) -> Vec<(&'static str, String)> {
    let grant = ClientGrant {
        client: "app".into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        patient: patient.map(str::to_owned),
        purpose: None,
    };
    let actor = Actor {
        client: Some(Arc::new(grant)),
        ..person
    };
    vec![("authorization", world.bearer(&actor))]
}

async fn citizen(world: &World, id: &str, other: Option<&str>) -> Vec<(&'static str, String)> {
    session(
        world,
        &format!("cittadino.{id}"),
        actor(&format!("Patient/{id}"), &["assistito"]),
        other,
    )
    .await
}

/// A session as a browser has it; `other`: the patient that it asks to act for (which may be refused).
async fn session(world: &World, username: &str, actor: Actor, other: Option<&str>) -> Vec<(&'static str, String)> {
    let identity = &world.system.identity;
    let account = NewAccount {
        username: username.into(),
        password: PASSWORD.into(),
        actor,
        demo: true,
    };
    identity.accounts().create(account).await.unwrap();
    let signed_in = identity.sign_in(username, PASSWORD, None).await.unwrap();
    let (mut token, mut csrf) = (signed_in.token, signed_in.session.csrf.clone());
    if let Some(other) = other {
        let ask: Ask = signed_in.session.mine(Mine::ActFor {
            patient: Some(format!("Patient/{other}")),
        });
        if let Ok(Reply::Renewed(again)) = identity.ask(ask).await {
            csrf = identity.session(&again).await.unwrap().expect("it was renewed").csrf;
            token = again;
        }
    }
    vec![("cookie", format!("sinfonia={token}")), ("x-csrf-token", csrf)]
}
