//! Limits of AWS on what is known only once references are resolved: above all the size of policies.

use super::Planner;
use crate::address::External;
use crate::address::Reference;
use crate::desired::Resource;
use crate::desired::excess;
use crate::expr::Inputs;
use crate::expr::Lookup;
use crate::refusal::RefusalKind;
use crate::schema::Schema;
use crate::value::Value;

/// Stands for what the cloud has yet to make, and is as short as that can be: what does not fit with
/// it does not fit at all.
pub(super) struct Shortest {
    id: Value,
    arn: Value,
}

impl Shortest {
    pub(super) fn new() -> Self {
        // `vpce-` and 17 digits is the shortest id in a policy; the ARN of a key in the shortest region
        // has 75 characters.
        Self { id: "x".repeat(22).into(), arn: "x".repeat(75).into() }
    }

    fn of(&self, output: &str) -> &Value {
        if output == "arn" { &self.arn } else { &self.id }
    }
}

impl Lookup for Shortest {
    fn reference(&self, reference: &Reference) -> Option<&Value> {
        Some(self.of(&reference.output))
    }

    fn external(&self, external: &External) -> Option<&Value> {
        Some(self.of(&external.reference.output))
    }
}

impl Planner<'_> {
    /// Refuses values that are too large with what references stand for. Those without references were
    /// checked when the resources were put together.
    pub(super) fn check_limits(&mut self, resource: &Resource, schema: &Schema, resolved: &Inputs) {
        for (name, expr) in &resource.inputs {
            let Some(attribute) = schema.attribute(name).filter(|_| expr.known().is_none()) else {
                continue;
            };
            let value = resolved.get(name).and_then(|expr| expr.resolve(&Shortest::new()).known());
            if let Some(excess) = value.and_then(|value| excess(attribute, &value)) {
                let message = format!("`{name}` {excess}");
                self.refuse_at(resource, name, RefusalKind::TooLarge, message);
            }
        }
    }
}
