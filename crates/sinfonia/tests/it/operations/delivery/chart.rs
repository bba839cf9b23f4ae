//! The chart as `helm template` makes it: Go's templates, with the functions of Helm that the chart uses and no others.

use gtmpl::{Context, FuncError, Template, Value};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

thread_local! {
    /// What `include` looks its templates up in: a function of the library is a plain one.
    static HELPERS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The name of the release.
pub const RELEASE: &str = "prova";

/// All objects of the chart in this folder, with these values over its own.
pub fn render(chart: &Path, values: &Json) -> Result<Vec<Json>, String> {
    let about = yaml_file(&chart.join("Chart.yaml"));
    let mut all = yaml_file(&chart.join("values.yaml"));
    over(&mut all, values);
    let data = json!({
        "Values": all,
        "Release": {"Name": RELEASE},
        "Chart": {"Name": about["name"], "AppVersion": about["appVersion"]},
    });
    let helpers = std::fs::read_to_string(chart.join("templates/_helpers.tpl")).unwrap();
    HELPERS.with(|kept| *kept.borrow_mut() = helpers);
    let files = std::fs::read_dir(chart.join("templates")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    let mut objects = Vec::new();
    for file in files {
        let told = |error: String| format!("{}: {error}", file.display());
        let text = filled(&std::fs::read_to_string(&file).unwrap(), go(&data)).map_err(told)?;
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let object = Json::deserialize(document).map_err(|error| told(format!("{error}\n{text}")))?;
            objects.extend((!object.is_null()).then_some(object));
        }
    }
    Ok(objects)
}

/// A YAML file as JSON.
pub fn yaml_file(path: &Path) -> Json {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut value: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    value.apply_merge().unwrap();
    serde_json::to_value(value).unwrap()
}

fn over(into: &mut Json, values: &Json) {
    match (into, values) {
        (Json::Object(into), Json::Object(values)) => {
            for (key, value) in values {
                over(into.entry(key.clone()).or_insert(Json::Null), value);
            }
        }
        (into, value) => *into = value.clone(),
    }
}

fn filled(text: &str, data: Value) -> Result<String, String> {
    let functions: [(&str, gtmpl::Func); 12] = [
        ("include", include),
        ("toJson", |args| Ok(from_go(&args[0]).to_string().into())),
        ("toYaml", to_yaml),
        ("nindent", nindent),
        ("quote", |args| Ok(Json::from(text_of(&args[0])).to_string().into())),
        ("add", add),
        ("dict", dict),
        ("merge", merge),
        ("list", |args| Ok(Value::Array(args.to_vec()))),
        ("join", join),
        ("urlParse", url_parse),
        ("fail", |args| Err(wrong(text_of(&args[0])))),
    ];
    let mut template = Template::default();
    template.add_funcs(&functions);
    let helpers = HELPERS.with(|kept| kept.borrow().clone());
    let parsed = template.parse(format!("{helpers}{text}"));
    parsed.map_err(|error| error.to_string())?;
    template.render(&Context::from(data)).map_err(|error| error.to_string())
}

fn wrong(why: impl ToString) -> FuncError {
    FuncError::Generic(why.to_string())
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => from_go(other).to_string(),
    }
}

fn include(args: &[Value]) -> Result<Value, FuncError> {
    let call = format!("{{{{ template {:?} . }}}}", text_of(&args[0]));
    filled(&call, args[1].clone()).map(Value::String).map_err(wrong)
}

fn to_yaml(args: &[Value]) -> Result<Value, FuncError> {
    let text = serde_yaml_ng::to_string(&from_go(&args[0])).map_err(wrong)?;
    Ok(text.trim_end().into())
}

fn nindent(args: &[Value]) -> Result<Value, FuncError> {
    let width = from_go(&args[0])
        .as_u64()
        .ok_or_else(|| wrong("nindent wants a number"))?;
    let pad = " ".repeat(usize::try_from(width).map_err(wrong)?);
    let text = text_of(&args[1]);
    Ok(text
        .split('\n')
        .map(|line| format!("\n{pad}{line}"))
        .collect::<String>()
        .into())
}

fn add(args: &[Value]) -> Result<Value, FuncError> {
    let numbers = args.iter().map(|value| from_go(value).as_i64());
    let sum: Option<i64> = numbers.sum();
    sum.map(Value::from).ok_or_else(|| wrong("add wants numbers"))
}

fn dict(args: &[Value]) -> Result<Value, FuncError> {
    let pairs = args.chunks(2).map(|pair| match pair {
        [key, value] => Ok((text_of(key), value.clone())),
        _ => Err(wrong("dict wants pairs")),
    });
    Ok(Value::Map(pairs.collect::<Result<_, _>>()?))
}

/// The first one that has a key counts.
fn merge(args: &[Value]) -> Result<Value, FuncError> {
    let mut all = HashMap::new();
    for one in args.iter().rev() {
        match one {
            Value::Map(map) | Value::Object(map) => all.extend(map.clone()),
            _ => return Err(wrong("merge wants maps")),
        }
    }
    Ok(Value::Map(all))
}

fn join(args: &[Value]) -> Result<Value, FuncError> {
    let Value::Array(items) = &args[1] else {
        return Err(wrong("join wants a list"));
    };
    let texts: Vec<String> = items.iter().map(text_of).collect();
    Ok(texts.join(&text_of(&args[0])).into())
}

fn url_parse(args: &[Value]) -> Result<Value, FuncError> {
    let url: http::Uri = text_of(&args[0]).parse().map_err(wrong)?;
    let host = url.authority().map(ToString::to_string).unwrap_or_default();
    Ok(Value::Map(HashMap::from([("host".to_owned(), host.into())])))
}

fn go(value: &Json) -> Value {
    match value {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => text.clone().into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Json::Array(items) => Value::Array(items.iter().map(go).collect()),
        Json::Object(fields) => Value::Map(fields.iter().map(|(key, value)| (key.clone(), go(value))).collect()),
    }
}

fn from_go(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => Json::Bool(*truth),
        Value::String(text) => Json::from(text.clone()),
        Value::Number(number) => number
            .as_i64()
            .map(Json::from)
            .or_else(|| number.as_f64().map(Json::from))
            .unwrap_or(Json::Null),
        Value::Array(items) => items.iter().map(from_go).collect(),
        Value::Map(fields) | Value::Object(fields) => Json::Object(
            fields
                .iter()
                .map(|(key, value)| (key.clone(), from_go(value)))
                .collect(),
        ),
        _ => Json::Null,
    }
}
