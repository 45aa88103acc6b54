//! Lines of the terminal as rows of a page: the same texts, with names in place of styles.

use anstyle::AnsiColor;
use anstyle::Color;
use anstyle::Effects;
use anstyle::Style;
use serde::Serialize;

use super::document::Item;
use super::document::Source;
use crate::render::comment::links;
use crate::render::origin::Origin;
use crate::render::page::Line;

/// Where resources begin; what begins further in belongs to the one before.
const HEAD: usize = 2;

/// Where what belongs to them begins.
const BODY: usize = 6;

/// A row of text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// How far in it begins, in steps.
    depth: usize,
    /// `gone` and `come` for what is taken away and what is new.
    kind: &'static str,
    spans: Vec<Span>,
}

/// A stretch of text of one style.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Span {
    /// Names of its style.
    class: String,
    text: String,
    /// Where it can be looked at.
    href: Option<String>,
}

impl Row {
    /// A line as a row. `source` is where spec lines can be looked at.
    pub(super) fn new(line: &Line, source: Option<&str>) -> Self {
        let spans = line.spans().iter().filter(|(_, text)| !text.is_empty());
        let spans: Vec<Span> =
            spans.flat_map(|(style, text)| parts(*style, text, source)).collect();
        let kind = match spans.first() {
            Some(Span { class, text, .. }) if text == "-" && class == "red" => "gone",
            Some(Span { class, text, .. }) if text == "+" && class == "green" => "come",
            _ => "",
        };
        Self { depth: line.indent().saturating_sub(BODY).div_ceil(2), kind, spans }
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let span = |span: &Span| {
            span.text.len() + span.class.len() + 20 + span.href.as_ref().map_or(0, String::len)
        };
        self.spans.iter().map(span).sum::<usize>() + 25
    }
}

/// A text of one style; a spec line that can be looked at is a part of its own.
fn parts(style: Style, text: &str, source: Option<&str>) -> Vec<Span> {
    let class = class(style);
    let href = bracketed(text).and_then(|origin| place(origin, source).href);
    let part = |text: &str, href| Span { class: class.clone(), text: text.to_owned(), href };
    let inside = text.trim_start();
    match href {
        Some(href) if inside.len() < text.len() => {
            vec![part(&text[..text.len() - inside.len()], None), part(inside, Some(href))]
        }
        href => vec![part(text, href)],
    }
}

/// All lines as rows.
pub(super) fn rows(lines: &[Line], source: Option<&str>) -> Vec<Row> {
    lines.iter().map(|line| Row::new(line, source)).collect()
}

/// Lines by resource. Those of more than `most_open` lines are folded at first.
pub(super) fn items(lines: &[Line], source: Option<&str>, most_open: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for line in lines {
        let row = Row::new(line, source);
        match items.last_mut() {
            Some(item) if line.indent() > HEAD => item.body.push(row),
            _ => items.push(Item { head: row, body: Vec::new(), open: true }),
        }
    }
    items.iter_mut().for_each(|item| item.open = item.body.len() <= most_open);
    items
}

/// A spec line, with a way to it where that is known.
pub(super) fn place(origin: &str, source: Option<&str>) -> Source {
    let href = source.filter(|source| source.starts_with("https://")).zip(Origin::parse(origin));
    let href =
        href.map(|(source, Origin { file, line, .. })| links(source, file, &line.to_string()));
    let text = Origin::parse(origin)
        .map_or_else(|| origin.to_owned(), |Origin { file, line, .. }| format!("{file}:{line}"));
    Source { text: crate::render::text::visible(&text), href }
}

/// The spec line in a remark such as `  [nfplan.yaml:1:2]`, which may say how many others there are.
fn bracketed(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let first = inside.split_once(" +").map_or(inside, |(first, _)| first);
    Origin::parse(first).map(|_| first)
}

fn class(style: Style) -> String {
    let mut names = Vec::new();
    match style.get_fg_color() {
        Some(Color::Ansi(AnsiColor::Red)) => names.push("red"),
        Some(Color::Ansi(AnsiColor::Green)) => names.push("green"),
        Some(Color::Ansi(AnsiColor::Yellow)) => names.push("yellow"),
        _ => {}
    }
    let effects = style.get_effects();
    for (effect, name) in
        [(Effects::UNDERLINE, "mark"), (Effects::BOLD, "strong"), (Effects::DIMMED, "faint")]
    {
        if effects.contains(effect) {
            names.push(name);
        }
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::page::FAINT;
    use crate::render::page::GREEN;
    use crate::render::page::RED;

    #[test]
    fn styles_have_names_and_signs_tell_what_is_gone() {
        let gone =
            Row::new(&Line::at(8).styled(RED, "-").styled(RED.bold().underline(), "x"), None);
        assert_eq!((gone.depth, gone.kind), (1, "gone"));
        assert_eq!(gone.spans[1].class, "red mark strong");
        let come = Row::new(&Line::at(6).styled(GREEN, "+").text(" x"), None);
        assert_eq!((come.depth, come.kind, come.spans[1].class.as_str()), (0, "come", ""));
    }

    #[test]
    fn spec_lines_lead_somewhere_only_over_an_honest_protocol() {
        let line = Line::at(2).styled(FAINT, "  [nfplan.yaml:3:4 +2]");
        let href = |source| Row::new(&line, Some(source)).spans.last().unwrap().href.clone();
        let github = "https://github.example.org/o/r/blob/c/{file}#L{line}";
        assert_eq!(href(github).unwrap(), "https://github.example.org/o/r/blob/c/nfplan.yaml#L3");
        assert_eq!(href("javascript:alert(1)//{file}{line}"), None);
        assert_eq!(place("no place", Some(github)), Source { text: "no place".into(), href: None });
    }

    #[test]
    fn what_begins_further_in_belongs_to_the_resource_before() {
        let lines = [2, 6, 8, 2, 2, 6].map(|indent| Line::at(indent).text("x"));
        let items = items(&lines, None, 1);
        let sizes: Vec<(usize, bool)> =
            items.iter().map(|item| (item.body.len(), item.open)).collect();
        assert_eq!(sizes, [(2, false), (0, true), (1, true)]);
    }
}
