//! What differs between units by name only, taken out of texts and put back.

use nfplan_engine::plan::UnitPlan;

/// The marks that can stand for a unit's own names.
const MARKS: [&str; 5] = ["<unit>", "<user name>", "<user>", "<account>", "<region>"];

/// A unit's own names with the marks that stand for them.
///
/// Taking names out and putting them back gives the same text again, unless the text has a mark of
/// its own; then nothing is taken out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    /// Longest name first: a unit's id holds all the others.
    names: Vec<(String, &'static str)>,
}

impl Template {
    /// The names of a unit.
    pub(crate) fn of(plan: &UnitPlan) -> Self {
        let place = plan.unit.place();
        let mut names = vec![
            (plan.unit.to_string(), "<unit>"),
            (place.account.to_string(), "<account>"),
            (place.region.to_string(), "<region>"),
        ];
        if let Some(user) = plan.unit.user() {
            names.push((user.to_string(), "<user>"));
            let raw = plan.source.user.as_deref().filter(|raw| *raw != user.as_str());
            names.extend(raw.map(|raw| (raw.to_owned(), "<user name>")));
        }
        names.retain(|(name, _)| !name.is_empty());
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        // Where two names are one text, the first mark stands for both.
        names.dedup_by(|a, b| a.0 == b.0);
        Self { names }
    }

    /// Only those names that all the units share.
    pub(crate) fn shared(templates: &[Self]) -> Self {
        let Some((first, others)) = templates.split_first() else { return Self::default() };
        let everywhere = |name: &&(String, &str)| others.iter().all(|o| o.names.contains(name));
        Self { names: first.names.iter().filter(everywhere).cloned().collect() }
    }

    /// Puts marks in the place of names; none if the text has a mark of its own.
    pub(super) fn take_out(&self, text: &str) -> Option<String> {
        if MARKS.iter().any(|mark| text.contains(mark)) {
            return None;
        }
        let mut taken = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let inside_word = text[..text.len() - rest.len()]
                .chars()
                .next_back()
                .is_some_and(char::is_alphanumeric);
            let found = self.names.iter().find(|(name, _)| {
                let after = rest.strip_prefix(name.as_str());
                !inside_word && after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
            });
            if let Some((name, mark)) = found {
                taken.push_str(mark);
                rest = &rest[name.len()..];
            } else {
                taken.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        Some(taken)
    }

    /// Puts names in the place of marks.
    pub(crate) fn put_back(&self, text: &str) -> String {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let found = self.names.iter().find(|(_, mark)| rest.starts_with(mark));
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
