//! Members, methods and functions that have a counterpart in FEEL.

use super::Language;
use super::parse::Feel;

type Part = Result<Feel, String>;

/// `receiver.name` without a call.
pub fn property(receiver: &Feel, name: &str, language: Language) -> Feel {
    if name == "length" && language != Language::Juel {
        return length(receiver);
    }
    // the scripts of other engines reach variables through these
    let holder = [
        "variables",
        "environment.variables",
        "this.environment.variables",
        "data",
        "this.data",
    ];
    if language == Language::Script && holder.contains(&receiver.text.as_str()) && receiver.text != "data" {
        return Feel::tight(name);
    }
    Feel::tight(format!("{}.{name}", receiver.closed()))
}

/// `receiver[index]`: other engines count from 0, FEEL from 1.
pub fn index(receiver: &Feel, index: &Feel) -> Part {
    let of = receiver.closed();
    if let Ok(place) = index.text.parse::<u32>() {
        return Ok(Feel::tight(format!("{of}[{}]", place + 1)));
    }
    if index.text == "-1" {
        return Ok(Feel::tight(format!("{of}[-1]")));
    }
    if index.string {
        let key = index.text.trim_matches('"');
        let plain = key.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && key.chars().all(|c| c.is_alphanumeric() || c == '_');
        return Ok(Feel::tight(if plain {
            format!("{of}.{key}")
        } else {
            format!("get value({of}, {})", index.text)
        }));
    }
    let at = &index.text;
    Ok(Feel::tight(format!(
        "(if string length({at}) != null then get value({of}, {at}) else {of}[{at} + 1])"
    )))
}

fn length(of: &Feel) -> Feel {
    let text = &of.text;
    Feel::tight(format!(
        "(if string length({text}) != null then string length({text}) else count({text}))"
    ))
}

/// Whether a text or list contains something.
pub fn contains(holder: &Feel, item: &Feel) -> String {
    let (of, item) = (&holder.text, &item.text);
    format!("(contains({of}, {item}) = true or list contains({of}, {item}) = true)")
}

/// `receiver.name(arguments)`.
pub fn call(receiver: &Feel, name: &str, arguments: &[Feel]) -> Part {
    if ["execution", "task", "delegateTask"].contains(&receiver.text.as_str()) {
        return engine_object(&receiver.text, name, arguments);
    }
    let of = receiver.closed();
    let inside = &receiver.text;
    let texts: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
    let found = match (name, texts.as_slice()) {
        ("size", []) => format!("count({inside})"),
        ("length", []) => format!("string length({inside})"),
        ("isEmpty", []) => format!("({of} = null or {of} = \"\" or {of} = [])"),
        ("contains" | "includes", [_]) => contains(receiver, &arguments[0]),
        ("containsKey" | "hasProp" | "has", [key]) => format!("(get value({inside}, {key}) != null)"),
        ("equals", [_]) => return Ok(comparison(&of, "=", &arguments[0])),
        ("equalsIgnoreCase", [other]) => format!("(lower case({inside}) = lower case({other}))"),
        ("startsWith" | "startswith", [other]) => format!("starts with({inside}, {other})"),
        ("endsWith" | "endswith", [other]) => format!("ends with({inside}, {other})"),
        ("matches", [pattern]) => format!("matches({inside}, {pattern})"),
        ("toLowerCase" | "lower", []) => format!("lower case({inside})"),
        ("toUpperCase" | "upper", []) => format!("upper case({inside})"),
        ("trim" | "strip", []) => format!("replace({inside}, \"^\\s+|\\s+$\", \"\")"),
        ("split", [by]) => format!("split({inside}, {by})"),
        ("replace" | "replaceAll", [from, to]) => format!("replace({inside}, {from}, {to})"),
        ("join", [list]) if receiver.string => format!("string join({list}, {inside})"),
        ("join", [by]) => format!("string join({inside}, {by})"),
        ("substring", [from]) => format!("substring({inside}, {from} + 1)"),
        ("substring", [from, to]) => format!("substring({inside}, {from} + 1, {to} - {from})"),
        ("concat", [other]) => format!("({of} + string({other}))"),
        ("toString" | "stringValue", []) if receiver.string => inside.clone(),
        ("toString", []) => format!("string({inside})"),
        ("get" | "prop", [_]) => return index(receiver, &arguments[0]),
        ("get", [key, default]) => {
            format!("(if get value({inside}, {key}) != null then get value({inside}, {key}) else {default})")
        }
        ("keys" | "keySet", []) => format!("get entries({inside}).key"),
        ("values", []) => format!("get entries({inside}).value"),
        (
            "value" | "stringValue" | "numberValue" | "boolValue" | "intValue" | "longValue" | "doubleValue"
            | "booleanValue" | "elements" | "toDate" | "toList" | "getTime",
            [],
        ) => return Ok(receiver.clone()),
        (_, [amount]) if unit(name).is_some() => return Ok(later(receiver, name, amount)),
        (_, []) if getter(name).is_some() => {
            return Ok(Feel::tight(format!("{of}.{}", getter(name).unwrap_or_default())));
        }
        _ => {
            return Err(format!(
                "the call '{inside}.{name}(…)' runs code that is not here: compute it in a worker or in FEEL"
            ));
        }
    };
    Ok(Feel::tight(found))
}

fn comparison(left: &str, sign: &str, right: &Feel) -> Feel {
    Feel {
        loose: true,
        ..Feel::tight(format!("{left} {sign} {}", right.closed()))
    }
}

/// The property that a Java getter reads: `getName` and `isOpen` give `name` and `open`.
fn getter(name: &str) -> Option<String> {
    let rest = name.strip_prefix("get").or_else(|| name.strip_prefix("is"))?;
    let mut chars = rest.chars();
    let first = chars.next().filter(|c| c.is_uppercase())?;
    Some(first.to_lowercase().chain(chars).collect())
}

/// Before and after the amount in an ISO duration, and whether it is added, for `plusDays` and its kin.
fn unit(name: &str) -> Option<(&'static str, &'static str, char)> {
    let (sign, what) = match (name.strip_prefix("plus"), name.strip_prefix("minus")) {
        (Some(what), _) => ('+', what),
        (_, Some(what)) => ('-', what),
        _ => return None,
    };
    let (before, after) = match what {
        "Seconds" => ("PT", "S"),
        "Minutes" => ("PT", "M"),
        "Hours" => ("PT", "H"),
        "Days" => ("P", "D"),
        "Weeks" => ("P", "W"),
        "Months" => ("P", "M"),
        "Years" => ("P", "Y"),
        _ => return None,
    };
    Some((before, after, sign))
}

fn later(receiver: &Feel, name: &str, amount: &str) -> Feel {
    let (before, after, sign) = unit(name).unwrap_or(("P", "D", '+'));
    // FEEL has no weeks
    let (amount, after) = if after == "W" {
        let days = amount
            .parse::<i64>()
            .map_or_else(|_| format!("(7 * {amount})"), |weeks| (weeks * 7).to_string());
        (days, "D")
    } else {
        (amount.to_owned(), after)
    };
    let duration = if amount.parse::<u64>().is_ok() {
        format!("duration(\"{before}{amount}{after}\")")
    } else {
        format!("duration(\"{before}\" + string({amount}) + \"{after}\")")
    };
    Feel {
        loose: true,
        ..Feel::tight(format!("{} {sign} {duration}", receiver.text))
    }
}

/// What an expression may ask of the engine itself.
fn engine_object(object: &str, name: &str, arguments: &[Feel]) -> Part {
    let variable = || {
        let name = arguments.first()?.text.strip_prefix('"')?.strip_suffix('"')?;
        (arguments.len() == 1).then(|| name.to_owned())
    };
    let what = match (name, variable()) {
        ("getVariable" | "getVariableLocal", Some(variable)) => return Ok(Feel::tight(variable)),
        ("hasVariable" | "hasVariableLocal", Some(variable)) => {
            return Ok(Feel::tight(format!("({variable} != null)")));
        }
        ("getProcessBusinessKey" | "getBusinessKey", None) => "processBusinessKey",
        ("getProcessInstanceId" | "getId" | "getRootProcessInstanceId", None) => "processInstanceId",
        ("getProcessDefinitionId", None) => "processDefinitionId",
        ("getCurrentActivityId" | "getActivityId", None) => "currentActivityId",
        ("getVariables", None) => {
            return Err("the set of all variables has no name: use the variables one by one".into());
        }
        _ => {
            return Err(format!(
                "'{object}.{name}(…)' changes or asks an engine that is not here: use process variables"
            ));
        }
    };
    Ok(Feel::tight(format!("execution.{what}")))
}

/// A function without a receiver.
pub fn function(name: &str, arguments: &[Feel]) -> Part {
    let texts: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
    let found = match (name, texts.as_slice()) {
        ("now" | "dateTime", []) => "now()".to_owned(),
        ("len", [list]) => return Ok(length(&Feel::tight(*list))),
        ("str" | "String", [value]) => format!("string({value})"),
        ("int" | "float" | "Number" | "parseInt" | "parseFloat" | "Decimal", [value]) => {
            format!("number(string({value}))")
        }
        ("bool" | "Boolean", [value]) => format!("({value} = true)"),
        ("abs" | "sum" | "min" | "max" | "floor", [_, ..]) => format!("{name}({})", texts.join(", ")),
        ("ceil", [value]) => format!("ceiling({value})"),
        ("round", [value]) => format!("round half even({value}, 0)"),
        ("round", [value, places]) => format!("round half even({value}, {places})"),
        ("list" | "S" | "JSON", [value]) => (*value).to_owned(),
        ("range", [end]) => format!("(for i in 1..{end} return i - 1)"),
        _ => {
            return Err(format!(
                "the call '{name}(…)' runs code that is not here: compute it in a worker or in FEEL"
            ));
        }
    };
    Ok(Feel::tight(found))
}

/// Flowable's `variables:equals(x, 1)` and its kin (Flowable user guide, "Expression functions").
pub fn variable_function(name: &str, arguments: &[Feel]) -> Part {
    let unquoted = |feel: &Feel| Feel::tight(feel.text.trim_matches('"').to_owned());
    let Some(variable) = arguments.first().map(unquoted) else {
        return Err(format!("the function '{name}' names no variable"));
    };
    let of = &variable.text;
    let sign = match name {
        "equals" | "eq" => "=",
        "notEquals" | "ne" => "!=",
        "lowerThan" | "lessThan" | "lt" => "<",
        "lowerThanOrEquals" | "lessThanOrEquals" | "lte" => "<=",
        "greaterThan" | "gt" => ">",
        "greaterThanOrEquals" | "gte" => ">=",
        "get" if arguments.len() == 1 => return Ok(variable),
        "getOrDefault" if arguments.len() == 2 => {
            return Ok(Feel::tight(format!(
                "(if {of} = null then {} else {of})",
                arguments[1].text
            )));
        }
        "exists" | "exist" => return Ok(Feel::tight(format!("({of} != null)"))),
        "isEmpty" | "empty" => return Ok(Feel::tight(format!("({of} = null or {of} = \"\" or {of} = [])"))),
        "isNotEmpty" | "notEmpty" => {
            return Ok(Feel::tight(format!("not({of} = null or {of} = \"\" or {of} = [])")));
        }
        "contains" if arguments.len() == 2 => return Ok(Feel::tight(contains(&variable, &arguments[1]))),
        _ => {
            return Err(format!(
                "the function 'variables:{name}' is not known: write the condition in FEEL"
            ));
        }
    };
    match arguments {
        [_, other] => Ok(comparison(of, sign, other)),
        _ => Err(format!("the function 'variables:{name}' takes a variable and a value")),
    }
}
