use serde_json::{Value, json};

use super::model::{Scheduler, StartingPosition, Template, Trigger};
use super::policy::Decision;
use super::{model, yaml};

const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: String, Default: dev }
  Origins: { Type: CommaDelimitedList, Default: 'http://localhost:3000, https://a.example' }
Mappings: { Sizes: { dev: { Memory: 256 } } }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
Globals:
  Function:
    Timeout: 10
    Environment: { Variables: { STAGE: !Ref Stage } }
  HttpApi:
    CorsConfiguration: { AllowOrigins: !Ref Origins, AllowMethods: [GET], MaxAge: '600' }
Resources:
  Alarm: { Type: AWS::CloudWatch::Alarm, Condition: IsProd }
  Accounts:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !If [IsProd, prod-accounts, !Ref AWS::NoValue]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
      TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
  Key: { Type: AWS::SecretsManager::Secret, Properties: { Name: !Sub '${Stage}/key', GenerateSecretString: { PasswordLength: 40 } } }
  Register:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: auth-register } }
    Properties:
      Description: Creates an account.
      MemorySize: !FindInMap [Sizes, !Ref Stage, Memory]
      Environment: { Variables: { TABLE: !Ref Accounts, KEY: !Ref Key, API: !Sub '${ServerlessHttpApi.ApiEndpoint}/v1', PORT: 1 } }
      Policies:
        - Statement:
            - { Effect: Allow, Action: 'dynamodb:PutItem', Resource: !GetAtt Accounts.Arn }
            - { Effect: Allow, Action: ['secretsmanager:GetSecretValue'], Resource: [!Ref Key] }
      Events:
        Api: { Type: HttpApi, Properties: { Path: /v1/auth/register, Method: post } }
        Rest: { Type: HttpApi }
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Accounts.StreamArn
            StartingPosition: TRIM_HORIZON
            MaximumRetryAttempts: -1
            FunctionResponseTypes: [ReportBatchItemFailures]
            FilterCriteria: { Filters: [{ Pattern: '{\u0022eventName\u0022:[\u0022INSERT\u0022]}' }] }
        Nightly:
          Type: ScheduleV2
          Properties: { ScheduleExpression: 'cron(0 3 * * ? *)', ScheduleExpressionTimezone: Asia/Kolkata, Input: '{\u0022a\u0022:1}' }
  First: { Type: 'Custom::Later', DependsOn: Second, Properties: { ServiceToken: !GetAtt Register.Arn } }
  Second: { Type: 'Custom::Sooner', Properties: { ServiceToken: !GetAtt Register.Arn } }
";

fn document() -> Value {
    yaml::to_json(&TEMPLATE.replace(r"\u0022", "\"")).expect("a template")
}

fn read(document: &Value) -> Template {
    model(document, "http://127.0.0.1:8787").expect("a model")
}

/// What is said of the template after a change at a pointer.
fn refusal(pointer: &str, value: Value) -> String {
    let mut document = document();
    *document.pointer_mut(pointer).expect("a place to break") = value;
    model(&document, "").expect_err("a refusal").to_string()
}

#[test]
fn a_function_has_everything_resolved() {
    let template = read(&document());
    let function = template.function("Register").expect("the function");
    assert_eq!(function.folder, "auth-register");
    assert_eq!(function.memory_mb, 256);
    assert_eq!(function.timeout.as_secs(), 10);
    assert_eq!(
        json!(function.environment),
        json!({
            "STAGE": "dev", "TABLE": "connecto-local-Accounts", "PORT": "1", "API": "http://127.0.0.1:8787/v1",
            "KEY": "arn:aws:secretsmanager:ap-south-1:000000000000:secret:dev/key-Local0",
        })
    );
    let table = "arn:aws:dynamodb:ap-south-1:000000000000:table/connecto-local-Accounts";
    assert_eq!(function.policy.check("dynamodb:PutItem", table), Decision::Allowed(0));
    assert_eq!(function.policy.check("dynamodb:GetItem", table), Decision::Denied);
    assert_eq!(
        function.policy.check("secretsmanager:GetSecretValue", &template.secrets[0].arn),
        Decision::Allowed(1)
    );
}

#[test]
fn events_become_triggers() {
    let template = read(&document());
    let [
        Trigger::Route { method, path },
        Trigger::DefaultRoute,
        Trigger::Stream(stream),
        Trigger::Schedule(schedule),
    ] = template.functions[0].triggers.as_slice()
    else {
        panic!("{:?}", template.functions[0].triggers)
    };
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/v1/auth/register"));
    assert_eq!(stream.table, "Accounts");
    assert_eq!(stream.starting_position, StartingPosition::TrimHorizon);
    assert_eq!((stream.batch_size, stream.max_retries, stream.report_batch_item_failures), (100, None, true));
    assert_eq!(stream.filters, [json!({ "eventName": ["INSERT"] })]);
    assert_eq!(schedule.scheduler, Scheduler::Scheduler);
    assert_eq!(schedule.timezone.iana_name(), Some("Asia/Kolkata"));
    assert_eq!(schedule.input, Some(json!({ "a": 1 })));
}

#[test]
fn resources_are_those_of_the_defaults() {
    let template = read(&document());
    assert_eq!(
        template.tables[0].definition,
        json!({
            "TableName": "connecto-local-Accounts", "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        })
    );
    assert_eq!(template.tables[0].ttl_attribute.as_deref(), Some("expires_at"));
    let order: Vec<&str> = template.custom_resources.iter().map(|one| one.logical_id.as_str()).collect();
    assert_eq!(order, ["Second", "First"]);
    let cors = template.api.cors.expect("cors");
    assert_eq!(cors.allow_origins, ["http://localhost:3000", "https://a.example"]);
    assert_eq!(cors.max_age, Some(600));
}

#[test]
fn what_is_broken_is_named_by_resource_and_property() {
    let properties = "/Resources/Register/Properties";
    for (pointer, value, refused) in [
        (
            "/MemorySize",
            json!(64),
            "Register.Properties.MemorySize: expected a number from 128 to 10240, found 64",
        ),
        (
            "/Environment/Variables/TABLE",
            json!({ "Ref": "Acounts" }),
            "Register.Properties.Environment.Variables.TABLE: there is no parameter or resource Acounts",
        ),
        (
            "/Environment/Variables/TABLE",
            json!({ "Ref": "Alarm" }),
            "Register.Properties.Environment.Variables.TABLE: Alarm does not exist: its condition does not hold",
        ),
        (
            "/Events/Api/Type",
            json!("Kinesis"),
            "Register.Properties.Events.Api.Type: Kinesis has no counterpart on one machine",
        ),
        (
            "/Policies/0",
            json!("AmazonDynamoDBFullAccess"),
            "Register.Properties.Policies[0]: write its statements out: \"AmazonDynamoDBFullAccess\" is not a policy document",
        ),
    ] {
        assert_eq!(refusal(&format!("{properties}{pointer}"), value), refused);
    }
    let circle = json!({ "Fn::Not": [{ "Condition": "IsProd" }] });
    assert_eq!(refusal("/Conditions/IsProd", circle), "Conditions.IsProd: a condition refers to itself");
}

#[test]
fn what_would_be_ignored_is_refused() {
    for (object, property) in [
        ("/Globals/HttpApi", "Globals.HttpApi.Auth"),
        ("/Resources/Accounts/Properties", "Accounts.Properties.KinesisStreamSpecification"),
        ("/Resources/Key/Properties", "Key.Properties.RotationRules"),
        ("/Resources/Register/Properties", "Register.Properties.FunctionUrlConfig"),
        (
            "/Resources/Register/Properties/Events/Api/Properties",
            "Register.Properties.Events.Api.Properties.Auth",
        ),
        (
            "/Resources/Register/Properties/Events/Changes/Properties",
            "Register.Properties.Events.Changes.Properties.TumblingWindowInSeconds",
        ),
        (
            "/Resources/Register/Properties/Events/Nightly/Properties",
            "Register.Properties.Events.Nightly.Properties.EndDate",
        ),
    ] {
        let mut document = document();
        let name = property.rsplit('.').next().expect("a name");
        document.pointer_mut(object).expect("an object")[name] = json!("x");
        let refused = model(&document, "").expect_err("a refusal").to_string();
        assert_eq!(refused, format!("{property}: it has no counterpart on one machine"));
    }
    for kind in ["AWS::S3::AccessPoint", "AWS::Lambda::EventSourceMapping", "AWS::Unheard::Of"] {
        let mut document = document();
        document["Resources"]["New"] = json!({ "Type": kind });
        let refused = model(&document, "").expect_err("a refusal").to_string();
        assert_eq!(refused, format!("New: {kind} has no counterpart on one machine"));
    }
}

#[test]
fn what_only_the_cloud_knows_changes_nothing() {
    let mut document = document();
    let resources = &mut document["Resources"];
    resources["Log"] = json!({ "Type": "AWS::Logs::LogGroup", "Properties": { "RetentionInDays": 14 } });
    let register = &mut resources["Register"]["Properties"];
    for name in ["AutoPublishAlias", "DeploymentPreference", "Tracing"] {
        register[name] = json!("x");
    }
    register["Events"]["Nightly"]["Properties"]["RetryPolicy"] = json!({ "MaximumRetryAttempts": 3 });
    let api = &mut document["Globals"]["HttpApi"];
    api["AccessLogSettings"] = json!({ "DestinationArn": { "Fn::GetAtt": ["Log", "Arn"] } });
    api["DefaultRouteSettings"] = json!({ "ThrottlingRateLimit": 100 });
    assert_eq!(read(&document).functions.len(), 1);
}

#[test]
fn origins_are_whole_and_credentials_are_not_for_everybody() {
    let cors = "/Globals/HttpApi/CorsConfiguration";
    assert_eq!(
        refusal(cors, json!({ "AllowOrigins": ["https://*.example.com"] })),
        "Globals.HttpApi.CorsConfiguration.AllowOrigins: https://*.example.com is neither a whole origin nor *"
    );
    assert_eq!(
        refusal(cors, json!({ "AllowOrigins": ["*"], "AllowCredentials": true })),
        "Globals.HttpApi.CorsConfiguration.AllowCredentials: credentials cannot be allowed to every origin"
    );
    let mut open = document();
    *open.pointer_mut(cors).expect("the place") = json!({ "AllowOrigins": ["*"] });
    assert_eq!(read(&open).api.cors.expect("cors").allow_origins, ["*"]);
}

#[test]
fn a_bucket_has_its_rules_its_listeners_and_what_delivers_it() {
    let mut document = document();
    let resources = &mut document["Resources"];
    resources["Files"] = json!({ "Type": "AWS::S3::Bucket", "Properties": {
        "VersioningConfiguration": { "Status": "Enabled" },
        "CorsConfiguration": { "CorsRules": [{ "AllowedOrigins": { "Ref": "Origins" }, "AllowedMethods": ["POST"] }] },
        "LifecycleConfiguration": { "Rules": [] },
    } });
    let grant = json!({
        "Effect": "Allow", "Principal": { "Service": "cloudfront.amazonaws.com" }, "Action": "s3:GetObject",
        "Resource": { "Fn::Sub": "${Files.Arn}/public/*" },
    });
    resources["Access"] = json!({ "Type": "AWS::S3::BucketPolicy", "Properties": {
        "Bucket": { "Ref": "Files" }, "PolicyDocument": { "Statement": [grant] },
    } });
    resources["Near"] = json!({ "Type": "AWS::Serverless::Application" });
    let register = &mut resources["Register"]["Properties"];
    register["Environment"]["Variables"] = json!({
        "ID": { "Fn::GetAtt": ["Near", "Outputs.DistributionId"] },
        "ARN": { "Fn::GetAtt": ["Near", "Outputs.DistributionArn"] },
    });
    let rules = json!([{ "Name": "prefix", "Value": "in/" }, { "Name": "suffix", "Value": ".jpg" }]);
    register["Events"] = json!({
        "Arrival": { "Type": "S3", "Properties": {
            "Bucket": { "Ref": "Files" }, "Events": "s3:ObjectCreated:*", "Filter": { "S3Key": { "Rules": rules } },
        } },
        "Verdict": { "Type": "EventBridgeRule", "Properties": { "Pattern": { "source": ["aws.guardduty"] } } },
    });
    let template = read(&document);
    let bucket = &template.buckets[0];
    assert_eq!(bucket.name, "connecto-local-files");
    assert_eq!(bucket.cors[0].allow_origins, ["http://localhost:3000", "https://a.example"]);
    assert_eq!(bucket.delivered, ["arn:aws:s3:::connecto-local-files/public/*"]);
    let function = &template.functions[0];
    assert_eq!(
        function.environment["ARN"],
        format!("arn:aws:cloudfront::000000000000:distribution/{}", function.environment["ID"])
    );
    let [Trigger::Notification(told), Trigger::Rule(pattern)] = function.triggers.as_slice() else {
        panic!("{:?}", function.triggers)
    };
    assert_eq!((told.prefix.as_str(), told.suffix.as_str()), ("in/", ".jpg"));
    assert_eq!(*pattern, json!({ "source": ["aws.guardduty"] }));

    let mut refuse = |pointer: &str, value: Value, part: &str| {
        let place = document.pointer_mut(pointer).expect("a place to break");
        let before = std::mem::replace(place, value);
        let refused = model(&document, "").expect_err("a refusal").to_string();
        assert!(refused.contains(part), "{refused}");
        *document.pointer_mut(pointer).expect("the place again") = before;
    };
    let arrival = "/Resources/Register/Properties/Events/Arrival/Properties";
    refuse(&format!("{arrival}/Events"), json!("s3:ObjectRemoved:*"), "is not told on one machine");
    refuse(&format!("{arrival}/Bucket"), json!("other"), "is no bucket of this template");
    refuse("/Resources/Files/Properties/VersioningConfiguration", json!({}), "set it to Enabled");
}
