//! The terminal, or whatever stands in its place: how wide it is, whether it shows colours, and
//! writing to it. Data goes to standard output, everything else to standard error.

use std::io;
use std::io::IsTerminal;
use std::io::Write;

use anstream::AutoStream;
use anstream::ColorChoice;
use console::Term;

/// The width where there is no terminal.
const DEFAULT_WIDTH: usize = 100;

/// Below this nothing can be laid out; such a width is no information.
const LEAST_WIDTH: usize = 20;

/// What the standard streams lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns to fill.
    pub width: usize,
    /// Columns to fill with what other programs may read: unlimited where standard output leads to
    /// one of them, unless `COLUMNS` says otherwise.
    pub data_width: usize,
    /// Whether colours may be shown; even then each stream has its say.
    pub colour: bool,
    /// Whether a person watches standard error and lines can be redrawn.
    pub interactive: bool,
}

impl Terminal {
    /// Looks at the streams and at `TERM` and `COLUMNS`. What `NO_COLOR`, `CLICOLOR` and
    /// `CLICOLOR_FORCE` mean for a stream is asked when something is written to it.
    pub fn detect() -> Self {
        let columns = std::env::var("COLUMNS").ok();
        let measured = [Term::stdout(), Term::stderr()]
            .iter()
            .filter(|term| term.is_term())
            .find_map(Term::size_checked)
            .map(|(_, columns)| usize::from(columns));
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = choose_width(columns.as_deref(), measured);
        let piped = !io::stdout().is_terminal() && columns.is_none();
        Self {
            width,
            data_width: if piped { usize::MAX } else { width },
            colour: true,
            interactive: io::stderr().is_terminal() && !dumb,
        }
    }

    /// Writes data. That nobody reads it any more is no error.
    pub fn out(&self, text: &str) -> io::Result<()> {
        let raw = io::stdout().lock();
        let choice = self.choice(AutoStream::choice(&raw));
        write(AutoStream::new(raw, choice), text)
    }

    /// Writes what is no data: progress, notes, errors. Nobody can be told if that fails.
    pub fn note(&self, text: &str) {
        let raw = io::stderr().lock();
        let choice = self.choice(AutoStream::choice(&raw));
        let _ = write(AutoStream::new(raw, choice), text);
    }

    fn choice(&self, of_stream: ColorChoice) -> ColorChoice {
        if self.colour { of_stream } else { ColorChoice::Never }
    }
}

fn choose_width(columns: Option<&str>, measured: Option<usize>) -> usize {
    let asked = columns.and_then(|columns| columns.parse().ok());
    asked.or(measured).filter(|width| *width >= LEAST_WIDTH).unwrap_or(DEFAULT_WIDTH)
}

fn write(mut stream: impl Write, text: &str) -> io::Result<()> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refuses(io::ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_columns_variable_wins_over_what_is_measured() {
        assert_eq!(choose_width(Some("60"), Some(200)), 60);
        assert_eq!(choose_width(None, Some(200)), 200);
        assert_eq!(choose_width(Some("wide"), None), DEFAULT_WIDTH);
        assert_eq!(choose_width(Some("0"), None), DEFAULT_WIDTH);
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_but_a_full_disk_is() {
        assert!(write(Refuses(io::ErrorKind::BrokenPipe), "x").is_ok());
        assert!(write(Refuses(io::ErrorKind::StorageFull), "x").is_err());
    }
}
