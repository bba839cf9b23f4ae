//! JSON Patch (RFC 6902): pure.

use serde_json::{Map, Value};

/// Operations of one patch.
const MAX_OPERATIONS: usize = 1_000;

/// Values that all `copy` operations of one patch may make: copies of copies grow fast.
const MAX_COPIED: usize = 100_000;

/// One operation, read.
#[derive(Debug, Clone, PartialEq)]
enum Operation {
    Add(Pointer, Value),
    Remove(Pointer),
    Replace(Pointer, Value),
    Move(Pointer, Pointer),
    Copy(Pointer, Pointer),
    Test(Pointer, Value),
}

/// A JSON pointer (RFC 6901), unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pointer(Vec<String>);

/// A patch, read and found to be well-formed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPatch(Vec<Operation>);

impl JsonPatch {
    /// Reads a patch document; errors say which operation and why.
    pub(crate) fn parse(value: Value) -> Result<Self, String> {
        let Value::Array(list) = value else {
            return Err("a JSON Patch is an array of operations".into());
        };
        if list.len() > MAX_OPERATIONS {
            return Err(format!(
                "at most {MAX_OPERATIONS} operations are allowed, {} were given",
                list.len()
            ));
        }
        let read = |(at, value): (usize, Value)| operation(value).map_err(|why| format!("operation {at}: {why}"));
        Ok(Self(list.into_iter().enumerate().map(read).collect::<Result<_, _>>()?))
    }

    /// Changes `value`; after an error it may be half changed.
    pub(crate) fn apply(&self, value: &mut Value) -> Result<(), String> {
        let mut copied = 0;
        for (at, operation) in self.0.iter().enumerate() {
            apply(operation, value, &mut copied).map_err(|why| format!("operation {at}: {why}"))?;
        }
        Ok(())
    }
}

fn operation(mut value: Value) -> Result<Operation, String> {
    let Some(object) = value.as_object_mut() else {
        return Err("must be an object".into());
    };
    let op = text(object, "op")?;
    let path = Pointer::parse(&text(object, "path")?)?;
    let from = |object: &Map<String, Value>| Pointer::parse(&text(object, "from")?);
    let mut given = || {
        object
            .get_mut("value")
            .map(Value::take)
            .ok_or_else(|| format!("{op} needs a 'value'"))
    };
    Ok(match op.as_str() {
        "add" => Operation::Add(path, given()?),
        "remove" => Operation::Remove(path),
        "replace" => Operation::Replace(path, given()?),
        "test" => Operation::Test(path, given()?),
        "move" => {
            let from = from(object)?;
            if path.0.len() > from.0.len() && path.0.starts_with(&from.0) {
                return Err(format!("{from} cannot be moved into itself"));
            }
            Operation::Move(from, path)
        }
        "copy" => Operation::Copy(from(object)?, path),
        other => return Err(format!("'{other}' is none of add, remove, replace, move, copy, test")),
    })
}

fn text(object: &Map<String, Value>, name: &str) -> Result<String, String> {
    let text = object.get(name).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| format!("'{name}' is missing or is not a string"))
}

fn apply(operation: &Operation, root: &mut Value, copied: &mut usize) -> Result<(), String> {
    match operation {
        Operation::Add(path, value) => add(root, path, value.clone()),
        Operation::Remove(path) => remove(root, path).map(drop),
        Operation::Replace(path, value) => {
            *path.find_mut(root)? = value.clone();
            Ok(())
        }
        Operation::Move(from, path) => {
            let value = remove(root, from)?;
            add(root, path, value)
        }
        Operation::Copy(from, path) => {
            let value = from.find(root)?.clone();
            *copied += size(&value);
            if *copied > MAX_COPIED {
                return Err(format!("more than {MAX_COPIED} values would be copied"));
            }
            add(root, path, value)
        }
        Operation::Test(path, expected) => {
            let found = path.find(root)?;
            if same(found, expected) {
                Ok(())
            } else {
                Err(format!("the test failed: {path} is not what the patch expects"))
            }
        }
    }
}

fn add(root: &mut Value, path: &Pointer, value: Value) -> Result<(), String> {
    let Some((last, parent)) = path.0.split_last() else {
        *root = value;
        return Ok(());
    };
    match walk_mut(root, parent, path)? {
        Value::Object(object) => {
            object.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(items) => {
            let at = if last == "-" {
                items.len()
            } else {
                index(last).filter(|at| *at <= items.len()).ok_or_else(|| path.none())?
            };
            items.insert(at, value);
            Ok(())
        }
        _ => Err(path.none()),
    }
}

fn remove(root: &mut Value, path: &Pointer) -> Result<Value, String> {
    let Some((last, parent)) = path.0.split_last() else {
        return Err("the whole resource cannot be removed by a patch: use DELETE".into());
    };
    match walk_mut(root, parent, path)? {
        Value::Object(object) => object.shift_remove(last).ok_or_else(|| path.none()),
        Value::Array(items) => match index(last).filter(|at| *at < items.len()) {
            Some(at) => Ok(items.remove(at)),
            None => Err(path.none()),
        },
        _ => Err(path.none()),
    }
}

fn walk_mut<'v>(root: &'v mut Value, steps: &[String], whole: &Pointer) -> Result<&'v mut Value, String> {
    steps.iter().try_fold(root, |value, step| {
        let next = match value {
            Value::Object(object) => object.get_mut(step),
            Value::Array(items) => index(step).and_then(|at| items.get_mut(at)),
            _ => None,
        };
        next.ok_or_else(|| whole.none())
    })
}

/// An array index: digits, without leading zeros.
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || (!step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit()));
    step.parse().ok().filter(|_| plain)
}

/// Equality of RFC 6902 section 4.6: numbers by value, members in any order.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.as_f64().is_some() && a.as_f64() == b.as_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Values inside a value, itself included.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(object) => 1 + object.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

impl Pointer {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("'{text}' is no JSON pointer: it must start with '/'"));
        };
        Ok(Self(
            rest.split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~"))
                .collect(),
        ))
    }

    fn none(&self) -> String {
        format!("there is nothing at {self}")
    }

    fn find<'v>(&self, root: &'v Value) -> Result<&'v Value, String> {
        self.0.iter().try_fold(root, |value, step| {
            let next = match value {
                Value::Object(object) => object.get(step),
                Value::Array(items) => index(step).and_then(|at| items.get(at)),
                _ => None,
            };
            next.ok_or_else(|| self.none())
        })
    }

    fn find_mut<'v>(&self, root: &'v mut Value) -> Result<&'v mut Value, String> {
        walk_mut(root, &self.0, self)
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the root");
        }
        self.0
            .iter()
            .try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(mut value: Value, patch: Value) -> Result<Value, String> {
        JsonPatch::parse(patch)?.apply(&mut value)?;
        Ok(value)
    }

    /// The examples of RFC 6902, appendix A.
    #[test]
    fn the_examples_of_the_standard() {
        let cases = [
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/baz", "value": "qux"}]),
                json!({"baz": "qux", "foo": "bar"}),
            ),
            (
                json!({"foo": ["bar", "baz"]}),
                json!([{"op": "add", "path": "/foo/1", "value": "qux"}]),
                json!({"foo": ["bar", "qux", "baz"]}),
            ),
            (
                json!({"baz": "qux", "foo": "bar"}),
                json!([{"op": "remove", "path": "/baz"}]),
                json!({"foo": "bar"}),
            ),
            (
                json!({"foo": ["bar", "qux", "baz"]}),
                json!([{"op": "remove", "path": "/foo/1"}]),
                json!({"foo": ["bar", "baz"]}),
            ),
            (
                json!({"baz": "qux"}),
                json!([{"op": "replace", "path": "/baz", "value": "boo"}]),
                json!({"baz": "boo"}),
            ),
            (
                json!({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}),
                json!([{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]),
                json!({"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
            ),
            (
                json!({"foo": ["all", "grass", "cows", "eat"]}),
                json!([{"op": "move", "from": "/foo/1", "path": "/foo/3"}]),
                json!({"foo": ["all", "cows", "eat", "grass"]}),
            ),
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/child", "value": {"grandchild": {}}}]),
                json!({"foo": "bar", "child": {"grandchild": {}}}),
            ),
            (
                json!({"/": 9, "~1": 10}),
                json!([{"op": "test", "path": "/~01", "value": 10}]),
                json!({"/": 9, "~1": 10}),
            ),
            (
                json!({"foo": ["bar"]}),
                json!([{"op": "add", "path": "/foo/-", "value": ["abc"]}]),
                json!({"foo": ["bar", ["abc"]]}),
            ),
            (
                json!({"a": {"b": 1}}),
                json!([{"op": "copy", "from": "/a", "path": "/c"}, {"op": "test", "path": "/c/b", "value": 1.0}]),
                json!({"a": {"b": 1}, "c": {"b": 1}}),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "replace", "path": "", "value": [1]}]),
                json!([1]),
            ),
        ];
        for (value, patch, expected) in cases {
            assert_eq!(patched(value, patch.clone()).as_ref(), Ok(&expected), "{patch}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let told = |patch: Value| patched(json!({"foo": ["bar"], "n": 1}), patch).unwrap_err();
        let one = |op: Value| told(json!([op]));
        assert_eq!(told(json!({})), "a JSON Patch is an array of operations");
        assert_eq!(
            one(json!({"op": "add", "path": "/a/b", "value": 1})),
            "operation 0: there is nothing at /a/b"
        );
        assert_eq!(
            one(json!({"op": "add", "path": "/foo/2", "value": 1})),
            "operation 0: there is nothing at /foo/2"
        );
        assert_eq!(
            one(json!({"op": "remove", "path": "/foo/00"})),
            "operation 0: there is nothing at /foo/00"
        );
        assert_eq!(
            one(json!({"op": "remove", "path": "/foo/-"})),
            "operation 0: there is nothing at /foo/-"
        );
        assert_eq!(
            one(json!({"op": "add", "path": "/a"})),
            "operation 0: add needs a 'value'"
        );
        assert_eq!(
            one(json!({"op": "add", "path": "a", "value": 1})),
            "operation 0: 'a' is no JSON pointer: it must start with '/'"
        );
        assert_eq!(
            one(json!({"op": "move", "from": "/foo", "path": "/foo/0"})),
            "operation 0: /foo cannot be moved into itself"
        );
        assert_eq!(
            one(json!({"op": "swap", "path": "/foo"})),
            "operation 0: 'swap' is none of add, remove, replace, move, copy, test"
        );
        assert_eq!(
            one(json!({"op": "test", "path": "/n", "value": "1"})),
            "operation 0: the test failed: /n is not what the patch expects"
        );
        let doubling = vec![json!({"op": "copy", "from": "/foo", "path": "/foo/0"}); 40];
        assert!(told(json!(doubling)).ends_with("more than 100000 values would be copied"));
    }
}
