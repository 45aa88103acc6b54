use std::collections::BTreeSet;
use std::path::Path;

use nfplan_engine::findings::Finding;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::risk::Risk;
use nfplan_engine::step::Undo;

use super::*;
use crate::render::comment::Frame;
use crate::render::reports::OfPlan;
use crate::render::samples::create_step;
use crate::render::samples::update;
use crate::render::samples::workspace;

/// What a name may try.
const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload='x' \
                       {{ 7 * 7 }} ]]> <!-- \u{202e}gpj.exe\u{0}";

fn finding(message: &str) -> Finding {
    Finding {
        risk: Risk::Widening,
        address: "batch.job_queue/main".parse().unwrap(),
        attribute: Some("priority".into()),
        message: message.into(),
        witness: None,
        origin: Some(format!("workspaces/{message}.yaml:3:5")),
    }
}

/// A plan for so many researchers, each of whom has so many changes unlike those of others.
fn plan(researchers: usize, changes: usize, length: usize) -> Plan {
    let unit = |number: usize| {
        let value = |which: usize| format!("\"{which}-{number}-{}\"", "x".repeat(length));
        let one = |which: usize| {
            update(&format!("iam.policy/p{which}"), "text", &value(which), &value(which + 1))
        };
        workspace(&format!("user{number}"), (0..changes).map(one).collect())
    };
    Plan::new((0..researchers).map(unit).collect(), Refresh::Bulk)
}

fn page_of(plan: &Plan) -> String {
    let frame = Frame { environment: "data.example.org".into(), units: 9, ..Frame::default() };
    super::plan(&OfPlan { plan, frame: &frame, root: Path::new("") }).unwrap()
}

/// The elements that begin in a page.
fn elements(page: &str) -> Vec<&str> {
    let begins =
        page.split('<').skip(1).filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    begins.map(|rest| rest.split('>').next().unwrap()).collect()
}

#[test]
fn nothing_that_a_name_contains_becomes_markup() {
    let hostile = |text: &str| {
        let mut change = update("batch.job_queue/main", "priority", "1", "2");
        change.attributes[0].before = Some(text.into());
        change.reasons.push(text.into());
        let mut unit = UnitPlan {
            findings: vec![finding(text)],
            steps: vec![create_step(0, "batch.job_queue/main", text, Undo::Delete)],
            ..workspace("alice", vec![change])
        };
        unit.source.user = Some(text.into());
        page_of(&Plan::new(vec![unit], Refresh::Bulk))
    };
    let (harmless, page) = (hostile("harmless"), hostile(HOSTILE));
    assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown");
    assert!(!page.contains("49 ]]"), "no template is filled in");
    assert!(!page.contains(['\u{202e}', '\u{0}']), "nothing turns the direction of writing");
    let names = |page: &str| -> BTreeSet<String> {
        let all = elements(page).into_iter();
        all.map(|element| element.split([' ', '>']).next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&harmless), names(&page));
    let scripts =
        |page: &str| elements(page).iter().filter(|one| one.starts_with("script")).count();
    assert_eq!((scripts(&harmless), scripts(&page)), (1, 1));
    for element in elements(&page) {
        let attributes = element.split('"').step_by(2).collect::<Vec<_>>().join("");
        assert!(!attributes.contains("onerror") && !attributes.contains("onload"), "{element}");
    }
}

#[test]
fn a_page_fetches_nothing_and_lets_in_nothing_but_its_own() {
    let page = page_of(&plan(2, 2, 10));
    let policy = format!(
        "default-src &#x27;none&#x27;; style-src {}; script-src {};",
        source(STYLE).replace('\'', "&#x27;").replace('/', "&#x2f;"),
        source(SCRIPT).replace('\'', "&#x27;").replace('/', "&#x2f;")
    );
    assert!(page.contains(&policy), "{}", &page[..600]);
    assert!(page.contains(STYLE) && page.contains(SCRIPT));
    assert!(!SCRIPT.contains("</") && !STYLE.contains("</"), "neither ends its element");
    for element in elements(&page) {
        for fetching in ["src=", "style=", "url(", "@import", "on"] {
            let found = element.split(' ').skip(1).any(|attribute| attribute.starts_with(fetching));
            assert!(!found, "{element}");
        }
        if let Some(href) = element.split("href=\"").nth(1) {
            assert!(href.starts_with('#') || href.starts_with("https:"), "{element}");
        }
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    assert!(["link", "iframe", "object", "base", "form"].iter().all(|name| {
        elements(&page).iter().all(|element| element.split(' ').next() != Some(name))
    }));
}

#[test]
fn a_policy_names_a_text_by_its_digest() {
    // SHA-256 of nothing, as RFC 4648 writes it.
    assert_eq!(source(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

#[test]
fn ids_are_distinct_and_every_inner_link_leads_somewhere() {
    let mut plan = plan(3, 2, 10);
    for unit in &mut plan.units {
        unit.findings.push(Finding { address: "iam.policy/p1".parse().unwrap(), ..finding("x") });
    }
    let page = page_of(&plan);
    let values = |name: &str| -> Vec<String> {
        let begin = format!(" {name}=\"");
        elements(&page)
            .iter()
            .filter_map(|element| element.split(&begin).nth(1)?.split('"').next())
            .map(str::to_owned)
            .collect()
    };
    let ids = values("id");
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len());
    let inner: Vec<String> = values("href")
        .iter()
        .filter_map(|href| href.strip_prefix('#').map(str::to_owned))
        .collect();
    assert!(inner.iter().any(|link| link.starts_with("class-")), "{inner:?}");
    for link in inner {
        assert!(ids.contains(&link), "{link}");
    }
}

#[test]
fn the_ladder_goes_down_as_far_as_it_must_and_says_so() {
    let plan = plan(24, 4, 2_000);
    let frame = Frame { units: 24, ..Frame::default() };
    // Each page has to fit into less than the one before.
    let mut most = MOST_BYTES;
    let mut told = Vec::new();
    for _ in 0..5 {
        let report = OfPlan { plan: &plan, frame: &frame, root: Path::new("") };
        let page = plan::plan_within(most, &report).unwrap();
        assert!(page.len() <= most, "{} > {most}", page.len());
        most = page.len() - 1;
        let proof = page.split("<footer>").nth(1).unwrap().split("</p>").next().unwrap();
        told.push(proof.trim().trim_start_matches("<p>").to_owned());
    }
    let all = "96 of 96 changes in 24 classes";
    let rungs = [
        format!("{all}."),
        format!("{all}; long values are cut here, `nfplan plan --full` shows them."),
        format!("{all}; values do not fit here, `nfplan plan --full` shows them."),
        format!("{all}; contents do not fit here, `nfplan plan` shows them."),
    ];
    assert_eq!(told[..4], rungs);
    // Drawings go before classes, and are counted.
    let report = OfPlan { plan: &plan, frame: &frame, root: Path::new("") };
    let least = plan::plan_within(20_000, &report).unwrap();
    assert!(
        least.contains(" of 24 classes are shown, without contents; `nfplan plan` shows all.")
            && least.len() <= 20_000
    );
    assert!(least.contains("1 more with other steps is not drawn"), "{least}");
}

#[test]
fn nothing_to_do_is_said_and_what_could_not_be_read_is_not_called_as_wanted() {
    let nothing = Plan::new(Vec::new(), Refresh::Bulk);
    let with = |unread| {
        let frame = Frame { units: 3, unread, ..Frame::default() };
        super::plan(&OfPlan { plan: &nothing, frame: &frame, root: Path::new("") }).unwrap()
    };
    assert!(with(0).contains("No changes. 3 units are as the specs want."));
    assert!(with(2).contains("No changes were found in 3 units, but 2 objects could not be read."));
}
