//! Whether a function's role allows a call: IAM's evaluation of identity policies, as far as the template uses it.

/// What a statement does to the calls it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Grants them.
    Allow,
    /// Forbids them, whatever other statements grant.
    Deny,
}

/// One statement of a policy.
#[derive(Debug, Clone)]
pub struct Statement {
    /// `Allow` or `Deny`.
    pub effect: Effect,
    /// Action patterns: `dynamodb:PutItem`, `ses:Send*`.
    pub actions: Vec<String>,
    /// Resource patterns: ARNs with `*` and `?`.
    pub resources: Vec<String>,
}

/// All statements of a function's role.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// In the template's order.
    pub statements: Vec<Statement>,
}

/// The outcome for one action on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Allowed by the statement at this index.
    Allowed(usize),
    /// Not allowed by any statement, or denied by one.
    Denied,
}

impl Policy {
    /// Evaluates one action on one resource: an explicit deny wins, silence denies.
    #[must_use]
    pub fn check(&self, action: &str, resource: &str) -> Decision {
        let mut decision = Decision::Denied;
        for (index, statement) in self.statements.iter().enumerate() {
            if !statement.matches(action, resource) {
                continue;
            }
            match statement.effect {
                Effect::Deny => return Decision::Denied,
                Effect::Allow if decision == Decision::Denied => decision = Decision::Allowed(index),
                Effect::Allow => {}
            }
        }
        decision
    }
}

impl Statement {
    fn matches(&self, action: &str, resource: &str) -> bool {
        // IAM ignores case in actions and respects it in resources.
        let action = action.to_ascii_lowercase();
        self.actions.iter().any(|pattern| wildcard(&pattern.to_ascii_lowercase(), &action))
            && self.resources.iter().any(|pattern| wildcard(pattern, resource))
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters and `?` for one.
#[must_use]
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where the last star stood and how much it has swallowed: the only place worth going back to.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((star_p, star_t)) => {
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(effect: Effect, action: &str, resource: &str) -> Statement {
        Statement { effect, actions: vec![action.into()], resources: vec![resource.into()] }
    }

    #[test]
    fn wildcards_match_as_iam_does() {
        assert!(wildcard("*", ""));
        assert!(wildcard("dynamodb:*Item", "dynamodb:PutItem"));
        assert!(wildcard("a*b*c", "aXbYbZc"));
        assert!(wildcard("table/Acc?unts", "table/Accounts"));
        assert!(!wildcard("table/Acc?unts", "table/Accunts"));
        assert!(!wildcard("table/Accounts", "table/Accounts/index/gsi1"));
        assert!(!wildcard("", "a"));
    }

    #[test]
    fn silence_denies_and_deny_wins() {
        let policy = Policy {
            statements: vec![
                statement(Effect::Allow, "dynamodb:GetItem", "arn:table/A"),
                statement(Effect::Allow, "dynamodb:*", "arn:table/B"),
                statement(Effect::Deny, "dynamodb:DeleteItem", "*"),
            ],
        };
        assert_eq!(policy.check("dynamodb:GetItem", "arn:table/A"), Decision::Allowed(0));
        assert_eq!(policy.check("dynamodb:PutItem", "arn:table/B"), Decision::Allowed(1));
        assert_eq!(policy.check("dynamodb:PutItem", "arn:table/A"), Decision::Denied);
        assert_eq!(policy.check("dynamodb:DeleteItem", "arn:table/B"), Decision::Denied);
        assert_eq!(policy.check("DYNAMODB:getitem", "arn:table/A"), Decision::Allowed(0));
        assert_eq!(policy.check("dynamodb:GetItem", "arn:table/a"), Decision::Denied);
    }
}
