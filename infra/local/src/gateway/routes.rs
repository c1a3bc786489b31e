//! Which function a request goes to: API Gateway's rules for HTTP APIs.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::template::model::{Template, Trigger};

/// All routes of the template, the more specific first.
#[derive(Debug)]
pub(super) struct Routes {
    routes: Vec<Route>,
    default: Option<String>,
}

#[derive(Debug)]
struct Route {
    /// `None` is `ANY`.
    method: Option<String>,
    segments: Vec<Segment>,
    key: String,
    function: String,
}

/// One part of a route's path, in the order in which API Gateway prefers them.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Static(String),
    Variable(String),
    /// `{name+}`: this and everything after it.
    Greedy(String),
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Matched<'a> {
    /// `POST /v1/jobs/{id}` or `$default`.
    pub(super) key: &'a str,
    /// The function's logical id.
    pub(super) function: &'a str,
    /// The path's variables, decoded.
    pub(super) path_parameters: BTreeMap<String, String>,
}

impl Routes {
    /// The template's routes; an error names two that no request could tell apart.
    pub(super) fn new(template: &Template) -> Result<Self, String> {
        let mut routes = Vec::new();
        let mut default = None;
        for function in &template.functions {
            for trigger in &function.triggers {
                match trigger {
                    Trigger::Route { method, path } => {
                        routes.push(Route::new(method, path, &function.logical_id));
                    }
                    Trigger::DefaultRoute => default = Some(function.logical_id.clone()),
                    Trigger::Stream(_)
                    | Trigger::Schedule(_)
                    | Trigger::Notification(_)
                    | Trigger::Rule(_) => {}
                }
            }
        }
        routes.sort_by(Route::specificity);
        if let Some(pair) = routes.windows(2).find(|pair| pair[0].specificity(&pair[1]) == Ordering::Equal) {
            return Err(format!(
                "{} and {} both have the route {}",
                pair[0].function, pair[1].function, pair[0].key
            ));
        }
        Ok(Self { routes, default })
    }

    /// The route of a request, by its path as it came over the wire.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<Matched<'_>> {
        let parts: Vec<String> = path.trim_start_matches('/').split('/').map(decoded).collect();
        let of_method = |route: &&Route| route.method.as_deref().is_none_or(|own| own == method);
        let matched = self.routes.iter().filter(of_method).find_map(|route| {
            let path_parameters = route.variables(&parts)?;
            Some(Matched { key: &route.key, function: &route.function, path_parameters })
        });
        matched.or_else(|| {
            let function = self.default.as_deref()?;
            Some(Matched { key: "$default", function, path_parameters: BTreeMap::new() })
        })
    }
}

impl Route {
    fn new(method: &str, path: &str, function: &str) -> Self {
        Self {
            method: (method != "ANY").then(|| method.to_owned()),
            segments: path.trim_start_matches('/').split('/').map(Segment::new).collect(),
            key: format!("{method} {path}"),
            function: function.to_owned(),
        }
    }

    fn specificity(&self, other: &Self) -> Ordering {
        // The names of variables tell no requests apart.
        let rank = |segment: &Segment| match segment {
            Segment::Static(text) => (0, text.clone()),
            Segment::Variable(_) => (1, String::new()),
            Segment::Greedy(_) => (2, String::new()),
        };
        let path = |route: &Self| route.segments.iter().map(rank).collect::<Vec<_>>();
        // A method beats ANY.
        path(self).cmp(&path(other)).then_with(|| other.method.cmp(&self.method))
    }

    fn variables(&self, parts: &[String]) -> Option<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        for (index, segment) in self.segments.iter().enumerate() {
            let part = parts.get(index)?;
            match segment {
                Segment::Static(text) if text == part => {}
                Segment::Variable(name) if !part.is_empty() => {
                    variables.insert(name.clone(), part.clone());
                }
                Segment::Greedy(name) => {
                    variables.insert(name.clone(), parts[index..].join("/"));
                    return Some(variables);
                }
                Segment::Static(_) | Segment::Variable(_) => return None,
            }
        }
        (parts.len() == self.segments.len()).then_some(variables)
    }
}

impl Segment {
    fn new(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Variable(name.to_owned()),
            },
            None => Self::Static(text.to_owned()),
        }
    }
}

/// Percent-decoded; bytes that are not UTF-8 become the replacement character.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let mut routes: Vec<Route> = [
            ("GET", "/v1/jobs/{id}", "GetJob"),
            ("GET", "/v1/jobs/mine", "MyJobs"),
            ("ANY", "/v1/jobs/{id}", "AnyJob"),
            ("ANY", "/v1/files/{path+}", "Files"),
            ("GET", "/.well-known/jwks.json", "Keys"),
        ]
        .map(|(method, path, function)| Route::new(method, path, function))
        .into();
        routes.sort_by(Route::specificity);
        Routes { routes, default: Some("Default".to_owned()) }
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = routes();
        for (method, path, function) in [
            ("GET", "/v1/jobs/mine", "MyJobs"),
            ("GET", "/v1/jobs/job_1", "GetJob"),
            ("POST", "/v1/jobs/mine", "AnyJob"),
            ("PUT", "/v1/files/a/b", "Files"),
            ("GET", "/%2Ewell-known/jwks.json", "Keys"),
            ("GET", "/v1/jobs/", "Default"),
            ("GET", "/v1/jobs/job_1/more", "Default"),
            ("POST", "/", "Default"),
        ] {
            assert_eq!(routes.find(method, path).expect("a route").function, function, "{method} {path}");
        }
    }

    #[test]
    fn variables_are_decoded_after_the_path_is_split() {
        let routes = routes();
        let one = routes.find("GET", "/v1/jobs/a%2Fb%20c").expect("a route");
        assert_eq!(one.path_parameters["id"], "a/b c");
        assert_eq!(one.key, "GET /v1/jobs/{id}");
        let many = routes.find("GET", "/v1/files/a/b%3F").expect("a route");
        assert_eq!(many.path_parameters["path"], "a/b?");
    }
}
