//! What others have in nfplan's objects: kept, counted, and taken note of.

use super::Planner;
use super::basis::Basis;
use super::limits::Shortest;
use crate::address::Reference;
use crate::change::AttributeChange;
use crate::desired::Resource;
use crate::desired::excess;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::parts::moved;
use crate::parts::shared;
use crate::refusal::RefusalKind;
use crate::schema::Limit;
use crate::schema::Schema;
use crate::state::Object;
use crate::value::Attributes;

impl Planner<'_> {
    /// Records what an object will be that others have parts in, and refuses a change of it if AWS takes
    /// no value as large as both together.
    pub(super) fn share(
        &mut self,
        resource: &Resource,
        schema: &Schema,
        inputs: &Inputs,
        basis: &Basis,
    ) {
        for (attribute, parts) in shared(schema) {
            let name = attribute.name;
            let Some(expr) = inputs.get(name) else { continue };
            let reference = Reference { address: resource.address.clone(), output: name.into() };
            self.shared.insert(reference, expr.clone());
            let there = basis.before.get(name);
            if there.is_some_and(|there| *expr == Expr::Value(there.clone())) {
                continue;
            }
            let others = parts.of_others(there);
            let whole = expr.resolve(&Shortest::new()).known();
            let excess = whole.and_then(|whole| excess(attribute, &whole));
            if let (Some(excess), false) = (excess, others.is_empty()) {
                let theirs = match attribute.limit {
                    Some(Limit::Items(_)) => others.len(),
                    // With the comma that follows.
                    _ => others.iter().map(|part| part.to_string().chars().count() + 1).sum(),
                };
                let message = format!(
                    "`{name}` {excess}: {theirs} of them are not nfplan's: make room in AWS"
                );
                self.refuse_at(resource, name, RefusalKind::TooLarge, message);
            }
        }
    }
}

/// What others changed of their parts since nfplan took note of them; all of them, if it never did.
pub(super) fn others_moved(schema: &Schema, basis: &Basis) -> Vec<String> {
    let told = moved(schema, basis.applied.as_ref(), &basis.before).into_iter();
    told.map(|(_, words)| words).collect()
}

/// The attributes in which others changed their parts, which stay as they are.
pub(super) fn noted(schema: &Schema, basis: &Basis) -> Vec<AttributeChange> {
    let Some(applied) = &basis.applied else { return Vec::new() };
    let noted = moved(schema, Some(applied), &basis.before).into_iter();
    let noted = noted.map(|(attribute, _)| {
        let there = basis.before.get(attribute.name).cloned();
        AttributeChange {
            name: attribute.name.into(),
            after: there.clone().map(Expr::Value),
            before: there,
            applied: applied.get(attribute.name).cloned(),
            because: None,
            origin: None,
        }
    });
    noted.collect()
}

/// Why an object is made again that state knows, and what is not made again with it.
pub(super) fn vanished(schema: &Schema, object: &Object) -> Vec<String> {
    let gone = format!("`{}` no longer exists in the cloud", object.remote_id);
    let others = moved(schema, Some(&object.inputs), &Attributes::new()).into_iter();
    std::iter::once(gone).chain(others.map(|(_, words)| words)).collect()
}
