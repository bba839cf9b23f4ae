//! What authorisation and audit cost: a handler that does nothing, bare and behind the guard; the hub's interactions as
//! the program itself and as a doctor with his patients; one decision by the policies.
//!
//! The cost of the guard is what a guarded request takes longer than a bare one, of the time that the processors work for
//! it (clients are as many as keep them busy); beside it stands what the interaction takes.

use crate::client::Client;
use access::{Actor, Guard, Policy, Routes};
use anyhow::{Result, ensure};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use http::Method;
use hub::{Hub, HubConfig};
use policy::{Action, Asker, LabelSet, Policies, Question, Relation, Relations};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{SystemClock, UuidIds};
use store_sqlite::{Options, SqliteStore};

/// What to measure, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Folder for the temporary store: the disk that is measured.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Patients of the doctor (1,500 is the ceiling of an Italian GP), with three observations each.
    #[arg(long, default_value_t = 1_500)]
    patients: u64,
    /// Clients at the same time.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds: every line is measured so often, in turns, and its best is told.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// One line of the table.
struct Line {
    name: &'static str,
    who: Option<Actor>,
    request: fn(u64) -> (&'static str, String, Vec<u8>),
    best: f64,
}

fn doctor() -> Actor {
    Actor {
        subject: "Practitioner/gp".into(),
        name: "Medico".into(),
        roles: vec!["mmg".into()],
        ..Actor::default()
    }
}

fn program() -> Actor {
    Actor {
        subject: "system".into(),
        name: "Programma".into(),
        roles: vec!["system".into()],
        ..Actor::default()
    }
}

fn lines() -> Vec<Line> {
    fn read(n: u64) -> (&'static str, String, Vec<u8>) {
        ("GET", format!("/fhir/Patient/p{n}"), Vec::new())
    }
    fn search(n: u64) -> (&'static str, String, Vec<u8>) {
        ("GET", format!("/fhir/Observation?patient=p{n}&code=4548-4"), Vec::new())
    }
    fn create(n: u64) -> (&'static str, String, Vec<u8>) {
        (
            "POST",
            "/fhir/Observation".into(),
            observation(n).to_string().into_bytes(),
        )
    }
    let line = |name, who, request| Line {
        name,
        who,
        request,
        best: 0.0,
    };
    vec![
        line("a handler that does nothing, bare", None, |_| {
            ("GET", "/bare".into(), Vec::new())
        }),
        line("the same behind the guard", Some(doctor()), |_| {
            ("GET", "/guarded".into(), Vec::new())
        }),
        line("read Patient, the program", Some(program()), read),
        line("read Patient, the doctor", Some(doctor()), read),
        line("search Observation, the program", Some(program()), search),
        line("search Observation, the doctor", Some(doctor()), search),
        line("create Observation, the program", Some(program()), create),
        line("create Observation, the doctor", Some(doctor()), create),
    ]
}

fn observation(n: u64) -> serde_json::Value {
    json!({"resourceType": "Observation", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": format!("Patient/p{n}")}, "effectiveDateTime": "2026-01-02",
        "valueQuantity": {"value": 40 + n % 50, "unit": "mmol/mol"}})
}

/// Runs every measurement and prints a table.
pub async fn run(args: &Args) -> Result<()> {
    decisions();
    let dir = tempfile::tempdir_in(&args.folder)?;
    let raw: Arc<dyn store::Store> = SqliteStore::open(dir.path().join("hub.db"), Options::default())?;
    let guard = Guard::open(raw, Arc::new(SystemClock));
    let config = HubConfig {
        authorizer: Some(guard.authorizer().clone()),
        ..HubConfig::new("http://localhost/fhir")
    };
    let hub = Hub::new(
        guard.authorizer().store(),
        Arc::new(SystemClock),
        Arc::new(UuidIds),
        config,
    );
    generate(&hub, args.patients).await?;
    let nothing = || async { "ok" };
    let address = serve(
        hub::routes(hub)
            .merge(Routes::new().route(Method::GET, "/guarded", Policy::SignedIn, get(nothing)))
            .guard(&guard)
            .route("/bare", get(nothing)),
    )
    .await?;
    let mut lines = lines();
    for _ in 0..args.rounds {
        for line in &mut lines {
            let bearer = line.who.as_ref().map(|who| guard.tokens().issue(who));
            let rate = measure(address, bearer, line.request, args).await?;
            line.best = line.best.max(rate);
        }
    }
    let cost = 1e6 / lines[1].best - 1e6 / lines[0].best;
    println!(
        "\n{} clients, best of {} rounds of {} s; every access is durable before its answer",
        args.clients, args.rounds, args.seconds
    );
    println!("{:<40} {:>10} {:>14}", "request", "per s", "µs of machine");
    for line in &lines {
        println!("{:<40} {:>10.0} {:>14.1}", line.name, line.best, 1e6 / line.best);
    }
    println!("\nauthorisation and audit take {cost:.1} µs of the machine per request:");
    for line in &lines[2..] {
        let all = 1e6 / line.best;
        println!(
            "{:<40} {:>9.1} % more than without",
            line.name,
            100.0 * cost / (all - cost).max(0.1)
        );
    }
    guard.audit().flush().await;
    Ok(())
}

async fn serve(router: axum::Router) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|tcp| {
        let _ = tcp.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn generate(hub: &Arc<Hub>, patients: u64) -> Result<()> {
    let mut lines = json!({"resourceType": "Practitioner", "id": "gp", "name": [{"family": "Medico"}]}).to_string();
    for n in 0..patients {
        let patient = json!({"resourceType": "Patient", "id": format!("p{n}"), "name": [{"family": "Rossi", "given": ["Anna"]}],
            "generalPractitioner": [{"reference": "Practitioner/gp"}]});
        lines += &format!("\n{patient}");
        for k in 0..3 {
            let mut value = observation(n);
            value["id"] = json!(format!("o{n}-{k}"));
            lines += &format!("\n{value}");
        }
    }
    let summary = hub::load::import_bytes(hub, "region.ndjson", lines.into()).await?;
    ensure!(
        summary.problems.is_empty(),
        "the generated data are refused: {}",
        summary.problems[0]
    );
    Ok(())
}

async fn measure(
    address: SocketAddr,
    bearer: Option<String>,
    request: fn(u64) -> (&'static str, String, Vec<u8>),
    args: &Args,
) -> Result<f64> {
    let since = Instant::now();
    let until = since + Duration::from_secs(args.seconds);
    let patients = args.patients.max(1);
    let clients: Vec<_> = (0..args.clients as u64)
        .map(|client| {
            let bearer = bearer.clone();
            tokio::spawn(async move {
                let mut connection = Client::connect(address, "application/fhir+json").await?;
                connection.bearer = bearer;
                let mut done = 0_u64;
                while Instant::now() < until {
                    let number = (client << 32 | done).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17;
                    let (method, path, body) = request(number % patients);
                    let (status, answer) = connection.send(method, &path, &body).await?;
                    ensure!(
                        (200..300).contains(&status),
                        "{status}: {}",
                        String::from_utf8_lossy(&answer)
                    );
                    done += 1;
                }
                Ok(done)
            })
        })
        .collect();
    let mut done = 0;
    for client in clients {
        done += client.await??;
    }
    Ok(done as f64 / since.elapsed().as_secs_f64())
}

/// One decision: by the policies themselves, and remembered.
fn decisions() {
    let policies = Policies::standard();
    let asker = Asker::new(&["mmg".to_owned()], 2, false);
    let question = Question {
        asker: &asker,
        action: Action::Read,
        rtype: "Observation",
        about_patient: true,
        relations: Relations::default().with(Relation::Gp),
        labels: LabelSet::NONE,
        unlocked: LabelSet::NONE,
        purpose: "TREAT",
    };
    let time = |rounds: u32, decide: &dyn Fn() -> bool| {
        let since = Instant::now();
        let permitted = (0..rounds).filter(|_| decide()).count();
        assert_eq!(permitted, rounds as usize, "the doctor may read");
        since.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
    };
    let asked = time(20_000, &|| policies.ask(&question).permit);
    let known = time(1_000_000, &|| policies.decide(&question).permit);
    println!("one decision: {asked:.2} µs by the policies, {known:.3} µs where it is remembered");
}
