//! Template, folders and mount table say the same, and the template says nothing that it must not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use connecto_local::{
    functions::all,
    template::{
        self,
        model::{Template, Trigger},
    },
};
use serde_json::{Value, json};

use crate::city::root;

/// The template as read, with all that parameters may add, and in its long form.
fn template() -> (Template, Value) {
    let raw = Arc::new(Mutex::new(Value::Null));
    let keep = Arc::clone(&raw);
    let edit = move |value: &mut Value| {
        value["Parameters"]["Cache"]["Default"] = json!("true");
        *keep.lock().unwrap() = value.clone();
    };
    let read =
        template::read(&root().join("template.yaml"), Some(Box::new(edit)), "http://127.0.0.1").unwrap();
    let raw = raw.lock().unwrap().clone();
    (read, raw)
}

fn resources<'a>(raw: &'a Value, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    raw["Resources"].as_object().unwrap().iter().filter(move |(_, resource)| resource["Type"] == kind)
}

/// The folders below `functions/`, as `area/endpoint`.
fn folders() -> BTreeSet<String> {
    let list = |path: &std::path::Path| {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let areas = list(&root().join("functions"));
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    areas
        .iter()
        .flat_map(|area| list(area).into_iter().map(move |path| format!("{}/{}", name(area), name(&path))))
        .collect()
}

#[test]
fn template_folders_and_mount_table_say_the_same() {
    let (template, _) = template();
    let by_binary: BTreeMap<_, _> =
        folders().into_iter().map(|folder| (folder.replace('/', "-"), folder)).collect();
    let in_template: BTreeSet<_> =
        template.functions.iter().map(|function| function.folder.clone()).collect();
    let mounted: BTreeSet<_> = all().iter().map(|endpoint| endpoint.folder.to_owned()).collect();
    assert_eq!(in_template, by_binary.keys().cloned().collect());
    assert_eq!(mounted, by_binary.values().cloned().collect());
    for (binary, folder) in by_binary {
        let manifest =
            std::fs::read_to_string(root().join("functions").join(&folder).join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("name = \"{binary}\"")), "{folder} is not called {binary}");
    }
}

#[test]
fn every_function_is_built_and_run_the_same_way() {
    let (_, raw) = template();
    let globals = &raw["Globals"]["Function"];
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Handler"], "bootstrap");
    assert_eq!(globals["Tracing"], "Active");
    for (name, function) in resources(&raw, "AWS::Serverless::Function") {
        let properties = &function["Properties"];
        for inherited in ["Runtime", "Handler", "Tracing", "Architectures"] {
            assert!(properties.get(inherited).is_none(), "{name} has its own {inherited}");
        }
        assert_eq!(properties["CodeUri"], ".", "{name}");
        assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda", "{name}");
        assert!(
            properties["Description"].as_str().is_some_and(|text| text.len() > 10),
            "{name} is not described"
        );
    }
}

/// What stands behind a condition, or the value itself.
fn under_condition(value: &Value) -> &Value {
    let Some(cases) = value["Fn::If"].as_array() else { return value };
    cases[1..].iter().find(|case| case["Ref"] != "AWS::NoValue").unwrap_or(value)
}

#[test]
fn functions_are_in_a_network_where_they_use_the_cache_and_only_then() {
    let (_, raw) = template();
    let mut users = 0;
    for (name, function) in resources(&raw, "AWS::Serverless::Function") {
        let properties = &function["Properties"];
        let variable = &properties["Environment"]["Variables"]["REDIS_URL"];
        let statements = properties["Policies"][0]["Statement"].as_array().into_iter().flatten();
        let connects = statements
            .filter(|statement| under_condition(statement)["Action"] == json!(["elasticache:Connect"]))
            .collect::<Vec<_>>();
        let only_with_a_cache = |value: &Value, without: Value| {
            value["Fn::If"][0] == "UsesCache" && value["Fn::If"][2] == without
        };
        if variable.is_null() {
            assert!(
                properties["VpcConfig"].is_null() && connects.is_empty(),
                "{name} does not use the cache"
            );
            continue;
        }
        users += 1;
        let nothing = json!({ "Ref": "AWS::NoValue" });
        assert!(only_with_a_cache(variable, json!("")), "{name}: {variable}");
        assert!(only_with_a_cache(&properties["VpcConfig"], nothing.clone()), "{name}");
        assert!(connects.len() == 1 && only_with_a_cache(connects[0], nothing), "{name}");
    }
    assert!(users >= 12);
    for (name, stack) in resources(&raw, "AWS::Serverless::Application") {
        let is_the_caches = stack.to_string().contains("cache") || name == "Network";
        assert_eq!(stack["Condition"] == "UsesCache", is_the_caches, "{name}");
    }
    let here = template::read(&root().join("template.yaml"), None, "http://127.0.0.1").unwrap();
    for function in &here.functions {
        let url = function.environment.get("REDIS_URL").map_or("", String::as_str);
        let connects = function
            .policy
            .statements
            .iter()
            .any(|statement| statement.actions.iter().any(|action| action.starts_with("elasticache:")));
        assert!(url.is_empty() && !connects, "{} has a cache unasked", function.logical_id);
    }
}

#[test]
fn permissions_name_what_they_permit() {
    let (_, raw) = template();
    for (name, function) in resources(&raw, "AWS::Serverless::Function") {
        for policy in function["Properties"]["Policies"].as_array().into_iter().flatten() {
            let statements = policy["Statement"].as_array();
            let statements =
                statements.unwrap_or_else(|| panic!("{name}: a policy is no list of statements: {policy}"));
            for statement in statements.iter().map(under_condition) {
                // A phone number has no ARN: whoever may write to one may write to all, but to no topic.
                let to_phones = statement["Action"] == json!(["sns:Publish"]);
                if to_phones && statement["Effect"] == "Allow" {
                    let denied = json!({ "Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*" });
                    let topics = |other: &&Value| other["Effect"] == "Deny" && other["Resource"] == denied;
                    assert!(statements.iter().any(|other| topics(&other)), "{name} may write to topics");
                } else if !to_phones {
                    assert_eq!(statement["Effect"], "Allow", "{name}");
                    let text = json!([statement["Action"], statement["Resource"]]).to_string();
                    // Nor do snapshots have names that we choose.
                    let mut text = text.replace(":serverlesscachesnapshot:*", "");
                    // And of files, all that is known beforehand is the folder.
                    for folder in ["quarantine", "public", "private", "ledger", "trees"] {
                        text = text.replace(&format!("/{folder}/*"), "");
                    }
                    assert!(!text.contains('*'), "{name} has a wildcard: {text}");
                }
                assert!(
                    statement["Action"].is_array() && !statement["Resource"].is_null(),
                    "{name}: {statement}"
                );
            }
        }
    }
}

/// What is kept of the ledger is kept, whoever wants to remove it.
#[test]
fn the_ledgers_days_are_locked() {
    let (_, raw) = template();
    let bucket = &raw["Resources"]["LedgerBucket"]["Properties"];
    let retention = &bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"];
    assert_eq!((&bucket["ObjectLockEnabled"], &retention["Years"]), (&json!(true), &json!(9)));
    assert_eq!(retention["Mode"]["Fn::If"], json!(["IsProtected", "COMPLIANCE", "GOVERNANCE"]));
}

#[test]
fn functions_have_the_means_for_what_they_do() {
    let (template, _) = template();
    for function in &template.functions {
        let folder =
            folders().into_iter().find(|folder| folder.replace('/', "-") == function.folder).unwrap();
        let source =
            std::fs::read_to_string(root().join("functions").join(folder).join("src/lib.rs")).unwrap();
        if source.contains("hashing::") {
            assert_eq!(
                function.memory_mb, 1_769,
                "{} hashes passwords: it needs one full vCPU",
                function.logical_id
            );
        }
        let routed = function
            .triggers
            .iter()
            .any(|trigger| matches!(trigger, Trigger::Route { .. } | Trigger::DefaultRoute));
        assert!(!routed || function.timeout.as_secs() <= 29, "{} outlives its gateway", function.logical_id);
    }
}

#[test]
fn what_is_stored_is_kept_safe() {
    let (_, raw) = template();
    let mut tables = 0;
    for (name, table) in resources(&raw, "AWS::DynamoDB::Table") {
        let properties = &table["Properties"];
        assert_eq!(
            properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true,
            "{name}"
        );
        assert_eq!(properties["SSESpecification"]["SSEEnabled"], true, "{name}");
        assert_eq!(
            properties["DeletionProtectionEnabled"],
            json!({ "Fn::If": ["IsProtected", true, false] }),
            "{name}"
        );
        assert_eq!(table["DeletionPolicy"], "Retain", "{name}");
        tables += 1;
    }
    assert!(tables >= 3);
}

#[test]
fn what_fails_where_nobody_waits_is_kept() {
    let (template, _) = template();
    for function in &template.functions {
        let on_stream = |trigger: &Trigger| match trigger {
            Trigger::Stream(stream) => Some(stream.on_failure.is_some()),
            _ => None,
        };
        let called_by_events = function.triggers.is_empty()
            || function.triggers.iter().any(|trigger| {
                matches!(trigger, Trigger::Schedule(_) | Trigger::Notification(_) | Trigger::Rule(_))
            });
        let kept = function.triggers.iter().filter_map(on_stream).all(|kept| kept)
            && (!called_by_events || function.asynchronous.on_failure.is_some());
        assert!(kept, "{}: what it fails at is lost without an on-failure destination", function.logical_id);
    }
}

#[test]
fn each_area_logs_into_its_group() {
    let (_, raw) = template();
    for (name, function) in resources(&raw, "AWS::Serverless::Function") {
        let binary = function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap();
        let area = binary.split('-').next().unwrap();
        let group = format!("{}{}Logs", area[..1].to_uppercase(), &area[1..]);
        assert_eq!(function["Properties"]["LoggingConfig"]["LogGroup"], json!({ "Ref": group }), "{name}");
    }
    for (name, group) in resources(&raw, "AWS::Logs::LogGroup") {
        assert!(!group["Properties"]["RetentionInDays"].is_null(), "{name} is kept for ever");
    }
    assert_eq!(
        raw["Globals"]["Function"]["LoggingConfig"]["ApplicationLogLevel"], "TRACE",
        "metrics would be lost"
    );
}

#[test]
fn limits_of_routes_are_of_routes() {
    let (template, raw) = template();
    let routes: BTreeSet<_> = template
        .functions
        .iter()
        .flat_map(|function| &function.triggers)
        .filter_map(|trigger| match trigger {
            Trigger::Route { method, path } => Some(format!("{method} {path}")),
            _ => None,
        })
        .collect();
    let api = &raw["Resources"]["Api"]["Properties"];
    let limited: BTreeSet<_> = api["RouteSettings"].as_object().unwrap().keys().cloned().collect();
    let unknown: Vec<_> = limited.difference(&routes).collect();
    assert!(unknown.is_empty(), "{unknown:?} are no routes");
    for settings in api["RouteSettings"].as_object().unwrap().values().chain([&api["DefaultRouteSettings"]]) {
        assert!(
            settings["ThrottlingRateLimit"].is_u64() && settings["ThrottlingBurstLimit"].is_u64(),
            "{settings}"
        );
    }
}

/// What the API wants in headers, pages of the front end may send.
#[test]
fn browsers_may_send_each_header_that_is_wanted() {
    let (_, raw) = template();
    let allowed = raw["Resources"]["Api"]["Properties"]["CorsConfiguration"]["AllowHeaders"].clone();
    let text = std::fs::read_to_string(root().join("infra/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    // What no browser sends.
    let paths =
        document["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.starts_with("/v1/webhooks/"));
    let operations = paths.flat_map(|(_, item)| item.as_object().unwrap().values());
    let parameters = operations.filter_map(|operation| operation["parameters"].as_array()).flatten();
    let wanted: BTreeSet<_> = parameters
        .filter(|parameter| parameter["in"] == "header")
        .map(|parameter| parameter["name"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(wanted.contains("idempotency-key"), "{wanted:?}");
    for header in wanted {
        assert!(allowed.as_array().unwrap().contains(&json!(header)), "{header} is not in {allowed}");
    }
}

#[test]
fn every_parameter_is_held_to_a_pattern() {
    let (_, raw) = template();
    let samconfig = std::fs::read_to_string(root().join("samconfig.toml")).unwrap();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for (name, parameter) in raw["Parameters"].as_object().unwrap() {
        let held =
            ["AllowedPattern", "AllowedValues", "MaxValue"].iter().any(|rule| !parameter[*rule].is_null());
        assert!(held, "{name} takes anything");
        assert!(parameter["Description"].is_string(), "{name} says nothing of itself");
        assert!(readme.contains(&format!("| `{name}` |")), "the README does not tell of {name}");
    }
    for line in samconfig.lines().filter_map(|line| line.trim().strip_prefix('"')) {
        let name = line.split('=').next().unwrap();
        assert!(raw["Parameters"][name].is_object(), "samconfig.toml sets {name}, which is no parameter");
    }
}
