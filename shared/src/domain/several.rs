//! Lists with limits.

use std::{borrow::Cow, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// Between `MIN` and `MAX` things, no two the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Several<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Default for Several<T, 0, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MIN: usize, const MAX: usize> Deref for Several<T, MIN, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MIN: usize, const MAX: usize> From<Several<T, MIN, MAX>> for Vec<T> {
    fn from(several: Several<T, MIN, MAX>) -> Self {
        several.0
    }
}

impl<'de, T: Deserialize<'de> + PartialEq, const MIN: usize, const MAX: usize> Deserialize<'de>
    for Several<T, MIN, MAX>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A body is at most 64 KiB, and so is what is looked through here.
        let items = Vec::<T>::deserialize(deserializer)?;
        if !(MIN..=MAX).contains(&items.len()) {
            return Err(de::Error::custom("wrong_count"));
        }
        let twice = items.iter().enumerate().any(|(at, item)| items[..at].contains(item));
        if twice { Err(de::Error::custom("named_twice")) } else { Ok(Self(items)) }
    }
}

impl<T: JsonSchema, const MIN: usize, const MAX: usize> JsonSchema for Several<T, MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_{MIN}_to_{MAX}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({
            "type": "array", "items": items, "minItems": MIN, "maxItems": MAX, "uniqueItems": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_too_many_and_twice_are_refused() {
        let read = |json: &str| serde_json::from_str::<Several<u8, 1, 3>>(json);
        assert_eq!(*read("[3, 1, 2]").unwrap(), [3, 1, 2]);
        for (json, code) in
            [("[]", "wrong_count"), ("[1, 2, 3, 4]", "wrong_count"), ("[1, 2, 1]", "named_twice")]
        {
            assert!(read(json).unwrap_err().to_string().starts_with(code), "{json}");
        }
    }
}
