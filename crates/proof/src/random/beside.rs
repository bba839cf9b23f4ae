//! Listeners and commits in between, strewn over the file of a random model.

/// Elements that may have them.
const NODES: [&str; 21] = [
    "startEvent",
    "endEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "boundaryEvent",
    "task",
    "userTask",
    "manualTask",
    "serviceTask",
    "sendTask",
    "receiveTask",
    "scriptTask",
    "businessRuleTask",
    "exclusiveGateway",
    "parallelGateway",
    "inclusiveGateway",
    "complexGateway",
    "eventBasedGateway",
    "subProcess",
    "transaction",
    "callActivity",
];

/// The file with listeners and continuations where the bits of `seed` put them; 0: nowhere. What an element gets
/// depends on its number, so that it is the same in both versions, but for one in nine.
#[must_use]
pub fn strew(xml: &str, seed: u64, second: bool) -> String {
    if seed == 0 {
        return xml.to_owned();
    }
    let mut out = String::with_capacity(xml.len() * 2);
    let (mut rest, mut rounds) = (xml, 0);
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>').map(|end| open + end) else {
            break;
        };
        out += &rest[..open];
        let tag = &rest[open + 1..close];
        rest = &rest[close + 1..];
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        let lonely = tag.ends_with('/');
        let body = tag.trim_end_matches('/');
        if name == "multiInstanceLoopCharacteristics" {
            rounds += 1;
            let attributes = apart(mix(seed, &format!("r{rounds}")));
            out += &format!("<{body}{attributes}{}>", if lonely { "/" } else { "" });
            continue;
        }
        let flow = name == "sequenceFlow";
        let id = id_of(body).filter(|_| flow || name == "process" || NODES.contains(&name));
        let Some(id) = id else {
            out += &format!("<{tag}>");
            continue;
        };
        let key = id.replace('v', "n");
        let luck = mix(seed, &key);
        let changed = second && luck.is_multiple_of(9);
        let attributes = if flow || changed { String::new() } else { apart(luck) };
        let listeners = if changed { String::new() } else { listeners(name, luck) };
        out += &format!("<{body}{attributes}>");
        match rest.strip_prefix("<extensionElements>").filter(|_| !lonely) {
            Some(inside) => {
                out += &format!("<extensionElements>{listeners}");
                rest = inside;
            }
            None if !listeners.is_empty() => out += &format!("<extensionElements>{listeners}</extensionElements>"),
            None => {}
        }
        if lonely {
            out += &format!("</{name}>");
        }
    }
    out + rest
}

fn id_of(tag: &str) -> Option<&str> {
    let from = tag.find(" id=\"")? + 5;
    tag[from..].split('"').next()
}

/// FNV-1a: the same for the same element, whatever stands around it.
fn mix(seed: u64, key: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    let mixed = key.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    mixed ^ (mixed >> 29)
}

fn apart(luck: u64) -> String {
    let bit = |n: u32| (luck >> (n * 3)).is_multiple_of(6);
    let before = if bit(1) { r#" camunda:asyncBefore="true""# } else { "" };
    let after = if bit(2) { r#" camunda:asyncAfter="true""# } else { "" };
    format!("{before}{after}")
}

fn listeners(name: &str, luck: u64) -> String {
    let bit = |n: u32| (luck >> (n * 3)).is_multiple_of(8);
    let mut found = String::new();
    let mut add = |n: u32, text: &str| {
        if bit(n) {
            found.push_str(text);
        }
    };
    if name == "sequenceFlow" {
        add(3, r#"<camunda:executionListener event="take" class="l"/>"#);
        add(
            4,
            r#"<camunda:executionListener event="take" expression="${execution.setVariable('c2', true)}"/>"#,
        );
        return found;
    }
    let job = |event: &str| {
        format!(
            r#"<zeebe:executionListeners><zeebe:executionListener eventType="{event}" type="l"/></zeebe:executionListeners>"#
        )
    };
    add(3, &job("start"));
    add(4, &job("end"));
    add(
        5,
        r#"<camunda:executionListener event="start" expression="${execution.setVariable('c0', not c1)}"/>"#,
    );
    add(
        6,
        r#"<camunda:executionListener event="end" expression="${execution.setVariable('stop', c3)}"/>"#,
    );
    if name == "userTask" {
        for (n, event) in ["assigning", "updating", "canceling", "completing"]
            .into_iter()
            .enumerate()
        {
            let text = format!(
                r#"<zeebe:taskListeners><zeebe:taskListener eventType="{event}" type="l"/></zeebe:taskListeners>"#
            );
            add(7 + n as u32, &text);
        }
        let timer = r#"<timerEventDefinition><timeCycle>R2/PT7M</timeCycle></timerEventDefinition>"#;
        add(
            11,
            &format!(r#"<camunda:taskListener event="timeout" class="l">{timer}</camunda:taskListener>"#),
        );
    }
    found
}
