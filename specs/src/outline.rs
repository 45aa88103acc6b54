//! What `nfplan.yaml` says of the project as a whole, as written, wherever it can be read at all.

use std::path::Path;

use crate::decode::PROJECT_FILE;
use crate::fleet::read_bounded;
use crate::format::project::DEFAULT_MAX_DELETES;
use crate::parse::parse;
use crate::project::StateLocation;
use crate::tree::Node;
use crate::tree::Yaml;

/// A key at the top of `nfplan.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The key.
    pub key: &'static str,
    /// Its value as written, or the default; none if it has to be given and is not.
    pub value: Option<String>,
    /// The line that says so, from 1; none for a default.
    pub line: Option<u32>,
}

/// The keys that are not about accounts or profiles. Nothing is judged: a file that is missing or
/// broken says nothing, and a wrong value is shown as it is.
pub fn outline(root: &Path) -> Vec<Said> {
    let defaults = [
        ("environment", None),
        ("blueprint", None),
        ("state", Some(StateLocation::default().to_string())),
        ("approvals", Some(String::new())),
        ("max_deletes", Some(DEFAULT_MAX_DELETES.to_string())),
    ];
    let bytes = read_bounded(&root.join(PROJECT_FILE)).ok().flatten().unwrap_or_default();
    let top = parse(PROJECT_FILE, &bytes).root.map(|root| root.value);
    let entries = if let Some(Yaml::Map(entries)) = top { entries } else { Vec::new() };
    let said = |(key, default): (&'static str, Option<String>)| {
        let entry = entries.iter().find(|entry| *entry.key.text == *key);
        match entry.and_then(|entry| Some((text(&entry.node)?, entry.span.start.line))) {
            Some((value, line)) => Said { key, value: Some(value), line: Some(line) },
            None => Said { key, value: default, line: None },
        }
    };
    defaults.into_iter().map(said).collect()
}

/// A scalar, or a list of scalars with commas.
fn text(node: &Node) -> Option<String> {
    match &node.value {
        Yaml::Scalar(scalar) => Some(scalar.text.to_string()),
        Yaml::List(items) => {
            items.iter().map(text).collect::<Option<Vec<_>>>().map(|t| t.join(","))
        }
        Yaml::Map(_) | Yaml::Refused => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(&'static str, Option<String>, Option<u32>)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(PROJECT_FILE), text).unwrap();
        outline(folder.path()).into_iter().map(|said| (said.key, said.value, said.line)).collect()
    }

    #[test]
    fn what_is_said_has_its_line_and_the_rest_its_default() {
        let said = of("environment: a.example.org\n");
        assert_eq!(said[0], ("environment", Some("a.example.org".into()), Some(1)));
        assert_eq!(said[2], ("state", Some(".nfplan/state".into()), None));
        let said = of("nfplan: 9\n\napprovals: [destroy, replacement]\nmax_deletes: many\n");
        assert_eq!(said[0], ("environment", None, None));
        assert_eq!(said[3], ("approvals", Some("destroy,replacement".into()), Some(3)));
        assert_eq!(said[4], ("max_deletes", Some("many".into()), Some(4)));
    }

    #[test]
    fn a_folder_without_a_project_and_a_broken_file_say_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(outline(folder.path()).iter().all(|said| said.line.is_none()));
        assert!(of("a: [\n\tb: {").iter().all(|(_, _, line)| line.is_none()));
    }
}
