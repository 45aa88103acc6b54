//! From plans to what IAM is to be asked.
//!
//! Steps come to requests of the provider (`nfplan_providers::requests`), requests to rows of the table
//! that `nfplan permissions` makes policies of. Each row is one question, however many units take it:
//! names in it are those of the first unit that has some.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::access::text::Answer;
use nfplan_engine::access::text::covers;
use nfplan_engine::access::text::has_wildcard;
use nfplan_engine::address::UnitId;
use nfplan_engine::preflight::Deed;
use nfplan_engine::preflight::Direction;
use nfplan_engine::preflight::deeds;
use nfplan_engine::provider::Denial;
use nfplan_engine::provider::Question;
use nfplan_engine::schema::Schemas;
use nfplan_engine::step::Step;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_providers::requests::requests;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::permissions::Need;
use nfplan_specs::permissions::needs;
use nfplan_specs::project::Account;

use crate::planning::Planable;

/// One question, and who asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The question.
    pub question: Question,
    /// The units that take each action.
    pub users: BTreeMap<Box<str>, Users>,
    /// Whether it is about what the plan is about, and not only about something of that kind.
    certain: bool,
}

/// The units that take something.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Users {
    /// To be applied.
    pub forward: BTreeSet<UnitId>,
    /// To be rolled back.
    pub backward: BTreeSet<UnitId>,
}

impl Row {
    /// Whether a denial is one of what the plan is about: what is not allowed under any name may be
    /// allowed under some.
    pub fn is_denied(&self, denial: Denial) -> bool {
        self.certain || denial == Denial::Forbidden
    }
}

impl Users {
    /// Takes in others.
    pub fn add(&mut self, others: &Self) {
        self.forward.extend(others.forward.iter().cloned());
        self.backward.extend(others.backward.iter().cloned());
    }
}

/// The questions that come from these plans of one place.
pub fn rows(fleet: &Fleet, account: &Account, schemas: &Schemas, units: &[&Planable]) -> Vec<Row> {
    let mut calls: BTreeMap<&'static str, Users> = BTreeMap::new();
    for unit in units {
        for (direction, call) in unit.plan.steps.iter().flat_map(taken) {
            let users = calls.entry(call).or_default();
            let users = match direction {
                Direction::Forward => &mut users.forward,
                Direction::Backward => &mut users.backward,
            };
            users.insert(unit.plan.unit.clone());
        }
    }
    if calls.is_empty() {
        return Vec::new();
    }
    let known = Known::of(units, schemas);
    let needs = needs(fleet, account, &calls.keys().copied().collect());
    needs.iter().map(|need| row(need, &calls, &known)).collect()
}

/// The requests of a step and of its undo.
pub fn taken(step: &Step) -> Vec<(Direction, &'static str)> {
    let of_deed = |(direction, deed): (Direction, Deed<'_>)| {
        let requests = requests(step.address.resource_type.as_str(), &deed);
        requests.into_iter().map(move |request| (direction, request))
    };
    deeds(step).into_iter().flat_map(of_deed).collect()
}

fn row(need: &Need, calls: &BTreeMap<&'static str, Users>, known: &Known) -> Row {
    let of_action = |(action, own): (&&'static str, &BTreeSet<&'static str>)| {
        let mut all = Users::default();
        for users in own.iter().filter_map(|call| calls.get(call)) {
            all.add(users);
        }
        (Box::from(*action), all)
    };
    let users: BTreeMap<Box<str>, Users> = need.actions.iter().map(of_action).collect();
    let resources: Vec<Filled> = need.resources.iter().map(|one| known.fill(one)).collect();
    let certain = resources.iter().all(|one| one.certain);
    let context = need
        .context
        .iter()
        .filter_map(|(key, values)| Some((Box::from(*key), one_of(values, &need.actions, known)?)));
    let question = Question {
        actions: users.keys().cloned().collect(),
        resources: resources.into_iter().map(|one| one.text).collect(),
        context: context.collect(),
    };
    Row { question, users, certain }
}

/// The value that a request will have: one that names one of the calls (`ec2:CreateAction`), or one that
/// has no wildcards left.
fn one_of(
    values: &[String],
    actions: &BTreeMap<&'static str, BTreeSet<&'static str>>,
    known: &Known,
) -> Option<String> {
    let mut calls = actions.values().flatten().filter_map(|call| call.split_once(':'));
    let named = calls.find_map(|(_, name)| values.iter().find(|value| **value == name).cloned());
    let filled: Vec<Filled> = values.iter().map(|value| known.fill(value)).collect();
    let whole = || filled.iter().find(|one| one.certain).or(filled.first());
    named.or_else(|| whole().map(|one| one.text.clone()))
}

/// An ARN in which as much as possible has a name.
struct Filled {
    text: String,
    certain: bool,
}

/// The names in some plans, and in the states that they are made from.
#[derive(Debug, Default)]
struct Known {
    arns: BTreeSet<String>,
    names: BTreeSet<String>,
    images: BTreeSet<String>,
}

impl Known {
    fn of(units: &[&Planable], schemas: &Schemas) -> Self {
        let mut known = Self::default();
        for unit in units {
            for step in &unit.plan.steps {
                let predict =
                    schemas.find(&step.address.resource_type).map(|schema| schema.predict);
                for side in deeds(step).into_iter().flat_map(|(_, deed)| sides(&deed)) {
                    let place = unit.plan.unit.place();
                    known.learn(&predict.map(|predict| predict(place, &side)).unwrap_or_default());
                    known.learn(&side);
                }
            }
            for (_, object) in unit.state.objects() {
                known.learn(&object.inputs);
                known.learn(&object.outputs);
            }
        }
        known
    }

    fn learn(&mut self, attributes: &Attributes) {
        let text = |name: &str| attributes.get(name).and_then(Value::as_text).map(str::to_owned);
        self.arns.extend(text("arn"));
        self.names.extend(text("name"));
        self.images.extend(text("image_id").filter(|id| id.starts_with("ami-")));
    }

    /// What AWS makes up the ids of is asked about as a whole, as AWS does it when it is made.
    fn fill(&self, pattern: &str) -> Filled {
        let whole = |text: &str| Filled { text: text.to_owned(), certain: true };
        if let (Some(start), Some(image)) = (pattern.strip_suffix("image/*"), self.images.first()) {
            return whole(&format!("{start}image/{image}"));
        }
        let any_id = pattern == "*" || pattern.ends_with("/*") || pattern.ends_with(":*");
        if any_id || !has_wildcard(pattern) {
            return whole(pattern);
        }
        let covered = |arn: &String| covers(pattern, arn) == Answer::Yes;
        if let Some(arn) = self.arns.iter().find(|arn| covered(arn)) {
            return whole(arn);
        }
        let start = pattern.find(['*', '?']).map_or(pattern, |wildcard| &pattern[..wildcard]);
        // Some names have slashes themselves.
        let starts = [':', '/'].map(|sign| start.rfind(sign).map_or("", |end| &start[..=end]));
        let candidates = starts.iter().flat_map(|start| {
            // Six random characters are part of every secret's ARN.
            let ends = ["", "-AbCdEf"];
            let of_name = move |name| ends.map(|end| format!("{start}{name}{end}"));
            self.names.iter().flat_map(of_name)
        });
        match candidates.into_iter().find(covered) {
            Some(arn) => whole(&arn),
            None => Filled { text: pattern.to_owned(), certain: false },
        }
    }
}

/// What is known of an object at both ends of a deed.
fn sides(deed: &Deed<'_>) -> Vec<Attributes> {
    match deed {
        Deed::Create { inputs } => vec![inputs.known()],
        Deed::Update { before, after, .. } => vec![before.known(), after.known()],
        Deed::Disable { .. } => Vec::new(),
        Deed::Delete { before } => vec![before.known()],
    }
}

#[cfg(test)]
mod tests;
