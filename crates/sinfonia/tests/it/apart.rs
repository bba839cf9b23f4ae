//! Two shapes: hub and orchestrator in one process, components in another.

use crate::world::{World, actor, ask, key, send};
use access::{NewAccount, Tokens};
use axum::body::Body;
use bytes::Bytes;
use component::{Peer, Peers};
use http::{Request, header};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use store::SystemClock;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_on_a_node_without_a_store() {
    let world = World::split().await;
    let account = NewAccount {
        username: "rossi".into(),
        password: "una frase lunga".into(),
        actor: actor("Practitioner/rossi", &["mmg"]),
        demo: true,
    };
    world.system.identity.accounts().create(account).await.unwrap();
    let front = &world.front.as_ref().unwrap().router;
    let form = Request::post("/accedi")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html");
    let form = form.body(Body::from("utente=rossi&password=una+frase+lunga")).unwrap();
    let answer = send(front, form).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookies = answer.headers.get_all(header::SET_COOKIE).iter();
    let cookie = cookies
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .find(|cookie| cookie.starts_with("sinfonia="))
        .expect("a session cookie");
    for (path, status) in [
        ("/attivita", 200),
        ("/assistiti", 200),
        ("/utenti", 403),
        ("/accesso", 200),
    ] {
        let mut request = ask("GET", path, None);
        request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        let answer = send(front, request).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    let log = world.log().await;
    let seen = |target: &str, status: u16| {
        log.iter()
            .any(|entry| entry.actor == "Practitioner/rossi" && entry.target == target && entry.status == status)
    };
    assert!(
        seen("/assistiti", 200) && seen("/utenti", 403),
        "the log of both nodes is one"
    );
}

/// A process of the program, killed when dropped.
pub async fn serve(data: &Path, args: &[&str]) -> (Child, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let listen = format!("127.0.0.1:{port}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sinfonia"))
        .arg("--data")
        .arg(data)
        .args(["serve", "--listen", &listen])
        .args(args)
        .env("RUST_LOG", "info")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let serves = async {
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("Sinfonia is at") {
                return;
            }
            said.push_str(&line);
        }
        panic!("it ended: {said}");
    };
    tokio::time::timeout(Duration::from_secs(120), serves)
        .await
        .expect("it serves");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, format!("http://{listen}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_of_the_program_are_one_installation() {
    let folder = tempfile::tempdir().unwrap();
    let (with_store, without) = (folder.path().join("a"), folder.path().join("b"));
    let (mut process, core) = serve(&with_store, &["--only", "hub,orchestrator"]).await;
    std::fs::create_dir_all(&without).unwrap();
    std::fs::copy(with_store.join("internal.key"), without.join("internal.key")).unwrap();
    let (hub, orchestrator) = (format!("hub={core}"), format!("orchestrator={core}"));
    let components = [
        "--only",
        "pathways,operate,account",
        "--peer",
        &hub,
        "--peer",
        &orchestrator,
    ];
    let (_front, front) = serve(&without, &components).await;

    let peers = Peers::new(Tokens::new(&key(&without), Arc::new(SystemClock)));
    peers.add("core", Peer::remote(&core).unwrap());
    peers.add("front", Peer::remote(&front).unwrap());
    let asked = async |peer: &str, roles: &[&str], path: &str| {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        let answer = peers.call(peer, &actor("Practitioner/a", roles), request).await;
        answer.unwrap().status().as_u16()
    };
    for (peer, path, mmg, admin) in [
        ("front", "/attivita", 200, 200),
        ("front", "/regia", 403, 200),
        ("front", "/modelli", 403, 200),
        ("front", "/fhir/Patient", 404, 404),
        ("core", "/attivita", 404, 404),
        ("core", "/fhir/Patient", 200, 200),
        ("core", "/orchestrator/jobs?type=x", 403, 200),
        ("core", "/access/demo-accounts", 403, 403),
    ] {
        assert_eq!(asked(peer, &["mmg"], path).await, mmg, "{peer} {path} mmg");
        assert_eq!(asked(peer, &["admin"], path).await, admin, "{peer} {path} admin");
    }
    // Pages without facts behind them are not ready.
    process.kill().await.unwrap();
    let request = Request::get("/health/ready").body(Bytes::new()).unwrap();
    let answer = peers
        .call("front", &actor("Practitioner/a", &[]), request)
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    let told: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    let gone = "it cannot be reached";
    assert_eq!(told["parts"]["disk"], "ready");
    assert_eq!(
        (&told["parts"]["peer hub"], &told["parts"]["peer orchestrator"]),
        (&gone.into(), &gone.into())
    );
}
