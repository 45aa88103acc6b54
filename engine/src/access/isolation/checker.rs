//! The check of an account: every actor against every other researcher's things.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Account;
use super::Actor;
use super::Doubt;
use super::Exposure;
use super::Isolation;
use super::Key;
use super::Kind;
use super::Leak;
use super::Researcher;
use super::Shared;
use super::Target;
use crate::access::decision::Request;
use crate::access::decision::ResourcePolicy;
use crate::access::decision::StatementRef;
use crate::access::search::Guarded;
use crate::access::search::Reach;
use crate::access::search::Seeker;
use crate::access::search::reach;
use crate::access::text::literal_prefix;
use crate::address::UnitId;

/// The key that says which VPC endpoint a request came through.
const ENDPOINT: &str = "aws:sourcevpce";

/// The key of a listing's prefix.
const PREFIX: &str = "s3:prefix";

/// Checks all pairs of an account's researchers.
pub fn check(account: &Account) -> Isolation {
    let actions = actions(account);
    let seekers = account.researchers.iter().map(|one| Seekers::new(one, &actions)).collect();
    let mut checker =
        Checker { account, seekers, found: Isolation::default(), leaks: BTreeMap::new() };
    checker.found.researchers = account.researchers.len() as u64;
    if account.researchers.len() > 1 {
        checker.pairs();
        checker.shared();
        checker.borrowed_roles();
    }
    let Checker { mut found, leaks, .. } = checker;
    found.leaks = leaks.into_values().collect();
    found.exposed.sort_by_key(|exposure| exposure.shared);
    found
}

/// All lists of actions that targets have.
fn actions(account: &Account) -> Vec<Actions> {
    let own = account.researchers.iter().flat_map(|one| one.own.iter().map(|(_, target)| target));
    let shared = account.shared.iter().map(|(_, target)| target);
    let mut lists: Vec<_> = own.chain(shared).map(|target| target.actions).collect();
    lists.sort_unstable();
    lists.dedup();
    lists
}

/// Leaks are one if the same statement opens the same kind of access.
type LeakKey = (UnitId, Actor, Kind, StatementRef);

/// A list of actions.
type Actions = &'static [&'static str];

/// Something with its owner.
type Thing<'a> = (&'a Researcher, Guarded<'a>);

/// Finds the things that a statement may reach without looking at each: in an account of hundreds,
/// nearly all pairs differ in what stands before the first wildcard.
struct Index<'a> {
    /// By what stands before the first wildcard of their resource.
    by_beginning: BTreeMap<&'a str, Vec<usize>>,
    /// Those that may be reached by what does not name them.
    open: Vec<usize>,
    count: usize,
}

impl<'a> Index<'a> {
    fn new(things: &'a [Thing<'_>]) -> Self {
        let mut by_beginning: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, (_, guarded)) in things.iter().enumerate() {
            let beginning = literal_prefix(&guarded.target().resource);
            by_beginning.entry(beginning).or_default().push(at);
        }
        let open = things.iter().enumerate().filter(|(_, (_, guarded))| guarded.is_open());
        let open = open.map(|(at, _)| at).collect();
        Self { by_beginning, open, count: things.len() }
    }

    /// The things that a principal may reach by these actions, each once.
    fn within_reach(&self, seeker: &Seeker<'_>, actions: Actions) -> BTreeSet<usize> {
        let mut found: BTreeSet<usize> = self.open.iter().copied().collect();
        let Some(patterns) = seeker.patterns(actions) else { return (0..self.count).collect() };
        for beginning in patterns.map(literal_prefix) {
            let longer = self.by_beginning.range(beginning..);
            let longer = longer.take_while(|(one, _)| one.starts_with(beginning));
            found.extend(longer.flat_map(|(_, at)| at));
            let shorter = beginning.char_indices().map(|(length, _)| &beginning[..length]);
            found.extend(shorter.filter_map(|one| self.by_beginning.get(one)).flatten());
        }
        found
    }
}

/// A researcher's actors, prepared.
struct Seekers<'a> {
    researcher: &'a Researcher,
    actors: Vec<(Actor, Seeker<'a>)>,
    /// What its requests agree on.
    fixed: BTreeMap<&'static str, Key>,
}

impl<'a> Seekers<'a> {
    fn new(researcher: &'a Researcher, actions: &[Actions]) -> Self {
        let actors = researcher.actors.iter();
        let actors = actors.map(|(actor, principal)| (*actor, Seeker::new(principal, actions)));
        let fixed = through([researcher.endpoint.clone()]);
        Self { researcher, actors: actors.collect(), fixed }
    }
}

struct Checker<'a> {
    account: &'a Account,
    seekers: Vec<Seekers<'a>>,
    found: Isolation,
    leaks: BTreeMap<LeakKey, Leak>,
}

impl<'a> Checker<'a> {
    /// All policies that stand before a researcher's things.
    fn policies(&self, owner: &'a Researcher) -> Vec<&'a ResourcePolicy> {
        self.account.policies.iter().chain(&owner.policies).collect()
    }

    fn pairs(&mut self) {
        let seekers = std::mem::take(&mut self.seekers);
        for ((kind, actions), things) in self.things() {
            let index = Index::new(&things);
            for from in &seekers {
                for (actor, seeker) in &from.actors {
                    for at in index.within_reach(seeker, actions) {
                        let (to, guarded) = &things[at];
                        if to.unit != from.researcher.unit {
                            self.attempt((from, *actor, seeker), (kind, to, guarded));
                        }
                    }
                }
            }
        }
        self.seekers = seekers;
    }

    /// Everything that is somebody's alone, by kind and actions.
    fn things(&self) -> BTreeMap<(Kind, Actions), Vec<Thing<'a>>> {
        let mut things: BTreeMap<(Kind, Actions), Vec<Thing<'a>>> = BTreeMap::new();
        for owner in &self.account.researchers {
            let policies = self.policies(owner);
            for (kind, target) in &owner.own {
                let thing = (owner, Guarded::new(target, &policies));
                things.entry((*kind, target.actions)).or_default().push(thing);
            }
        }
        things
    }

    fn attempt(
        &mut self,
        (from, actor, seeker): (&Seekers<'_>, Actor, &Seeker<'_>),
        (kind, to, guarded): (Kind, &Researcher, &Guarded<'_>),
    ) {
        let Seekers { researcher, fixed, .. } = from;
        let mut found = reach(seeker, guarded, fixed);
        if let (Kind::List, Reach::Witness(request, _)) = (kind, &found)
            && let Some(excepted) = except_own_name(researcher, guarded.target(), request)
        {
            self.expose(Shared::Names, [&researcher.unit, &to.unit]);
            found = reach(seeker, &guarded.with(&excepted), fixed);
        }
        self.note((researcher, actor, kind, to), found);
    }

    fn note(
        &mut self,
        (from, actor, kind, to): (&Researcher, Actor, Kind, &Researcher),
        found: Reach,
    ) {
        match found {
            Reach::None => {}
            Reach::Unknown(because) => {
                let (from, to) = (from.unit.clone(), to.unit.clone());
                self.found.unknown.push(Doubt { from, actor, kind, to, because });
            }
            Reach::Witness(request, by) => {
                let (from, to, request) = (from.unit.clone(), to.unit.clone(), *request);
                let leak = Leak { from: from.clone(), actor, kind, to, others: 0, request, by };
                let known = self.leaks.entry((from, actor, kind, leak.by.clone()));
                known.and_modify(|known| known.others += 1).or_insert(leak);
            }
        }
    }

    fn expose<'u>(&mut self, shared: Shared, units: impl IntoIterator<Item = &'u UnitId>) {
        let at = self.found.exposed.iter().position(|exposure| exposure.shared == shared);
        let at = at.unwrap_or_else(|| {
            self.found.exposed.push(Exposure { shared, researchers: Vec::new() });
            self.found.exposed.len() - 1
        });
        let among = &mut self.found.exposed[at].researchers;
        for unit in units {
            if let Err(at) = among.binary_search(unit) {
                among.insert(at, unit.clone());
            }
        }
    }

    fn shared(&mut self) {
        let seekers = std::mem::take(&mut self.seekers);
        let policies: Vec<&ResourcePolicy> = self.account.policies.iter().collect();
        for (shared, target) in &self.account.shared {
            let guarded = Guarded::new(target, &policies);
            for Seekers { researcher, actors, fixed } in &seekers {
                let mut actors = actors.iter();
                if actors.any(|(_, seeker)| reach(seeker, &guarded, fixed) != Reach::None) {
                    self.expose(*shared, [&researcher.unit]);
                }
            }
        }
        self.seekers = seekers;
    }

    /// Jobs run in the network of whoever submits them.
    fn borrowed_roles(&mut self) {
        let seekers = std::mem::take(&mut self.seekers);
        for Seekers { researcher: owner, actors, .. } in &seekers {
            let Some((_, jobs)) = actors.iter().find(|(actor, _)| *actor == Actor::Jobs) else {
                continue;
            };
            let others = self.account.researchers.iter().filter(|other| other.unit != owner.unit);
            let fixed = through(others.map(|other| other.endpoint.clone()));
            let policies = self.policies(owner);
            let is_data = |kind| matches!(kind, Kind::Read | Kind::Write | Kind::List);
            let mut data = owner.own.iter().filter(|(kind, _)| is_data(*kind));
            if data.any(|(_, target)| {
                reach(jobs, &Guarded::new(target, &policies), &fixed) != Reach::None
            }) {
                self.expose(Shared::BorrowedRole, [&owner.unit]);
            }
        }
        self.seekers = seekers;
    }
}

/// Requests come through one of these endpoints, or through none.
fn through(endpoints: impl IntoIterator<Item = Option<String>>) -> BTreeMap<&'static str, Key> {
    let mut choices: Vec<Option<String>> = endpoints.into_iter().collect();
    choices.push(None);
    choices.sort();
    choices.dedup();
    BTreeMap::from([(ENDPOINT, Key::OneOf(choices))])
}

/// The target without the name of one's own folder, if that is what the request lists.
fn except_own_name(from: &Researcher, target: &Target, request: &Request) -> Option<Target> {
    let folder = from.own.iter().find_map(|(_, target)| match target.keys.get(PREFIX)? {
        Key::ShowsUnder { folder, .. } => folder.strip_suffix('/'),
        Key::OneOf(_) => None,
    })?;
    let listed = request.given(PREFIX)??;
    if listed != [folder.to_owned()] {
        return None;
    }
    let mut target = target.clone();
    if let Some(Key::ShowsUnder { except, .. }) = target.keys.get_mut(PREFIX) {
        *except = Some(folder.to_owned());
    }
    Some(target)
}
