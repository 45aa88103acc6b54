//! Two texts of many lines beside each other: the lines that differ, with a few around them.

use similar::DiffTag;
use similar::TextDiff;

use super::text::visible;
use super::words::Pieces;
use super::words::compared;
use super::words::fit;
use super::words::whole;

/// How many lines before and after one that differs are shown.
const AROUND: usize = 2;

/// Stands for a space at the end of a line that differs.
const SPACE: &str = "·";

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// A line that both have.
    Same(String),
    /// A line that only the old text has.
    Old(Pieces),
    /// A line that only the new text has.
    New(Pieces),
    /// So many lines that both have are left out.
    Elided(usize),
    /// The line before is the text's last and has no end.
    Unended,
}

/// The lines that differ, each with what differs in it, and a few around them. Lines that became
/// others are cut to `most` columns so that the difference stays in sight; without `most`, all
/// lines are there, and nothing is cut.
pub(super) fn rows(before: &str, after: &str, most: Option<usize>) -> Vec<Row> {
    let (old, new) = (split(before), split(after));
    let diff = TextDiff::from_slices(&old, &new);
    let around = most.map_or(old.len() + new.len(), |_| AROUND);
    let mut rows = Vec::new();
    let mut shown = 0;
    for group in diff.grouped_ops(around) {
        let Some(first) = group.first() else { continue };
        elide(&mut rows, first.old_range().start - shown);
        for op in &group {
            match op.tag() {
                DiffTag::Equal => same(&mut rows, &old[op.old_range()]),
                DiffTag::Delete | DiffTag::Insert | DiffTag::Replace => {
                    let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
                    replaced(&mut rows, old, new, most.unwrap_or(usize::MAX));
                }
            }
            shown = op.old_range().end;
        }
    }
    elide(&mut rows, old.len() - shown);
    rows
}

/// The lines, each with its end.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn elide(rows: &mut Vec<Row>, count: usize) {
    if count > 0 {
        rows.push(Row::Elided(count));
    }
}

fn same(rows: &mut Vec<Row>, lines: &[&str]) {
    for line in lines {
        rows.push(Row::Same(bare(line)));
        ended(rows, line);
    }
}

/// The line without its end, control characters written out.
fn bare(line: &str) -> String {
    visible(line.strip_suffix('\n').unwrap_or(line))
}

/// The line with spaces at its end that can be seen.
fn spaced(line: &str) -> String {
    let text = line.trim_end_matches(' ');
    format!("{text}{}", SPACE.repeat(line.len() - text.len()))
}

fn ended(rows: &mut Vec<Row>, line: &str) {
    if !line.ends_with('\n') {
        rows.push(Row::Unended);
    }
}

/// Lines in place of others: first the old ones, then the new ones, words compared where each has
/// its counterpart.
fn replaced(rows: &mut Vec<Row>, old: &[&str], new: &[&str], most: usize) {
    let shown = |lines: &[&str]| lines.iter().map(|line| spaced(&bare(line))).collect::<Vec<_>>();
    let (olds, news) = (shown(old), shown(new));
    let (old_pieces, new_pieces): (Vec<Pieces>, Vec<Pieces>) = if olds.len() == news.len() {
        olds.iter().zip(&news).map(|(old, new)| fit(compared(old, new), most)).unzip()
    } else {
        let whole = |lines: &[String]| lines.iter().map(|line| whole(line)).collect();
        (whole(&olds), whole(&news))
    };
    for (line, pieces) in old.iter().zip(old_pieces) {
        rows.push(Row::Old(pieces));
        ended(rows, line);
    }
    for (line, pieces) in new.iter().zip(new_pieces) {
        rows.push(Row::New(pieces));
        ended(rows, line);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::words::text_of;
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        let mark = |pieces: &Pieces| -> String {
            let mark = |piece: &super::super::words::Piece| {
                if piece.differs { format!("[{}]", piece.text) } else { piece.text.clone() }
            };
            pieces.iter().map(mark).collect()
        };
        let row = |row: Row| match row {
            Row::Same(line) => format!("  {line}"),
            Row::Old(pieces) => format!("- {}", mark(&pieces)),
            Row::New(pieces) => format!("+ {}", mark(&pieces)),
            Row::Elided(count) => format!("({count})"),
            Row::Unended => "\\".into(),
        };
        rows(before, after, Some(80)).into_iter().map(row).collect()
    }

    #[test]
    fn the_lines_that_differ_are_shown_with_those_around() {
        let text = |middle: &str| format!("1\n2\n3\n4\n{middle}6\n7\n8\n9\n");
        assert_eq!(
            shown(&text("allow .quay.io now\n"), &text("allow .docker.io now\n")),
            [
                "(2)",
                "  3",
                "  4",
                "- allow .[quay].io now",
                "+ allow .[docker].io now",
                "  6",
                "  7",
                "(2)"
            ]
        );
        assert_eq!(
            shown(&text(""), &text("new\n")),
            ["(2)", "  3", "  4", "+ new", "  6", "  7", "(2)"]
        );
    }

    #[test]
    fn a_missing_end_of_the_last_line_is_shown() {
        assert_eq!(shown("a\nb\n", "a\nb"), ["  a", "- b", "+ b", "\\"]);
        assert_eq!(shown("a b  \n", "a b\n"), ["- a b[··]", "+ a b[]"]);
        assert_eq!(shown("a\r\n", "a\n"), ["- a\\r", "+ a"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn all_rows_give_both_texts_and_fewer_leave_out_only_what_is_same(
            before in "([a-c]{0,2}\n){0,12}[ab]?",
            after in "([a-c]{0,2}\n){0,12}[ab]?",
        ) {
            let (mut old, mut new) = (String::new(), String::new());
            let full = rows(&before, &after, None);
            for row in &full {
                let line = |pieces: &Pieces| format!("{}\n", text_of(pieces));
                match row {
                    Row::Same(line) => {
                        let line = line.as_str();
                        old.extend([line, "\n"]);
                        new.extend([line, "\n"]);
                    }
                    Row::Old(pieces) => old.push_str(&line(pieces)),
                    Row::New(pieces) => new.push_str(&line(pieces)),
                    Row::Elided(_) => prop_assert!(before == after),
                    Row::Unended => {}
                }
            }
            if before != after {
                prop_assert_eq!(old.trim_end_matches('\n'), before.trim_end_matches('\n'));
                prop_assert_eq!(new.trim_end_matches('\n'), after.trim_end_matches('\n'));
            }
            let changed = |rows: &[Row]| -> Vec<Row> {
                let changed = |row: &&Row| matches!(row, Row::Old(_) | Row::New(_));
                rows.iter().filter(changed).cloned().collect()
            };
            let short = rows(&before, &after, Some(80));
            prop_assert_eq!(changed(&full), changed(&short));
            prop_assert_eq!(before == after, changed(&short).is_empty());
        }
    }
}
