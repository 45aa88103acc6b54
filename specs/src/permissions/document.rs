//! Statements in as few documents as AWS's limit of size allows.

use nfplan_engine::policy::Policy;
use nfplan_engine::policy::Statement;
use nfplan_engine::value::Value;

use super::MOST_CHARACTERS;

/// A policy, ready to be attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What to call the policy in IAM.
    pub name: String,
    /// What it is for, to read on after "to".
    pub purpose: &'static str,
    /// The document in AWS's JSON shape.
    pub policy: Value,
}

impl Document {
    /// How many of AWS's characters the policy takes.
    pub fn characters(&self) -> usize {
        characters(&self.policy)
    }
}

/// Compact JSON has no white space, and neither has any name in a policy.
fn characters(policy: &Value) -> usize {
    policy.to_string().chars().filter(|character| !character.is_whitespace()).count()
}

/// One statement alone takes more than AWS allows a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the statement {sid} of the policy {name} takes {characters} characters, and AWS allows a \
     policy {MOST_CHARACTERS}"
)]
pub struct TooLarge {
    /// The policy.
    pub name: String,
    /// The statement.
    pub sid: &'static str,
    /// What it would take.
    pub characters: usize,
}

/// Puts statements into documents, in their order. A document that cannot take the next statement is
/// followed by another one with a number in its name.
pub(super) fn documents(
    (name, purpose): (&str, &'static str),
    statements: impl IntoIterator<Item = Statement>,
) -> Result<Vec<Document>, TooLarge> {
    let whole = |number: usize| {
        if number == 0 { name.to_owned() } else { format!("{name}-{}", number + 1) }
    };
    let (mut filled, mut open): (Vec<Value>, Vec<Statement>) = (Vec::new(), Vec::new());
    for statement in statements {
        let alone = characters(&known(std::slice::from_ref(&statement)));
        if alone > MOST_CHARACTERS {
            let name = whole(filled.len());
            return Err(TooLarge { name, sid: statement.sid, characters: alone });
        }
        open.push(statement);
        // A name stands for one statement in a document.
        let is_full = |open: &[Statement]| {
            let (last, before) = open.split_last().expect("it has just been given one");
            before.iter().any(|other| other.sid == last.sid)
                || characters(&known(open)) > MOST_CHARACTERS
        };
        if is_full(&open) {
            let next = open.pop().into_iter().collect();
            filled.push(known(&std::mem::replace(&mut open, next)));
        }
    }
    if !open.is_empty() {
        filled.push(known(&open));
    }
    let numbered = filled.into_iter().enumerate();
    Ok(numbered.map(|(number, policy)| Document { name: whole(number), purpose, policy }).collect())
}

fn known(statements: &[Statement]) -> Value {
    let document = Policy::new(statements.to_vec()).expr();
    document.known().expect("nothing in these policies is made by the cloud")
}
