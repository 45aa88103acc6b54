//! A plan of a researcher whose spec alone was read is the one that is made when all were.

use std::fs;

use nfplan_cli::args::Selection;
use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::project::Project;
use nfplan_cli::selection::Universe;
use nfplan_engine::plan::Refresh;
use nfplan_specs::fleet::Fleet;
use nfplan_tests::fleets::cases;
use nfplan_tests::fleets::edits;
use nfplan_tests::fleets::fleets;
use nfplan_tests::site::Site;
use nfplan_tests::site::block_on;
use nfplan_tests::site::plan_request;
use nfplan_tests::spec::FleetSpec;
use nfplan_tests::spec::Layout;
use proptest::proptest;

/// Lays a fleet out with files that are named after researchers.
fn write(site: &Site, specs: &FleetSpec) {
    site.write(specs);
    specs.write(site.root(), Layout::FileNamed);
}

fn only(users: &[&str]) -> Selection {
    Selection { select: users.iter().map(ToString::to_string).collect(), shard: None }
}

/// The project with the specs of these researchers only, if that is enough.
fn partial(site: &Site, selection: &Selection) -> Option<Project> {
    let users = Universe::enough(selection)?;
    let fleet = Fleet::load_only(site.root(), users).unwrap()?;
    Some(Project { fleet, ..site.project() })
}

fn plan(mut project: Project, selection: &Selection, refresh: Refresh) -> FleetPlan {
    let universe = block_on(Universe::survey(Some(&project.fleet), &project.store)).unwrap();
    let selected = universe.select(selection).unwrap();
    let request = Request { refresh, ..Request::new(selected, Purpose::Apply) };
    plan_request(&mut project, &request)
}

/// Everything that a plan says.
fn said(plan: &FleetPlan, refresh: Refresh) -> String {
    let document = serde_json::to_string(&plan.document(refresh)).unwrap();
    format!("{document}\n{:?}\n{:?}\n{}", plan.refused, plan.notes, plan.looked_at)
}

/// Plans each researcher both ways, and tells how many plans changed something.
fn compare(site: &Site, specs: &FleetSpec) -> usize {
    let mut changing = 0;
    for user in specs.researchers.keys() {
        let selection = only(&[user]);
        let part = || partial(site, &selection).unwrap();
        assert_eq!(part().fleet.workspaces().count(), 1);
        for refresh in [Refresh::None, Refresh::Bulk] {
            let (one, all) =
                (plan(part(), &selection, refresh), plan(site.project(), &selection, refresh));
            assert_eq!(said(&one, refresh), said(&all, refresh), "{user} {refresh:?}");
            changing += usize::from(!all.units.is_empty());
        }
    }
    changing
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn who_is_selected_is_planned_alike_whoever_else_was_read(
        first in fleets(),
        edits in edits(4),
    ) {
        let site = Site::new(&first);
        write(&site, &first);
        assert_ne!(compare(&site, &first), 0, "before the first apply all is to be made");
        site.apply_fully();
        let mut specs = first;
        for edit in edits {
            specs = edit.apply(specs);
            write(&site, &specs);
            compare(&site, &specs);
        }
    }
}

#[test]
fn files_that_are_not_one_for_each_researcher_are_all_read() {
    let specs = FleetSpec::of("alice", &[]).with("bob", "main", &[]);
    let site = Site::new(&specs);
    write(&site, &specs);
    assert!(partial(&site, &only(&["alice"])).is_some());
    assert!(partial(&site, &only(&["alice", "bob"])).is_some());
    assert!(partial(&site, &only(&["carol"])).is_none(), "nobody has a file of this name");
    for pattern in ["*", "ali*", "account:main", "workspace/111122223333.us-east-1/alice"] {
        assert!(partial(&site, &only(&[pattern])).is_none(), "{pattern}");
    }

    let file = |name: &str| site.root().join("workspaces").join(name);
    let alice = fs::read_to_string(file("alice.yaml")).unwrap();
    // Two in one file, one under a name of his own, and two files of one name.
    fs::write(file("alice.yaml"), format!("{alice}carol:\n  account: main\n  profile: standard\n"))
        .unwrap();
    assert!(partial(&site, &only(&["alice"])).is_none());
    fs::write(file("alice.yaml"), alice.replace("alice", "anna")).unwrap();
    assert!(partial(&site, &only(&["alice"])).is_none());
    fs::write(file("alice.yaml"), &alice).unwrap();
    fs::write(file("alice.yml"), "").unwrap();
    assert!(partial(&site, &only(&["alice"])).is_none());
}

#[test]
fn nobody_whose_file_was_not_read_counts_as_gone() {
    let specs =
        FleetSpec::of("alice", &[]).with("bob@example.org", "main", &[]).with("carol", "lab", &[]);
    let site = Site::new(&specs);
    site.apply_fully();
    write(&site, &specs);
    let project = partial(&site, &only(&["alice"])).unwrap();
    let units = site.units();
    let unread = units.iter().filter(|unit| project.fleet.find(unit).is_none());
    assert!(unread.into_iter().all(|unit| project.fleet.may_want(unit)));
    // One whose file is gone is known to be gone.
    fs::remove_file(site.root().join("workspaces/carol.yaml")).unwrap();
    let project = partial(&site, &only(&["alice"])).unwrap();
    let carol = units.iter().find(|unit| unit.user().is_some_and(|user| user.as_str() == "carol"));
    assert!(!project.fleet.may_want(carol.unwrap()));
}
