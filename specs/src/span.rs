//! Places in a text.

use nfplan_engine::desired::Origin;

/// A point in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Offset in bytes, from 0.
    pub offset: u32,
}

impl Mark {
    /// The beginning of a text.
    pub const START: Self = Self { line: 1, column: 1, offset: 0 };
}

/// A stretch of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Its first character.
    pub start: Mark,
    /// The character after its last.
    pub end: Mark,
}

impl Span {
    /// The beginning of a text.
    pub const START: Self = Self { start: Mark::START, end: Mark::START };

    /// The place in the numbering of a unit's files.
    pub(crate) fn origin(self, file: u32) -> Origin {
        Origin { file, line: self.start.line, column: self.start.column }
    }
}

impl Span {
    /// The stretch of no extent at a line and column, if the text has them, else its beginning.
    pub(crate) fn at(line: u32, column: u32, text: Option<&String>) -> Self {
        let mark = text.and_then(|text| {
            let before: usize =
                text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
            let within = text[before..].char_indices().nth(column as usize - 1)?.0;
            Some(Mark { line, column, offset: u32::try_from(before + within).ok()? })
        });
        mark.map_or(Self::START, |mark| Self { start: mark, end: mark })
    }
}
