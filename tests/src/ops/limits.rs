use connecto_shared::domain::limits;

use crate::city::root;

/// The README's table of limits says what the code does.
#[test]
fn the_readme_lists_each_limit() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for limit in limits::ALL {
        let minutes = limit.window_s / 60;
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{}` |", limit.name)));
        let row = row.unwrap_or_else(|| panic!("the README has no row for {}", limit.name));
        let window = if minutes % 60 == 0 { format!("{} h", minutes / 60) } else { format!("{minutes} min") };
        assert!(
            row.ends_with(&format!("| {} | {window} |", limit.tries)),
            "{row} should end with {} and {window}",
            limit.tries
        );
    }
}
