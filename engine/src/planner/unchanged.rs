//! Most resources of most plans are as they were. That is told by comparing what is wanted with what was
//! applied, value by value and without making any; only the others go the long way.

use super::Planner;
use crate::desired::Resource;
use crate::diff::diff;
use crate::diff::normalise;
use crate::outlook::suffixed;
use crate::parts::shared;
use crate::schema::Schema;
use crate::state::Object;

impl<'a> Planner<'a> {
    /// The object of a resource that was not looked at, if what is wanted of it is what was applied.
    ///
    /// What was applied was normalised, and to normalise it again changes nothing; so what equals it
    /// needs no normalising. A later generation has another name, and where others have parts in a
    /// value, what is wanted is not all that holds: these go the long way.
    pub(super) fn unchanged(&self, resource: &Resource, schema: &Schema) -> Option<&'a Object> {
        let address = &resource.address;
        let object = self.input.state.current(address)?;
        let looked_at = self.input.observed.contains_key(address);
        let asked = self.input.asked.replace.contains(address);
        if looked_at || asked || object.generation != 1 || shared(schema).next().is_some() {
            return None;
        }
        let same = resource.inputs.len() == object.inputs.len()
            && resource.inputs.iter().zip(&object.inputs).all(|((name, expr), (other, value))| {
                name == other && expr.comes_to(value, &self.outlook)
            });
        debug_assert!(!same || self.is_so_the_long_way(resource, schema, object));
        same.then_some(object)
    }

    fn is_so_the_long_way(&self, resource: &Resource, schema: &Schema, object: &Object) -> bool {
        let resolved = self.outlook.resolve(&resource.inputs);
        let inputs = normalise(schema, &suffixed(schema, &resolved, object.generation));
        diff(schema, &object.inputs, &inputs).is_empty()
    }
}
