//! What is measured in depth: the release binaries of three functions, and the Node.js twins of two of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Failure;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `POST /v1/auth/register`
    Register,
    /// `POST /v1/auth/login`
    Login,
    /// `POST /v1/auth/verify-email`
    VerifyEmail,
}

impl Function {
    /// Its name as the last part of its path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::VerifyEmail => "verify-email",
        }
    }

    /// Its name in `template.yaml`.
    pub fn logical_id(self) -> &'static str {
        match self {
            Self::Register => "AuthRegister",
            Self::Login => "AuthLogin",
            Self::VerifyEmail => "AuthVerifyEmail",
        }
    }
}

/// What a function runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// The release binary.
    Rust,
    /// The bundled twin.
    Node,
}

/// A function in one of its forms.
pub struct Program {
    /// Which.
    pub function: Function,
    /// In which form.
    pub runtime: Runtime,
    /// What is started.
    pub executable: PathBuf,
    /// And with what.
    pub arguments: Vec<PathBuf>,
    /// What would be uploaded to Lambda, in bytes, uncompressed.
    pub size: u64,
}

/// Where things are.
pub struct Places {
    /// Of the twins: sources, packages, bundles.
    pub node: PathBuf,
    /// Of the release binaries.
    pub release: PathBuf,
    /// Of what the processes write.
    pub logs: PathBuf,
    root: PathBuf,
}

impl Places {
    /// Seen from the repository's root.
    pub fn new(root: &Path) -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        // <target>/debug/bench-cold
        let target = program.ancestors().nth(2).ok_or("this program is in no folder of cargo's")?;
        let logs = target.join("bench-cold");
        fs::create_dir_all(&logs)?;
        Ok(Self {
            node: root.join("tests/bench/node"),
            release: target.join("release"),
            logs,
            root: root.to_owned(),
        })
    }

    /// Builds everything, and says so.
    pub fn build<'a>(&self, packages: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        let packages = packages.flat_map(|package| ["-p", package]);
        run(Command::new("cargo").args(["build", "--release"]).args(packages).current_dir(&self.root))?;
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&self.node))?;
        run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&self.node))
    }

    /// Everything that is measured; each twin beside its function.
    pub fn programs(&self) -> Result<Vec<Program>, Failure> {
        Ok(vec![
            self.rust(Function::Login)?,
            self.node(Function::Login, &["node_modules/@node-rs"])?,
            self.rust(Function::VerifyEmail)?,
            self.node(Function::VerifyEmail, &[])?,
            self.rust(Function::Register)?,
        ])
    }

    fn rust(&self, function: Function) -> Result<Program, Failure> {
        let executable = self.release.join(format!("auth-{}", function.name()));
        let size = size(&executable)?;
        Ok(Program { function, runtime: Runtime::Rust, executable, arguments: Vec::new(), size })
    }

    fn node(&self, function: Function, packages: &[&str]) -> Result<Program, Failure> {
        let bundle = self.node.join("dist").join(format!("{}.mjs", function.name()));
        let mut total = size(&bundle)?;
        for package in packages {
            total += size(&self.node.join(package))?;
        }
        let executable = PathBuf::from(node("process.execPath")?);
        Ok(Program { function, runtime: Runtime::Node, executable, arguments: vec![bundle], size: total })
    }
}

/// What an expression is in Node.js.
pub fn node(expression: &str) -> Result<String, Failure> {
    let output = Command::new("node").args(["-p", expression]).output();
    let output = output
        .map_err(|error| format!("node cannot be started: {error}. The twins need Node.js 20 or newer."))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let line = words.join(std::ffi::OsStr::new(" ")).display().to_string();
    eprintln!("{line}");
    // Stdout is for the table alone.
    let status = command.stdout(std::io::stderr()).status().map_err(|error| format!("{line}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{line}: {status}").into()) }
}

/// The size of a file, or of all files in a folder.
pub fn size(path: &Path) -> Result<u64, Failure> {
    let missing = |error| format!("{}: {error}. Build it by leaving out --no-build.", path.display());
    let metadata = fs::metadata(path).map_err(missing)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let mut total = 0;
    for entry in fs::read_dir(path)? {
        total += size(&entry?.path())?;
    }
    Ok(total)
}
