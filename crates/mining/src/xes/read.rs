//! Reads a XES document as a stream: what is not needed is never held.

use crate::{Event, EventLog, MiningError, Trace};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Xml};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// The most events that a log may have: they are held in memory, some 100 bytes each.
const MAXIMUM_EVENTS: usize = 20_000_000;

/// Reads a `.xes` or `.xes.gz` file; which of the two is told by its first bytes.
///
/// # Errors
/// [`MiningError`] when the file cannot be read, is not well-formed, or exceeds the maximum.
pub fn read_file(path: &Path) -> Result<EventLog, MiningError> {
    let mut file = BufReader::new(std::fs::File::open(path)?);
    let zipped = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    if zipped {
        read(BufReader::new(flate2::read::MultiGzDecoder::new(file)))
    } else {
        read(file)
    }
}

/// Reads an uncompressed XES document. Events without `concept:name` are not events of a process and are left out.
///
/// # Errors
/// As [`read_file`].
pub fn read(source: impl BufRead) -> Result<EventLog, MiningError> {
    let mut reader = Reader::from_reader(source);
    let mut state = State::default();
    let mut buffer = Vec::new();
    loop {
        let position = reader.buffer_position();
        let found = reader.read_event_into(&mut buffer).map_err(|error| MiningError::Xml {
            position,
            message: error.to_string(),
        })?;
        match found {
            Xml::Start(element) => state.open(&element, false, position)?,
            Xml::Empty(element) => state.open(&element, true, position)?,
            Xml::End(_) => state.close()?,
            Xml::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    if !state.saw_log || !state.path.is_empty() {
        return Err(MiningError::Xes {
            position: reader.buffer_position(),
            message: "the document must be one complete <log> element".into(),
        });
    }
    Ok(state.log)
}

/// The elements that matter for the place of an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Log,
    Trace,
    Event,
    Other,
}

#[derive(Default)]
struct State {
    path: Vec<Place>,
    log: EventLog,
    trace: Trace,
    name: Option<Arc<str>>,
    at_ms: Option<i64>,
    resource: Option<Arc<str>>,
    names: HashMap<String, Arc<str>>,
    saw_log: bool,
    events: usize,
}

impl State {
    fn open(&mut self, element: &BytesStart<'_>, empty: bool, position: u64) -> Result<(), MiningError> {
        let inside = self.path.last().copied();
        let place = match (inside, element.local_name().as_ref()) {
            (None, b"log") => Place::Log,
            (Some(Place::Log), b"trace") => Place::Trace,
            (Some(Place::Trace), b"event") => Place::Event,
            _ => Place::Other,
        };
        match place {
            Place::Log => self.saw_log = true,
            Place::Trace => self.trace = Trace::default(),
            Place::Event => (self.name, self.at_ms, self.resource) = (None, None, None),
            Place::Other if matches!(inside, Some(Place::Trace | Place::Event)) => {
                self.attribute(element, inside == Some(Place::Event), position)?;
            }
            Place::Other => {}
        }
        self.path.push(place);
        if empty { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), MiningError> {
        match self.path.pop() {
            Some(Place::Trace) => self.log.traces.push(std::mem::take(&mut self.trace)),
            Some(Place::Event) => {
                if let Some(activity) = self.name.take() {
                    self.events += 1;
                    if self.events > MAXIMUM_EVENTS {
                        return Err(MiningError::TooMuch {
                            what: "events in a XES log",
                            maximum: MAXIMUM_EVENTS,
                        });
                    }
                    let (at_ms, resource) = (self.at_ms, self.resource.take());
                    self.trace.events.push(Event {
                        started_ms: None,
                        activity,
                        at_ms,
                        resource,
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn attribute(&mut self, element: &BytesStart<'_>, of_event: bool, position: u64) -> Result<(), MiningError> {
        let (mut key, mut value) = (None, None);
        for attribute in element.attributes() {
            let xml = |error: String| MiningError::Xml {
                position,
                message: error,
            };
            let attribute = attribute.map_err(|error| xml(error.to_string()))?;
            let slot = match attribute.key.as_ref() {
                b"key" => &mut key,
                b"value" => &mut value,
                _ => continue,
            };
            let raw = std::str::from_utf8(&attribute.value).map_err(|error| xml(error.to_string()))?;
            *slot = Some(
                quick_xml::escape::unescape(raw)
                    .map_err(|error| xml(error.to_string()))?
                    .into_owned(),
            );
        }
        let (Some(key), Some(value)) = (key, value) else {
            return Ok(());
        };
        match (of_event, key.as_str()) {
            (false, "concept:name") => self.trace.case = value,
            (true, "concept:name") => self.name = Some(self.shared(value)),
            (true, "org:resource") => self.resource = Some(self.shared(value)),
            (true, "time:timestamp") => {
                self.at_ms = Some(moment_ms(&value).ok_or_else(|| MiningError::Xes {
                    position,
                    message: format!("time:timestamp '{value}' is not a date and time of ISO 8601"),
                })?);
            }
            _ => {}
        }
        Ok(())
    }

    fn shared(&mut self, text: String) -> Arc<str> {
        self.names
            .entry(text)
            .or_insert_with_key(|text| text.as_str().into())
            .clone()
    }
}

/// A moment with its offset; without one it is taken as UTC.
fn moment_ms(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let moment = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"<log xes.version="1.0"><global scope="event"><string key="concept:name" value="no"/></global>
        <trace><string key="concept:name" value="1 &amp; 2"/>
        <event><string key="concept:name" value="a"/><date key="time:timestamp" value="1970-01-01T01:00:00.500+01:00"/>
        <list key="x"><values><string key="concept:name" value="nested"/></values></list></event>
        <event><string key="org:resource" value="nobody"/></event></trace></log>"#;

    #[test]
    fn reads_what_matters_and_skips_the_rest() {
        let log = read(LOG.as_bytes()).unwrap();
        assert_eq!(
            (log.traces.len(), log.events(), log.traces[0].case.as_str()),
            (1, 1, "1 & 2")
        );
        assert_eq!(
            (&*log.traces[0].events[0].activity, log.traces[0].events[0].at_ms),
            ("a", Some(500))
        );
    }

    #[test]
    fn says_where_a_document_is_wrong() {
        for (wrong, says) in [
            ("<log><trace></log>", "byte"),
            ("<other/>", "<log>"),
            (
                r#"<log><trace><event><date key="time:timestamp" value="soon"/></event></trace></log>"#,
                "'soon'",
            ),
        ] {
            let error = read(wrong.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
