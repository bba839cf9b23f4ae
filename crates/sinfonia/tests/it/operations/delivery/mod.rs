//! Files that are delivered beside the program: they fit together, fit the program, and what the chart makes really starts.

mod chart;

use super::{Ran, ask, free_port, program, run, status, text};
use chart::{RELEASE, render, yaml_file};
use postgres_fixture::Database;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}

/// Every variable of the environment that `serve` knows, as its help tells them.
fn known() -> BTreeSet<String> {
    let help = run(&["serve", "--help"]).good().out;
    let name = Regex::new(r"\[env: ([A-Z_]+)=").unwrap();
    let found: BTreeSet<String> = name.captures_iter(&help).map(|found| found[1].to_owned()).collect();
    assert!(found.len() > 20, "{help}");
    found
}

/// The image's environment and user.
fn image() -> (BTreeMap<String, String>, u64) {
    let file = std::fs::read_to_string(deploy("container/Containerfile")).unwrap();
    let line = |start: &str| {
        file.lines()
            .find_map(|line| line.strip_prefix(start))
            .unwrap()
            .to_owned()
    };
    let pairs = line("ENV ");
    let pairs = pairs.split(' ').filter_map(|pair| pair.split_once('='));
    let user = line("USER ");
    assert!(
        file.contains(&format!("-t sinfonia:{} ", env!("CARGO_PKG_VERSION"))),
        "the version"
    );
    (
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        user.split(':').next().unwrap().parse().unwrap(),
    )
}

fn chart(values: &Value) -> Vec<Value> {
    render(&deploy("helm/sinfonia"), values).unwrap_or_else(|error| panic!("{error}"))
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether everything that is asked for is among these.
fn matches(asked: &Value, labels: &Value) -> bool {
    let asked = asked.as_object().unwrap();
    !asked.is_empty() && asked.iter().all(|(key, value)| labels[key] == *value)
}

fn arguments(container: &Value) -> Vec<String> {
    let args = list(&container["args"]).iter();
    args.map(|arg| arg.as_str().unwrap().to_owned()).collect()
}

/// Every part of the program that these nodes run, each once.
fn parts<'a>(nodes: impl Iterator<Item = &'a [String]>) -> Vec<String> {
    let only = nodes.flat_map(|args| {
        let at = args.iter().position(|arg| arg == "--only").expect("--only");
        args[at + 1].split(',').map(ToOwned::to_owned).collect::<Vec<_>>()
    });
    let mut parts: Vec<String> = only.collect();
    parts.sort();
    parts
}

fn every_part() -> Vec<String> {
    let mut parts = vec!["hub".to_owned(), "orchestrator".to_owned()];
    parts.extend(sinfonia::system::components().iter().map(|one| one.name.to_owned()));
    parts.sort();
    parts
}

fn a_node_is_right(node: &Value, objects: &[Value]) {
    let name = &node["metadata"]["name"];
    let (known, (image, user)) = (known(), image());
    let pod = &node["spec"]["template"];
    let labels = &pod["metadata"]["labels"];
    assert!(matches(&node["spec"]["selector"]["matchLabels"], labels), "{name}");
    let spec = &pod["spec"];
    let container = &spec["containers"][0];
    let ports: Vec<&str> = list(&container["ports"])
        .iter()
        .filter_map(|port| port["name"].as_str())
        .collect();
    let listens = |name: &str| image[name].rsplit(':').next().unwrap().parse::<u64>().unwrap();
    for (port, variable) in [
        ("http", "SINFONIA_LISTEN"),
        ("operazioni", "SINFONIA_OPERATIONS_LISTEN"),
    ] {
        let at = list(&container["ports"])
            .iter()
            .find(|one| one["name"] == port)
            .unwrap();
        assert_eq!(at["containerPort"], listens(variable), "{name} {port}");
    }
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let port = container[probe]["httpGet"]["port"].as_str().unwrap();
        assert!(ports.contains(&port), "{name} {probe}");
    }
    assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
    assert!(container["resources"]["requests"]["cpu"].is_string(), "{name}");
    assert_eq!(
        (
            &spec["securityContext"]["runAsUser"],
            &spec["securityContext"]["runAsNonRoot"]
        ),
        (&json!(user), &json!(true))
    );
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    for variable in list(&container["env"]) {
        let variable = variable["name"].as_str().unwrap();
        assert!(known.contains(variable), "{name}: serve knows no {variable}");
    }
    let stop = list(&container["env"])
        .iter()
        .find(|one| one["name"] == "SINFONIA_STOP_SECONDS");
    let stop: u64 = stop.unwrap()["value"].as_str().unwrap().parse().unwrap();
    assert!(spec["terminationGracePeriodSeconds"].as_u64().unwrap() > stop, "{name}");
    what_goes_with_a_node(node, objects, &ports);
}

/// Its volumes, its service, its budget.
fn what_goes_with_a_node(node: &Value, objects: &[Value], ports: &[&str]) {
    let (name, pod) = (&node["metadata"]["name"], &node["spec"]["template"]);
    let (labels, spec) = (&pod["metadata"]["labels"], &pod["spec"]);
    let container = &spec["containers"][0];
    let volumes: Vec<&Value> = list(&spec["volumes"]).iter().map(|volume| &volume["name"]).collect();
    for mount in list(&container["volumeMounts"]) {
        assert!(volumes.contains(&&mount["name"]), "{name}: {mount}");
    }
    let chosen = |kind: &str, at: &str| {
        let all = of_kind(objects, kind).into_iter();
        let mut own = all.filter(|object| matches(object.pointer(at).unwrap(), labels));
        let found = own.next().unwrap_or_else(|| panic!("{name} has no {kind}"));
        assert!(own.next().is_none(), "{name}: one {kind}");
        found
    };
    let service = chosen("Service", "/spec/selector");
    for port in list(&service["spec"]["ports"]) {
        assert!(ports.contains(&port["targetPort"].as_str().unwrap()), "{name}: {port}");
    }
    let budget = chosen("PodDisruptionBudget", "/spec/selector/matchLabels");
    assert_eq!(budget["spec"]["maxUnavailable"], 1);
}

#[test]
fn the_chart_fits_together_and_fits_the_program() {
    let everything = json!({
        "ingress": {"enabled": true, "className": "nginx", "tlsSecretName": "tls"},
        "serviceMonitor": {"enabled": true}, "env": {"SINFONIA_HISTORY": "last:3"},
    });
    for (shape, nodes) in [("single", 1), ("split", 2)] {
        let mut values = everything.clone();
        values["shape"] = json!(shape);
        let objects = chart(&values);
        let deployments = of_kind(&objects, "Deployment");
        assert_eq!(deployments.len(), nodes, "{shape}");
        deployments.iter().for_each(|node| a_node_is_right(node, &objects));
        let ingress = of_kind(&objects, "Ingress");
        let paths = list(&ingress[0]["spec"]["rules"][0]["http"]["paths"]);
        assert_eq!(paths.last().unwrap()["path"], "/", "{shape}");
        for path in paths {
            let service = &path["backend"]["service"];
            let mut services = of_kind(&objects, "Service").into_iter();
            let found = services.find(|one| one["metadata"]["name"] == service["name"]);
            let ports = list(&found.unwrap_or_else(|| panic!("{path}"))["spec"]["ports"]);
            assert!(
                ports.iter().any(|port| port["name"] == service["port"]["name"]),
                "{path}"
            );
        }
        assert_eq!(of_kind(&objects, "ServiceMonitor").len(), 1);
        if shape == "split" {
            let args = deployments
                .iter()
                .map(|node| arguments(&node["spec"]["template"]["spec"]["containers"][0]));
            let args: Vec<_> = args.collect();
            assert_eq!(
                parts(args.iter().map(Vec::as_slice)),
                every_part(),
                "every part runs somewhere, once"
            );
        }
    }
    let refused = render(&deploy("helm/sinfonia"), &json!({"shape": "tripla"})).unwrap_err();
    assert!(refused.contains("single o split"), "{refused}");
}

#[test]
fn compose_fits_together_and_fits_the_program() {
    let (known, version) = (known(), format!("sinfonia:{}", env!("CARGO_PKG_VERSION")));
    for file in ["compose.yaml", "split.yaml"] {
        let all = yaml_file(&deploy("compose").join(file));
        let services = all["services"].as_object().unwrap();
        let nodes: Vec<_> = services.iter().filter(|(name, _)| *name != "postgres").collect();
        assert_eq!(nodes.len(), if file == "split.yaml" { 2 } else { 1 });
        for (name, node) in &nodes {
            assert_eq!(node["image"], version, "{file} {name}");
            for variable in node["environment"].as_object().unwrap().keys() {
                assert!(known.contains(variable), "{file} {name}: serve knows no {variable}");
            }
            for secret in list(&node["secrets"]) {
                assert!(all["secrets"][secret.as_str().unwrap()].is_object(), "{file}: {secret}");
            }
            for value in node["environment"]
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_str)
            {
                let secret = value.strip_prefix("/run/secrets/");
                assert!(
                    secret.is_none_or(|secret| list(&node["secrets"]).contains(&json!(secret))),
                    "{value}"
                );
            }
            for volume in list(&node["volumes"]) {
                let (volume, at) = volume.as_str().unwrap().split_once(':').unwrap();
                assert!(all["volumes"].get(volume).is_some() && at == "/dati", "{file} {name}");
            }
            assert_eq!(node["healthcheck"]["test"], json!(["CMD", "/sinfonia", "health"]));
            assert!(
                node["mem_limit"].is_string() && node["read_only"] == true,
                "{file} {name}"
            );
            for (needed, _) in node["depends_on"].as_object().unwrap() {
                assert!(services.contains_key(needed), "{file} {name}: {needed}");
            }
        }
        if file == "split.yaml" {
            let args: Vec<Vec<String>> = nodes
                .iter()
                .map(|(_, node)| arguments(&json!({"args": node["command"]})))
                .collect();
            assert_eq!(parts(args.iter().map(Vec::as_slice)), every_part());
        }
    }
}

/// A node as the chart describes it, on this machine.
struct Node {
    child: Child,
    http: u16,
    operations: u16,
}

impl Node {
    /// Starts the program of a container: its arguments, its environment, its files below `folder`.
    fn start(deployment: &Value, folder: &Path, core: Option<u16>) -> Self {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let name = deployment["metadata"]["name"].as_str().unwrap();
        let data = folder.join(name);
        std::fs::create_dir_all(&data).unwrap();
        let (http, operations) = (free_port(), free_port());
        let placed = |value: &str| {
            let value = match value {
                "0.0.0.0:8080" => return format!("127.0.0.1:{http}"),
                "0.0.0.0:9464" => return format!("127.0.0.1:{operations}"),
                other => other,
            };
            if value.starts_with("/dati") {
                return value.replacen("/dati", text(&data), 1);
            }
            value.replace("/segreti", text(&folder.join("segreti")))
        };
        for mount in list(&container["volumeMounts"])
            .iter()
            .filter(|mount| mount["name"] == "segreti")
        {
            let secret = folder.join("segreti").join(mount["subPath"].as_str().unwrap());
            let at = PathBuf::from(placed(mount["mountPath"].as_str().unwrap()));
            if at != secret {
                std::fs::copy(secret, at).unwrap();
            }
        }
        let peer = core.map(|port| format!("http://127.0.0.1:{port}")).unwrap_or_default();
        let args = arguments(container).into_iter();
        let args: Vec<String> = args
            .map(|arg| arg.replace(&format!("http://{RELEASE}-core"), &peer))
            .collect();
        let mut command = program(&[]);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.envs(image().0.iter().map(|(name, value)| (name, placed(value))));
        for variable in list(&container["env"]) {
            let value = placed(variable["value"].as_str().unwrap());
            command.env(variable["name"].as_str().unwrap(), value);
        }
        let child = command.spawn().unwrap();
        let node = Self {
            child,
            http,
            operations,
        };
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            node.until_good(container[probe]["httpGet"]["path"].as_str().unwrap());
        }
        node
    }

    fn until_good(&self, path: &str) {
        // Nothing is ever sent: it only waits.
        let (_kept, nothing) = mpsc::channel::<()>();
        let mut last = String::new();
        for _ in 0..1_200 {
            if std::net::TcpStream::connect(("127.0.0.1", self.operations)).is_ok() {
                last = ask(self.operations, &format!("GET {path}"), "");
                if status(&last) == 200 {
                    return;
                }
            }
            let _ = nothing.recv_timeout(Duration::from_millis(100));
        }
        panic!("{path} never becomes good: {last}");
    }

    fn health(&self) -> Ran {
        run(&["health", "--operations-listen", &format!("0.0.0.0:{}", self.operations)])
    }

    fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "the end after SIGTERM");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Secrets as Kubernetes gives them: of root where this runs as root, read by the group.
fn secrets(folder: &Path, address: &str) {
    let secrets = folder.join("segreti");
    std::fs::create_dir_all(&secrets).unwrap();
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&secrets).unwrap()) == 0;
    for (name, value) in [
        ("archivio", address),
        ("internal.key", "0123456789abcdef".repeat(4).as_str()),
    ] {
        let file = secrets.join(name);
        std::fs::write(&file, value).unwrap();
        let mode = if root { 0o440 } else { 0o400 };
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn what_the_chart_makes_starts_is_ready_and_stops() {
    let Some(database) = Database::new() else { return };
    for shape in ["single", "split"] {
        let folder = tempfile::tempdir().unwrap();
        secrets(folder.path(), &database.address());
        let objects = chart(&json!({"shape": shape}));
        let mut nodes: Vec<Node> = Vec::new();
        for deployment in of_kind(&objects, "Deployment") {
            let core = nodes.first().map(|node| node.http);
            nodes.push(Node::start(deployment, folder.path(), core));
        }
        let pages = nodes.last().unwrap();
        assert_eq!(status(&ask(pages.http, "GET /accedi", "")), 200, "{shape}");
        assert_eq!(status(&ask(nodes[0].http, "GET /fhir/metadata", "")), 200, "{shape}");
        for node in &nodes {
            assert!(node.health().good().out.contains("ready"), "{shape}");
        }
        let operations = pages.operations;
        nodes.into_iter().rev().for_each(Node::stop);
        let nobody = run(&["health", "--operations-listen", &format!("127.0.0.1:{operations}")]);
        assert_eq!(nobody.code, 1);
        assert!(nobody.sentence().contains("nobody answers"), "{}", nobody.err);
    }
}
