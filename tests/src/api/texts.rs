use connecto_local::functions::{Kind, all};
use connecto_shared::{domain::locale::Locale, mail::problem_text};

/// Every problem that an endpoint names can be told in every language.
#[test]
fn every_problem_has_its_texts() {
    for endpoint in all() {
        let Kind::Http(http) = &endpoint.kind else { continue };
        for problem in http.problems {
            for locale in Locale::ALL {
                assert!(
                    problem_text(locale, problem.code).is_some(),
                    "{}: {} in {locale}",
                    endpoint.folder,
                    problem.code
                );
            }
        }
    }
}
