//! A project in a folder of its own, `nfplan` started in it with nothing of the caller's
//! environment, and the cloud that it works in.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use nfplan_engine::address::Place;
use nfplan_engine::value::Value;
use nfplan_providers::sim::OtherClient;
use nfplan_providers::sim::Sim;
use nfplan_providers::sim::SimObject;
use serde_json::Value as Json;
use tempfile::TempDir;

/// The binary under test.
pub(crate) const NFPLAN: &str = env!("CARGO_BIN_EXE_nfplan");

/// The data bucket of the account that all tests work in.
pub(crate) const BUCKET: &str = "data-example-org-nf-111122223333";

/// The platform of that account.
pub(crate) const PLATFORM: &str = "platform/111122223333.us-east-1";

const PROJECT: &str = r#"nfplan: 1
blueprint: 1
environment: data.example.org
accounts:
  main:
    id: "111122223333"
    region: us-east-1
    provider: sim
    data: { expire_days: 30 }
profiles:
  standard:
    compute: { instance_types: [optimal], max_vcpus: 64 }
    images: ["quay.io/biocontainers/*"]
    read_buckets: [ngi-igenomes]
    network: { mode: proxy, cidr: 192.168.0.0/16, allow_domains: [".quay.io"] }
"#;

/// A project. Its folder is gone with it.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// A folder with nothing in it, in memory where the machine has a place for that: writing
    /// durably is most of what an apply on the simulated cloud does.
    pub(crate) fn empty() -> Self {
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.unwrap() }
    }

    /// A project with these researchers, nothing applied yet.
    pub(crate) fn of(users: &[&str]) -> Self {
        let project = Self::empty();
        project.write("nfplan.yaml", PROJECT);
        for user in users {
            project.researcher(user, "");
        }
        project
    }

    /// The same, applied.
    pub(crate) fn applied(users: &[&str]) -> Self {
        let project = Self::of(users);
        project.apply(&[]).exits(0);
        project
    }

    /// The same files in another folder.
    pub(crate) fn copied(&self) -> Self {
        let copy = Self::empty();
        for (path, bytes) in self.files() {
            let path = copy.path(path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        copy
    }

    /// Writes a researcher's file; `more` are fields: `status: suspended`.
    pub(crate) fn researcher(&self, user: &str, more: &str) {
        let comma = if more.is_empty() { "" } else { ", " };
        let text = format!("{user}: {{ account: main, profile: standard{comma}{more} }}\n");
        self.write(&format!("workspaces/{user}.yaml"), &text);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Replaces a text that the file must have.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`:\n{text}");
        self.write(name, &text.replace(from, to));
    }

    /// `nfplan` in this folder, without anything of the caller's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(NFPLAN);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).output().unwrap())
    }

    /// `nfplan apply --auto-approve` with these arguments.
    pub(crate) fn apply(&self, arguments: &[&str]) -> Answer {
        self.run(&[&["apply", "--auto-approve"], arguments].concat())
    }

    /// `nfplan plan --json` with these arguments.
    pub(crate) fn plan(&self, arguments: &[&str]) -> Json {
        self.run(&[&["plan", "--json"], arguments].concat()).exits(0).json()
    }

    /// The plan as unit, address and action, one line each.
    pub(crate) fn changes(&self) -> Vec<String> {
        changes(&self.plan(&[]))
    }

    /// Asserts that what is applied is what the specs want, by everything that can be read.
    pub(crate) fn is_as_wanted(&self) {
        let plan = self.plan(&["--refresh", "deep"]);
        assert_eq!(changes(&plan), Vec::<String>::new());
        let (existing, recorded) = (self.existing(), self.recorded());
        // A secret always has a current version, whether anybody wants it or not.
        let lasting = |(kind, _): &&(String, String)| kind == "secretsmanager.current_version";
        let orphans = existing.difference(&recorded).filter(|object| !lasting(object));
        let orphans: Vec<_> = orphans.collect();
        let ghosts: Vec<_> = recorded.difference(&existing).collect();
        assert!(orphans.is_empty() && ghosts.is_empty(), "orphans {orphans:?}, ghosts {ghosts:?}");
    }

    /// All objects of the cloud.
    pub(crate) fn objects(&self) -> Vec<SimObject> {
        self.sim().objects(&place()).unwrap()
    }

    /// The one object of a type whose id contains `id`.
    pub(crate) fn object(&self, resource_type: &str, id: &str) -> SimObject {
        let found: Vec<SimObject> = self.objects_of(resource_type, id);
        assert_eq!(found.len(), 1, "{resource_type} {id}: {found:?}");
        found.into_iter().next().unwrap()
    }

    pub(crate) fn objects_of(&self, resource_type: &str, id: &str) -> Vec<SimObject> {
        let is = |object: &SimObject| {
            object.resource_type == resource_type && object.remote_id.as_str().contains(id)
        };
        self.objects().into_iter().filter(is).collect()
    }

    /// Types and ids of all objects.
    pub(crate) fn existing(&self) -> BTreeSet<(String, String)> {
        let objects = self.objects().into_iter();
        objects.map(|object| (object.resource_type.into(), object.remote_id.to_string())).collect()
    }

    /// Types and ids of all objects that states record, those on the runner's disk left out.
    pub(crate) fn recorded(&self) -> BTreeSet<(String, String)> {
        let states = self.run(&["state", "list", "--json"]).exits(0).json();
        let mut found = BTreeSet::new();
        for state in states["units"].as_object().unwrap().values() {
            for (address, entry) in state["entries"].as_object().unwrap() {
                let resource_type = address.split('/').next().unwrap();
                let deposed = entry["deposed"].as_array().into_iter().flatten();
                let objects = [&entry["current"], &entry["parked"]].into_iter().chain(deposed);
                for id in objects.filter_map(|object| object["remote_id"].as_str()) {
                    found.insert((resource_type.to_owned(), id.to_owned()));
                }
            }
        }
        found.retain(|(resource_type, _)| resource_type != "file.credentials");
        found
    }

    /// The cloud.
    pub(crate) fn sim(&self) -> Sim {
        Sim::in_folder(&self.path(".nfplan/sim")).unwrap()
    }

    /// Somebody else in the same cloud.
    pub(crate) fn somebody(&self) -> OtherClient {
        self.sim().other_client()
    }

    /// Changes an attribute behind nfplan's back.
    pub(crate) fn tamper(&self, object: &SimObject, attribute: &str, value: Value) {
        let id = (object.resource_type, object.remote_id.as_str());
        self.somebody().set_attribute(&place(), id, attribute, Some(value)).unwrap();
    }

    /// Every file of the project with its content.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), &mut files);
        files
    }

    /// Asserts that nothing which `action` does changes any file of the project.
    #[track_caller]
    pub(crate) fn unchanged_by<T>(&self, action: impl FnOnce(&Self) -> T) -> T {
        self.changed_by(&[], action)
    }

    /// Asserts that `action` changes these files and no others.
    #[track_caller]
    pub(crate) fn changed_by<T>(&self, names: &[&str], action: impl FnOnce(&Self) -> T) -> T {
        let before = self.files();
        let answer = action(self);
        let after = self.files();
        let all = before.keys().chain(after.keys());
        let changed: BTreeSet<&PathBuf> =
            all.filter(|name| before.get(*name) != after.get(*name)).collect();
        let expected: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
        assert_eq!(changed, expected.iter().collect(), "files that changed");
        answer
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// The account and region that all tests work in.
pub(crate) fn place() -> Place {
    "111122223333.us-east-1".parse().unwrap()
}

/// The id of a researcher's unit.
pub(crate) fn unit(user: &str) -> String {
    format!("workspace/{}/{user}", place())
}

/// The changes of a plan document as unit, address and action, one line each.
pub(crate) fn changes(plan: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    for unit in plan["units"].as_array().unwrap() {
        for change in unit["changes"].as_array().unwrap() {
            let word = |value: &Json| value.as_str().unwrap().to_owned();
            let (unit, address) = (word(&unit["unit"]), word(&change["address"]));
            lines.push(format!("{unit} {address} {}", word(&change["action"])));
        }
    }
    lines
}

/// How `nfplan` ended and what it wrote.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that standard error has this text, wherever its lines are broken.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let said: Vec<&str> = self.stderr.split_whitespace().collect();
        assert!(said.join(" ").contains(text), "`{text}` is not said\n{self}");
        self
    }

    /// Asserts that standard output has this text, wherever its lines are broken.
    #[track_caller]
    pub(crate) fn shows(self, text: &str) -> Self {
        let shown: Vec<&str> = self.stdout.split_whitespace().collect();
        assert!(shown.join(" ").contains(text), "`{text}` is not shown\n{self}");
        self
    }

    /// The one JSON document that standard output is; if its schema is published, it is as that says.
    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        let document = serde_json::from_str(&self.stdout);
        let document = document.unwrap_or_else(|error| panic!("{error}\n{self}"));
        crate::schemas::check(&document);
        document
    }

    /// The result of each unit in the document of an apply.
    #[track_caller]
    pub(crate) fn results(&self) -> BTreeMap<String, String> {
        let document = self.json();
        let units = document["units"].as_array().unwrap();
        let word = |value: &Json| value.as_str().unwrap().to_owned();
        units.iter().map(|unit| (word(&unit["unit"]), word(&unit["result"]))).collect()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit {code:?}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }
}
