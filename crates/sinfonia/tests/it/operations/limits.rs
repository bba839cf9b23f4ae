//! Slow clients, too many clients, and the end of the program.

use super::{Serving, fill, status, text};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

fn connect(serving: &Serving) -> TcpStream {
    TcpStream::connect(("127.0.0.1", serving.port)).unwrap()
}

fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset is closed, too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn slow_clients_are_sent_away_and_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(
        &["--data", text(folder.path())],
        &["--header-seconds", "1", "--body-seconds", "1"],
    );
    let slow: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = connect(&serving);
            stream
                .write_all(b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                .unwrap();
            stream
        })
        .collect();
    let mut half = connect(&serving);
    half.write_all(
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
    )
    .unwrap();
    assert_eq!(
        status(&serving.ask("GET /health/live", "")),
        200,
        "others are served meanwhile"
    );
    // Each is closed by the program: else this would wait for ever.
    for stream in slow {
        let answer = rest(stream);
        assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
    }
    let answer = rest(half);
    assert!(answer.is_empty() || (400..500).contains(&status(&answer)), "{answer}");
    serving.stop();
}

#[test]
fn heavy_work_finds_no_place_before_pages_do() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(
        &["--data", text(folder.path())],
        &["--background-at-once", "1", "--body-seconds", "20"],
    );
    // Holds the one place of heavy work: its body does not come.
    let mut held = connect(&serving);
    held.write_all(
        b"POST /fhir/$import HTTP/1.1\r\nHost: x\r\nPrefer: respond-async\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
    )
    .unwrap();
    let mut refused = String::new();
    for _ in 0..1_000 {
        refused = serving.ask("POST /fhir/$import", "{}");
        if status(&refused) == 429 {
            break;
        }
    }
    assert!(
        status(&refused) == 429 && refused.to_lowercase().contains("retry-after: "),
        "{refused}"
    );
    assert_eq!(status(&serving.ask("GET /accedi", "")), 200, "a page comes in");
    drop(held);
    serving.stop();
}

#[test]
fn the_end_loses_no_request_and_does_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let serving = Serving::start(&["--data", text(&data)], &[]);
    fill(&serving);
    let (port, id) = (serving.port, serving.id());
    let done: Vec<Vec<String>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                scope.spawn(move || {
                    let mut done = Vec::new();
                    for n in 0..10_000 {
                        let key = format!("w{writer}-{n}");
                        let body = format!(r#"{{"resourceType":"Basic","id":"{key}","code":{{"text":"x"}}}}"#);
                        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return done };
                        let length = body.len();
                        let head = format!("PUT /fhir/Basic/{key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
                        if stream.write_all(head.as_bytes()).is_err() {
                            return done;
                        }
                        let mut answer = Vec::new();
                        let _ = stream.read_to_end(&mut answer);
                        let answer = String::from_utf8_lossy(&answer).into_owned();
                        if answer.is_empty() {
                            // It came after the door was closed.
                            return done;
                        }
                        assert_eq!(status(&answer), 201, "{answer}");
                        done.push(key);
                        if writer == 0 && n == 20 {
                            let sent = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status();
                            assert!(sent.unwrap().success());
                        }
                    }
                    done
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let (code, log) = serving.ended();
    assert_eq!(code, 0, "{log}");
    assert!(
        log.contains("finishing the requests in hand") && log.contains("stopped"),
        "{log}"
    );
    let serving = Serving::start(&["--data", text(&data)], &[]);
    for key in done.iter().flatten() {
        let answer = serving.ask(&format!("GET /fhir/Basic/{key}"), "");
        assert!(
            status(&answer) == 200 && answer.contains("\"versionId\":\"1\""),
            "{key}: {answer}"
        );
    }
    serving.stop();
}
