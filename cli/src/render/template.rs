//! What differs between units by name only, taken out of texts and put back.

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::plan::UnitPlan;

/// The marks that can stand for a unit's own names, and how those begin that stand for ids.
const MARKS: [&str; 6] = ["<unit>", "<user name>", "<user>", "<account>", "<region>", "<id of "];

/// A unit's own names with the marks that stand for them.
///
/// Taking names out and putting them back gives the same text again, unless the text has a mark of
/// its own; then nothing is taken out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    /// Longest name first: a unit's id holds all the others.
    names: Vec<(String, String)>,
    /// A bit for each ASCII character that some name begins with: most characters begin none.
    initials: u128,
}

impl Template {
    /// The names of a unit, and the ids that the cloud made for the objects of its plan.
    pub(crate) fn of(plan: &UnitPlan) -> Self {
        let place = plan.unit.place();
        let entry = |name: &str, mark: &str| (name.to_owned(), mark.to_owned());
        let mut names = vec![
            entry(&plan.unit.to_string(), "<unit>"),
            entry(&place.account.to_string(), "<account>"),
            entry(&place.region.to_string(), "<region>"),
        ];
        if let Some(user) = plan.unit.user() {
            names.push(entry(user.as_str(), "<user>"));
            let raw = plan.source.user.as_deref().filter(|raw| *raw != user.as_str());
            names.extend(raw.map(|raw| entry(raw, "<user name>")));
        }
        // An id that is made of names is the same for all units once the names are taken out.
        let own: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
        let made = |id: &&RemoteId| !own.iter().any(|name| id.as_str().contains(name.as_str()));
        // One id for an address: a mark that stood for two could not be put back.
        let mut ids: BTreeMap<&Address, &RemoteId> = BTreeMap::new();
        for step in &plan.steps {
            if let Some(id) = step.remote_id().filter(made) {
                ids.entry(&step.address).or_insert(id);
            }
        }
        names
            .extend(ids.iter().map(|(address, id)| (id.to_string(), format!("<id of {address}>"))));
        names.retain(|(name, _)| !name.is_empty());
        // Stable, so that of two marks for one name the first stays.
        names.sort_by(|(a, _), (b, _)| (b.len(), a).cmp(&(a.len(), b)));
        // Where two names are one text, the first mark stands for both.
        names.dedup_by(|a, b| a.0 == b.0);
        Self::with(names)
    }

    fn with(names: Vec<(String, String)>) -> Self {
        let initials = names.iter().filter_map(|(name, _)| name.chars().next()).map(initial);
        Self { initials: initials.fold(0, |bits, bit| bits | bit), names }
    }

    /// Only those names that all the units share.
    pub(crate) fn shared<'a>(templates: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut templates = templates.into_iter();
        let Some(first) = templates.next() else { return Self::default() };
        let others: Vec<&Self> = templates.collect();
        let everywhere = |name: &&(String, String)| others.iter().all(|o| o.names.contains(name));
        Self::with(first.names.iter().filter(everywhere).cloned().collect())
    }

    /// Puts marks in the place of names; none if the text has a mark of its own.
    pub(super) fn take_out(&self, text: &str) -> Option<String> {
        if MARKS.iter().any(|mark| text.contains(mark)) {
            return None;
        }
        let mut taken = String::with_capacity(text.len());
        let mut rest = text;
        let mut inside_word = false;
        while let Some(next) = rest.chars().next() {
            let begins = |(name, _): &&(String, String)| {
                let after = rest.strip_prefix(name.as_str());
                after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
            };
            let hopeless = inside_word || self.initials & initial(next) == 0;
            let found = if hopeless { None } else { self.names.iter().find(begins) };
            let length = if let Some((name, mark)) = found {
                taken.push_str(mark);
                name.len()
            } else {
                taken.push(next);
                next.len_utf8()
            };
            inside_word = rest[..length].ends_with(char::is_alphanumeric);
            rest = &rest[length..];
        }
        Some(taken)
    }

    /// Puts names in the place of marks.
    pub(crate) fn put_back(&self, text: &str) -> String {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let marked = |(_, mark): &&(String, String)| rest.starts_with(mark.as_str());
            let found = if next == '<' { self.names.iter().find(marked) } else { None };
            if let Some((name, mark)) = found {
                whole.push_str(name);
                rest = &rest[mark.len()..];
            } else {
                whole.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        whole
    }
}

/// The bit of an ASCII character; all bits for any other.
fn initial(character: char) -> u128 {
    if character.is_ascii() { 1 << u32::from(character) } else { u128::MAX }
}
