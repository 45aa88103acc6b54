//! Taking over what something else made: into the state, and by its tags, and nothing more. The next
//! plan shows what it lacks.

use super::Draft;
use super::Planner;
use super::basis::Basis;
use super::sharing::others_moved;
use super::unknown_type;
use crate::adoption::claimed;
use crate::adoption::objection;
use crate::change::Action;
use crate::desired::Resource;
use crate::diff::diff;
use crate::expr::Inputs;
use crate::observed::Live;
use crate::observed::Sighting;
use crate::outlook::known_inputs;
use crate::refusal::RefusalKind;
use crate::schema::Identity;
use crate::schema::Schema;
use crate::step::Operation;
use crate::step::Undo;

impl Planner<'_> {
    /// Takes over the object of one resource, if there is one.
    pub(super) fn claim(&mut self, resource: &Resource) {
        let address = &resource.address;
        let Some(schema) = self.input.schemas.find(&address.resource_type) else {
            return self.refuse(resource, RefusalKind::UnknownType, unknown_type());
        };
        if self.input.state.current(address).is_some() {
            return self.pass_over(resource);
        }
        match self.input.observed.get(address) {
            None | Some(Sighting::Missing) => {}
            Some(Sighting::Unreadable { reason }) => {
                let message = format!("cannot be taken over: {reason}");
                self.refuse(resource, RefusalKind::Foreign, message);
            }
            Some(Sighting::Present(live)) => {
                let wanted = known_inputs(&self.outlook.resolve(&resource.inputs));
                let owner = (self.input.desired.unit(), address);
                if let Some(why) = objection(schema, owner, &wanted, live) {
                    let (title, id) = (schema.title, &live.remote_id);
                    let message = format!("cannot take over the {title} `{id}`: {why}");
                    return self.refuse(resource, RefusalKind::Foreign, message);
                }
                self.take_over(resource, schema, &Basis::from_live(schema, live, None));
            }
        }
    }

    /// Refuses an object that bears the name of a wanted one and is not proved this unit's.
    pub(super) fn foreign(
        &mut self,
        resource: &Resource,
        schema: &Schema,
        live: &Live,
        inputs: &Inputs,
    ) {
        let names: Vec<String> = match schema.identity {
            Identity::Attributes(names) => names
                .iter()
                .filter_map(|name| inputs.get(*name)?.known())
                .map(|value| value.as_text().map_or(value.to_string(), str::to_owned))
                .collect(),
            Identity::Tags | Identity::Siblings(_) => vec![live.remote_id.to_string()],
        };
        let owner = match &live.owner {
            Some(owner) => format!("belongs to `{}:{}`", owner.unit, owner.address),
            None => "has no ownership tags of nfplan".into(),
        };
        let message = format!(
            "{} `{}` exists already and {owner}; nfplan takes over nothing that is not proved its \
             own: delete or rename it",
            schema.title,
            names.join(" ")
        );
        self.refuse(resource, RefusalKind::Foreign, message);
    }

    fn take_over(&mut self, resource: &Resource, schema: &'static Schema, basis: &Basis) {
        let resolved = self.outlook.resolve(&resource.inputs);
        let waits_for = self.waits_for(&resource.address);
        let reasons = others_moved(schema, basis);
        let mut draft = Draft { resource, schema, resolved: &resolved, waits_for, reasons };
        self.adopt(&mut draft, basis, Some("it bears the name that this resource has"));
        let after = claimed(resource, schema, &basis.before);
        let after: crate::expr::Inputs =
            after.into_iter().map(|(name, value)| (name, value.into())).collect();
        let differences = diff(schema, &basis.before, &after);
        if !differences.is_empty() {
            let (remote_id, before) = (basis.remote_id.clone(), basis.before.clone());
            let changed = differences.iter().map(|difference| difference.name.into()).collect();
            let tag = Operation::Update { remote_id, before, after, changed };
            let attributes = self.attributes(resource, &differences, None);
            let step = self.step(&draft, tag, Undo::Restore);
            draft.waits_for = [step].into();
            self.note(resource, Action::Adopt, attributes, Vec::new());
        }
        self.keep(&draft, basis);
    }
}
