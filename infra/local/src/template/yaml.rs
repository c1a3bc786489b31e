//! YAML with CloudFormation's short tags, as JSON with the long forms of its functions.

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use super::fields::Problem;

/// The functions that have a short tag `!Name` for `Fn::Name`.
const FUNCTIONS: [&str; 14] = [
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
];

/// Reads a YAML document.
pub(super) fn to_json(text: &str) -> Result<Value, Problem> {
    let yaml: Yaml = serde_yaml_ng::from_str(text).map_err(|error| Problem::new("", error.to_string()))?;
    convert(yaml, "")
}

// The parser itself limits the depth of what it reads to 128 levels.
fn convert(yaml: Yaml, at: &str) -> Result<Value, Problem> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => number
            .as_i64()
            .map(Value::from)
            .or_else(|| number.as_f64().and_then(serde_json::Number::from_f64).map(Value::Number))
            .ok_or_else(|| Problem::new(at, format!("{number} is not a number that JSON knows")))?,
        Yaml::Sequence(items) => {
            let items =
                items.into_iter().enumerate().map(|(index, item)| convert(item, &format!("{at}[{index}]")));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(mapping) => {
            let mut map = Map::new();
            for (key, value) in mapping {
                let key = key_text(&key).ok_or_else(|| Problem::new(at, "a key is not a text"))?;
                let value = convert(value, &if at.is_empty() { key.clone() } else { format!("{at}.{key}") })?;
                map.insert(key, value);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let value = convert(tagged.value, at)?;
            long_form(tag.trim_start_matches('!'), value).map_err(|what| Problem::new(at, what))?
        }
    })
}

fn key_text(key: &Yaml) -> Option<String> {
    match key {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn long_form(tag: &str, value: Value) -> Result<Value, String> {
    match (tag, value) {
        ("Ref" | "Condition", value) => Ok(json!({ tag: value })),
        ("GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((resource, attribute)) => Ok(json!({ "Fn::GetAtt": [resource, attribute] })),
            None => Err(format!("!GetAtt {path} names no attribute")),
        },
        ("GetAtt", value) => Ok(json!({ "Fn::GetAtt": value })),
        (tag, value) if FUNCTIONS.contains(&tag) => Ok(json!({ format!("Fn::{tag}"): value })),
        (tag, _) => Err(format!("!{tag} is not a function of CloudFormation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_forms() {
        let json =
            to_json("a: !Ref X\nb: !GetAtt T.StreamArn\nc: !If [Dev, !Sub '${X}-y', 7]\nd: 2012-10-17\n")
                .unwrap();
        assert_eq!(
            json,
            json!({
                "a": { "Ref": "X" }, "b": { "Fn::GetAtt": ["T", "StreamArn"] },
                "c": { "Fn::If": ["Dev", { "Fn::Sub": "${X}-y" }, 7] }, "d": "2012-10-17",
            })
        );
    }

    #[test]
    fn what_is_broken_is_named() {
        assert_eq!(
            to_json("a: { b: !Reff X }").unwrap_err().to_string(),
            "a.b: !Reff is not a function of CloudFormation"
        );
        assert!(to_json("a: [").unwrap_err().to_string().contains("line"));
        assert!(to_json("a: 1\na: 2").unwrap_err().to_string().contains("duplicate"));
    }
}
