//! Faults at random.

use std::collections::HashSet;

use support::{Answer, samples};

use super::{
    batch, faulty_with, me, store_object, ticket, ticket_request, unavailable, uploads, versions,
};

/// Repeats a request for as long as the answer asks for that.
async fn until_served(request: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..10 {
        let answer = request().await;
        if answer.status != 503 {
            return answer;
        }
        unavailable(answer);
    }
    panic!("five of a hundred requests fail, not all")
}

#[tokio::test]
async fn faults_at_random_leave_every_record_true() {
    for seed in [1, 20_260_131] {
        let (proxy, world) = faulty_with(&[("UPLOAD_PENDING_LIMIT", "100")]).await;
        let alice = world.log_in("alice").await;
        proxy.fail_at_random(5, seed);
        let mut waiting = Vec::new();
        let mut expected = Vec::new();
        for i in 0..40 {
            let (purpose, bytes, status) = match i % 4 {
                0 => ("avatar", samples::jpeg(), "ready"),
                1 => ("file", samples::html(), "rejected"),
                _ => ("file", samples::jpeg(), "ready"),
            };
            let body = ticket_request(purpose, &bytes);
            let key = format!("request {i}");
            let issued = until_served(async || ticket(&world, &alice, &body, &key).await).await;
            let id = issued.expect(201).json["upload"]["id"].clone();
            let id = id.as_str().unwrap().to_owned();
            let upload = store_object(&world, &alice, id, &bytes).await;
            expected.push((upload.id.clone(), upload.key.clone(), status, purpose));
            waiting.push((i, upload.event));
        }
        let mut rounds = 0;
        while !waiting.is_empty() {
            let mut failed = HashSet::new();
            for ten in waiting.chunks(10) {
                let messages = batch(ten.iter().map(|(i, event)| (*i, event)));
                failed.extend(world.deliver(messages).await);
            }
            waiting.retain(|(i, _)| failed.contains(&i.to_string()));
            rounds += 1;
            assert!(rounds < 10, "{} messages stay", waiting.len());
        }
        let faults = proxy.take().iter().filter(|s| s.fault.is_some()).count();
        assert!(faults > 3, "{faults} faults");
        proxy.heal();

        let listed = uploads(&world, &alice).await;
        let newest = expected
            .iter()
            .rfind(|(_, _, _, purpose)| *purpose == "avatar");
        let newest = newest.unwrap().0.as_str();
        let user = me(&world, &alice).await.expect(200).json;
        assert!(user["avatar_url"].as_str().unwrap().contains(newest));
        for (id, key, status, purpose) in &expected {
            let record = listed.iter().find(|record| record["id"] == **id);
            let kept = versions(&world, key).await;
            match (*purpose, record) {
                // Events overtake one another: an avatar that came after a newer one stays, one that came before goes.
                ("avatar", None) => {
                    assert_ne!(id, newest);
                    assert_eq!(kept, 0, "{id}");
                }
                (_, Some(record)) => {
                    assert_eq!(record["status"], *status, "{id}");
                    assert_eq!(kept, usize::from(*status == "ready"), "{id}");
                }
                (_, None) => panic!("{id} is lost"),
            }
        }
        assert_eq!(
            expected.len() - 10,
            listed.iter().filter(|r| r["purpose"] == "file").count()
        );
    }
}
