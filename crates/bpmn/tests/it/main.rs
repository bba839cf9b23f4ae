//! The parser through its public API.

mod dialects;
mod drawing;
mod hostile;
mod published;
mod refusals;

/// Wraps root elements and the inside of a process `p` into a file, one element a line.
pub fn file(root: &str, process: &str) -> String {
    format!(
        "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" xmlns:zeebe=\"http://camunda.org/schema/zeebe/1.0\" \
         xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" xmlns:s=\"https://sinfonia.it/bpmn\" id=\"definitions\">\n{root}\n\
         <process id=\"p\" isExecutable=\"true\">\n{process}\n</process>\n</definitions>"
    )
}

/// A start, the given nodes, an end, and the flows `s ids… e`.
pub fn line(nodes: &str, ids: &str) -> String {
    let all = format!("s {ids} e");
    let all: Vec<&str> = all.split_whitespace().collect();
    let flows: Vec<String> = all
        .windows(2)
        .map(|pair| {
            format!(
                "<sequenceFlow id=\"{0}--{1}\" sourceRef=\"{0}\" targetRef=\"{1}\"/>",
                pair[0], pair[1]
            )
        })
        .collect();
    format!(
        "<startEvent id=\"s\"/>\n{nodes}\n<endEvent id=\"e\"/>\n{}",
        flows.join("\n")
    )
}

/// The issues of a file, one a line: `line rule element: message -> remedy`.
pub fn issues(xml: &str) -> String {
    let (head, issues) = match bpmn::parse(xml) {
        Ok(model) => ("accepted", model.warnings),
        Err(issues) => ("refused", issues),
    };
    let mut text = head.to_owned();
    for issue in issues {
        let element = issue.element.unwrap_or_default();
        let mark = if issue.severity == bpmn::Severity::Error {
            "E"
        } else {
            "W"
        };
        text += &*format!(
            "\n{mark} {} {} [{element}] {} -> {}",
            issue.line, issue.rule, issue.message, issue.remedy
        );
    }
    text
}
