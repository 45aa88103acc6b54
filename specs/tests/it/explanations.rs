//! Every code of a diagnostic is explained, and its examples are what they are said to be.

use std::collections::BTreeMap;
use std::fs;

use nfplan_specs::code;
use nfplan_specs::explanation::Example;
use nfplan_specs::explanation::find;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::fleet::LoadError;

use crate::kit;
use crate::kit::PROJECT;

/// The bytes that an example stands for.
fn bytes(example: &Example) -> Vec<u8> {
    let last = example.text.lines().next_back().unwrap();
    let first = example.text.strip_suffix(&format!("{last}\n")).unwrap();
    let mut text = first.to_owned();
    for n in 1..=example.last_line_times {
        text += &last.replace("<n>", &n.to_string());
        text += "\n";
    }
    if !example.escaped {
        return text.into_bytes();
    }
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    bytes
}

/// The top-level sections of a text by their keys.
fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut key = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            key = line.split(':').next().unwrap();
        }
        let section = sections.entry(key.to_owned()).or_default();
        section.push_str(line);
        section.push('\n');
    }
    sections
}

/// The codes of what is wrong with the files of an example in a sound project.
fn codes(examples: &[Example]) -> Vec<&'static str> {
    let mut files = BTreeMap::from([("nfplan.yaml", PROJECT.as_bytes().to_vec())]);
    for example in examples {
        let mut bytes = bytes(example);
        if example.file == "nfplan.yaml" {
            let mut all = sections(PROJECT);
            all.extend(sections(str::from_utf8(&bytes).unwrap()));
            bytes = all.into_values().collect::<String>().into_bytes();
        }
        files.insert(example.file, bytes);
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let folder = kit::folder(&files);
    let diagnostics = match Fleet::load(folder.path()) {
        Ok(fleet) => fleet.warnings().clone(),
        Err(LoadError::Invalid(diagnostics)) => diagnostics,
        Err(error) => panic!("{error}"),
    };
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn every_wrong_example_has_just_its_problem_and_every_right_one_none() {
    for (code, title) in code::ALL {
        let explanation = find(code).unwrap_or_else(|| panic!("{code} is not explained"));
        assert_eq!(explanation.title, *title);
        assert_eq!(codes(&explanation.right), Vec::<&str>::new(), "right example of {code}");
        let mut wrong = codes(&explanation.wrong);
        wrong.dedup();
        // What a workspace expands to is only known with the schemas: the command line's tests
        // judge that example.
        let expected = if *code == code::EXPANSION { vec![] } else { vec![*code] };
        assert_eq!(wrong, expected, "wrong example of {code}");
    }
}

#[test]
fn every_text_has_all_its_parts_and_no_others() {
    for (code, _) in code::ALL {
        let explanation = find(code).unwrap();
        let parts = [&explanation.meaning, &explanation.why];
        assert!(parts.iter().all(|part| !part.is_empty()), "{code}");
        let sentences = parts.into_iter().flatten();
        assert!(sentences.clone().all(|text| text.ends_with(['.', ':'])), "{code}");
        let files = |examples: &[Example]| examples.len();
        assert_eq!(files(&explanation.wrong), files(&explanation.right), "{code}");
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/explanation");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").unwrap();
        assert!(find(code).is_some(), "{name} explains a code that does not exist");
    }
}
