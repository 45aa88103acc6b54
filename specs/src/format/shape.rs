//! What may stand in a spec file, as data: which keys a section has, which values each takes, and
//! which keys exclude each other.
//!
//! One table for each section serves the reader, which takes known keys, ranges, words and forms from
//! it, the JSON Schema for editors, and the reference for people. So they cannot differ.

use crate::syntax::Form;

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number within these bounds, both included.
    Integer(u32, u32),
    /// Text of a form.
    Text(&'static Form),
    /// One of these words.
    Word(&'static [Word]),
    /// Whatever an attribute may be.
    Value,
    /// Items of one shape, at least so many, none of them twice.
    List(&'static Shape, usize),
    /// A map whose keys are chosen by whoever writes the spec.
    Map(&'static Names),
    /// A map with fixed keys.
    Section(&'static Section),
    /// One of these words, or a map with fixed keys.
    WordOrSection(&'static [Word], &'static Section),
    /// Text of a form, or a map with fixed keys.
    TextOrSection(&'static Form, &'static Section),
}

/// A word with what it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    /// As the spec writes it.
    pub name: &'static str,
    /// What choosing it means.
    pub meaning: &'static str,
}

/// A word with what it means to people and to nfplan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<T> {
    /// The word.
    pub word: Word,
    /// What nfplan reads it as.
    pub value: T,
}

impl<T> Choice<T> {
    /// A choice.
    pub(crate) const fn new(name: &'static str, value: T, meaning: &'static str) -> Self {
        Self { word: Word { name, meaning }, value }
    }
}

/// The words of choices.
pub(crate) const fn words<T, const N: usize>(choices: &[Choice<T>; N]) -> [Word; N] {
    let mut words = [Word { name: "", meaning: "" }; N];
    let mut index = 0;
    while index < N {
        words[index] = choices[index].word;
        index += 1;
    }
    words
}

/// A map whose keys are chosen by whoever writes the spec.
#[derive(Debug)]
pub(crate) struct Names {
    /// What the keys are, for the reference: `NAME`, `KEY`.
    pub placeholder: &'static str,
    /// The form of the keys.
    pub key: &'static Form,
    /// The most entries.
    pub most: Option<usize>,
    /// What each entry is.
    pub value: Shape,
}

/// A map with fixed keys.
#[derive(Debug)]
pub(crate) struct Section {
    /// The keys, in groups that other sections may share.
    pub keys: &'static [&'static [Key]],
    /// Which keys exclude or need each other.
    pub rules: &'static [Rule],
}

impl Section {
    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().copied().flatten()
    }

    /// The key of a name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// One key of a section.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What its value may be.
    pub shape: Shape,
    /// What holds if it is absent, as the spec would write it.
    pub default: Option<&'static str>,
    /// What it is for: a sentence or two.
    pub meaning: &'static str,
}

impl Key {
    /// A key that must be there.
    pub(crate) const fn required(name: &'static str, shape: Shape, meaning: &'static str) -> Self {
        Self { name, required: true, shape, default: None, meaning }
    }

    /// A key that may be absent.
    pub(crate) const fn optional(name: &'static str, shape: Shape, meaning: &'static str) -> Self {
        Self { name, required: false, shape, default: None, meaning }
    }

    /// Says what holds if it is absent.
    pub(crate) const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

/// A rule between the keys of a section.
#[derive(Debug)]
pub(crate) enum Rule {
    /// The word under one key says which others make sense. A key that no variant names always does.
    Variants(&'static Variants),
    /// The first key makes no sense without the second.
    Needs(&'static str, &'static str),
    /// Exactly one of these keys is there.
    ExactlyOne(&'static [&'static str]),
}

/// The word under one key says which others make sense.
#[derive(Debug)]
pub(crate) struct Variants {
    /// The key with the word.
    pub key: &'static str,
    /// The word that holds if neither the key is there nor a layer below says another.
    pub default: &'static str,
    /// The keys that make sense with each word.
    pub keys: &'static [(&'static str, &'static [&'static str])],
}

impl Variants {
    /// The keys that do not go with a word, each with a word that it goes with.
    pub(crate) fn excluded(
        &self,
        word: &str,
    ) -> impl Iterator<Item = (&'static str, &'static str)> {
        let own = self.keys.iter().find(|(variant, _)| *variant == word);
        let own: &[&str] = own.map_or(&[], |(_, keys)| keys);
        let others = self.keys.iter().filter(move |(variant, _)| *variant != word);
        let others =
            others.flat_map(|(variant, keys)| keys.iter().map(move |key| (*key, *variant)));
        others.filter(move |(key, _)| !own.contains(key))
    }
}
