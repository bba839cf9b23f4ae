//! Writes a XES document as a stream, case by case.

use crate::{MiningError, Trace};
use std::io::Write;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/></global>
<classifier name="Activity" keys="concept:name"/>
"#;

/// A log being written: `new`, then each case, then `finish`.
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

    /// Writes one case.
    ///
    /// # Errors
    /// [`MiningError::Io`] when the sink refuses.
    pub fn trace(&mut self, trace: &Trace) -> Result<(), MiningError> {
        writeln!(self.sink, "<trace>{}", string("concept:name", &trace.case))?;
        for event in &trace.events {
            write!(self.sink, "<event>{}", string("concept:name", &event.activity))?;
            if let Some(moment) = event.at_ms.and_then(|at| jiff::Timestamp::from_millisecond(at).ok()) {
                write!(self.sink, r#"<date key="time:timestamp" value="{moment:.3}"/>"#)?;
            }
            if let Some(resource) = &event.resource {
                write!(self.sink, "{}", string("org:resource", resource))?;
            }
            writeln!(self.sink, "</event>")?;
        }
        writeln!(self.sink, "</trace>")?;
        Ok(())
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
