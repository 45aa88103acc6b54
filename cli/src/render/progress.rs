//! A run as it happens: a bar and rows on a terminal, plain lines elsewhere.

mod bars;
mod lines;

use std::cell::RefCell;
use std::time::Duration;

use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::plan::UnitPlan;

use crate::terminal::Terminal;
use bars::Bars;
use lines::Lines;
use lines::Told;

/// How much is shown while units are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Only failures.
    Quiet,
    /// Everything that is finished, and what is under way.
    Normal,
}

/// Shows the events of several runs side by side. One thread uses it.
#[derive(Debug)]
pub struct Progress {
    terminal: Terminal,
    detail: Detail,
    lines: RefCell<Lines>,
    bars: Option<Bars>,
}

impl Progress {
    /// Shows runs that come to `steps` steps altogether.
    pub fn new(terminal: Terminal, detail: Detail, steps: u64) -> Self {
        let bars = (terminal.interactive && detail == Detail::Normal).then(|| Bars::new(steps));
        Self { terminal, detail, lines: RefCell::new(Lines::new(terminal.width)), bars }
    }

    /// Takes note of the time since the beginning: rows show how long steps take, and a log gets a
    /// sign of life. To be called about once a second.
    pub fn tick(&self, elapsed: Duration) {
        let heartbeat = self.lines.borrow_mut().tick(elapsed);
        match (&self.bars, heartbeat) {
            (Some(bars), _) => bars.show(&self.lines.borrow()),
            (None, Some(line)) if self.detail == Detail::Normal => self.terminal.note(&line),
            (None, _) => {}
        }
    }

    /// Takes the bar and its rows away, so that other text can follow.
    pub fn finish(&self) {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
    }

    fn tell(&self, told: &Told) {
        match (&self.bars, told) {
            (Some(bars), Told::Failure(line)) => bars.above(|| self.terminal.note(line)),
            (None, Told::Failure(line)) => self.terminal.note(line),
            (None, Told::News(line)) if self.detail == Detail::Normal => self.terminal.note(line),
            (_, Told::News(_)) => {}
        }
    }
}

impl Observer for Progress {
    fn observe(&self, plan: &UnitPlan, event: &Event) {
        let told = self.lines.borrow_mut().take(plan, event);
        if let Some(told) = told {
            self.tell(&told);
        }
        if let Some(bars) = &self.bars {
            bars.show(&self.lines.borrow());
        }
    }
}
