//! The bar and the rows of steps under way, drawn by indicatif.

use std::cell::RefCell;

use indicatif::MultiProgress;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use super::lines::Lines;

/// How many steps under way have a row; the rest is a number.
const MOST_ROWS: usize = 8;

/// A bar of all steps with rows below it.
#[derive(Debug)]
pub(super) struct Bars {
    all: MultiProgress,
    bar: ProgressBar,
    rows: RefCell<Vec<ProgressBar>>,
}

impl Bars {
    /// A bar for `steps` steps, on standard error.
    pub(super) fn new(steps: u64) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = all.add(ProgressBar::new(steps));
        let style = ProgressStyle::with_template("[{bar:20}] {pos}/{len} steps  {msg}");
        bar.set_style(style.expect("the template is well-formed").progress_chars("##-"));
        Self { all, bar, rows: RefCell::default() }
    }

    /// Draws what is under way.
    pub(super) fn show(&self, lines: &Lines) {
        let underway = lines.underway();
        let mut shown: Vec<String> = underway.iter().take(MOST_ROWS).cloned().collect();
        if underway.len() > MOST_ROWS {
            shown[MOST_ROWS - 1] = format!("  and {} more", underway.len() - MOST_ROWS + 1);
        }
        let mut rows = self.rows.borrow_mut();
        let kept = shown.len().min(rows.len());
        for row in rows.drain(kept..) {
            row.finish_and_clear();
            self.all.remove(&row);
        }
        while rows.len() < shown.len() {
            let row = self.all.add(ProgressBar::new_spinner());
            row.set_style(
                ProgressStyle::with_template("{msg}").expect("the template is well-formed"),
            );
            rows.push(row);
        }
        for (row, text) in rows.iter().zip(shown) {
            row.set_message(text);
        }
        self.bar.set_length(self.bar.length().unwrap_or(0).max(lines.finished()));
        self.bar.set_position(lines.finished());
        self.bar.set_message(lines.summary());
    }

    /// Writes something above the bar.
    pub(super) fn above(&self, write: impl FnOnce()) {
        self.all.suspend(write);
    }

    /// Takes everything away.
    pub(super) fn clear(&self) {
        for row in self.rows.borrow_mut().drain(..) {
            row.finish_and_clear();
        }
        self.bar.finish_and_clear();
    }
}
