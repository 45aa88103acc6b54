//! What every store has to pass. Each function starts from keys that it alone uses.

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::Tag;

/// Checks a store that holds nothing under `conformance/`.
///
/// # Panics
/// If the store breaks its contract.
pub async fn check<S: Store>(store: S) {
    check_objects(&store).await;
    a_folder_exists_as_long_as_an_object_is_below_it(&store).await;
    assert_eq!(list(&store, "probe/").await, [""; 0], "the probe leaves nothing");
}

/// The same but for what is listed of folders right after their last object is gone: `SeaweedFS` lets
/// them linger. All that follows from one is a look at a unit that has no head.
///
/// # Panics
/// If the store breaks its contract.
pub async fn check_objects<S: Store>(store: &S) {
    absent_objects_are_absent(store).await;
    an_object_is_created_once(store).await;
    an_object_is_replaced_only_in_the_expected_version(store).await;
    bytes_come_back_as_they_went_in(store).await;
    a_listing_is_one_level_complete_and_sorted(store).await;
    deleted_objects_are_gone(store).await;
    crate::probe::probe(store).await.expect("the probe passes a store that keeps the contract");
}

async fn absent_objects_are_absent(store: &impl Store) {
    let key = "conformance/absent/a.json";
    assert_eq!(store.get(key).await.expect("get"), None);
    let put = store.put_if_match(key, &Tag("none".into()), b"x").await.expect("put");
    assert_eq!(put, Put::Refused, "nothing has no version");
    assert_eq!(store.get(key).await.expect("get"), None, "a refused write leaves nothing");
    assert_eq!(list(store, "conformance/absent/").await, [""; 0]);
    store.delete(key).await.expect("deleting what is absent succeeds");
}

async fn an_object_is_created_once(store: &impl Store) {
    let key = "conformance/created/a.json";
    let tag = written(store.put_if_absent(key, b"first").await.expect("put"));
    assert_eq!(store.put_if_absent(key, b"second").await.expect("put"), Put::Refused);
    assert_eq!(store.put_if_absent(key, b"first").await.expect("put"), Put::Refused);
    let stored = store.get(key).await.expect("get").expect("it was created");
    assert_eq!((stored.body.as_slice(), &stored.tag), (b"first".as_slice(), &tag));
}

async fn an_object_is_replaced_only_in_the_expected_version(store: &impl Store) {
    let key = "conformance/replaced/a.json";
    let first = written(store.put_if_absent(key, b"1").await.expect("put"));
    let second = written(store.put_if_match(key, &first, b"2").await.expect("put"));
    assert_ne!(first, second, "different bytes have different tags");
    assert_eq!(store.put_if_match(key, &first, b"3").await.expect("put"), Put::Refused);
    let stored = store.get(key).await.expect("get").expect("it was created");
    assert_eq!((stored.body.as_slice(), &stored.tag), (b"2".as_slice(), &second));
}

async fn bytes_come_back_as_they_went_in(store: &impl Store) {
    let all_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    for (name, body) in [("empty", Vec::new()), ("large", all_bytes)] {
        let key = format!("conformance/bytes/{name}");
        written(store.put_if_absent(&key, &body).await.expect("put"));
        let stored = store.get(&key).await.expect("get").expect("it was created");
        assert!(stored.body == body, "{name}");
    }
}

async fn a_listing_is_one_level_complete_and_sorted(store: &impl Store) {
    let keys = ["b/2", "a", "b/10", "b-c/1", "b/1/x/y", "b/1/z", "bc", "bc.json", "d/1"];
    for key in keys {
        let key = format!("conformance/listed/{key}");
        written(store.put_if_absent(&key, b"x").await.expect("put"));
    }
    let listed = |suffixes: &[&str]| -> Vec<String> {
        suffixes.iter().map(|suffix| format!("conformance/listed/{suffix}")).collect()
    };
    for (folder, expected) in [
        ("", listed(&["a", "b-c/", "b/", "bc", "bc.json", "d/"])),
        ("b/", listed(&["b/1/", "b/10", "b/2"])),
        ("b/1/", listed(&["b/1/x/", "b/1/z"])),
        ("b/1/x/", listed(&["b/1/x/y"])),
        ("b-c/", listed(&["b-c/1"])),
        // An object, the beginning of a name, and nothing.
        ("bc/", Vec::new()),
        ("bc.j/", Vec::new()),
        ("c/", Vec::new()),
    ] {
        let folder = format!("conformance/listed/{folder}");
        assert_eq!(list(store, &folder).await, expected, "{folder}");
    }
    let below_object = store.get("conformance/listed/bc/x").await.expect("get");
    assert_eq!(below_object, None, "an object is no folder");
    let top = list(store, "").await;
    assert!(top.contains(&"conformance/".to_owned()), "the empty folder is the top: {top:?}");
}

async fn a_folder_exists_as_long_as_an_object_is_below_it(store: &impl Store) {
    let (first, second) = ("conformance/folders/x/y/a", "conformance/folders/x/b");
    written(store.put_if_absent(first, b"1").await.expect("put"));
    written(store.put_if_absent(second, b"1").await.expect("put"));
    assert_eq!(list(store, "conformance/folders/").await, ["conformance/folders/x/"]);
    assert_eq!(list(store, "conformance/folders/x/").await, [second, "conformance/folders/x/y/"]);
    store.delete(first).await.expect("delete");
    assert_eq!(list(store, "conformance/folders/x/y/").await, [""; 0]);
    assert_eq!(list(store, "conformance/folders/x/").await, [second]);
    store.delete(second).await.expect("delete");
    assert_eq!(list(store, "conformance/folders/").await, [""; 0]);
    let refused = store.put_if_match(first, &Tag("none".into()), b"2").await.expect("put");
    assert_eq!(refused, Put::Refused);
    assert_eq!(list(store, "conformance/folders/").await, [""; 0], "a refused write makes none");
}

async fn deleted_objects_are_gone(store: &impl Store) {
    let (key, other) = ("conformance/deleted/a.json", "conformance/deleted/b.json");
    written(store.put_if_absent(key, b"1").await.expect("put"));
    written(store.put_if_absent(other, b"1").await.expect("put"));
    store.delete(key).await.expect("delete");
    assert_eq!(store.get(key).await.expect("get"), None);
    assert_eq!(list(store, "conformance/deleted/").await, [other]);
    written(store.put_if_absent(key, b"2").await.expect("what is gone can be created again"));
}

async fn list(store: &impl Store, folder: &str) -> Vec<String> {
    store.list(folder).await.expect("list")
}

fn written(put: Put) -> Tag {
    match put {
        Put::Written(tag) => tag,
        Put::Refused => panic!("the condition held, but the write was refused"),
    }
}
