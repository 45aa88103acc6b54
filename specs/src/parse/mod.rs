//! YAML text to a tree. The only module that knows the YAML parser.
//!
//! It walks the parser's events itself, because no deserializer keeps the places of keys and goes
//! on after the first problem. What it refuses is refused for every file: other encodings, second
//! documents, duplicate keys, tags, merge keys, and sizes that no project needs.

mod syntax_error;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::mem;

use serde_saphyr::granit_parser as yaml;
use serde_saphyr::granit_parser::Event;
use serde_saphyr::granit_parser::ScalarStyle;
use serde_saphyr::granit_parser::StructureStyle;

use self::syntax_error::syntax_error;
use crate::code;
use crate::diagnostic::Diagnostic;
use crate::span::Mark;
use crate::span::Span;
use crate::tree::Entry;
use crate::tree::Node;
use crate::tree::Scalar;
use crate::tree::Yaml;

/// Bytes of a file. Ten thousand researchers take three million.
pub(crate) const MAX_FILE_BYTES: u64 = 16 << 20;
/// Lists and maps in each other. The format needs six.
const MAX_DEPTH: usize = 32;
/// Values of a file, those of aliases counted at each use. Ten thousand researchers take 250,000.
const MAX_VALUES: usize = 500_000;

/// A file's tree, and what is wrong with its YAML. There is no tree if the file is empty or its
/// syntax is broken.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The first document.
    pub root: Option<Node>,
    /// What is wrong.
    pub problems: Vec<Diagnostic>,
    /// The tree is missing or incomplete because of a problem.
    pub broken: bool,
}

/// Parses the bytes of `file`.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Parsed {
    match str::from_utf8(bytes) {
        Ok(text) => parse_text(file, text),
        Err(error) => {
            let valid = str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            let message = format!("byte 0x{:02x} is not UTF-8", bytes[error.valid_up_to()]);
            let problem = Diagnostic::error(code::NOT_UTF8, file, end_of(valid), message)
                .help("save the file as UTF-8");
            Parsed { root: None, problems: vec![problem], broken: true }
        }
    }
}

/// The empty stretch at the end of a text.
fn end_of(text: &str) -> Span {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    let mark = Mark {
        line: narrow(text.matches('\n').count() + 1),
        column: narrow(last_line.chars().count() + 1),
        offset: narrow(text.len()),
    };
    Span { start: mark, end: mark }
}

fn parse_text(file: &str, text: &str) -> Parsed {
    let options = yaml::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder { file, ..Builder::default() };
    let mut events = yaml::Parser::new_from_str_with_options(text, options);
    while builder.progress == Progress::Reading
        && let Some(next) = events.next()
    {
        match next {
            Ok((event, span)) => builder.take(event, span_of(span)),
            Err(error) => builder.fail(syntax_error(file, text, &error)),
        }
    }
    let broken = builder.progress == Progress::Broken;
    let root = if broken { None } else { builder.root };
    Parsed { root, problems: builder.problems, broken }
}

fn span_of(span: yaml::Span) -> Span {
    Span { start: mark_of(span.start), end: mark_of(span.end) }
}

fn mark_of(marker: yaml::Marker) -> Mark {
    Mark {
        line: narrow(marker.line()),
        column: narrow(marker.col() + 1),
        offset: narrow(marker.byte_offset().expect("a text in memory has byte offsets")),
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("files are smaller than MAX_FILE_BYTES")
}

/// Whether to read on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Progress {
    #[default]
    Reading,
    /// The first document is complete and there is no use in reading another.
    Done,
    /// The tree cannot be completed.
    Broken,
}

/// Builds the tree from events.
#[derive(Default)]
struct Builder<'a> {
    file: &'a str,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    values: usize,
    progress: Progress,
    problems: Vec<Diagnostic>,
}

/// A list or map whose end was not seen yet.
struct Open {
    content: Content,
    flow: bool,
    start: Span,
    anchor: usize,
    /// Something in it or about it was reported, so that it cannot be used as a whole.
    refused: bool,
}

enum Content {
    List(Vec<Node>),
    Map(Vec<Entry>, Key),
}

/// The key that waits for its value.
enum Key {
    None,
    Some(Scalar, Span),
    /// It was refused; its value is dropped.
    Refused,
}

impl Builder<'_> {
    /// Notes a problem after which the tree cannot be completed.
    fn fail(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
        self.progress = Progress::Broken;
    }

    fn take(&mut self, event: Event<'_>, span: Span) {
        let tagged = self.refuse_tag(&event, span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second YAML document begins here";
                    let problem =
                        Diagnostic::error(code::SECOND_DOCUMENT, self.file, span, message);
                    self.problems.push(problem.help("put it into a file of its own"));
                    self.progress = Progress::Done;
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let scalar = Yaml::Scalar(Scalar { text: text.into(), plain });
                let value = if tagged { Yaml::Refused } else { scalar };
                self.place(Node { value, span }, anchor);
            }
            Event::SequenceStart(style, anchor, _) => {
                let content = Content::List(Vec::new());
                let flow = style == StructureStyle::Flow;
                self.open.push(Open { content, flow, start: span, anchor, refused: tagged });
            }
            Event::MappingStart(style, anchor, _) => {
                let content = Content::Map(Vec::new(), Key::None);
                let flow = style == StructureStyle::Flow;
                self.open.push(Open { content, flow, start: span, anchor, refused: tagged });
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            // Bounds of the stream, and events that the options leave out.
            _ => {}
        }
    }

    fn refuse_tag(&mut self, event: &Event<'_>, span: Span) -> bool {
        let Some(tag) = event.tag() else { return false };
        let message = format!("the YAML tag `{}` is not supported", tag.original());
        let problem = Diagnostic::error(code::YAML_TAG, self.file, span, message);
        self.problems.push(problem.help("remove the tag; quote what is meant as text"));
        true
    }

    fn end(&mut self, last: Span) {
        let Open { content, flow, start, anchor, refused } =
            self.open.pop().expect("the parser ends what it began");
        let first = match &content {
            Content::List(items) => items.first().map(|item| item.span),
            Content::Map(entries, _) => entries.first().map(|entry| entry.span),
        };
        let whole = Span { start: start.start, end: last.end };
        let span = if flow { whole } else { first.unwrap_or(start) };
        let value = match content {
            Content::List(items) => Yaml::List(items),
            Content::Map(entries, _) => Yaml::Map(self.without_duplicates(entries)),
        };
        let value = if refused { Yaml::Refused } else { value };
        self.place(Node { value, span }, anchor)
    }

    /// Drops and reports every entry whose key came before.
    fn without_duplicates(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let mut first: BTreeMap<Box<str>, Span> = BTreeMap::new();
        let mut repeated = Vec::new();
        entries.retain(|entry| match first.entry(entry.key.text.clone()) {
            Slot::Vacant(slot) => {
                slot.insert(entry.span);
                true
            }
            Slot::Occupied(slot) => {
                repeated.push((entry.key.text.clone(), entry.span, *slot.get()));
                false
            }
        });
        for (key, span, first) in repeated {
            let message = format!("the key `{key}` stands twice");
            let problem = Diagnostic::error(code::DUPLICATE_KEY, self.file, span, message)
                .text("again here")
                .label(self.file, first, "first here")
                .help("keep one of them");
            self.problems.push(problem);
        }
        entries
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            let message = "this alias stands inside what it stands for";
            return self.fail(Diagnostic::error(code::RECURSIVE_ALIAS, self.file, span, message));
        };
        self.values += node.size();
        if let Some(Open { content: Content::Map(_, key @ Key::None), refused, .. }) =
            self.open.last_mut()
        {
            *key = Key::Refused;
            *refused = true;
            return self.refuse_key(span);
        }
        self.place_counted(node, span)
    }

    fn refuse_key(&mut self, span: Span) {
        let problem = Diagnostic::error(code::KEY_NOT_TEXT, self.file, span, "a key must be text");
        self.problems.push(problem);
    }

    fn place(&mut self, node: Node, anchor: usize) {
        self.values += 1;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let span = node.span;
        self.place_counted(node, span)
    }

    /// Puts a complete value where it belongs. `span` is where it is used.
    fn place_counted(&mut self, node: Node, span: Span) {
        if self.values > MAX_VALUES {
            let message =
                format!("the file has more than {MAX_VALUES} values, aliases written out");
            let problem = Diagnostic::error(code::TOO_MANY_VALUES, self.file, span, message);
            return self.fail(problem.help("use fewer aliases, or several files"));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, key)) => match mem::replace(key, Key::None) {
                Key::Some(scalar, span) => entries.push(entry(scalar, span, node)),
                Key::Refused => {}
                Key::None => self.key(node),
            },
        }
    }

    fn key(&mut self, node: Node) {
        let next = match node.value {
            Yaml::Scalar(scalar) if scalar.plain && &*scalar.text == "<<" => {
                let message = "merge keys are not supported";
                let problem = Diagnostic::error(code::MERGE_KEY, self.file, node.span, message);
                self.problems.push(problem.help("put what is shared into a profile"));
                Key::Refused
            }
            Yaml::Scalar(scalar) => Key::Some(scalar, node.span),
            Yaml::List(_) | Yaml::Map(_) => {
                self.refuse_key(node.span);
                Key::Refused
            }
            Yaml::Refused => Key::Refused,
        };
        if let Some(Open { content: Content::Map(_, key), refused, .. }) = self.open.last_mut() {
            *refused |= matches!(next, Key::Refused);
            *key = next;
        }
    }
}

/// A value of no extent, as in `key:`, is shown at its key.
fn entry(key: Scalar, span: Span, mut node: Node) -> Entry {
    if node.span.start == node.span.end {
        node.span = span;
    }
    Entry { key, span, node }
}
