//! CloudFormation's intrinsic functions, for one machine: every parameter has its default, every name is fixed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::fields::{Fields, Problem, shown};

/// How deep values may nest, and names refer to names.
const MAX_DEPTH: usize = 64;

/// What a function resolves to: `None` is `AWS::NoValue`, and the property goes away.
pub(super) type Resolved = Result<Option<Value>, Problem>;

/// Resolves values of one template.
pub(super) struct Resolver<'a> {
    document: &'a Value,
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) api_url: String,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(document: &'a Value, api_url: &str) -> Result<Self, Problem> {
        let mut parameters = BTreeMap::new();
        for (name, parameter) in section(document, "Parameters") {
            let default = parameter.get("Default").ok_or_else(|| {
                Problem::new(
                    &format!("Parameters.{name}"),
                    "it has no Default, and one machine takes the defaults",
                )
            })?;
            let kind = parameter.get("Type").and_then(Value::as_str).unwrap_or("String");
            let value = match default {
                Value::String(text) if kind.contains("List") => {
                    json!(text.split(',').map(str::trim).collect::<Vec<_>>())
                }
                // A parameter is a text, whatever YAML made of its default; comparisons depend on it.
                Value::Number(number) => json!(number.to_string()),
                Value::Bool(flag) => json!(flag.to_string()),
                other => other.clone(),
            };
            parameters.insert(name.clone(), value);
        }
        Ok(Self { document, parameters, api_url: api_url.to_owned() })
    }

    /// The resources whose condition holds, with their types, in the template's order.
    pub(super) fn resources(&self) -> Result<Vec<(String, String)>, Problem> {
        let mut resources = Vec::new();
        for (logical_id, resource) in section(self.document, "Resources") {
            let Some(kind) = resource.get("Type").and_then(Value::as_str) else {
                return Err(Problem::new(logical_id, "it has no Type"));
            };
            if self.exists(resource, logical_id)? {
                resources.push((logical_id.clone(), kind.to_owned()));
            }
        }
        Ok(resources)
    }

    /// A resource's properties, resolved, with `Globals` beneath those of its kind.
    pub(super) fn properties(&self, logical_id: &str, globals: Option<&str>) -> Result<Fields, Problem> {
        let own = self
            .raw(logical_id)
            .and_then(|resource| resource.get("Properties"))
            .cloned()
            .unwrap_or(json!({}));
        let shared = globals.and_then(|kind| self.document.get("Globals")?.get(kind));
        let at = format!("{logical_id}.Properties");
        let merged = match shared {
            Some(shared) => merge(shared.clone(), own),
            None => own,
        };
        Fields::new(&at, self.resolve(&merged, &at)?)
    }

    /// Attributes of a resource beside its properties: `DependsOn`, `Metadata`.
    pub(super) fn attributes(&self, logical_id: &str) -> Result<Fields, Problem> {
        let mut resource = self.raw(logical_id).cloned().unwrap_or(json!({}));
        if let Some(map) = resource.as_object_mut() {
            map.remove("Properties");
        }
        Fields::new(logical_id, self.resolve(&resource, logical_id)?)
    }

    /// A section of `Globals`, resolved.
    pub(super) fn globals(&self, kind: &str) -> Result<Value, Problem> {
        let at = format!("Globals.{kind}");
        let value = self.document.get("Globals").and_then(|globals| globals.get(kind));
        value.map_or(Ok(json!({})), |value| self.resolve(value, &at))
    }

    fn resolve(&self, value: &Value, at: &str) -> Result<Value, Problem> {
        Ok(self.value(value, at, 0)?.unwrap_or(Value::Null))
    }

    pub(super) fn raw(&self, logical_id: &str) -> Option<&'a Value> {
        self.document.get("Resources")?.get(logical_id)
    }

    pub(super) fn exists(&self, resource: &Value, at: &str) -> Result<bool, Problem> {
        match resource.get("Condition") {
            None => Ok(true),
            Some(name) => self.condition(&json!({ "Condition": name }), at, 0),
        }
    }

    pub(super) fn value(&self, value: &Value, at: &str, depth: usize) -> Resolved {
        if depth > MAX_DEPTH {
            return Err(Problem::new(at, "it nests too deeply, or refers to itself"));
        }
        match value {
            Value::Array(items) => {
                let mut resolved = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    resolved.extend(self.value(item, &format!("{at}[{index}]"), depth + 1)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::Object(map) => {
                if let Some((name, argument)) = function_call(map) {
                    return self.call(name, argument, at, depth + 1);
                }
                let mut resolved = Map::new();
                for (key, item) in map {
                    if let Some(item) = self.value(item, &format!("{at}.{key}"), depth + 1)? {
                        resolved.insert(key.clone(), item);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            other => Ok(Some(other.clone())),
        }
    }

    fn call(&self, name: &str, argument: &Value, at: &str, depth: usize) -> Resolved {
        let misused = || Problem::new(at, format!("{name} cannot take {}", shown(argument)));
        match name {
            "Ref" => self.reference(argument.as_str().ok_or_else(misused)?, at, depth),
            "Fn::GetAtt" => match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(resource), Value::String(attribute)]) => {
                    Ok(Some(json!(self.attribute(resource, attribute, at, depth)?)))
                }
                _ => Err(misused()),
            },
            "Fn::Sub" => Ok(Some(json!(self.substitute(argument, at, depth)?))),
            "Fn::If" => match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(condition), yes, no]) => {
                    let holds = self.condition(&json!({ "Condition": condition }), at, depth)?;
                    self.value(if holds { yes } else { no }, at, depth)
                }
                _ => Err(misused()),
            },
            "Fn::Join" | "Fn::Split" | "Fn::Select" | "Fn::FindInMap" => {
                let argument = self.value(argument, at, depth)?.unwrap_or_default();
                let arguments = argument.as_array().map_or(&[][..], Vec::as_slice);
                self.of_list(name, arguments).map(Some).ok_or_else(misused)
            }
            "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" => {
                self.condition(&json!({ name: argument }), at, depth).map(|holds| Some(json!(holds)))
            }
            other => Err(Problem::new(at, format!("{other} is not supported on one machine"))),
        }
    }

    /// The functions whose arguments are resolved before they are called; `None` for arguments they cannot take.
    fn of_list(&self, name: &str, arguments: &[Value]) -> Option<Value> {
        match (name, arguments) {
            ("Fn::Join", [Value::String(separator), Value::Array(items)]) => {
                let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                Some(json!(items?.join(separator)))
            }
            ("Fn::Split", [Value::String(separator), Value::String(text)]) => {
                Some(json!(text.split(separator.as_str()).collect::<Vec<_>>()))
            }
            ("Fn::Select", [index, Value::Array(items)]) => {
                let index = index.as_u64().or_else(|| index.as_str()?.parse().ok())?;
                items.get(usize::try_from(index).ok()?).cloned()
            }
            ("Fn::FindInMap", [map, key, second_key]) => {
                let map = self.document.get("Mappings")?.get(map.as_str()?)?;
                map.get(key.as_str()?)?.get(second_key.as_str()?).cloned()
            }
            _ => None,
        }
    }

    fn condition(&self, value: &Value, at: &str, depth: usize) -> Result<bool, Problem> {
        let misused = || Problem::new(at, format!("{} is not a condition", shown(value)));
        if depth > MAX_DEPTH {
            return Err(Problem::new(at, "a condition refers to itself"));
        }
        let (name, argument) = value.as_object().and_then(function_call).ok_or_else(misused)?;
        let all = || -> Result<Vec<bool>, Problem> {
            let items = argument.as_array().ok_or_else(misused)?;
            items.iter().map(|item| self.condition(item, at, depth + 1)).collect()
        };
        match name {
            "Condition" => {
                let name = argument.as_str().ok_or_else(misused)?;
                let defined = self.document.get("Conditions").and_then(|conditions| conditions.get(name));
                let defined =
                    defined.ok_or_else(|| Problem::new(at, format!("there is no condition {name}")))?;
                self.condition(defined, &format!("Conditions.{name}"), depth + 1)
            }
            "Fn::Equals" => {
                match self.value(argument, at, depth + 1)?.unwrap_or_default().as_array().map(Vec::as_slice) {
                    Some([one, other]) => Ok(one == other),
                    _ => Err(misused()),
                }
            }
            "Fn::Not" => all()?.first().map(|holds| !holds).ok_or_else(misused),
            "Fn::And" => Ok(all()?.into_iter().all(|holds| holds)),
            "Fn::Or" => Ok(all()?.into_iter().any(|holds| holds)),
            _ => Err(misused()),
        }
    }
}

fn section<'a>(document: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.get(name).and_then(Value::as_object).into_iter().flatten()
}

/// An object with one key that names a function. IAM's own `Condition` is an object of objects, and stays what it is.
fn function_call(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = map.iter().next().filter(|_| map.len() == 1)?;
    let is_function =
        name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
    is_function.then_some((name, argument))
}

/// SAM's merge: objects by key, lists one after the other, anything else replaced.
fn merge(shared: Value, own: Value) -> Value {
    match (shared, own) {
        (Value::Object(shared), Value::Object(own)) if function_call(&own).is_none() => {
            let mut merged = shared;
            for (key, value) in own {
                let value = match merged.remove(&key) {
                    Some(shared) => merge(shared, value),
                    None => value,
                };
                merged.insert(key, value);
            }
            Value::Object(merged)
        }
        (Value::Array(mut shared), Value::Array(own)) => {
            shared.extend(own);
            Value::Array(shared)
        }
        (_, own) => own,
    }
}
