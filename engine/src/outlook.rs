//! What will be known of a unit's outputs: the look-up table of planning and of applying.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::address::External;
use crate::address::Reference;
use crate::desired::Desired;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::expr::Lookup;
use crate::schema::Kind;
use crate::schema::Schema;
use crate::state::Object;
use crate::value::Attributes;
use crate::value::Value;

/// Known outputs, of this unit and of the platform.
#[derive(Debug)]
pub struct Outlook<'a> {
    known: BTreeMap<Address, Attributes>,
    externals: &'a BTreeMap<External, Value>,
}

impl<'a> Outlook<'a> {
    /// Knows the platform's outputs and nothing of the unit yet.
    pub fn new(externals: &'a BTreeMap<External, Value>) -> Self {
        Self { known: BTreeMap::new(), externals }
    }

    /// Learns all outputs of a resource, in place of what was known of it.
    pub fn learn(&mut self, address: &Address, outputs: Attributes) {
        self.known.insert(address.clone(), outputs);
    }

    /// Learns an object as it is.
    pub fn learn_object(&mut self, address: &Address, object: &Object) {
        let mut outputs = object.inputs.clone();
        outputs.extend(object.outputs.clone());
        self.learn(address, outputs);
    }

    /// Learns what follows from the inputs of a resource that does not exist yet.
    pub fn predict(
        &mut self,
        desired: &Desired,
        schema: &Schema,
        address: &Address,
        inputs: &Inputs,
    ) {
        let known = known_inputs(inputs);
        let mut outputs = (schema.predict)(desired.unit().place(), &known);
        outputs.extend(known);
        self.learn(address, outputs);
    }

    /// Learns what stays known of an object that is updated to `inputs`.
    pub fn learn_update(
        &mut self,
        schema: &Schema,
        address: &Address,
        outputs: &Attributes,
        inputs: &Inputs,
    ) {
        let mut stable = outputs.clone();
        stable.retain(|name, _| match schema.attribute(name).map(|a| &a.kind) {
            Some(Kind::Computed(computed)) => !computed.changes_on_update,
            _ => false,
        });
        stable.extend(known_inputs(inputs));
        self.learn(address, stable);
    }

    /// All that is known of the unit's outputs.
    pub fn outputs(self) -> BTreeMap<Address, Attributes> {
        self.known
    }

    /// Resolves inputs as far as they are known.
    pub fn resolve(&self, inputs: &Inputs) -> Inputs {
        inputs.iter().map(|(name, expr)| (name.clone(), expr.resolve(self))).collect()
    }
}

impl Lookup for Outlook<'_> {
    fn reference(&self, reference: &Reference) -> Option<&Value> {
        self.known.get(&reference.address)?.get(&reference.output)
    }

    fn external(&self, external: &External) -> Option<&Value> {
        self.externals.get(external)
    }
}

/// The inputs that are known.
pub fn known_inputs(inputs: &Inputs) -> Attributes {
    inputs.iter().filter_map(|(name, expr)| Some((name.clone(), expr.known()?))).collect()
}

/// Inputs with the name of an object of this generation.
pub fn suffixed(schema: &Schema, inputs: &Inputs, generation: u32) -> Inputs {
    let mut inputs = inputs.clone();
    if let Some(name) = schema.suffixed_name().and_then(|name| inputs.get_mut(name)) {
        *name = with_generation(name, generation);
    }
    inputs
}

/// The name with the suffix of its generation: none for the first, `-g2`, `-g3`… afterwards.
fn with_generation(name: &Expr, generation: u32) -> Expr {
    if generation <= 1 {
        return name.clone();
    }
    let suffix = format!("-g{generation}");
    let joined = Expr::Join(vec![name.clone(), suffix.into()]);
    joined.known().map_or(joined, Expr::Value)
}
