//! What the codes of diagnostics mean, for `nfplan explain`.
//!
//! Each code has a text in `explanation/`: what it means, an example that has the problem, one that
//! has not, and why the rule exists. An example is one file or several, laid over a sound project
//! with the accounts `main` and `lab` and the profile `standard`; the sections of an example of
//! `nfplan.yaml` stand for those of the same name.
//!
//! The texts are Markdown: paragraphs, then blocks of code that begin with `yaml wrong FILE` or
//! `yaml right FILE`, then paragraphs. Two words may follow the file: `escaped` if `\xHH` stands for
//! a byte, and `last-line-times=N` if the last line is to be thought N times, with `<n>` counting.

use serde::Serialize;

use crate::code;

/// What a code means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What it is about, in one sentence.
    pub title: &'static str,
    /// What it means; paragraphs without line breaks.
    pub meaning: Vec<String>,
    /// Files that have the problem.
    pub wrong: Vec<Example>,
    /// The same files without it.
    pub right: Vec<Example>,
    /// Why the rule exists; paragraphs without line breaks.
    pub why: Vec<String>,
}

/// A file of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its name, relative to the project.
    pub file: &'static str,
    /// Its text; of `nfplan.yaml` only the sections that matter.
    pub text: &'static str,
    /// How many times the last line is to be thought; `<n>` in it counts from 1.
    pub last_line_times: u32,
    /// `\xHH` stands for a byte.
    pub escaped: bool,
}

/// The text of each code.
macro_rules! texts {
    ($($code:literal),+ $(,)?) => {
        &[$(($code, include_str!(concat!("explanation/", $code, ".md")))),+]
    };
}

const TEXTS: &[(&str, &str)] = texts![
    "E0101", "E0102", "E0103", "E0104", "E0105", "E0106", "E0107", "E0108", "E0109", "E0110",
    "E0111", "E0112", "E0201", "E0202", "E0203", "E0204", "E0205", "E0206", "E0207", "E0208",
    "E0209", "E0210", "E0211", "E0301", "E0302", "E0303", "E0304", "E0305", "E0306", "E0307",
    "E0308", "E0309", "E0310", "E0311", "E0312", "E0313", "E0314", "E0315", "E0316", "E0401",
    "W0501", "W0502", "W0503", "W0504",
];

/// Explains a code, if there is one of this name.
pub fn find(name: &str) -> Option<Explanation> {
    let (code, title) = code::ALL.iter().find(|(code, _)| *code == name)?;
    let (_, text) = TEXTS.iter().find(|(code, _)| *code == name)?;
    Some(parse(code, title, text))
}

fn parse(code: &'static str, title: &'static str, text: &'static str) -> Explanation {
    let mut explanation = Explanation {
        code,
        title,
        meaning: Vec::new(),
        wrong: Vec::new(),
        right: Vec::new(),
        why: Vec::new(),
    };
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 1 {
            let (head, text) = part.split_once('\n').unwrap_or((part, ""));
            let mut words = head.split(' ').skip(1);
            let wrong = words.next() == Some("wrong");
            let example = example(words, text);
            if wrong {
                explanation.wrong.push(example)
            } else {
                explanation.right.push(example)
            }
            continue;
        }
        let paragraphs = part
            .split("\n\n")
            .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
        let paragraphs = paragraphs.filter(|paragraph| !paragraph.is_empty());
        let end = explanation.right.is_empty();
        if end {
            explanation.meaning.extend(paragraphs)
        } else {
            explanation.why.extend(paragraphs)
        }
    }
    explanation
}

fn example(mut words: impl Iterator<Item = &'static str>, text: &'static str) -> Example {
    let file = words.next().unwrap_or_default();
    let mut example = Example { file, text, last_line_times: 1, escaped: false };
    for word in words {
        match word.split_once('=') {
            Some((_, times)) => example.last_line_times = times.parse().unwrap_or(1),
            None => example.escaped = word == "escaped",
        }
    }
    example
}
