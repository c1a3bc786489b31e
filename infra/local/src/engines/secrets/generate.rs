//! `GenerateSecretString`: a random password as CloudFormation has Secrets Manager make it.

use aws_lc_rs::rand;
use serde_json::Value;

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

const DEFAULT_LENGTH: u64 = 32;
const MAX_LENGTH: u64 = 4096;

/// Makes a value by the resource's `GenerateSecretString`.
pub(super) fn generate(how: &Value) -> Result<String, String> {
    let password = password(how)?;
    let (template, key) = (how["SecretStringTemplate"].as_str(), how["GenerateStringKey"].as_str());
    match (template, key) {
        (None, None) => Ok(password),
        (Some(template), Some(key)) => {
            let mut value: Value = serde_json::from_str(template)
                .map_err(|error| format!("SecretStringTemplate is not JSON: {error}"))?;
            let fields = value.as_object_mut().ok_or("SecretStringTemplate is not a JSON object")?;
            fields.insert(key.to_owned(), Value::from(password));
            Ok(value.to_string())
        }
        _ => Err("SecretStringTemplate and GenerateStringKey need each other".to_owned()),
    }
}

fn password(how: &Value) -> Result<String, String> {
    // CloudFormation passes numbers and booleans as strings as well.
    let number = |key: &str| how[key].as_u64().or_else(|| how[key].as_str()?.parse().ok());
    let flag = |key: &str| how[key].as_bool().or_else(|| how[key].as_str()?.parse().ok());
    let length = number("PasswordLength").unwrap_or(DEFAULT_LENGTH);
    let excluded = how["ExcludeCharacters"].as_str().unwrap_or_default();
    let types: Vec<Vec<char>> = [
        (LOWERCASE, !flag("ExcludeLowercase").unwrap_or(false)),
        (UPPERCASE, !flag("ExcludeUppercase").unwrap_or(false)),
        (NUMBERS, !flag("ExcludeNumbers").unwrap_or(false)),
        (PUNCTUATION, !flag("ExcludePunctuation").unwrap_or(false)),
        (" ", flag("IncludeSpace").unwrap_or(false)),
    ]
    .into_iter()
    .filter(|(_, included)| *included)
    .map(|(characters, _)| characters.chars().filter(|c| !excluded.contains(*c)).collect::<Vec<_>>())
    .filter(|characters| !characters.is_empty())
    .collect();
    let all: Vec<char> = types.concat();
    if all.is_empty() {
        return Err("every character is excluded".to_owned());
    }
    if !(1..=MAX_LENGTH).contains(&length) {
        return Err(format!("PasswordLength is 1 to {MAX_LENGTH}"));
    }
    let length = usize::try_from(length).map_err(|error| error.to_string())?;
    let each_type = flag("RequireEachIncludedType").unwrap_or(true);
    if each_type && length < types.len() {
        return Err("PasswordLength is too short for every included type".to_owned());
    }
    // Drawing until all types are there keeps every such password equally likely.
    loop {
        let password = draw(&all, length)?;
        let has_each = || types.iter().all(|of| of.iter().any(|c| password.contains(*c)));
        if !each_type || has_each() {
            return Ok(password);
        }
    }
}

fn draw(from: &[char], length: usize) -> Result<String, String> {
    let mut drawn = String::with_capacity(length);
    let mut bytes = [0; 64];
    // A byte above the last whole multiple would favour the first characters.
    let fair = 256 - 256 % from.len();
    let mut left = length;
    while left > 0 {
        rand::fill(&mut bytes).map_err(|_| "no randomness")?;
        for byte in bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair).take(left) {
            drawn.push(from[byte % from.len()]);
        }
        left = length - drawn.chars().count();
    }
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_password_keeps_to_its_rules() {
        let plain =
            generate(&json!({ "PasswordLength": 64, "ExcludePunctuation": true })).expect("a password");
        assert_eq!(plain.len(), 64);
        assert!(plain.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(generate(&json!({})).expect("a password").chars().count(), 32);
        for _ in 0..50 {
            let short = generate(&json!({ "PasswordLength": "4" })).expect("a password");
            assert!(
                [LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION]
                    .iter()
                    .all(|of| short.contains(|c| of.contains(c)))
            );
        }
        let how = json!({ "ExcludeCharacters": "abc", "ExcludeUppercase": true, "PasswordLength": 500 });
        assert!(!generate(&how).expect("a password").contains(['a', 'b', 'c', 'A']));
    }

    #[test]
    fn a_template_gets_the_password_as_its_key() {
        let how = json!({ "SecretStringTemplate": r#"{"kid":"k1"}"#, "GenerateStringKey": "key" });
        let value: Value = serde_json::from_str(&generate(&how).expect("a value")).expect("JSON");
        assert_eq!(value["kid"], "k1");
        assert_eq!(value["key"].as_str().map(str::len), Some(32));
    }

    #[test]
    fn impossible_rules_are_refused() {
        let none = json!({ "ExcludeLowercase": true, "ExcludeUppercase": true, "ExcludeNumbers": true,
            "ExcludePunctuation": true });
        for how in [
            none,
            json!({ "PasswordLength": 3 }),
            json!({ "PasswordLength": 0 }),
            json!({ "GenerateStringKey": "k" }),
        ] {
            assert!(generate(&how).is_err(), "{how}");
        }
    }
}
