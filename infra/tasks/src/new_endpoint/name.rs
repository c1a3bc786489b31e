//! The name of an endpoint, and the shapes it takes in the different files.

/// The longest area and the longest name: together they name a crate, a binary and a function in AWS.
const MAX_LENGTH: usize = 30;

/// Names that Rust does not take for a module.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Modules of the tests that are no area.
const TAKEN: &[&str] = &["api", "bin", "city", "lib", "local", "observe", "receiver", "tour"];

/// An endpoint's area and name, both in `kebab-case`.
#[derive(Debug)]
pub struct Name {
    area: String,
    name: String,
}

impl Name {
    /// Reads `<area>/<name>`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((area, name)) = text.split_once('/') else {
            return Err(format!("{text:?} is not <area>/<name>, such as market/post-job."));
        };
        for part in [area, name] {
            check(part)?;
        }
        if area.contains('-') {
            // Or nobody could tell where it ends in the name of a function.
            return Err(format!("{area} is more than one word; an area has a name of one."));
        }
        if TAKEN.contains(&area) {
            return Err(format!("{area} names another part of the tests; choose another area."));
        }
        if name == "mod" {
            return Err("mod names a file of the area's tests; choose another name.".to_owned());
        }
        Ok(Self { area: area.to_owned(), name: name.to_owned() })
    }

    /// `market`; also its module in the tests.
    pub fn area(&self) -> &str {
        &self.area
    }

    /// `market/post-job`: its folder under `functions/`.
    pub fn folder(&self) -> String {
        format!("{}/{}", self.area, self.name)
    }

    /// `market-post-job`: its crate and its binary.
    pub fn package(&self) -> String {
        format!("{}-{}", self.area, self.name)
    }

    /// `market_post_job`: its crate in Rust code.
    pub fn library(&self) -> String {
        snake(&self.package())
    }

    /// `post_job`: its module in the tests.
    pub fn module(&self) -> String {
        snake(&self.name)
    }

    /// `MarketPostJob`: its logical id in the template.
    pub fn logical_id(&self) -> String {
        pascal(&self.package())
    }

    /// `MarketLogs`: its area's log group in the template.
    pub fn log_group(&self) -> String {
        format!("{}Logs", pascal(&self.area))
    }

    /// `PostJob`: the stem of its types.
    pub fn type_stem(&self) -> String {
        pascal(&self.name)
    }

    /// `Post job`: a description to begin with.
    pub fn sentence(&self) -> String {
        sentence(&self.name)
    }

    /// `Market`: a heading for its area.
    pub fn heading(&self) -> String {
        sentence(&self.area)
    }
}

fn check(part: &str) -> Result<(), String> {
    let letters = part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let words = part.split('-').all(|word| !word.is_empty());
    if !letters || !words || !part.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(format!(
            "{part:?} is no name: take lower-case letters and digits, words joined by single hyphens, a letter first."
        ));
    }
    if part.len() > MAX_LENGTH {
        return Err(format!("{part:?} is too long: {MAX_LENGTH} characters at most."));
    }
    if KEYWORDS.contains(&part) {
        return Err(format!("{part:?} is a word of Rust's own; choose another."));
    }
    Ok(())
}

fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}

fn pascal(kebab: &str) -> String {
    kebab.split('-').map(capitalised).collect()
}

fn sentence(kebab: &str) -> String {
    capitalised(&kebab.replace('-', " "))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_takes_its_shapes() {
        let name = Name::parse("market/post-job").unwrap();
        assert_eq!(name.package(), "market-post-job");
        assert_eq!(name.library(), "market_post_job");
        assert_eq!(name.logical_id(), "MarketPostJob");
        assert_eq!(name.type_stem(), "PostJob");
        assert_eq!(name.sentence(), "Post job");
    }

    #[test]
    fn bad_names_are_refused() {
        let long = format!("market/{}", "x".repeat(31));
        for bad in [
            "",
            "market",
            "/",
            "market/",
            "/job",
            "Market/job",
            "market/post_job",
            "home-services/job",
            "market/-job",
            "market/job-",
            "market/post--job",
            "market/1job",
            "market/job/x",
            "../market/job",
            "market/match",
            "city/job",
            "a/mod",
            "market/gehört",
            "market/post job",
            &long,
        ] {
            assert!(Name::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
