//! IAM policy documents as typed values: built by specs, compared by the engine.
//!
//! Two documents that IAM treats alike must compare equal, or every plan shows a change: IAM gives
//! single values back as text or as a list, and the order of actions, resources, condition values
//! and statements carries no meaning (IAM user guide, "Grammar of the IAM JSON policy language").

use std::collections::BTreeMap;

use crate::expr::Expr;
use crate::value::Attributes;
use crate::value::Value;

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`; wins over every allow.
    Deny,
}

impl Effect {
    fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Names the statement; letters and digits.
    pub sid: &'static str,
    /// Allow or deny.
    pub effect: Effect,
    /// Who: principal kind (`AWS`, `Service`, `*`) to values. Empty in identity policies.
    pub principals: BTreeMap<&'static str, Vec<Expr>>,
    /// What, as `service:Action`.
    pub actions: Vec<&'static str>,
    /// On what. Empty in trust policies.
    pub resources: Vec<Expr>,
    /// When: operator to key to values.
    pub conditions: BTreeMap<&'static str, BTreeMap<&'static str, Vec<Expr>>>,
}

impl Statement {
    /// A statement that allows `actions`.
    pub fn allow(sid: &'static str, actions: &[&'static str]) -> Self {
        Self {
            sid,
            effect: Effect::Allow,
            principals: BTreeMap::new(),
            actions: actions.to_vec(),
            resources: Vec::new(),
            conditions: BTreeMap::new(),
        }
    }

    /// A statement that denies `actions`.
    pub fn deny(sid: &'static str, actions: &[&'static str]) -> Self {
        Self { effect: Effect::Deny, ..Self::allow(sid, actions) }
    }

    /// Adds resources.
    #[must_use]
    pub fn on(mut self, resources: impl IntoIterator<Item = impl Into<Expr>>) -> Self {
        self.resources.extend(resources.into_iter().map(Into::into));
        self
    }

    /// Adds principals of one kind.
    #[must_use]
    pub fn by(
        mut self,
        kind: &'static str,
        principals: impl IntoIterator<Item = impl Into<Expr>>,
    ) -> Self {
        self.principals.entry(kind).or_default().extend(principals.into_iter().map(Into::into));
        self
    }

    /// Adds a condition.
    #[must_use]
    pub fn when(
        mut self,
        operator: &'static str,
        key: &'static str,
        values: impl IntoIterator<Item = impl Into<Expr>>,
    ) -> Self {
        let values = values.into_iter().map(Into::into);
        self.conditions.entry(operator).or_default().entry(key).or_default().extend(values);
        self
    }

    fn expr(&self) -> Expr {
        let mut fields: Vec<(&str, Expr)> = vec![
            ("Sid", self.sid.into()),
            ("Effect", self.effect.name().into()),
            ("Action", Expr::list(self.actions.iter().copied())),
        ];
        if !self.principals.is_empty() {
            fields.push(("Principal", lists(&self.principals)));
        }
        if !self.resources.is_empty() {
            fields.push(("Resource", Expr::List(self.resources.clone())));
        }
        if !self.conditions.is_empty() {
            let by_operator = self.conditions.iter().map(|(name, keys)| (*name, lists(keys)));
            fields.push(("Condition", Expr::map(by_operator)));
        }
        Expr::map(fields)
    }
}

fn lists(entries: &BTreeMap<&'static str, Vec<Expr>>) -> Expr {
    Expr::map(entries.iter().map(|(key, values)| (*key, Expr::List(values.clone()))))
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(Vec<Statement>);

impl Policy {
    /// A document of the current policy language version, 2012-10-17.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self(statements.into_iter().collect())
    }

    /// The document in AWS's JSON shape, references included.
    pub fn expr(&self) -> Expr {
        let document = Expr::map([
            ("Version", "2012-10-17".into()),
            ("Statement", Expr::List(self.0.iter().map(Statement::expr).collect())),
        ]);
        document.known().map_or(document, Expr::Value)
    }
}

/// The one form of all documents that mean the same: single values as lists, lists and statements
/// sorted and free of repetitions.
pub fn canonical(document: &Value) -> Value {
    let Value::Map(fields) = document else { return document.clone() };
    let mut fields = fields.clone();
    if let Some(statements) = fields.get_mut("Statement") {
        let mut list: Vec<Value> = as_list(statements).iter().map(canonical_statement).collect();
        list.sort();
        list.dedup();
        *statements = Value::List(list);
    }
    Value::Map(fields)
}

fn canonical_statement(statement: &Value) -> Value {
    let Value::Map(fields) = statement else { return statement.clone() };
    let mut fields = fields.clone();
    for (key, value) in &mut fields {
        match &**key {
            "Action" | "NotAction" | "Resource" | "NotResource" => *value = sorted_list(value),
            "Principal" | "NotPrincipal" => *value = lists_by_key(value),
            "Condition" => {
                if let Value::Map(operators) = value {
                    operators.values_mut().for_each(|keys| *keys = lists_by_key(keys));
                }
            }
            _ => {}
        }
    }
    Value::Map(fields)
}

fn lists_by_key(value: &Value) -> Value {
    match value {
        Value::Map(entries) => {
            let sorted = entries.iter().map(|(key, value)| (key.clone(), sorted_list(value)));
            Value::Map(sorted.collect::<Attributes>())
        }
        other => other.clone(),
    }
}

fn sorted_list(value: &Value) -> Value {
    let mut items = as_list(value);
    items.sort();
    items.dedup();
    Value::List(items)
}

fn as_list(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.clone(),
        single => vec![single.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn documents_that_mean_the_same_have_one_canonical_form() {
        let a = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":["b","a","a"]}}"#;
        let b = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["a","b"]}]}"#;
        assert_eq!(canonical(&value(a)), canonical(&value(b)));
        assert_eq!(canonical(&canonical(&value(a))), canonical(&value(a)));
    }

    #[test]
    fn a_change_of_meaning_changes_the_canonical_form() {
        let allow = r#"{"Statement":[{"Effect":"Allow","Action":["a:B"],"Resource":["*"]}]}"#;
        assert_ne!(canonical(&value(allow)), canonical(&value(&allow.replace("Allow", "Deny"))));
    }
}
