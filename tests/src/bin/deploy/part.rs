//! Which functions are deployed: all, or the areas that everything stands on and those that changed.

use std::{
    collections::BTreeSet,
    fmt,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};

use connecto_local::template::{
    self,
    model::{Function, Trigger},
};
use serde_json::Value;

use crate::Failure;

/// What every test stands on: people sign up and in, look at their account, upload and get mails; keys exist, and what
/// has no route is answered.
const BASE: [&str; 5] = ["account", "auth", "media", "notify", "ops"];

/// The functions to deploy.
pub struct Part {
    /// Their areas.
    pub areas: BTreeSet<String>,
    /// Each by its logical id and its binary's name.
    pub functions: Vec<(String, String)>,
    left_out: BTreeSet<String>,
    why: String,
    /// The whole template, in its long form.
    whole: Value,
}

impl Part {
    /// Everything, or with a revision to compare with, what everything stands on and what changed since then.
    pub fn choose(root: &Path, base: Option<&str>) -> Result<Self, Failure> {
        let whole = Arc::new(Mutex::new(Value::Null));
        let keep = Arc::clone(&whole);
        let edit =
            move |value: &mut Value| *keep.lock().unwrap_or_else(PoisonError::into_inner) = value.clone();
        let template = template::read(&root.join("template.yaml"), Some(Box::new(edit)), "http://127.0.0.1")?;
        let whole = whole.lock().unwrap_or_else(PoisonError::into_inner).clone();

        let all = || template.functions.iter().map(AsRef::as_ref);
        let changed = base.map(|base| changed(root, base)).transpose()?.flatten();
        let (areas, why): (BTreeSet<_>, _) = match changed {
            None => (all().map(area).collect(), "the whole collection".to_owned()),
            Some(changed) => {
                let why = format!("the areas {} and those that changed", BASE.join(", "));
                (BASE.iter().map(|&area| area.to_owned()).chain(changed).collect(), why)
            }
        };
        let (taken, left): (Vec<_>, Vec<_>) = all().partition(|function| areas.contains(&area(function)));
        let kinds =
            |functions: &[&Function]| functions.iter().flat_map(|f| kinds(f)).collect::<BTreeSet<_>>();
        let missing: Vec<_> = kinds(&left).difference(&kinds(&taken)).copied().collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(
                format!("no function of the part is called by {missing}: add one's area to BASE").into()
            );
        }
        let functions = taken.iter().map(|f| (f.logical_id.clone(), f.folder.clone())).collect();
        let left_out = left.iter().map(|f| f.logical_id.clone()).collect();
        Ok(Self { areas, functions, left_out, why, whole })
    }

    /// The template without what is left out and what refers to it, to be read from any folder; nothing where nothing is
    /// left out.
    pub fn template(&self, root: &Path) -> Option<Value> {
        if self.left_out.is_empty() {
            return None;
        }
        let mut template = self.whole.clone();
        let mut gone = self.left_out.clone();
        let resources = template["Resources"].as_object_mut()?;
        while !gone.is_empty() {
            resources.retain(|name, _| !gone.contains(name));
            let dangling =
                resources.iter().filter(|(_, resource)| gone.iter().any(|name| refers(resource, name)));
            gone = dangling.map(|(name, _)| name.clone()).collect();
        }
        // SAM looks for templates within templates beside the one that names them, whatever `--base-dir` says.
        for location in
            resources.values_mut().filter_map(|resource| resource.pointer_mut("/Properties/Location"))
        {
            if let Some(file) = location.as_str() {
                *location = root.join(file).to_string_lossy().into();
            }
        }
        Some(template)
    }
}

/// Whether a part of the template refers to a resource.
fn refers(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| match (key.as_str(), value) {
            ("Ref", Value::String(target)) => target == name,
            ("Fn::GetAtt", Value::Array(path)) => path.first().is_some_and(|target| target == name),
            ("Fn::Sub", Value::String(text)) => {
                text.contains(&format!("${{{name}}}")) || text.contains(&format!("${{{name}."))
            }
            (_, value) => refers(value, name),
        }),
        Value::Array(items) => items.iter().any(|item| refers(item, name)),
        _ => false,
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.functions.iter().map(|(_, binary)| binary.as_str()).collect();
        write!(
            f,
            "deploying {}: {} functions of {} ({})",
            self.why,
            names.len(),
            names.len() + self.left_out.len(),
            names.join(" ")
        )
    }
}

fn area(function: &Function) -> String {
    function.folder.split('-').next().unwrap_or_default().to_owned()
}

/// What calls a function.
fn kinds(function: &Function) -> Vec<&'static str> {
    let kind = |trigger: &Trigger| match trigger {
        Trigger::Route { .. } => "a route",
        Trigger::DefaultRoute => "the default route",
        Trigger::Stream(_) => "a stream",
        Trigger::Schedule(_) => "a schedule",
        Trigger::Notification(_) => "a bucket",
        Trigger::Rule(_) => "an event",
    };
    match function.triggers.as_slice() {
        [] => vec!["hand"],
        triggers => triggers.iter().map(kind).collect(),
    }
}

/// The areas of functions that differ from a revision; nothing where there is no such revision.
fn changed(root: &Path, base: &str) -> Result<Option<BTreeSet<String>>, Failure> {
    let git = |arguments: &[&str]| Command::new("git").args(arguments).current_dir(root).output();
    if !git(&["rev-parse", "--verify", "--quiet", &format!("{base}^{{commit}}")])?.status.success() {
        println!("deploy: there is no {base} to compare with");
        return Ok(None);
    }
    let output = git(&["diff", "--name-only", base, "--", "functions"])?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let files = String::from_utf8(output.stdout)?;
    Ok(Some(files.lines().filter_map(|file| file.split('/').nth(1)).map(str::to_owned).collect()))
}
