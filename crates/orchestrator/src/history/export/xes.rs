//! XES (IEEE 1849-2016) with the extensions concept, lifecycle, organizational and time.

use super::{CHUNK, Case, Export, Outcome, Visit};
use crate::OrchestratorError;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use mining::MiningError;
use mining::xes::{Attribute, Writer};
use std::io::{self, Write};

/// Plain or zipped bytes that have not been sent yet.
enum Sink {
    Plain(Vec<u8>),
    Zipped(GzEncoder<Vec<u8>>),
}

impl Sink {
    fn full(&mut self) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Plain(bytes) => bytes,
            Self::Zipped(encoder) => encoder.get_mut(),
        };
        (bytes.len() >= CHUNK).then(|| std::mem::take(bytes))
    }

    fn rest(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(bytes) => Ok(bytes),
            Self::Zipped(encoder) => encoder.finish(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Zipped(sink) => sink.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken(error: MiningError) -> OrchestratorError {
    OrchestratorError::Damaged(format!("the export cannot be written: {error}"))
}

pub(super) async fn write(export: &Export, zipped: bool) -> Result<(), OrchestratorError> {
    let sink = match zipped {
        true => Sink::Zipped(GzEncoder::new(Vec::new(), Compression::default())),
        false => Sink::Plain(Vec::new()),
    };
    let mut writer = Writer::new(sink).map_err(broken)?;
    let mut cases = export.orchestrator.cases(export.filter.clone()).await?;
    while let Some(case) = cases.next().await? {
        write_case(export, &case, &mut writer).map_err(broken)?;
        if let Some(chunk) = writer.sink().full() {
            export.send(chunk).await?;
        }
    }
    let rest = writer.finish().map_err(broken)?.rest();
    export.send(rest.map_err(|error| broken(error.into()))?).await
}

fn write_case(export: &Export, case: &Case, writer: &mut Writer<Sink>) -> Result<(), MiningError> {
    let (name, patient) = (export.names.of(&case.id), case.patient.as_deref());
    let patient = patient.map(|patient| export.names.of(&format!("Patient/{patient}")));
    let mut attributes = vec![
        Attribute::Text("concept:name", &name),
        Attribute::Text("sinfonia:definition", &case.definition),
        Attribute::Text("sinfonia:status", case.status),
        Attribute::Moment("sinfonia:started", case.started.as_millisecond()),
    ];
    attributes.extend(
        case.ended
            .map(|at| Attribute::Moment("sinfonia:ended", at.as_millisecond())),
    );
    attributes.extend(
        patient
            .as_deref()
            .map(|patient| Attribute::Text("sinfonia:patient", patient)),
    );
    writer.open(&attributes)?;
    // A start and an end of the same moment keep their order: sorting is stable.
    let mut moments: Vec<(Timestamp, &Visit, &'static str)> = Vec::new();
    for visit in export.work(case) {
        moments.push((visit.entered, visit, "start"));
        if let Some((left, outcome)) = export.end(visit) {
            let transition = if outcome == Outcome::Done {
                "complete"
            } else {
                "ate_abort"
            };
            moments.push((left, visit, transition));
        }
    }
    moments.sort_by_key(|(at, ..)| *at);
    for (at, visit, transition) in moments {
        write_event(export, at, visit, transition, writer)?;
    }
    writer.close()
}

fn write_event(
    export: &Export,
    at: Timestamp,
    visit: &Visit,
    transition: &str,
    writer: &mut Writer<Sink>,
) -> Result<(), MiningError> {
    let who = match transition {
        "start" => visit
            .assignee
            .as_deref()
            .filter(|_| visit.assigned.is_some_and(|taken| taken <= at)),
        _ => visit.actor.as_deref().or(visit.assignee.as_deref()),
    };
    let who = who.map(|who| export.names.of(who));
    let number = visit.token.rsplit('.').next().unwrap_or_default();
    let mut attributes = vec![
        Attribute::Text("concept:name", &visit.name),
        Attribute::Text("concept:instance", number),
        Attribute::Text("lifecycle:transition", transition),
        Attribute::Moment("time:timestamp", at.as_millisecond()),
        Attribute::Text("sinfonia:element", &visit.element),
        Attribute::Text("sinfonia:kind", visit.kind),
        Attribute::Text("sinfonia:definition", &visit.definition),
    ];
    attributes.extend(who.as_deref().map(|who| Attribute::Text("org:resource", who)));
    attributes.extend(visit.roles.first().map(|role| Attribute::Text("org:role", role)));
    writer.event(&attributes)
}
