//! Who may do what, over HTTP: the cells of `tests/data/matrix.tsv`.

mod personas;
mod region;

use crate::world::{Answer, World, send};
use axum::body::Body;
use http::Request;
use personas::Persona;
use regex::Regex;

const MATRIX: &str = include_str!("../../data/matrix.tsv");

struct Action {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    body: &'static str,
    marker: &'static str,
    cells: Vec<&'static str>,
}

/// The personas of the head line, and the actions.
fn matrix() -> (Vec<&'static str>, Vec<Action>) {
    let mut lines = MATRIX
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().expect("a head line");
    let personas: Vec<_> = head[5].split_whitespace().collect();
    let actions = lines.map(|cells| Action {
        name: cells[0],
        method: cells[1],
        path: cells[2],
        body: cells[3],
        marker: cells[4],
        cells: cells[5].split_whitespace().collect(),
    });
    (personas, actions.collect())
}

impl Action {
    fn filled(&self, text: &str, persona: &Persona) -> String {
        text.replace("{P}", persona.patient)
            .replace("{T}", &persona.task)
            .replace("{I}", &persona.instance)
    }

    fn request(&self, persona: &Persona) -> Request<Body> {
        let (path, header) = self.path.split_once('#').unwrap_or((self.path, ""));
        let mut request = Request::builder().method(self.method).uri(self.filled(path, persona));
        if let Some((name, value)) = header.split_once('=') {
            request = request.header(name, value);
        }
        for (name, value) in &persona.headers {
            request = request.header(*name, value);
        }
        let body = match self.body {
            "-" => String::new(),
            body => self.filled(body, persona),
        };
        let kind = match self.method {
            "PATCH" => "application/json-patch+json",
            _ => "application/json",
        };
        if !body.is_empty() {
            request = request.header("content-type", kind);
        }
        request.body(Body::from(body)).unwrap()
    }

    /// What came out, in the letters of the table.
    fn comes_out(&self, answer: &Answer, persona: &Persona, expected: &str) -> bool {
        let status = answer.status.as_u16();
        let done = answer.status.is_success();
        let shows = || {
            let marker = Regex::new(&self.filled(self.marker, persona)).expect("the marker is a regular expression");
            marker.is_match(&answer.text())
        };
        match expected {
            "*" => true,
            "S" => done && shows(),
            "N" => done && !shows(),
            "D" => matches!(status, 403 | 404) || (done && !shows()),
            "OK" => done,
            "M" => !matches!(status, 401 | 403 | 404) && !answer.status.is_server_error(),
            "X" => matches!(status, 403 | 404),
            exact => exact == answer.status.as_str(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_persona_may_do_what_the_table_says_and_nothing_else() {
    let (names, actions) = matrix();
    assert!(names.len() >= 30 && actions.len() >= 40, "30 personas x 40 actions");
    let world = World::with(|setup| setup.validation = hub::Validation::Off.into()).await;
    let personas = region::settle(&world, &names).await;
    let (mut wrong, mut judged) = (vec![], 0);
    for action in &actions {
        assert_eq!(
            action.cells.len(),
            personas.len(),
            "{}: a cell for each persona",
            action.name
        );
        for (persona, expected) in personas.iter().zip(&action.cells) {
            let answer = send(&world.system.router, action.request(persona)).await;
            judged += u32::from(*expected != "*");
            if !action.comes_out(&answer, persona, expected) {
                let said: String = answer.text().chars().take(160).collect();
                let said = said.replace('\n', " ");
                wrong.push(format!(
                    "{} | {} | {expected} | {} {said}",
                    action.name, persona.name, answer.status
                ));
            }
        }
    }
    println!(
        "{} personas, {} actions, {judged} cells judged",
        personas.len(),
        actions.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {judged} cells:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
