//! Faults on demand: every n-th matching call of an engine misbehaves, so that retries can be tested over the wire.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// How many rules can be set at once.
const MAX_RULES: usize = 100;
/// The longest delay.
const MAX_DELAY_MS: u32 = 60_000;
/// The services that have a front.
const SERVICES: [&str; 9] = [
    "dynamodb",
    "secretsmanager",
    "ses",
    "sns",
    "elasticache",
    "s3",
    "cloudfront",
    "razorpay",
    "razorpay_webhooks",
];

/// What a struck call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Misbehaviour {
    /// Answers the service's throttling error.
    Throttle,
    /// Answers that another transaction is at work on the same item (`dynamodb`), or another request on the same refund
    /// (`razorpay`).
    Conflict,
    /// Answers a failure of the service, before anything took effect.
    Fail,
    /// Refuses it, before anything took effect, as for want of balance (`razorpay` alone).
    Refuse,
    /// Takes effect, then answers a failure (`razorpay` alone).
    FailAfter,
    /// Takes effect, then closes the connection without an answer.
    DropReply,
    /// Takes effect; then the calling function ends as if its process had been killed, and no answer comes.
    Crash,
    /// Is told twice (`razorpay_webhooks` alone).
    Duplicate,
    /// Is never told (`razorpay_webhooks` alone).
    Lose,
    /// Is answered, or told, late.
    Delay {
        /// By how many milliseconds.
        ms: u32,
    },
}

impl Misbehaviour {
    pub(super) const fn outcome(self) -> &'static str {
        match self {
            Self::Throttle => "chaos:throttle",
            Self::Conflict => "chaos:conflict",
            Self::Fail => "chaos:fail",
            Self::Refuse => "chaos:refuse",
            Self::FailAfter => "chaos:fail_after",
            Self::Duplicate => "chaos:duplicate",
            Self::Lose => "chaos:lose",
            Self::DropReply => "chaos:drop_reply",
            Self::Crash => "chaos:crash",
            Self::Delay { .. } => "chaos:delay",
        }
    }
}

/// Which calls misbehave, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `dynamodb`, `secretsmanager`, `ses`, `sns`, `elasticache`, `s3`, `cloudfront`, `razorpay` or `razorpay_webhooks`.
    pub service: String,
    /// The API's action; all of the service's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The calling function's logical id; all callers where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Every how many matching calls it strikes.
    pub every: u32,
    /// What the struck call does.
    #[serde(flatten)]
    pub misbehaviour: Misbehaviour,
}

/// A rule and what it has done so far.
#[derive(Debug, Clone, Serialize)]
pub struct RuleStatus {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many calls matched it.
    pub matched: u64,
    /// How many of them it struck.
    pub struck: u64,
}

/// The rules in force.
#[derive(Debug, Clone, Default)]
pub struct Chaos(Arc<Mutex<Vec<RuleStatus>>>);

impl Chaos {
    /// Replaces all rules, counting from nought. The error says which rule cannot be.
    pub fn set(&self, rules: Vec<Rule>) -> Result<(), String> {
        if rules.len() > MAX_RULES {
            return Err(format!("{} rules are more than the {MAX_RULES} allowed", rules.len()));
        }
        for (index, rule) in rules.iter().enumerate() {
            validate(rule).map_err(|error| format!("rules[{index}]: {error}"))?;
        }
        *self.rules() = rules.into_iter().map(|rule| RuleStatus { rule, matched: 0, struck: 0 }).collect();
        Ok(())
    }

    /// Lifts all rules.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// The rules with their counts.
    #[must_use]
    pub fn list(&self) -> Vec<RuleStatus> {
        self.rules().clone()
    }

    /// Counts a call against every rule it matches; the first rule whose turn it is strikes.
    pub(super) fn strike(&self, service: &str, action: &str, function: &str) -> Option<Misbehaviour> {
        let mut struck = None;
        for status in self.rules().iter_mut().filter(|status| status.rule.matches(service, action, function))
        {
            status.matched += 1;
            if struck.is_none() && status.matched % u64::from(status.rule.every) == 0 {
                status.struck += 1;
                struck = Some(status.rule.misbehaviour);
            }
        }
        struck
    }

    fn rules(&self) -> std::sync::MutexGuard<'_, Vec<RuleStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn matches(&self, service: &str, action: &str, function: &str) -> bool {
        let any_or = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        self.service == service && any_or(&self.action, action) && any_or(&self.function, function)
    }
}

fn validate(rule: &Rule) -> Result<(), String> {
    if !SERVICES.contains(&rule.service.as_str()) {
        return Err(format!("service is one of {}", SERVICES.join(", ")));
    }
    if rule.every == 0 {
        return Err("every starts at 1".to_owned());
    }
    // Of its callers Razorpay knows the key alone, which they share.
    if rule.service.starts_with("razorpay") && rule.function.is_some() {
        return Err("razorpay does not know which function calls".to_owned());
    }
    match rule.misbehaviour {
        Misbehaviour::Duplicate | Misbehaviour::Lose if rule.service != "razorpay_webhooks" => {
            Err("only razorpay_webhooks are told twice or never".to_owned())
        }
        Misbehaviour::Duplicate | Misbehaviour::Lose => Ok(()),
        Misbehaviour::FailAfter | Misbehaviour::Refuse if rule.service != "razorpay" => {
            Err("only razorpay fails after it did something, or refuses".to_owned())
        }
        Misbehaviour::Crash if rule.service == "razorpay" => {
            Err("razorpay does not know which function calls".to_owned())
        }
        Misbehaviour::Delay { .. } if rule.service == "razorpay_webhooks" => Ok(()),
        _ if rule.service == "razorpay_webhooks" => {
            Err("razorpay_webhooks are told twice, never or late".to_owned())
        }
        Misbehaviour::Conflict if !["dynamodb", "razorpay"].contains(&rule.service.as_str()) => {
            Err("only dynamodb and razorpay know conflicts".to_owned())
        }
        Misbehaviour::Delay { ms } if ms > MAX_DELAY_MS => Err(format!("ms is at most {MAX_DELAY_MS}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Vec<Rule> {
        serde_json::from_str(json).expect("rules")
    }

    #[test]
    fn every_nth_matching_call_is_struck() {
        let chaos = Chaos::default();
        chaos
            .set(rules(
                r#"[{"service":"ses","every":3,"do":"fail"},
                    {"service":"ses","action":"SendRawEmail","function":"Deliver","every":2,"do":"drop_reply"}]"#,
            ))
            .expect("valid rules");
        let strikes: Vec<_> = (0..6).map(|_| chaos.strike("ses", "SendRawEmail", "Deliver")).collect();
        let (fail, drop) = (Some(Misbehaviour::Fail), Some(Misbehaviour::DropReply));
        assert_eq!(strikes, [None, drop, fail, drop, None, fail]);
        assert_eq!(chaos.strike("ses", "SendEmail", "Sweep"), None);
        assert_eq!(chaos.strike("dynamodb", "PutItem", "Deliver"), None);
        let counts: Vec<_> = chaos.list().iter().map(|status| (status.matched, status.struck)).collect();
        assert_eq!(counts, [(7, 2), (6, 2)]);
    }

    #[test]
    fn impossible_rules_are_refused() {
        for (json, part) in [
            (r#"[{"service":"sqs","every":1,"do":"fail"}]"#, "service"),
            (r#"[{"service":"ses","every":0,"do":"fail"}]"#, "every"),
            (r#"[{"service":"ses","every":1,"do":"conflict"}]"#, "dynamodb"),
            (r#"[{"service":"ses","every":1,"do":"delay","ms":60001}]"#, "ms"),
            (r#"[{"service":"ses","every":1,"do":"lose"}]"#, "razorpay_webhooks"),
            (r#"[{"service":"ses","every":1,"do":"fail_after"}]"#, "razorpay"),
            (r#"[{"service":"ses","every":1,"do":"refuse"}]"#, "razorpay"),
            (r#"[{"service":"razorpay","every":1,"do":"crash"}]"#, "function"),
            (r#"[{"service":"razorpay","function":"PaymentsPay","every":1,"do":"fail"}]"#, "function"),
            (r#"[{"service":"razorpay_webhooks","every":1,"do":"fail"}]"#, "late"),
        ] {
            assert!(Chaos::default().set(rules(json)).expect_err(json).contains(part));
        }
    }
}
