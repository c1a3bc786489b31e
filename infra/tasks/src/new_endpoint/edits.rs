//! The lines an endpoint adds to the files that know all endpoints. Each keeps its block sorted.

use super::{name::Name, skeleton};

/// What stands after the areas' log groups in the template.
const AFTER_LOG_GROUPS: &str = "  # Watching it\n";

/// The workspace's manifest: where the crate lies.
pub fn workspace_manifest(text: &str, name: &Name) -> Result<String, String> {
    let line = format!("{} = {{ path = \"functions/{}\" }}", name.package(), name.folder());
    if text.lines().any(|other| key(other) == key(&line)) {
        return Err(format!("{} exists already.", name.package()));
    }
    insert_sorted(text, "# functions", &line)
}

/// The manifest of `infra/local`, which mounts every function.
pub fn local_manifest(text: &str, name: &Name) -> Result<String, String> {
    insert_sorted(text, "# The mount table", &format!("{}.workspace = true", name.package()))
}

/// The mount table.
pub fn mount_table(text: &str, name: &Name) -> Result<String, String> {
    let line = format!("        http!(\"{}\", {}),", name.folder(), name.library());
    insert_sorted(text, "    vec![", &line)
}

/// The template: after the area's last function, or in a section of its own, with a log group of its own.
pub fn template(text: &str, name: &Name) -> Result<String, String> {
    let path = format!("Path: {} ", skeleton::route(name));
    let id = format!("\n  {}:\n", name.logical_id());
    if text.contains(&path) || text.contains(&id) {
        return Err(format!("{} or {} exists already.", skeleton::route(name), name.logical_id()));
    }
    let entry = skeleton::template_entry(name);
    let binary = format!("BuildProperties: {{ Binary: {}-", name.area());
    if let Some(last) = text.rfind(&binary) {
        return Ok(inserted(text, end_of_resource(text, last), &entry));
    }
    let end = text.find("\nOutputs:").ok_or("there is no Outputs section to stand before.")?;
    let text = inserted(text, end, &format!("\n  # {}\n{entry}", name.heading()));
    let groups = text.find(AFTER_LOG_GROUPS).ok_or_else(|| format!("there is no {AFTER_LOG_GROUPS:?}."))?;
    Ok(inserted(&text, groups, &skeleton::log_group(name)))
}

fn inserted(text: &str, at: usize, what: &str) -> String {
    let (before, after) = text.split_at(at);
    format!("{before}{what}{after}")
}

/// The end of the resource that `at` is in: where the next line stands that is no deeper than its name.
fn end_of_resource(text: &str, at: usize) -> usize {
    let mut end = at + text[at..].find('\n').map_or(text.len() - at, |line| line + 1);
    for line in text[end..].split_inclusive('\n') {
        if !line.starts_with("   ") {
            break;
        }
        end += line.len();
    }
    end
}

/// The tests' list of areas.
pub fn tests(text: &str, name: &Name) -> String {
    const MARK: &str = "#[cfg(test)]\nmod ";
    let module = name.area();
    let declared = |(at, _): &(usize, &str)| text[at + MARK.len()..].split(';').next().unwrap_or_default();
    let at = text.match_indices(MARK).find(|found| declared(found) > module);
    let (before, after) = text.split_at(at.map_or(text.len(), |(at, _)| at));
    format!("{before}{MARK}{module};\n{after}")
}

/// An area's list of tests.
pub fn tests_of_area(text: &str, name: &Name) -> Result<String, String> {
    let line = format!("mod {};", name.module());
    if text.lines().any(|other| other == line) {
        return Err(format!("the tests know {} already.", name.module()));
    }
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|other| other.starts_with("mod ") && *other > line.as_str());
    lines.insert(at.unwrap_or(lines.len()), &line);
    Ok(lines.join("\n") + "\n")
}

/// Puts a line where it belongs in the block of lines after a heading.
fn insert_sorted(text: &str, heading: &str, line: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let heading_at = lines.iter().position(|other| *other == heading);
    let begin = heading_at.ok_or_else(|| format!("there is no line {heading:?} to stand under."))? + 1;
    let indent = |text: &str| text.len() - text.trim_start().len();
    let is_in_block = |other: &&str| !other.is_empty() && indent(other) >= indent(line);
    let length = lines[begin..].iter().take_while(|other| is_in_block(other)).count();
    let before = lines[begin..begin + length].iter().take_while(|other| key(other) < key(line)).count();
    lines.insert(begin + before, line);
    Ok(lines.join("\n") + "\n")
}

/// What lines are sorted by: a manifest's name, or what the mount table's line has in quotes.
fn key(line: &str) -> &str {
    match line.split_once("!(\"") {
        Some((_, folder)) => folder.split('"').next().unwrap_or_default(),
        None => line.split([' ', '.']).next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_finds_its_place_at_both_ends_of_a_block() {
        let text = "# functions\nbb = 1\n\n# other\nzz = 1\n";
        assert_eq!(insert_sorted(text, "# functions", "aa = 1").unwrap(), text.replace("bb", "aa = 1\nbb"));
        assert_eq!(
            insert_sorted(text, "# functions", "cc = 1").unwrap(),
            text.replace("\n\n", "\ncc = 1\n\n")
        );
        assert!(insert_sorted(text, "# missing", "aa").is_err());
    }

    #[test]
    fn a_template_entry_follows_its_area() {
        let text = "  AuthA:\n    BuildProperties: { Binary: auth-a }\n    More: 1\n\n  # Next\n\nOutputs:\n";
        let name = Name::parse("auth/bee").unwrap();
        let changed = template(text, &name).unwrap();
        let (before, after) = changed.split_once("\n  AuthBee:\n").unwrap();
        assert!(before.ends_with("    More: 1\n"));
        assert!(after.ends_with(" }\n\n  # Next\n\nOutputs:\n"));
        assert!(template(&changed, &name).is_err());
    }
}
