//! The differences of one attribute as lines: on one line if it fits, else old and new below each
//! other with their signs.

use anstyle::Style;

use super::compare::Difference;
use super::compare::Leaf;
use super::lines::Row;
use super::lines::rows;
use super::page::FAINT;
use super::page::GREEN;
use super::page::Line;
use super::page::PLAIN;
use super::page::RED;
use super::page::STRONG;
use super::path::Path;
use super::text::visible;
use super::value::Node;
use super::value::quoted;
use super::words::Pieces;
use super::words::compared;
use super::words::fit;
use super::words::pairs;
use super::words::whole;

/// The fewest columns to which a value is cut.
const LEAST_VALUE: usize = 24;
/// How far the signs stand behind the place.
const SIGNS: usize = 2;
/// What a value takes on its line besides itself: sign, quotes, a comma.
const AROUND_VALUE: usize = 6;

/// How the differences of an attribute are laid out.
#[derive(Clone, Copy)]
pub(super) struct Sheet<'a> {
    /// The columns of a line.
    pub(super) width: usize,
    /// Where the lines begin.
    pub(super) indent: usize,
    /// Whether nothing is left out or cut.
    pub(super) full: bool,
    /// Whether all is new, so that nothing is said of what was not there.
    pub(super) created: bool,
    /// What stands for the attribute's name.
    pub(super) name: &'a str,
    /// Its style.
    pub(super) style: Style,
    /// Why what is unknown is unknown.
    pub(super) because: Option<&'a str>,
}

impl Sheet<'_> {
    /// The lines of each place that differs. The first line of a place names it.
    pub(super) fn lines(&self, leaves: &[Leaf]) -> Vec<Vec<Line>> {
        let groups = leaves.chunk_by(|a, b| a.path == b.path);
        groups.map(|group| self.group(group)).collect()
    }

    fn group(&self, group: &[Leaf]) -> Vec<Line> {
        let head = self.head(&group[0].path);
        match &group[0].difference {
            Difference::Set(None, Some(after)) if self.created => self.alone(head, after),
            Difference::Set(before, after) => self.set(head, before.as_ref(), after.as_ref()),
            Difference::Rewritten(before, after) => {
                let line = head.text(": means the same, written in another way");
                let mut lines = vec![line];
                if self.full {
                    lines.extend(self.signed(&[before], &[after]));
                }
                lines
            }
            Difference::Added(_) | Difference::Removed(_) => self.items(head, group),
        }
    }

    /// The line that names the place; one that is too long breaks between its parts.
    fn head(&self, path: &Path) -> Line {
        let place = format!("{}{path}", self.name);
        let head = Line::at(self.indent);
        let line = head.clone().styled(self.style, &place);
        if line.width() < self.width {
            return line;
        }
        let parts = path.0.iter().fold(head.styled(self.style, self.name), |line, place| {
            let part = Path(vec![place.clone()]).to_string();
            let gap = if part.starts_with('.') { " " } else { "" };
            line.styled(self.style, format!("{gap}{part}"))
        });
        parts.uncut()
    }

    /// A value that nothing was there before.
    fn alone(&self, head: Line, value: &Node) -> Vec<Line> {
        match value.as_text().filter(|text| self.full && text.contains('\n')) {
            Some(text) => self.rows(head, "", &text),
            None => vec![head.text(": ").text(self.value(value, self.most()))],
        }
    }

    fn set(&self, head: Line, before: Option<&Node>, after: Option<&Node>) -> Vec<Line> {
        if let (Some(old), Some(new)) = (before, after)
            && let (Some(old), Some(new)) = (old.as_text(), new.as_text())
            && old != new
        {
            return if old.contains('\n') || new.contains('\n') {
                self.rows(head, &old, &new)
            } else {
                self.pair(head, &old, &new)
            };
        }
        // Where one value takes the place of another, nothing of what differs may be cut.
        let most = if before.is_some() && after.is_some() { usize::MAX } else { self.most() };
        let shown =
            |node: Option<&Node>| node.map_or("(not set)".into(), |node| self.value(node, most));
        let (old, new) = (shown(before), shown(after));
        let line = head.clone().text(": ").text(&old).styled(STRONG, " → ").text(&new);
        let known = !matches!((before, after), (None, _) | (_, None | Some(Node::Unknown(_))));
        if line.width() <= self.width || !known {
            return vec![line];
        }
        let sign = |sign: &str, style, text: &str| self.sign(sign, style).text(text);
        vec![head.text(":"), sign("-", RED, &old).uncut(), sign("+", GREEN, &new).uncut()]
    }

    /// Two one-line texts.
    fn pair(&self, head: Line, before: &str, after: &str) -> Vec<Line> {
        let (before, after) = (visible(&quoted(before)), visible(&quoted(after)));
        let (old, new) = beside(&before, &after, usize::MAX);
        let line = pieces(head.clone().text(": "), RED, &old).styled(STRONG, " → ");
        let line = pieces(line, GREEN, &new);
        if line.width() <= self.width {
            return vec![line];
        }
        let (old, new) = beside(&before, &after, self.most());
        vec![
            head.text(":"),
            pieces(self.sign("-", RED), RED, &old),
            pieces(self.sign("+", GREEN), GREEN, &new),
        ]
    }

    /// Two texts of which one has many lines.
    fn rows(&self, head: Line, before: &str, after: &str) -> Vec<Line> {
        let most = (!self.full).then(|| self.most());
        let line = |row: Row| match row {
            Row::Same(text) => self.sign(" ", PLAIN).text(text),
            Row::Old(text) => pieces(self.sign("-", RED), RED, &text),
            Row::New(text) => pieces(self.sign("+", GREEN), GREEN, &text),
            Row::Elided(1) => self.note("… 1 line is the same"),
            Row::Elided(count) => self.note(&format!("… {count} lines are the same")),
            Row::Unended => self.note("(no line break at the end)"),
        };
        let lines = rows(before, after, most).into_iter().map(line);
        [head.text(":")].into_iter().chain(lines).collect()
    }

    /// What is gone from a place and what is new there.
    fn items(&self, head: Line, group: &[Leaf]) -> Vec<Line> {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for leaf in group {
            match &leaf.difference {
                Difference::Removed(item) => gone.push(item),
                Difference::Added(item) => come.push(item),
                Difference::Set(..) | Difference::Rewritten(..) => {}
            }
        }
        let (sign, style, items) = match (gone.as_slice(), come.as_slice()) {
            (items, []) => ("-", RED, items),
            ([], items) => ("+", GREEN, items),
            (gone, come) => {
                return [head.text(":")].into_iter().chain(self.signed(gone, come)).collect();
            }
        };
        let shown: Vec<String> = items.iter().map(|item| self.value(item, usize::MAX)).collect();
        let line = head.clone().text(" ").styled(style, sign).text(" ").text(shown.join(", "));
        if line.width() <= self.width {
            return vec![line];
        }
        [head.text(":")].into_iter().chain(self.signed(&gone, &come)).collect()
    }

    /// One value a line with its sign, those that may have become one another side by side.
    fn signed(&self, gone: &[&Node], come: &[&Node]) -> Vec<Line> {
        let whole = |nodes: &[&Node]| -> Vec<String> {
            nodes.iter().map(|node| self.value(node, usize::MAX)).collect()
        };
        let (olds, news) = (whole(gone), whole(come));
        let mut lines = Vec::new();
        for pair in pairs(&olds, &news) {
            match pair {
                (Some(old), Some(new)) => {
                    let (old, new) = beside(&olds[old], &news[new], self.most());
                    lines.push(pieces(self.sign("-", RED), RED, &old));
                    lines.push(pieces(self.sign("+", GREEN), GREEN, &new));
                }
                (Some(old), None) => lines.push(self.single("-", RED, gone, old)),
                (None, Some(new)) => lines.push(self.single("+", GREEN, come, new)),
                (None, None) => {}
            }
        }
        lines
    }

    /// One of several values, cut if it is too long and still looks like no other.
    fn single(&self, sign: &str, style: Style, all: &[&Node], index: usize) -> Line {
        let cut = self.value(all[index], self.most());
        let mut others = all.iter().enumerate().filter(|(other, _)| *other != index);
        let line = self.sign(sign, style);
        if others.any(|(_, other)| self.value(other, self.most()) == cut) {
            return line.text(self.value(all[index], usize::MAX)).uncut();
        }
        line.text(cut)
    }

    fn sign(&self, sign: &str, style: Style) -> Line {
        Line::at(self.indent + SIGNS).styled(style, sign).text(" ")
    }

    fn note(&self, text: &str) -> Line {
        Line::at(self.indent + SIGNS).styled(FAINT, text)
    }

    /// The columns that a value may take.
    fn most(&self) -> usize {
        if self.full {
            return usize::MAX;
        }
        self.width.saturating_sub(self.indent + SIGNS + AROUND_VALUE).max(LEAST_VALUE)
    }

    fn value(&self, node: &Node, most: usize) -> String {
        match (node, self.because) {
            (Node::Unknown(_), Some(reason)) => format!("({reason})"),
            _ => visible(&node.shown(most)),
        }
    }
}

/// Compares two values as they are shown and cuts them to `most` columns, their quotes kept.
fn beside(before: &str, after: &str, most: usize) -> (Pieces, Pieces) {
    let bare = |text| str::strip_suffix(str::strip_prefix(text, '"')?, '"');
    let (Some(old), Some(new)) = (bare(before), bare(after)) else {
        return fit(compared(before, after), most);
    };
    let (old, new) = fit(compared(old, new), most.saturating_sub(2));
    let quote = |pieces: Pieces| [whole("\""), pieces, whole("\"")].concat();
    (quote(old), quote(new))
}

/// Adds pieces of text, what differs in a style that colour alone does not make.
fn pieces(line: Line, style: Style, pieces: &Pieces) -> Line {
    pieces.iter().fold(line, |line, piece| {
        line.styled(if piece.differs { style.bold().underline() } else { PLAIN }, &piece.text)
    })
}
