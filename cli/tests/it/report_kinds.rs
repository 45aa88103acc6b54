//! What other programs are given: SARIF, metrics, and a case for each unit.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use nfplan_engine::value::Value;
use serde_json::Value as Json;

use crate::kit::Answer;
use crate::kit::Project;

fn file(project: &Project, name: &str) -> String {
    fs::read_to_string(project.path(name)).unwrap()
}

fn json(project: &Project, name: &str) -> Json {
    serde_json::from_str(&file(project, name)).unwrap()
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Json) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Somebody gives the researcher's compute environment other vCPUs.
fn tamper(project: &Project, user: &str) {
    let environment = project.object("batch.compute_environment", user);
    project.tamper(&environment, "max_vcpus", Value::Integer(99));
}

/// Asserts what SARIF 2.1.0 and GitHub require of a log, and gives its results by rule.
fn results(log: &Json) -> BTreeMap<String, Vec<Json>> {
    assert_eq!(log["version"], "2.1.0");
    assert!(word(&log["$schema"]).ends_with("sarif-2.1.0.json"));
    let [run] = list(&log["runs"]) else { panic!("{log:#}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "nfplan");
    assert!(word(&run["automationDetails"]["id"]).ends_with('/'));
    let rules: Vec<&str> = list(&driver["rules"]).iter().map(|rule| word(&rule["id"])).collect();
    assert_eq!(rules.len(), rules.iter().collect::<BTreeSet<_>>().len(), "{rules:?}");
    for rule in list(&driver["rules"]) {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(word(&rule[text]["text"]).ends_with('.'), "{rule:#}");
        }
    }
    let mut fingerprints = BTreeSet::new();
    let mut found: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for result in list(&run["results"]) {
        let rule = word(&result["ruleId"]);
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index], rule);
        assert!(["error", "warning", "note"].contains(&word(&result["level"])), "{result:#}");
        assert!(!word(&result["message"]["text"]).is_empty());
        let [place] = list(&result["locations"]) else { panic!("{result:#}") };
        let place = &place["physicalLocation"];
        let artifact = &place["artifactLocation"];
        assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
        assert!(!word(&artifact["uri"]).starts_with('/'), "{artifact}");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(fingerprints.insert(result["partialFingerprints"].to_string()), "{result:#}");
        found.entry(rule.to_owned()).or_default().push(result.clone());
    }
    let told = run["properties"]["findings"].as_u64().unwrap();
    assert_eq!(told, list(&run["results"]).len() as u64);
    found
}

#[test]
fn findings_of_a_plan_are_at_the_lines_that_ask_for_them() {
    let project = Project::applied(&["alice", "bob"]);
    project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpus: 128");
    let line = ["plan", "--report", "sarif=plan.sarif"];
    let look = || project.changed_by(&["plan.sarif"], |project| project.run(&line).exits(0));
    look();
    let first = json(&project, "plan.sarif");
    let found = results(&first);
    let cost = &found["plan/cost"];
    assert_eq!(cost.len(), 2, "{found:#?}");
    let place = &cost[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "nfplan.yaml");
    assert_eq!(place["region"]["startLine"], 12);
    assert_eq!(first["runs"][0]["properties"]["digest"], project.plan(&[])["digest"]);
    // The line moves, the finding stays the same; what is mended has no result, and its rule.
    project.remove("plan.sarif");
    project.edit("nfplan.yaml", "nfplan: 1\n", "# moved\nnfplan: 1\n");
    look();
    let moved = results(&json(&project, "plan.sarif"));
    let known = |found: &BTreeMap<String, Vec<Json>>| -> Vec<Json> {
        found["plan/cost"].iter().map(|one| one["partialFingerprints"].clone()).collect()
    };
    assert_eq!(known(&found), known(&moved));
    project.edit("nfplan.yaml", "max_vcpus: 128", "max_vcpus: 64");
    look();
    let mended = json(&project, "plan.sarif");
    assert!(results(&mended).is_empty());
    assert_eq!(mended["runs"][0]["tool"], first["runs"][0]["tool"]);
}

#[test]
fn problems_of_specs_are_results_too_and_a_report_has_standard_output_to_itself() {
    let project = Project::of(&["alice"]);
    let line = ["validate", "--report", "sarif=-"];
    assert!(results(&project.run(&line).exits(0).json()).is_empty());
    project.write("workspaces/bob.yaml", "bob: { account: mian, profile: standard }\n");
    let found = results(&project.run(&line).exits(65).json());
    let one = &found["E0305"][0];
    let region = &one["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        *region,
        serde_json::json!({ "startLine": 1, "startColumn": 17, "endLine": 1, "endColumn": 21 })
    );
    assert_eq!(
        one["message"]["text"],
        "the account `mian` does not exist in nfplan.yaml; help: did you mean `main`? write: main"
    );
}

#[test]
fn all_reports_of_drift_are_of_one_look() {
    let project = Project::applied(&["alice", "bob", "carol"]);
    let reads = |answer: &Answer| {
        answer.stderr.lines().find(|line| line.starts_with("calls: ")).unwrap().to_owned()
    };
    tamper(&project, "alice");
    let plain = project.run(&["-v", "drift"]).exits(2);
    let files = ["drift.html", "drift.json", "drift.md", "drift.prom", "drift.sarif", "drift.xml"];
    let report = "html=drift.html,json=drift.json,md=drift.md,prom=drift.prom,sarif=drift.sarif,junit=drift.xml";
    let line = ["-v", "drift", "--report", report];
    let answer = project.changed_by(&files, |project| project.run(&line)).exits(2);
    assert_eq!((reads(&plain), plain.stdout), (reads(&answer), answer.stdout));
    let document = json(&project, "drift.json");
    let digest = word(&document["digest"]);
    for name in files {
        assert!(file(&project, name).contains(digest), "{name}");
    }
    let log = json(&project, "drift.sarif");
    let properties = &log["runs"][0]["properties"];
    assert_eq!(properties["summary"], document["summary"]);
    let found = results(&log);
    let changed = &found["drift/changed-outside"];
    assert_eq!(
        changed[0]["message"]["text"],
        "changed outside: batch.compute_environment/main max_vcpus of alice: wanted 64, applied \
         64, live 99"
    );
    let prom = file(&project, "drift.prom");
    assert!(prom.contains("{env=\"data.example.org\",class=\"changed_outside\"} 1\n"), "{prom}");
    let objects = document["coverage"]["objects"].as_u64().unwrap();
    assert!(
        prom.contains(&format!("nfplan_drift_objects{{env=\"data.example.org\"}} {objects}\n"))
    );
    // What `--since` adds is no part of the digest.
    project.run(&["drift", "--since", "drift.json", "--report", "json=later.json"]).exits(2);
    assert_eq!(json(&project, "later.json")["digest"], document["digest"]);
}

#[test]
fn each_unit_is_a_case_and_what_was_not_read_has_not_passed() {
    let project = Project::of(&["alice", "bob"]);
    project.researcher("carol", "credentials: { deliver: file }");
    project.apply(&[]).exits(0);
    tamper(&project, "alice");
    let unreadable = project.path(".nfplan/credentials/carol");
    fs::remove_file(&unreadable).unwrap();
    fs::create_dir(&unreadable).unwrap();
    let text = project.run(&["drift", "--report", "junit=-"]).exits(4).stdout;
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "), "{text}");
    assert!(text.contains("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{text}");
    let case = |user: &str| {
        let begin = text.find(&format!("name=\"{user}\" time=")).unwrap();
        let rest = &text[begin..];
        rest[..rest.find("<testcase").unwrap_or(rest.len())].to_owned()
    };
    assert!(case("alice").contains("<failure type=\"drift\" message=\"1 changed outside\">"));
    assert!(case("alice").contains("max_vcpus  [nfplan.yaml:12:54]"), "{text}");
    assert!(case("bob").starts_with("name=\"bob\" time=\"0\"/>"), "{text}");
    assert!(case("carol").contains("<skipped message=\"1 object could not be read\"/>"));
    let sarif = project.run(&["drift", "--report", "sarif=-"]).exits(4).json();
    assert_eq!(results(&sarif)["drift/unreadable"].len(), 1);
}

/// The values of a file of metrics, comments left out.
fn metrics(text: &str) -> BTreeMap<&str, f64> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut values = BTreeMap::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# TYPE ") {
            known.insert(comment.strip_suffix(" gauge").unwrap());
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(known.contains(series.split('{').next().unwrap()), "{line}");
            assert!(values.insert(series, value.parse().unwrap()).is_none(), "{line} twice");
        }
    }
    values
}

#[test]
fn the_last_complete_run_is_kept_by_runs_that_are_not() {
    const LAST: &str = "nfplan_drift_last_complete_run_timestamp_seconds{env=\"data.example.org\"}";
    let project = Project::applied(&["alice", "bob"]);
    let look = |more: &[&str]| {
        let line = [&["drift", "--report", "prom=nfplan.prom"], more].concat();
        project.changed_by(&["nfplan.prom"], |project| project.run(&line).exits(0));
        file(&project, "nfplan.prom")
    };
    let partly = look(&["--refresh", "bulk"]);
    assert!(!metrics(&partly).contains_key(LAST), "{partly}");
    let whole = look(&[]);
    let last = metrics(&whole)[LAST];
    assert!(last > 1e9, "{whole}");
    let early = whole.replace(&format!("{LAST} {last}"), &format!("{LAST} 17"));
    for more in [["--refresh", "bulk"], ["--select", "alice"]] {
        project.write("nfplan.prom", &early);
        let kept = look(&more);
        assert!((metrics(&kept)[LAST] - 17.0).abs() < 0.5, "{kept}");
    }
    assert!(metrics(&look(&[]))[LAST] > 1e9);
    let classes = whole.matches(",class=\"").count();
    assert_eq!(classes, 6, "every cause has its series: {whole}");
    assert!(!whole.contains("alice"), "{whole}");
    let mode = fs::metadata(project.path("nfplan.prom")).unwrap().permissions().mode();
    assert_eq!(mode & 0o444, 0o444, "whoever collects it may read it");
}

#[test]
fn a_command_has_no_reports_but_its_own() {
    let project = Project::of(&["alice"]);
    for (command, kind) in
        [("plan", "junit"), ("plan", "prom"), ("drift", "github"), ("validate", "prom")]
    {
        let report = format!("{kind}=x");
        let line = [command, "--report", &report];
        let answer = project.unchanged_by(|project| project.run(&line)).exits(64);
        answer.says(&format!("this command has no report `{kind}`"));
    }
}
