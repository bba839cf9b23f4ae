//! Writes a XES document as a stream, case by case.

use crate::{MiningError, Trace};
use std::io::Write;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/></global>
<classifier name="Activity" keys="concept:name"/>
"#;

/// An attribute: its key and its value.
#[derive(Debug, Clone, Copy)]
pub enum Attribute<'a> {
    /// `string`.
    Text(&'a str, &'a str),
    /// `date`, in milliseconds from 1970-01-01T00:00:00Z.
    Moment(&'a str, i64),
    /// `int`.
    Whole(&'a str, i64),
}

/// A log being written: `new`, then each case, then `finish`. A case is written at once by `trace`, or by `open`, its
/// events, and `close`.
pub struct Writer<W: Write> {
    sink: W,
}

impl<W: Write> Writer<W> {
    /// Writes the head of the document.
    ///
    /// # Errors
    /// [`MiningError::Io`] when the sink refuses.
    pub fn new(mut sink: W) -> Result<Self, MiningError> {
        sink.write_all(HEAD.as_bytes())?;
        Ok(Self { sink })
    }

    /// Begins a case, with its attributes.
    ///
    /// # Errors
    /// [`MiningError::Io`] when the sink refuses.
    pub fn open(&mut self, attributes: &[Attribute<'_>]) -> Result<(), MiningError> {
        self.sink.write_all(b"<trace>")?;
        self.attributes(attributes)?;
        Ok(self.sink.write_all(b"\n")?)
    }

    /// Writes an event of the open case.
    ///
    /// # Errors
    /// [`MiningError::Io`] when the sink refuses.
    pub fn event(&mut self, attributes: &[Attribute<'_>]) -> Result<(), MiningError> {
        self.sink.write_all(b"<event>")?;
        self.attributes(attributes)?;
        Ok(self.sink.write_all(b"</event>\n")?)
    }

    /// Ends the open case.
    ///
    /// # Errors
    /// [`MiningError::Io`] when the sink refuses.
    pub fn close(&mut self) -> Result<(), MiningError> {
        Ok(self.sink.write_all(b"</trace>\n")?)
    }

    /// What is being written to; take from it only between cases and events.
    pub fn sink(&mut self) -> &mut W {
        &mut self.sink
    }

    fn attributes(&mut self, attributes: &[Attribute<'_>]) -> Result<(), MiningError> {
        for attribute in attributes {
            match attribute {
                Attribute::Text(key, value) => self.sink.write_all(string(key, value).as_bytes())?,
                Attribute::Whole(key, value) => write!(self.sink, r#"<int key="{key}" value="{value}"/>"#)?,
                Attribute::Moment(key, at_ms) => {
                    if let Ok(moment) = jiff::Timestamp::from_millisecond(*at_ms) {
                        write!(self.sink, r#"<date key="{key}" value="{moment:.3}"/>"#)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes one case. An event whose start is known is written as two (`lifecycle:transition`).
    ///
    /// # Errors
    /// [`MiningError::Io`] when the sink refuses.
    pub fn trace(&mut self, trace: &Trace) -> Result<(), MiningError> {
        self.open(&[Attribute::Text("concept:name", &trace.case)])?;
        for event in &trace.events {
            let mut attributes = vec![Attribute::Text("concept:name", &event.activity)];
            if let Some(resource) = &event.resource {
                attributes.push(Attribute::Text("org:resource", resource));
            }
            let plain = attributes.len();
            if let Some(started_ms) = event.started_ms {
                attributes.push(Attribute::Moment("time:timestamp", started_ms));
                attributes.push(Attribute::Text("lifecycle:transition", "start"));
                self.event(&attributes)?;
                attributes.truncate(plain);
                attributes.push(Attribute::Text("lifecycle:transition", "complete"));
            }
            attributes.extend(event.at_ms.map(|at_ms| Attribute::Moment("time:timestamp", at_ms)));
            self.event(&attributes)?;
        }
        self.close()
    }

    /// Closes the document and gives the sink back.
    ///
    /// # Errors
    /// [`MiningError::Io`] when the sink refuses.
    pub fn finish(mut self) -> Result<W, MiningError> {
        self.sink.write_all(b"</log>\n")?;
        Ok(self.sink)
    }
}

fn string(key: &str, value: &str) -> String {
    format!(r#"<string key="{key}" value="{}"/>"#, quick_xml::escape::escape(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn what_is_written_is_read_back() {
        let event = Event {
            activity: "visita <1> & \"2\"".into(),
            started_ms: None,
            at_ms: Some(1_500),
            resource: Some("a".into()),
        };
        let trace = Trace {
            case: "c'1".into(),
            events: vec![event],
        };
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer.trace(&trace).unwrap();
        let bytes = writer.finish().unwrap();
        assert_eq!(super::super::read(bytes.as_slice()).unwrap().traces, [trace]);
    }
}
