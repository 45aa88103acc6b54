//! A policy document as the evaluator sees it, read from the expression that a plan or a state holds.

use std::collections::BTreeMap;

use super::condition::Condition;
use super::text::text_of;
use crate::address::UnitId;
use crate::expr::Expr;
use crate::policy::Effect;
use crate::value::Value;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its statements, as far as they can be understood.
    pub rules: Vec<Rule>,
    /// Why parts of it cannot be understood; then nothing that it might decide is certain.
    pub strange: Vec<String>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The statement's id, or its number from 1.
    pub name: String,
    /// Allow or deny.
    pub effect: Effect,
    /// Who; none in an identity policy.
    pub principals: Option<Principals>,
    /// What: patterns in lower case, because IAM does not tell the cases of actions apart.
    pub actions: Vec<String>,
    /// On what: patterns. None in a trust policy, which is about its own role.
    pub resources: Option<Vec<String>>,
    /// When.
    pub conditions: Vec<Condition>,
}

/// Whom a statement of a resource's policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// Everybody.
    Everybody,
    /// Values by kind: `AWS`, `Service`, `Federated`.
    Kinds(BTreeMap<String, Vec<String>>),
}

impl Document {
    /// Reads the document of an object of `unit`. What it cannot understand, it says.
    pub fn read(unit: &UnitId, expr: &Expr) -> Self {
        let mut document = Self { rules: Vec::new(), strange: Vec::new() };
        let Some(fields) = fields(expr) else {
            return Self::unseen("it is not known".into());
        };
        let Some(statements) = fields.get("Statement") else {
            return Self::unseen("it has no statements".into());
        };
        for (index, statement) in items(statements).iter().enumerate() {
            match rule(unit, statement, index + 1) {
                Ok(rule) => document.rules.push(rule),
                Err(why) => document.strange.push(why),
            }
        }
        document
    }

    /// A document that nobody has seen.
    pub fn unseen(why: String) -> Self {
        Self { rules: Vec::new(), strange: vec![why] }
    }
}

fn rule(unit: &UnitId, statement: &Expr, number: usize) -> Result<Rule, String> {
    let Some(mut fields) = fields(statement) else {
        return Err(format!("statement {number} is no map"));
    };
    let mut texts = |key: &str| {
        let found = fields.remove(key).map(|expr| texts(unit, &expr));
        found.transpose().map_err(|why| format!("statement {number}: `{key}` {why}"))
    };
    let name = texts("Sid")?.and_then(|mut names| names.pop());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| number.to_string());
    let effect = match texts("Effect")?.unwrap_or_default().as_slice() {
        [effect] if effect == "Allow" => Effect::Allow,
        [effect] if effect == "Deny" => Effect::Deny,
        other => return Err(format!("statement {name} has the effect {other:?}")),
    };
    let actions = texts("Action")?.ok_or(format!("statement {name} names no `Action`"))?;
    let resources = texts("Resource")?;
    let principals = fields.remove("Principal").map(|expr| principals(unit, &expr)).transpose()?;
    let conditions = fields.remove("Condition").map(|expr| conditions(unit, &expr)).transpose()?;
    if let Some(unknown) = fields.keys().next() {
        return Err(format!("statement {name} has `{unknown}`"));
    }
    let all = actions.iter().chain(resources.iter().flatten());
    if let Some(variable) = all.into_iter().find(|text| text.contains("${")) {
        return Err(format!("statement {name} has a policy variable: {variable}"));
    }
    Ok(Rule {
        name,
        effect,
        principals,
        actions: actions.iter().map(|action| action.to_lowercase()).collect(),
        resources,
        conditions: conditions.unwrap_or_default(),
    })
}

fn principals(unit: &UnitId, expr: &Expr) -> Result<Principals, String> {
    if let Ok(everybody) = texts(unit, expr) {
        return match everybody.as_slice() {
            [one] if one == "*" => Ok(Principals::Everybody),
            other => Err(format!("the principal {other:?} is of no kind")),
        };
    }
    let kinds = fields(expr).ok_or("a principal is not known")?;
    let kinds = kinds.iter().map(|(kind, expr)| Ok((kind.clone(), texts(unit, expr)?)));
    let kinds = kinds.collect::<Result<BTreeMap<_, _>, String>>()?;
    // In IAM's words: `{"AWS": "*"}` is everybody, too.
    let everybody = kinds.get("AWS").is_some_and(|values| values.iter().any(|value| value == "*"));
    Ok(if everybody { Principals::Everybody } else { Principals::Kinds(kinds) })
}

fn conditions(unit: &UnitId, expr: &Expr) -> Result<Vec<Condition>, String> {
    let operators = fields(expr).ok_or("its conditions are not known")?;
    let mut list = Vec::new();
    for (operator, keys) in operators {
        let keys = fields(&keys).ok_or(format!("`{operator}` is no map"))?;
        for (key, values) in keys {
            let values = texts(unit, &values).map_err(|why| format!("`{key}` {why}"))?;
            list.push(Condition::new(&operator, &key, values));
        }
    }
    Ok(list)
}

/// The entries of a map.
fn fields(expr: &Expr) -> Option<BTreeMap<String, Expr>> {
    match expr {
        Expr::Value(Value::Map(entries)) => Some(
            entries.iter().map(|(key, value)| (key.to_string(), value.clone().into())).collect(),
        ),
        Expr::Map(entries) => {
            Some(entries.iter().map(|(key, expr)| (key.to_string(), expr.clone())).collect())
        }
        _ => None,
    }
}

/// The items of a list; a single value is a list of one.
fn items(expr: &Expr) -> Vec<Expr> {
    match expr {
        Expr::Value(Value::List(items)) => items.iter().cloned().map(Expr::from).collect(),
        Expr::List(items) => items.clone(),
        single => vec![single.clone()],
    }
}

fn texts(unit: &UnitId, expr: &Expr) -> Result<Vec<String>, String> {
    let texts = items(expr).into_iter().map(|item| text_of(unit, &item));
    texts.collect::<Option<_>>().ok_or_else(|| "is no text".into())
}
