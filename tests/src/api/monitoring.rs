//! Alarms and dashboard say the same, and watch what functions tell.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::city::root;

/// What `shared/src/observe` writes, and its dimensions beside `environment`.
const OURS: [(&str, &[&str]); 16] = [
    ("duration", &["function"]),
    ("invocations", &["function"]),
    ("faults", &["function"]),
    ("problems", &["function", "code"]),
    ("deliveries", &["outcome"]),
    ("outbox_age", &[]),
    ("refunds_failed", &[]),
    ("payouts_failed", &[]),
    ("gateway_disagreements", &[]),
    ("gateway_hours_open", &[]),
    ("ledger_disagreements", &[]),
    ("ledger_days_open", &[]),
    ("suspect_codes", &["country"]),
    ("cache", &["outcome"]),
    ("cache_up", &[]),
    ("cache_snapshot_age", &[]),
];

fn monitoring() -> Value {
    let text = std::fs::read_to_string(root().join("infra/monitoring.yaml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

fn dashboard(template: &Value) -> Value {
    let body = template["Resources"]["OnCall"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    serde_json::from_str(body).expect("the dashboard is JSON")
}

#[test]
fn each_alarm_is_on_the_dashboard_and_says_what_to_do() {
    let template = monitoring();
    let shown = dashboard(&template)["widgets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|widget| widget["type"] == "alarm")
        .flat_map(|widget| widget["properties"]["alarms"].as_array().cloned().unwrap())
        .map(|alarm| alarm.as_str().unwrap().to_owned())
        .collect::<BTreeSet<_>>();
    let mut alarms = BTreeSet::new();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        if resource["Type"] == "AWS::CloudWatch::Alarm" {
            alarms.insert(format!("${{{name}.Arn}}"));
            let alarm = &resource["Properties"];
            assert!(
                alarm["AlarmDescription"].as_str().is_some_and(|text| text.len() > 60),
                "{name}: what is to be done?"
            );
            assert_eq!(alarm["AlarmActions"][0]["Ref"], "Alarms", "{name} reaches nobody");
            assert!(alarm["TreatMissingData"].is_string(), "{name}: what does silence mean?");
            is_told(name, alarm);
        }
    }
    assert!(alarms.len() >= 8);
    assert_eq!(shown, alarms);
}

/// Demands that functions write the metric that an alarm watches, with its dimensions.
fn is_told(name: &str, alarm: &Value) {
    if alarm["Namespace"] == "ConnectO" {
        let metric = alarm["MetricName"].as_str().unwrap();
        let (_, known) =
            OURS.iter().find(|(ours, _)| *ours == metric).unwrap_or_else(|| panic!("{name}: no {metric}"));
        for dimension in alarm["Dimensions"].as_array().unwrap() {
            let dimension = dimension["Name"].as_str().unwrap();
            assert!(
                dimension == "environment" || known.contains(&dimension),
                "{name}: {metric} has no {dimension}"
            );
        }
    }
}

#[test]
fn the_dashboard_searches_what_functions_tell() {
    let template = monitoring();
    let text = dashboard(&template).to_string();
    for (metric, _) in OURS {
        assert!(text.contains(metric), "{metric} is not on the dashboard");
    }
    for search in text.split("SEARCH(").skip(1) {
        let metric = search
            .split("MetricName=")
            .nth(1)
            .and_then(|rest| rest.split(['\\', '"']).find(|word| !word.is_empty()));
        assert!(OURS.iter().any(|(ours, _)| Some(*ours) == metric), "nobody writes {metric:?}");
    }
}
