//! `cargo new-endpoint <area>/<name>`: a crate that works, wired into everything, and a test that fails.
//!
//! All is read and thought out before the first file is written, so that a refusal leaves nothing half-made.

mod edits;
mod name;
mod skeleton;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::run::{Failure, say};
use name::Name;

/// A file as it should be, by its path from the repository's root.
struct Planned {
    path: PathBuf,
    text: String,
    is_new: bool,
}

/// Makes the endpoint in the repository at `root`.
pub fn new_endpoint(root: &Path, name: &str) -> Result<(), Failure> {
    let name = Name::parse(name).map_err(Failure::new)?;
    let plan = plan(root, &name).map_err(Failure::new)?;
    for file in &plan {
        write(&root.join(&file.path), &file.text)?;
        let verb = if file.is_new { "made   " } else { "changed" };
        say(&format!("  {verb} {}", file.path.display()));
    }
    say(&skeleton::next_steps(&name));
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(path, text));
    written.map_err(|error| Failure::new(format!("{} cannot be written: {error}.", path.display())))
}

/// What is to be written, or why the endpoint cannot be made.
fn plan(root: &Path, name: &Name) -> Result<Vec<Planned>, String> {
    let mut plan = new_files(name);
    for file in &plan {
        if root.join(&file.path).exists() {
            return Err(format!("{} exists already.", file.path.display()));
        }
    }
    let mut change = |path: &str, edit: fn(&str, &Name) -> Result<String, String>| {
        let text = read(root, path)?.ok_or_else(|| format!("{path} is missing."))?;
        let text = edit(&text, name).map_err(|why| format!("{path}: {why}"))?;
        plan.push(Planned { path: path.into(), text, is_new: false });
        Ok::<_, String>(())
    };
    change("Cargo.toml", edits::workspace_manifest)?;
    change("infra/local/Cargo.toml", edits::local_manifest)?;
    change("infra/local/src/functions.rs", edits::mount_table)?;
    change("template.yaml", edits::template)?;

    let area = format!("tests/src/{}/mod.rs", name.area());
    let tests = read(root, &area)?;
    if tests.is_none() {
        change("tests/src/lib.rs", |text, name| Ok(edits::tests(text, name)))?;
    }
    let text = edits::tests_of_area(tests.as_deref().unwrap_or_default(), name)?;
    plan.push(Planned { path: area.into(), text, is_new: tests.is_none() });
    Ok(plan)
}

fn new_files(name: &Name) -> Vec<Planned> {
    let folder = format!("functions/{}", name.folder());
    let test = format!("tests/src/{}/{}.rs", name.area(), name.module());
    let files = [
        (format!("{folder}/Cargo.toml"), skeleton::manifest(name)),
        (format!("{folder}/src/main.rs"), skeleton::main(name)),
        (format!("{folder}/src/lib.rs"), skeleton::handler(name)),
        (test, skeleton::test(name)),
    ];
    files.map(|(path, text)| Planned { path: path.into(), text, is_new: true }).into()
}

/// A file's text, if it is there.
fn read(root: &Path, path: &str) -> Result<Option<String>, String> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{path} cannot be read: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
    }

    fn planned(name: &str) -> Result<Vec<Planned>, String> {
        plan(root(), &Name::parse(name)?)
    }

    fn text<'a>(plan: &'a [Planned], path: &str) -> &'a str {
        &plan.iter().find(|file| file.path == Path::new(path)).unwrap().text
    }

    #[test]
    fn an_endpoint_enters_everything_that_knows_endpoints() {
        let plan = planned("auth/mint-passkey").unwrap();
        for (path, line) in [
            ("Cargo.toml", "auth-mint-passkey = { path = \"functions/auth/mint-passkey\" }"),
            ("infra/local/Cargo.toml", "auth-mint-passkey.workspace = true"),
            ("infra/local/src/functions.rs", "http!(\"auth/mint-passkey\", auth_mint_passkey),"),
            ("template.yaml", "Path: /v1/auth/mint-passkey }"),
            ("tests/src/auth/mod.rs", "mod mint_passkey;"),
        ] {
            let (before, after) = text(&plan, path).split_once(line).unwrap();
            let original = fs::read_to_string(root().join(path)).unwrap();
            assert!(before.len() + after.len() + line.len() > original.len(), "{path} has lost something");
        }
        let template = text(&plan, "template.yaml");
        assert_eq!(template.matches("  AuthLogs:\n").count(), 1, "the area has its log group already");
        let mounted = text(&plan, "infra/local/src/functions.rs");
        let position = |folder: &str| mounted.find(&format!("(\"{folder}\"")).unwrap();
        assert!(position("auth/logout") < position("auth/mint-passkey"));
        assert!(position("auth/mint-passkey") < position("auth/refresh"));
    }

    #[test]
    fn a_new_area_is_declared() {
        let plan = planned("bazaar/open-stall").unwrap();
        assert!(text(&plan, "tests/src/lib.rs").contains("#[cfg(test)]\nmod bazaar;\n"));
        assert_eq!(text(&plan, "tests/src/bazaar/mod.rs"), "mod open_stall;\n");
        let template = text(&plan, "template.yaml");
        assert!(template.contains("\n  # Bazaar\n\n  BazaarOpenStall:\n"));
        assert_eq!(template.matches("  BazaarLogs:\n").count(), 1);
        assert!(template.contains("LoggingConfig: { LogGroup: !Ref BazaarLogs }\n"));
    }

    #[test]
    fn what_exists_is_refused() {
        let refused = |name| planned(name).err().unwrap_or_default();
        assert_eq!(refused("auth/login"), "functions/auth/login/Cargo.toml exists already.");
    }
}
