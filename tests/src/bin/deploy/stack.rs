//! The stack: built and deployed by SAM, looked at through `CloudFormation`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use connecto_local::template;
use serde_json::Value;

use crate::{
    Failure,
    emulator::{Emulator, REGION, settings},
};

const NAME: &str = "connecto-emulated";
/// No binary may be larger, in bytes.
const MAX_BINARY: u64 = 15_000_000;
/// But for these, each for a reason. All unwind, so that a panic is answered and reported: measured, that is a fifth of each.
const LARGER: [(&str, u64); 12] = [
    // They know how phone numbers of every country are written.
    ("account-change-phone", 17_500_000),
    ("auth-send-otp", 16_500_000),
    ("auth-send-step-up-otp", 17_500_000),
    // They check what browsers and providers sign.
    ("account-confirm-identity", 15_500_000),
    ("account-confirm-passkey", 15_500_000),
    ("auth-finish-oidc", 15_500_000),
    ("auth-step-up", 15_500_000),
    ("auth-verify-factor", 15_500_000),
    // They write mails, and speak with SES and SNS.
    ("notify-deliver", 15_500_000),
    ("notify-sweep", 15_500_000),
    // It sets type in ten scripts.
    ("payments-get-invoice-pdf", 16_500_000),
    // It reads three types of pictures, with the colours of any screen, writes two, and puts videos together anew.
    ("media-process-upload", 20_500_000),
];
/// So many functions the stack is to hold, with so many resources: `CloudFormation` takes 500.
const FUNCTIONS: usize = 100;
const MAX_RESOURCES: usize = 450;
/// The template's own default.
const MAIL_DOMAIN: &str = "connecto.example";
/// Its parameters: all callers of a test share one network.
const PARAMETERS: [&str; 5] = [
    "Environment=dev",
    "FrontendUrl=http://localhost:3000",
    "AllowedOrigins=http://localhost:3000",
    "RateLimitFactor=1000",
    "LogLevel=DEBUG",
];

/// The stack, and what SAM makes of the template.
pub struct Stack<'a> {
    root: &'a Path,
    work: &'a Path,
    /// Its functions, each by its logical id and its binary's name.
    functions: Vec<(String, String)>,
    /// Where its functions report faults.
    dsn: &'a str,
}

/// A resource as it was created.
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name or ARN in the account.
    pub physical_id: String,
    /// Its type.
    pub kind: String,
    /// What `CloudFormation` did to it last.
    pub status: String,
}

impl<'a> Stack<'a> {
    /// Nothing is built yet.
    pub fn new(root: &'a Path, work: &'a Path, dsn: &'a str) -> Result<Self, Failure> {
        let template = template::read(&root.join("template.yaml"), None, "http://127.0.0.1")?;
        let functions = template.functions.iter().map(|one| (one.logical_id.clone(), one.folder.clone()));
        Ok(Self { root, work, functions: functions.collect(), dsn })
    }

    /// The areas of its functions.
    pub fn areas(&self) -> BTreeSet<&str> {
        self.functions.iter().filter_map(|(_, binary)| binary.split('-').next()).collect()
    }

    /// Builds the release binaries, all at once, and prints the least and the largest.
    pub fn compile(&self) -> Result<(), Failure> {
        let mut command = self.tool("cargo-lambda", None);
        command.args(["lambda", "build", "--release", "--quiet"]);
        for (_, binary) in &self.functions {
            command.args(["--bin", binary]);
        }
        succeed(&mut command)?;
        let mut sizes = Vec::new();
        for (_, binary) in &self.functions {
            let file = self.root.join("target/lambda").join(binary).join("bootstrap");
            sizes.push((fs::metadata(file)?.len(), binary));
        }
        sizes.sort_unstable();
        let most_of = |binary: &str| {
            let larger = LARGER.iter().find(|(known, _)| *known == binary);
            larger.map_or(MAX_BINARY, |(_, most)| *most)
        };
        let too_large: Vec<_> = sizes.iter().filter(|(size, binary)| *size > most_of(binary)).collect();
        if !too_large.is_empty() {
            return Err(format!("over {MAX_BINARY} bytes, or what is said of them: {too_large:?}").into());
        }
        if let [(least, smallest), .., (most, largest)] = sizes.as_slice() {
            println!("        from {} kB ({smallest}) to {} kB ({largest})", least / 1_000, most / 1_000);
        }
        Ok(())
    }

    /// Has SAM build what is deployed.
    pub fn build(&self) -> Result<(), Failure> {
        let mut command = self.tool("sam", None);
        command
            .args(["build", "--parallel", "--build-dir"])
            .arg(self.built())
            .arg("--base-dir")
            .arg(self.root);
        command.arg("--template").arg(self.root.join("template.yaml"));
        succeed(&mut command)
    }

    /// What ops do before the first deployment: the domain that mails come from is proved to SES.
    pub async fn prepare(&self, emulator: &Emulator) -> Result<(), Failure> {
        emulator.query("ses", "VerifyDomainIdentity", &[("Domain", MAIL_DOMAIN)]).await?;
        Ok(())
    }

    /// Deploys what was built, as a release of this name.
    pub async fn deploy(&self, emulator: &Emulator, release: &str) -> Result<(), Failure> {
        let mut command = self.tool("sam", Some(emulator));
        command.args([
            "deploy",
            "--stack-name",
            NAME,
            "--region",
            REGION,
            "--resolve-s3",
            "--no-confirm-changeset",
        ]);
        command.args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
        command.arg("--template-file").arg(self.built().join("template.yaml"));
        command.arg("--parameter-overrides").args(PARAMETERS);
        command.arg(format!("SentryDsn={}", self.dsn)).arg(format!("Release={release}"));
        succeed(&mut command)?;
        self.count(&self.resources(emulator).await?)
    }

    /// Counts the resources, and what they would be with as many functions as the stack is to hold.
    fn count(&self, resources: &[Resource]) -> Result<(), Failure> {
        // What SAM makes of a function is named after it.
        let is_a_functions = |resource: &&Resource| {
            self.functions.iter().any(|(function, _)| resource.logical_id.starts_with(function.as_str()))
        };
        let (all, functions) = (resources.len(), self.functions.len());
        let of_functions = resources.iter().filter(is_a_functions).count();
        let projected = all - of_functions + of_functions * FUNCTIONS / functions;
        println!(
            "        {all} resources, {of_functions} of them of {functions} functions; {projected} with {FUNCTIONS}"
        );
        if projected > MAX_RESOURCES {
            return Err(format!("a stack of {FUNCTIONS} functions may have {MAX_RESOURCES} resources").into());
        }
        Ok(())
    }

    /// Deletes the stack, and makes sure that it is gone. `sam delete` would first take its uploads out of their bucket,
    /// and knows buckets at AWS's own addresses alone.
    pub async fn delete(&self, emulator: &Emulator) -> Result<(), Failure> {
        emulator.query("cloudformation", "DeleteStack", &[("StackName", NAME)]).await?;
        for _ in 0..120 {
            let left = self.resources(emulator).await.unwrap_or_default();
            let gone = |resource: &Resource| {
                resource.status == "DELETE_COMPLETE" || resource.status == "DELETE_SKIPPED"
            };
            if left.iter().all(gone) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err("there are resources left after a minute".into())
    }

    /// What there is of the stack.
    pub async fn resources(&self, emulator: &Emulator) -> Result<Vec<Resource>, Failure> {
        let answer =
            emulator.query("cloudformation", "DescribeStackResources", &[("StackName", NAME)]).await?;
        let resource = |member: &str| {
            Some(Resource {
                logical_id: element(member, "LogicalResourceId")?,
                physical_id: element(member, "PhysicalResourceId")?,
                kind: element(member, "ResourceType")?,
                status: element(member, "ResourceStatus")?,
            })
        };
        Ok(answer.split("<member>").filter_map(resource).collect())
    }

    /// The name in the account of a resource of the template.
    pub async fn physical_id(&self, emulator: &Emulator, logical_id: &str) -> Result<String, Failure> {
        let resources = self.resources(emulator).await?;
        let found = resources.into_iter().find(|resource| resource.logical_id == logical_id);
        Ok(found.ok_or_else(|| format!("the stack has no {logical_id}"))?.physical_id)
    }

    /// The template as SAM's transform left it.
    pub async fn processed(&self, emulator: &Emulator) -> Result<Value, Failure> {
        let parameters = [("StackName", NAME), ("TemplateStage", "Processed")];
        let answer = emulator.query("cloudformation", "GetTemplate", &parameters).await?;
        Ok(serde_json::from_str(&element(&answer, "TemplateBody").ok_or("there is no processed template")?)?)
    }

    fn built(&self) -> PathBuf {
        self.work.join("build")
    }

    /// A tool, speaking with the emulator if there is one.
    fn tool(&self, program: &str, emulator: Option<&Emulator>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root).stdin(Stdio::null()).env("SAM_CLI_TELEMETRY", "0");
        if let Some(emulator) = emulator {
            command.envs(settings(&emulator.url));
        }
        command
    }
}

/// Runs a program, and shows what it wrote only if it fails.
fn succeed(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // SAM draws its progress over and over.
    let err: Vec<_> = err.lines().filter(|line| !line.contains("Uploading to")).collect();
    Err(format!("{program} ended with {}\n{out}\n{}", output.status, err.join("\n")).into())
}

/// The text of the first XML element of a name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    Some(entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}
