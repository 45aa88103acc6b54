//! States in S3, on two servers that have nothing in common but the protocol.

use std::thread;

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_state::conformance::check;
use nfplan_state::conformance::check_objects;
use nfplan_state::location::Bucket;
use serde_json::json;

use crate::kit::Server;
use crate::kit::block_on;
use crate::kit::calls;
use crate::kit::set_faults;

const SERVERS: [Server; 2] = [Server::Aws, Server::Weed];

#[test]
fn a_bucket_keeps_the_contract_of_stores() {
    block_on(async {
        check(Server::Aws.store(Server::Aws.bucket().await).await).await;
        check_objects(&Server::Weed.store(Server::Weed.bucket().await).await).await;
        for server in SERVERS {
            // The same at the top of a bucket.
            let top = Bucket { prefix: "".into(), ..server.bucket().await };
            check_objects(&server.store(top).await).await;
        }
    });
}

#[test]
fn all_pages_of_a_listing_are_read() {
    for server in SERVERS {
        block_on(async {
            let bucket = server.bucket().await;
            let client = server.client().await;
            let keys: Vec<String> = (0..1_050).map(|number| format!("many/{number:04}")).collect();
            for key in &keys {
                let put =
                    client.put_object().bucket(&*bucket.name).key(format!("some/prefix/{key}"));
                put.send().await.unwrap();
            }
            let store = server.store(bucket).await;
            assert_eq!(store.list("many/").await.unwrap(), keys);
        });
    }
}

#[test]
fn of_many_writers_one_wins_each_time() {
    const WRITERS: u64 = 8;
    const ROUNDS: u64 = 20;
    for server in SERVERS {
        let bucket = block_on(server.bucket());
        let won = thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|_| scope.spawn(|| block_on(write_rounds(server, bucket.clone(), ROUNDS))))
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>()
        });
        assert_eq!(won, ROUNDS, "{server:?}");
        let store = block_on(server.store(bucket));
        let count = block_on(store.get("counter")).unwrap().unwrap().body;
        assert_eq!(String::from_utf8(count).unwrap(), (WRITERS * ROUNDS).to_string());
    }
}

/// Tries to create one object a round, and adds 1 to a counter each round. Says how many objects it
/// created.
async fn write_rounds(server: Server, bucket: Bucket, rounds: u64) -> u64 {
    let store = server.store(bucket).await;
    let mut won = 0;
    for round in 0..rounds {
        let put = store.put_if_absent(&format!("round/{round}"), b"mine").await.unwrap();
        won += u64::from(matches!(put, Put::Written(_)));
        loop {
            let body = |number: u64| number.to_string().into_bytes();
            let put = match store.get("counter").await.unwrap() {
                None => store.put_if_absent("counter", &body(1)).await,
                Some(stored) => {
                    let number: u64 = String::from_utf8(stored.body).unwrap().parse().unwrap();
                    store.put_if_match("counter", &stored.tag, &body(number + 1)).await
                }
            };
            if let Put::Written(_) = put.unwrap() {
                break;
            }
        }
    }
    won
}

/// Runs with requests that fail by these rules, and returns the operations and faults seen.
fn with_faults<T>(rules: &serde_json::Value, run: impl Future<Output = T>) -> (T, Vec<String>) {
    set_faults(rules);
    let result = block_on(run);
    let seen = calls().into_iter().map(|[_, op, fault]| format!("{op} {fault}")).collect();
    set_faults(&json!([]));
    (result, seen)
}

#[test]
fn faults_of_the_server_are_tried_again_and_lost_answers_look_like_refusals() {
    let store = block_on(async { Server::Aws.store(Server::Aws.bucket().await).await });
    let put = async || store.put_if_absent("a", b"1").await;
    let rules = json!([{ "service": "s3", "op": "PutObject", "do": "error", "status": 503, "code": "SlowDown" }]);
    let (answer, seen) = with_faults(&rules, put());
    assert!(matches!(answer, Ok(Put::Written(_))), "{answer:?}");
    assert_eq!(seen, ["PutObject error", "PutObject "]);
    // The first sending took effect; the second meets it.
    let rules = json!([{ "service": "s3", "op": "PutObject", "do": "lose" }]);
    let (answer, seen) = with_faults(&rules, async { store.put_if_absent("b", b"1").await });
    assert_eq!(answer, Ok(Put::Refused));
    assert_eq!(seen, ["PutObject lose", "PutObject "]);
    assert_eq!(block_on(store.get("b")).unwrap().unwrap().body, b"1");
    let rules = json!([{
        "service": "s3", "op": "PutObject", "times": 0, "do": "error", "status": 409,
        "code": "ConditionalRequestConflict"
    }]);
    let (answer, _) = with_faults(&rules, async { store.put_if_absent("c", b"1").await });
    assert_eq!(answer, Ok(Put::Refused), "two writes met");
}

#[test]
fn failures_say_what_was_tried_why_it_failed_and_what_to_do() {
    let bucket = block_on(Server::Aws.bucket());
    let missing = Bucket { name: "no-such-bucket-anywhere".into(), ..bucket.clone() };
    let store = block_on(Server::Aws.store(missing));
    let StoreError { operation, key, message, denied } = block_on(store.get("a")).unwrap_err();
    assert_eq!((operation, key.as_str(), denied), ("read", "a", false));
    assert!(
        message.starts_with("NoSuchBucket") && message.contains("nfplan init --state"),
        "{message}"
    );
    let store = block_on(Server::Aws.store(bucket));
    let rules =
        json!([{ "op": "GetObject", "do": "error", "status": 403, "code": "AccessDenied" }]);
    let (answer, _) = with_faults(&rules, store.get("a"));
    let error = answer.unwrap_err();
    assert!(error.denied, "{error}");
    let place = format!("s3://{}/some/prefix", store.bucket().name);
    assert_eq!(
        error.to_string(),
        format!("the state store cannot read `a`: AccessDenied: injected (in {place})")
    );
}

#[test]
fn encryption_and_owner_are_asked_for_in_every_write() {
    let bucket = Bucket {
        kms_key: Some("arn:aws:kms:us-east-1:123456789012:key/k".into()),
        ..block_on(Server::Aws.bucket())
    };
    let name = bucket.name.clone();
    let store = block_on(Server::Aws.store(bucket));
    block_on(store.put_if_absent("a", b"1")).unwrap();
    let head = block_on(async {
        let client = Server::Aws.client().await;
        client.head_object().bucket(&*name).key("some/prefix/a").send().await.unwrap()
    });
    assert_eq!(head.ssekms_key_id(), Some("arn:aws:kms:us-east-1:123456789012:key/k"));
}
