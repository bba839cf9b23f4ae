//! Placeholders of the suite in the words of this engine.

/// Rewrites a model: scripts become jobs of the type `script:betsy`, `test.contains("a")` becomes FEEL.
pub fn translate(xml: &str) -> String {
    conditions(&scripts(xml))
}

/// Gives script tasks the script format `betsy`, so that a worker runs them.
fn scripts(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() + 1024);
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        out.push_str(&rest[..start]);
        out.push_str(&tag(&rest[start..end]));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn tag(tag: &str) -> String {
    let name = tag
        .trim_start_matches('<')
        .split(|c: char| c.is_whitespace() || c == '>')
        .next()
        .unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default();
    let is_script = (local == "scriptTask" || local == "globalScriptTask") && !tag.starts_with("</");
    if !is_script || tag.contains("scriptFormat") || tag.contains("scriptLanguage") {
        return tag.to_owned();
    }
    tag.replacen(name, &format!("{name} scriptFormat=\"betsy\""), 1)
}

/// `[!]test.contains("x")` as FEEL. One model of the suite has a stray `>` after it.
fn conditions(xml: &str) -> String {
    const CALL: &str = "test.contains(\"";
    let mut out = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some(start) = rest.find(CALL) {
        let Some(length) = rest[start + CALL.len()..].find("\")") else {
            break;
        };
        let argument = &rest[start + CALL.len()..start + CALL.len() + length];
        let before = &rest[..start];
        let call = format!("contains(test, \"{argument}\")");
        match before.strip_suffix('!') {
            Some(before) => {
                out.push_str(before);
                out.push_str(&format!("not({call})"));
            }
            None => {
                out.push_str(before);
                out.push_str(&call);
            }
        }
        rest = &rest[start + CALL.len() + length + 2..];
        rest = rest.strip_prefix('>').unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites_scripts_and_conditions() {
        assert_eq!(
            translate("<b:scriptTask id=\"x\">"),
            "<b:scriptTask scriptFormat=\"betsy\" id=\"x\">"
        );
        assert_eq!(translate("</b:scriptTask>"), "</b:scriptTask>");
        assert_eq!(
            translate("<c>!test.contains(\"a\")</c>"),
            "<c>not(contains(test, \"a\"))</c>"
        );
        assert_eq!(
            translate("<c>test.contains(\"a\")></c>"),
            "<c>contains(test, \"a\")</c>"
        );
    }
}
