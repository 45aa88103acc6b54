//! Spec lines as plans and drift name them: `file:line:column`.

/// A place in a spec file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    /// The file, relative to the project.
    pub(crate) file: &'a str,
    /// Its line, from 1.
    pub(crate) line: u32,
    /// The column, from 1.
    pub(crate) column: u32,
}

impl<'a> Origin<'a> {
    /// The place that a text names; none if it names none. A file may have colons in its name.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.rsplitn(3, ':');
        let (column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { file, line: line.parse().ok()?, column: column.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_last_two_numbers_of_a_text() {
        let place = |file, line, column| Some(Origin { file, line, column });
        assert_eq!(Origin::parse("nfplan.yaml:12:44"), place("nfplan.yaml", 12, 44));
        assert_eq!(Origin::parse("a:b.yaml:1:2"), place("a:b.yaml", 1, 2));
        for text in ["", "nfplan.yaml", "nfplan.yaml:1", "nfplan.yaml:x:1", "nfplan.yaml:1:"] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }
}
