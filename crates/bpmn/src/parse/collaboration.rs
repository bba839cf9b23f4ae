//! Pools and message flows.

use super::reader::{Reader, local};
use crate::{MessageFlow, Participant};

/// Participants and message flows of every collaboration.
pub fn read(reader: &mut Reader<'_>) -> (Vec<Participant>, Vec<MessageFlow>) {
    let (mut participants, mut flows) = (Vec::new(), Vec::new());
    for collaboration in reader
        .children_named(reader.root(), "collaboration")
        .collect::<Vec<_>>()
    {
        for element in reader.bpmn_children(collaboration) {
            let id = element.attribute("id").unwrap_or_default().to_owned();
            match element.tag_name().name() {
                "participant" => {
                    let process = element
                        .attribute("processRef")
                        .map(|reference| local(reference).to_owned());
                    if let Some(process) = &process
                        && reader.by_ref(process).is_none()
                    {
                        let message = format!("the pool refers to the process '{process}', which is not in this file");
                        reader.warn(
                            element,
                            "reference-unknown",
                            message,
                            "remove the reference, or add the process",
                        );
                    }
                    let name = element.attribute("name").map(str::to_owned);
                    participants.push(Participant { id, name, process });
                }
                "messageFlow" => {
                    let source = element.attribute("sourceRef").map(local).unwrap_or_default().to_owned();
                    let target = element.attribute("targetRef").map(local).unwrap_or_default().to_owned();
                    flows.push(MessageFlow { id, source, target });
                }
                _ => {}
            }
        }
    }
    (participants, flows)
}
