//! The stores alone: their contract, and races of threads and processes over one folder.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;

use super::kit::VirtualClock;
use super::kit::keys_below;
use crate::conformance::check;
use crate::stores::FolderStore;
use crate::stores::MemoryStore;

const COUNTER: &str = "race/counter.json";
const WRITERS: u64 = 4;
const ROUNDS: u64 = 20;

/// Runs a store's operation, which never waits for time.
fn now<T>(future: impl Future<Output = T>) -> T {
    VirtualClock::default().run(future)
}

#[test]
fn the_memory_store_keeps_the_contract() {
    now(check(MemoryStore::new()));
}

#[test]
fn the_folder_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    now(check(FolderStore::new(folder.path().join("a/b"))));
}

#[test]
fn the_memory_store_counts_what_it_is_asked_for() {
    let store = MemoryStore::new();
    now(store.put_if_absent("a", b"12345")).unwrap();
    now(store.clone().put_if_absent("a", b"12345")).unwrap();
    now(store.get("a")).unwrap();
    let usage = store.usage();
    assert_eq!((usage.puts, usage.gets, usage.bytes_written), (2, 1, 5));
}

#[test]
fn keys_cannot_leave_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("secret"), "x").unwrap();
    let store = FolderStore::new(parent.path().join("state"));
    for key in ["../secret", "a/../../secret", "/etc/passwd", "", "a//b", "./a", ".lock", "a/"] {
        assert!(now(store.get(key)).is_err(), "{key}");
        assert!(now(store.put_if_absent(key, b"x")).is_err(), "{key}");
        assert!(now(store.delete(key)).is_err(), "{key}");
    }
    for folder in ["../", "a/../../", "/", "/etc/", "a//", "./", "a"] {
        assert!(now(store.list(folder)).is_err(), "{folder}");
    }
    assert_eq!(fs::read(parent.path().join("secret")).unwrap(), b"x");
    assert!(!store.root().exists());
}

#[test]
fn what_a_crashed_writer_left_is_no_object_and_the_next_write_removes_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path());
    now(store.put_if_absent("a/b", b"1")).unwrap();
    fs::write(folder.path().join(".writing"), "torn").unwrap();
    assert_eq!(now(keys_below(&store, "")), ["a/b"]);
    now(store.put_if_absent("a/c", b"2")).unwrap();
    assert_eq!(now(keys_below(&store, "")), ["a/b", "a/c"]);
    assert!(!folder.path().join(".writing").exists());
}

#[test]
fn emptied_folders_go_with_their_last_object_and_can_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path());
    now(store.put_if_absent("a/b/c", b"1")).unwrap();
    now(store.put_if_absent("a/d", b"1")).unwrap();
    now(store.delete("a/b/c")).unwrap();
    assert!(!folder.path().join("a/b").exists());
    assert!(folder.path().join("a/d").exists());
    now(store.put_if_absent("a/b/c", b"2")).unwrap();
    assert_eq!(now(store.get("a/b/c")).unwrap().unwrap().body, b"2");
}

#[test]
fn folders_that_a_crashed_writer_made_for_nothing_are_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path());
    now(store.put_if_absent("a/b/c", b"1")).unwrap();
    fs::create_dir_all(folder.path().join("a/x/y")).unwrap();
    fs::create_dir_all(folder.path().join("z")).unwrap();
    assert_eq!(now(store.list("")).unwrap(), ["a/"]);
    assert_eq!(now(store.list("a/")).unwrap(), ["a/b/"]);
    now(store.put_if_absent("a/x/y/d", b"1")).unwrap();
    assert_eq!(now(store.list("a/")).unwrap(), ["a/b/", "a/x/"]);
}

/// Adds 1 to a counter by compare-and-swap, as often as `times` says.
fn count(root: &Path, times: u64) {
    let store = FolderStore::new(root);
    for _ in 0..times {
        loop {
            let stored = now(store.get(COUNTER)).unwrap().unwrap();
            let number: u64 = String::from_utf8(stored.body).unwrap().parse().unwrap();
            let body = (number + 1).to_string();
            if let Put::Written(_) =
                now(store.put_if_match(COUNTER, &stored.tag, body.as_bytes())).unwrap()
            {
                break;
            }
        }
    }
}

fn counter(root: &Path) -> String {
    let stored = now(FolderStore::new(root).get(COUNTER)).unwrap().unwrap();
    String::from_utf8(stored.body).unwrap()
}

#[test]
fn threads_that_race_lose_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    now(FolderStore::new(root).put_if_absent(COUNTER, b"0")).unwrap();
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| count(root, ROUNDS));
        }
    });
    assert_eq!(counter(root), (WRITERS * ROUNDS).to_string());
}

#[test]
fn of_threads_that_race_to_create_an_object_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path());
    for round in 0..ROUNDS {
        // Each round makes its folders too.
        let key = format!("race/{round}/x/object.json");
        let create = |writer: u64| {
            let body = writer.to_string();
            (now(store.put_if_absent(&key, body.as_bytes())).unwrap() != Put::Refused)
                .then_some(body)
        };
        let winners: Vec<String> = thread::scope(|scope| {
            let writers: Vec<_> =
                (0..WRITERS).map(|writer| scope.spawn(move || create(writer))).collect();
            writers.into_iter().filter_map(|writer| writer.join().unwrap()).collect()
        });
        assert_eq!(winners.len(), 1);
        assert_eq!(now(store.get(&key)).unwrap().unwrap().body, winners[0].as_bytes());
    }
}

/// Tells a child process what to do: `count` or `create`, and where.
const ROLE: &str = "NFPLAN_TEST_STORE_WRITER";
const ROOT: &str = "NFPLAN_TEST_STORE_ROOT";

/// Starts this test binary again as a process that only writes.
fn spawn_writer(role: &str, root: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "tests::races::write_as_a_process", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "is a process that other tests start"]
fn write_as_a_process() {
    let root = env::var_os(ROOT).expect("a test starts this and says where");
    let root = Path::new(&root);
    match env::var(ROLE).expect("a test starts this and says what").as_str() {
        "count" => count(root, ROUNDS),
        role => {
            let store = FolderStore::new(root);
            for number in 0.. {
                let key = format!("created/{role}/{number}");
                now(store.put_if_absent(&key, key.repeat(500).as_bytes())).unwrap();
                println!("\nacknowledged {key}");
            }
        }
    }
}

#[test]
fn processes_that_race_lose_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    now(FolderStore::new(root).put_if_absent(COUNTER, b"0")).unwrap();
    let writers: Vec<Child> = (0..WRITERS).map(|_| spawn_writer("count", root)).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    assert_eq!(counter(root), (WRITERS * ROUNDS).to_string());
}

#[test]
fn killing_a_writer_loses_nothing_acknowledged_and_tears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let store = FolderStore::new(root);
    let mut acknowledged = BTreeSet::new();
    for round in 0..4 {
        let mut writer = spawn_writer(&round.to_string(), root);
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut heard = |line: String| {
            let key = line.strip_prefix("acknowledged ").map(str::to_owned);
            key.is_some_and(|key| acknowledged.insert(key))
        };
        let mut count = 0;
        while count < 3 {
            count += u32::from(heard(lines.next().unwrap().unwrap()));
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        // What it said between the third line and its death counts too.
        lines.map_while(Result::ok).for_each(|line| {
            heard(line);
        });
        now(store.put_if_absent(&format!("after/{round}"), b"alive")).unwrap();
    }
    let listed: BTreeSet<String> = now(keys_below(&store, "created/")).into_iter().collect();
    assert!(acknowledged.len() >= 12);
    assert!(acknowledged.is_subset(&listed), "{acknowledged:?} {listed:?}");
    for key in &listed {
        let body = now(store.get(key)).unwrap().unwrap().body;
        assert!(body == key.repeat(500).as_bytes(), "{key} is torn");
    }
}
