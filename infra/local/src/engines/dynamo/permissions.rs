//! Which IAM permissions a `DynamoDB` call needs, as the service authorization reference has it.

use serde_json::Value;

use super::super::front::Permission;
use crate::template::model::{ACCOUNT, REGION};

/// The member of a `TransactItems` entry and the action that it needs.
const TRANSACT: [(&str, &str); 5] = [
    ("Put", "PutItem"),
    ("Update", "UpdateItem"),
    ("Delete", "DeleteItem"),
    ("ConditionCheck", "ConditionCheckItem"),
    ("Get", "GetItem"),
];

/// The permissions of one call, in the order of its items, each once.
///
/// A transaction has no permission of its own: it needs those of what it contains.
pub(super) fn of(action: &str, body: &Value) -> Vec<Permission> {
    let mut needed: Vec<Permission> = Vec::new();
    let mut need = |action: &str, resource: String| {
        let permission = Permission::new(format!("dynamodb:{action}"), resource);
        if !needed.contains(&permission) {
            needed.push(permission);
        }
    };
    match action {
        "TransactWriteItems" | "TransactGetItems" => {
            for item in body["TransactItems"].as_array().into_iter().flatten() {
                for (member, action) in TRANSACT {
                    if let Some(table) = item[member]["TableName"].as_str() {
                        need(action, table_arn(table));
                    }
                }
            }
        }
        "BatchGetItem" | "BatchWriteItem" => {
            for table in body["RequestItems"].as_object().into_iter().flat_map(serde_json::Map::keys) {
                need(action, table_arn(table));
            }
        }
        "Query" | "Scan" if body["IndexName"].is_string() => {
            let table = table_arn(body["TableName"].as_str().unwrap_or_default());
            need(action, format!("{table}/index/{}", body["IndexName"].as_str().unwrap_or_default()));
        }
        _ => {
            let named = ["StreamArn", "ResourceArn"].iter().find_map(|member| body[*member].as_str());
            let resource = match (body["TableName"].as_str(), named) {
                (Some(table), _) => table_arn(table),
                (None, Some(arn)) => arn.to_owned(),
                // ListTables and the like have no resource.
                (None, None) => "*".to_owned(),
            };
            need(action, resource);
        }
    }
    needed
}

/// A table may be named by its ARN as well.
fn table_arn(table: &str) -> String {
    if table.starts_with("arn:") {
        table.to_owned()
    } else {
        format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn needed(action: &str, body: &Value) -> Vec<(String, String)> {
        of(action, body)
            .into_iter()
            .map(|permission| {
                let table = permission.resources[0].rsplit(':').next().unwrap_or_default().to_owned();
                (permission.action, table)
            })
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(action, table)| ((*action).to_owned(), (*table).to_owned())).collect()
    }

    #[test]
    fn a_plain_call_needs_its_own_action_on_its_table() {
        let put = of("PutItem", &json!({ "TableName": "A" }));
        assert_eq!(
            put,
            [Permission::new("dynamodb:PutItem", "arn:aws:dynamodb:ap-south-1:000000000000:table/A")]
        );
        let by_arn =
            of("GetItem", &json!({ "TableName": "arn:aws:dynamodb:ap-south-1:000000000000:table/A" }));
        assert_eq!(by_arn[0].resources, put[0].resources);
        assert_eq!(needed("ListTables", &json!({})), pairs(&[("dynamodb:ListTables", "*")]));
    }

    #[test]
    fn an_index_is_a_resource_of_its_own() {
        let query = json!({ "TableName": "A", "IndexName": "gsi1" });
        assert_eq!(needed("Query", &query), pairs(&[("dynamodb:Query", "table/A/index/gsi1")]));
        assert_eq!(needed("Query", &json!({ "TableName": "A" })), pairs(&[("dynamodb:Query", "table/A")]));
    }

    #[test]
    fn a_transaction_needs_what_its_items_need() {
        let body = json!({ "TransactItems": [
            { "Put": { "TableName": "A" } },
            { "Update": { "TableName": "A" } },
            { "Put": { "TableName": "A" } },
            { "ConditionCheck": { "TableName": "B" } },
            { "Delete": { "TableName": "B" } },
        ] });
        assert_eq!(
            needed("TransactWriteItems", &body),
            pairs(&[
                ("dynamodb:PutItem", "table/A"),
                ("dynamodb:UpdateItem", "table/A"),
                ("dynamodb:ConditionCheckItem", "table/B"),
                ("dynamodb:DeleteItem", "table/B"),
            ])
        );
        let body = json!({ "TransactItems": [{ "Get": { "TableName": "A" } }] });
        assert_eq!(needed("TransactGetItems", &body), pairs(&[("dynamodb:GetItem", "table/A")]));
    }

    #[test]
    fn a_batch_has_a_permission_of_its_own_on_each_table() {
        let body = json!({ "RequestItems": { "A": [], "B": [] } });
        assert_eq!(
            needed("BatchWriteItem", &body),
            pairs(&[("dynamodb:BatchWriteItem", "table/A"), ("dynamodb:BatchWriteItem", "table/B")])
        );
    }
}
