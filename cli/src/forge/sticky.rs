//! What becomes of what was posted: one text, the same one ever after.
//!
//! Of several that are nfplan's own, the oldest is kept: two runs that post at the same time both see
//! it in the end, and agree.

use super::marker::Marker;

/// A comment or an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its number; what is younger has a greater one.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub body: String,
    /// Where people see it.
    pub url: String,
    /// Whether it is open; comments always are.
    pub open: bool,
}

/// What there shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The text, for all to see.
    Open,
    /// The text, as done.
    Closed,
    /// What is there.
    AsItIs,
}

/// Whose texts, and which.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The account that the token belongs to.
    pub author: &'a str,
    /// The first line.
    pub marker: &'a Marker,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Post the text.
    Create,
    /// Put the text in the place of what this says, and open or close it.
    Change {
        /// What was posted.
        posted: &'a Posted,
        /// Whether it is to be opened or closed, unless it is so already.
        open: Option<bool>,
    },
    /// Nothing; this is there already.
    Keep(Option<&'a Posted>),
}

/// What to do, and what to take away beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What to do.
    pub step: Step<'a>,
    /// Duplicates, by their ids.
    pub surplus: Vec<u64>,
}

/// Decides. What others wrote, whatever it says, and what nfplan wrote of another project is never
/// in it.
pub fn decide<'a>(
    posted: &'a [Posted],
    identity: Identity<'_>,
    text: &str,
    want: Want,
) -> Decision<'a> {
    let mut own: Vec<&Posted> = posted.iter().filter(|posted| identity.is_of(posted)).collect();
    own.sort_by_key(|posted| posted.id);
    let Some((first, others)) = own.split_first() else {
        let step = if want == Want::Open { Step::Create } else { Step::Keep(None) };
        return Decision { step, surplus: Vec::new() };
    };
    let kept = is_same(&first.body, text);
    let step = match want {
        Want::Open if first.open && kept => Step::Keep(Some(first)),
        Want::Open => Step::Change { posted: first, open: (!first.open).then_some(true) },
        Want::Closed if first.open => Step::Change { posted: first, open: Some(false) },
        Want::Closed | Want::AsItIs => Step::Keep(Some(first)),
    };
    let surplus = others.iter().filter(|posted| posted.open).map(|posted| posted.id).collect();
    Decision { step, surplus }
}

impl Identity<'_> {
    fn is_of(&self, posted: &Posted) -> bool {
        posted.author.eq_ignore_ascii_case(self.author)
            && Marker::of(&posted.body).as_ref() == Some(self.marker)
    }
}

/// Whether two texts are the same but for what a forge may do to the ends of lines and of texts.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_end().lines().eq(other.trim_end().lines())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marker(key: &str) -> Marker {
        Marker::of(&format!("<!-- nfplan v=1 key={key} -->")).unwrap()
    }

    fn posted(id: u64, author: &str, key: &str, text: &str, open: bool) -> Posted {
        let body = format!("{}\n{text}", marker(key));
        Posted { id, author: author.to_owned(), body, url: format!("#{id}"), open }
    }

    /// What is decided for the text `new` of the key `a`, by its words.
    fn decided(all: &[Posted], want: Want) -> (String, Vec<u64>) {
        let (mine, text) = (marker("a"), format!("{}\nnew", marker("a")));
        let identity = Identity { author: "bot", marker: &mine };
        let Decision { step, surplus } = decide(all, identity, &text, want);
        let step = match step {
            Step::Create => "create".to_owned(),
            Step::Change { posted, open } => format!("change {} {open:?}", posted.id),
            Step::Keep(posted) => format!("keep {:?}", posted.map(|posted| posted.id)),
        };
        (step, surplus)
    }

    #[test]
    fn each_case_has_its_step() {
        use Want::AsItIs;
        use Want::Closed;
        use Want::Open;
        let own = |id, text, open| posted(id, "bot", "a", text, open);
        let strange = [posted(1, "mallory", "a", "new", true), posted(2, "bot", "b", "new", true)];
        let cases: [(Vec<Posted>, Want, &str, &[u64]); 14] = [
            (vec![], Open, "create", &[]),
            (vec![], Closed, "keep None", &[]),
            (vec![], AsItIs, "keep None", &[]),
            (strange.to_vec(), Open, "create", &[]),
            (strange.to_vec(), Closed, "keep None", &[]),
            (vec![own(3, "new", true)], Open, "keep Some(3)", &[]),
            (vec![own(3, "new\r\n\n", true)], Open, "keep Some(3)", &[]),
            (vec![own(3, "old", true)], Open, "change 3 None", &[]),
            (vec![own(3, "new", false)], Open, "change 3 Some(true)", &[]),
            (vec![own(3, "old", true)], Closed, "change 3 Some(false)", &[]),
            (vec![own(3, "old", false)], Closed, "keep Some(3)", &[]),
            (vec![own(3, "old", true)], AsItIs, "keep Some(3)", &[]),
            (vec![own(5, "new", true), own(4, "old", true)], Open, "change 4 None", &[5]),
            (
                vec![own(6, "x", false), own(5, "new", true), own(4, "new", true)],
                Open,
                "keep Some(4)",
                &[5],
            ),
        ];
        for (all, want, step, surplus) in cases {
            assert_eq!(
                decided(&all, want),
                (step.to_owned(), surplus.to_vec()),
                "{all:?} {want:?}"
            );
        }
    }

    #[test]
    fn names_of_accounts_have_no_case() {
        let all = [posted(3, "Bot", "a", "new", true)];
        assert_eq!(decided(&all, Want::Open).0, "keep Some(3)");
    }

    /// A run that posts, between whose calls others make theirs.
    struct Run {
        text: String,
        seen: Option<Vec<Posted>>,
        made: Option<Posted>,
        done: bool,
    }

    impl Run {
        /// Looks, or does what it decided after it looked.
        fn go_on(&mut self, board: &mut Vec<Posted>, next: &mut u64) {
            let Some(mut seen) = self.seen.take() else {
                self.seen = Some(board.clone());
                return;
            };
            seen.extend(self.made.clone().filter(|made| seen.iter().all(|one| one.id != made.id)));
            let mine = marker("a");
            let identity = Identity { author: "bot", marker: &mine };
            let Decision { step, surplus } = decide(&seen, identity, &self.text, Want::Open);
            board.retain(|posted| !surplus.contains(&posted.id));
            match step {
                Step::Create => {
                    let new =
                        Posted { body: self.text.clone(), ..posted(*next, "bot", "a", "", true) };
                    *next += 1;
                    board.push(new.clone());
                    self.made = Some(new);
                }
                Step::Change { posted, .. } => {
                    let there = board.iter_mut().find(|one| one.id == posted.id);
                    there.expect("the oldest is never deleted").body.clone_from(&self.text);
                    self.done = true;
                }
                Step::Keep(_) => self.done = true,
            }
        }
    }

    proptest! {
        #[test]
        fn however_runs_meet_one_text_is_left_and_others_are_untouched(
            runs in 1_usize..5,
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let strange = [posted(1, "mallory", "a", "x", true), posted(2, "bot", "b", "x", true)];
            let (mut board, mut next) = (strange.to_vec(), 3);
            let text = |number: usize| format!("{}\ntext {number}", marker("a"));
            let start = |number| Run { text: text(number), seen: None, made: None, done: false };
            let mut all: Vec<Run> = (0..runs).map(start).collect();
            let count = all.len();
            let rest = (0..count).cycle().take(10 * count);
            for index in order.iter().map(|index| index.index(count)).chain(rest) {
                if !all[index].done {
                    all[index].go_on(&mut board, &mut next);
                }
            }
            prop_assert!(all.iter().all(|run| run.done));
            prop_assert_eq!(&board[..2], &strange[..]);
            prop_assert_eq!(board.len(), 3, "{:?}", board);
            prop_assert!((0..runs).any(|number| board[2].body == text(number)));
        }
    }
}
