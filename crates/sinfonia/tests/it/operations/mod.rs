//! The program as those who run it meet it: its command line, its files, its doors.

mod backup;
mod call;
mod copy;
mod delivery;
mod doctor;
mod endings;
mod limits;
mod observed;
mod staff;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The program, without what the environment of the test says of it.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sinfonia"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SINFONIA_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG").args(arguments);
    command
}

/// What a run came to.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self
    }

    /// The last line of standard error, which must be the only one of the program itself.
    pub fn sentence(&self) -> &str {
        let said: Vec<&str> = self.err.lines().filter(|line| line.starts_with("sinfonia: ")).collect();
        assert_eq!(said.len(), 1, "one sentence: {}", self.err);
        said[0]
    }
}

pub fn run(arguments: &[&str]) -> Ran {
    Ran::of(program(arguments).output().unwrap())
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The program, serving.
pub struct Serving {
    child: Child,
    pub port: u16,
    lines: mpsc::Receiver<String>,
    log: Vec<String>,
}

impl Serving {
    /// Starts it, and waits until it says that it serves.
    pub fn start(before: &[&str], after: &[&str]) -> Self {
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let mut all = before.to_vec();
        all.extend(["serve", "--open-api", "--listen", &listen]);
        all.extend(after);
        let mut child = program(&all)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let mut serving = Self {
            child,
            port,
            lines,
            log: Vec::new(),
        };
        serving.until("Sinfonia is at");
        serving
    }

    /// Reads the log until a line has a text.
    pub fn until(&mut self, wanted: &str) {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(120)) {
                Ok(line) => {
                    let found = line.contains(wanted);
                    self.log.push(line);
                    if found {
                        return;
                    }
                }
                Err(error) => panic!("'{wanted}' was not said ({error}):\n{}", self.log.join("\n")),
            }
        }
    }

    /// A request, and the whole answer with its head. The connection is closed afterwards.
    pub fn ask(&self, head: &str, body: &str) -> String {
        ask(self.port, head, body)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for its end; everything it wrote to its log.
    pub fn ended(mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        let mut log = std::mem::take(&mut self.log);
        log.extend(self.lines.iter());
        (status.code().unwrap_or(-1), log.join("\n"))
    }

    pub fn stop(self) -> String {
        self.terminate();
        let (code, log) = self.ended();
        assert_eq!(code, 0, "{log}");
        log
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn ask(port: u16, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/json\r\n"
    };
    let length = body.len();
    write!(
        stream,
        "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// A few facts and a process with instances, written through the program's own doors.
pub fn fill(serving: &Serving) {
    for n in 0..40 {
        let patient = format!(
            r#"{{"resourceType":"Patient","id":"p{n}","name":[{{"family":"Rossi{n}","given":["Maria"]}}],"birthDate":"1970-01-{:02}"}}"#,
            n % 28 + 1
        );
        let answer = serving.ask(&format!("PUT /fhir/Patient/p{n}"), &patient);
        assert!([200, 201].contains(&status(&answer)), "{answer}");
        let again = patient.replace("Maria", "Lucia");
        assert_eq!(status(&serving.ask(&format!("PUT /fhir/Patient/p{n}"), &again)), 200);
    }
    assert_eq!(status(&serving.ask("DELETE /fhir/Patient/p39", "")) / 100, 2);
    let model = proof_model();
    let deployed = serving.ask("POST /orchestrator/deployments", &model);
    assert_eq!(status(&deployed) / 100, 2, "{deployed}");
    for n in 0..5 {
        let answer = serving.ask(
            "POST /orchestrator/instances",
            &format!(r#"{{"definition":"attesa","businessKey":"k{n}","variables":{{}}}}"#),
        );
        assert_eq!(status(&answer) / 100, 2, "{answer}");
    }
}

/// A process that waits a week, and one at a task.
fn proof_model() -> String {
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="t">
  <bpmn:process id="attesa" isExecutable="true">
    <bpmn:startEvent id="inizio"/>
    <bpmn:sequenceFlow id="a" sourceRef="inizio" targetRef="settimana"/>
    <bpmn:intermediateCatchEvent id="settimana"><bpmn:timerEventDefinition><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P7D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="b" sourceRef="settimana" targetRef="fine"/>
    <bpmn:endEvent id="fine"/>
  </bpmn:process>
</bpmn:definitions>"#;
    serde_json::json!({"files": [{"name": "attesa.bpmn", "content": xml}]}).to_string()
}
