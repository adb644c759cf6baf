//! Fifty clients and a throttled table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use shared::ids::UploadId;
use shared::profile::Username;
use support::World;
use support::proxy::{Fault, Matching, Proxy, Service};
use support::world::Settings;

use super::{
    Client, Dice, Ledger, PATIENCE, Stage, bucket, deliver, number, purge, say, table, text,
};

const CLIENTS: u64 = 50;

const SEED: u64 = 0x5eed_0000_0000_0007;

/// Lets DynamoDB throttle five requests of a hundred, the same ones in every run.
fn throttle(proxy: &Proxy) {
    let mut dice = Dice(SEED);
    for _ in 0..8000 {
        let mut passing = 0;
        while dice.roll(100) >= 5 {
            passing += 1;
        }
        let dynamodb = Matching::To(Service::DynamoDb);
        proxy.fail(dynamodb, Fault::Slow(Duration::ZERO), passing);
        proxy.fail(dynamodb, Fault::Throttle, 1);
    }
}

async fn check_all(stage: &Stage) {
    let (items, objects) = (table(&stage.world).await, bucket(&stage.world, "u/").await);
    let ledger = &stage.ledger;
    let (mut claimed, mut owned, mut epochs) = (BTreeMap::new(), BTreeMap::new(), HashMap::new());
    for item in &items {
        let pk = text(item, "pk").unwrap();
        if pk.starts_with("UN#") {
            claimed.insert(pk.to_owned(), text(item, "uid").unwrap().to_owned());
        }
        let Some(uid) = pk.strip_prefix("U#") else {
            continue;
        };
        let lives = ["active", "disabled"].contains(&text(item, "status").unwrap());
        epochs.insert(uid.to_owned(), (number(item, "epoch").unwrap(), lives));
        if let Some(name) = text(item, "username") {
            let name = format!("UN#{}", name.parse::<Username>().unwrap().compared());
            if let Some(other) = owned.insert(name.clone(), uid.to_owned()) {
                ledger.violation(format!("{name} belongs to {other} and {uid}"));
            }
        }
    }
    if claimed != owned {
        ledger.violation(format!("claims {claimed:?}, names {owned:?}"));
    }
    let is_old = |uid: &str, upload: &str| {
        let upload: UploadId = upload.parse().unwrap();
        epochs
            .get(uid)
            .is_none_or(|(epoch, _)| upload.epoch().get() < *epoch)
    };
    let mut ready = 0;
    for item in &items {
        let Some(uid) = text(item, "pk").unwrap().strip_prefix("UP#") else {
            continue;
        };
        let upload = text(item, "sk").unwrap();
        if upload == "~" {
            continue;
        }
        if is_old(uid, upload) {
            ledger.violation(format!("record {upload} of {uid} outlived its account"));
        }
        if text(item, "status") == Some("ready") {
            ready += 1;
            let object = (
                format!("u/{uid}/{upload}.jpg"),
                text(item, "version_id").unwrap().to_owned(),
            );
            if !objects.contains(&object) {
                ledger.violation(format!("ready {upload} of {uid} has no object"));
            }
        }
    }
    let mut shown = 0;
    for item in items.iter().filter(|item| item.contains_key("avatar_key")) {
        shown += 1;
        let object = (
            text(item, "avatar_key").unwrap(),
            text(item, "avatar_version").unwrap(),
        );
        if !objects.contains(&(object.0.to_owned(), object.1.to_owned())) {
            ledger.violation(format!("the picture {object:?} is not there"));
        }
    }
    for (key, _) in &objects {
        let mut parts = key.split(['/', '.']).skip(1);
        let (uid, upload) = (parts.next().unwrap(), parts.next().unwrap());
        if is_old(uid, upload) {
            ledger.violation(format!("object {key} outlived its account"));
        }
    }
    let dead = epochs.values().filter(|(_, lives)| !lives).count();
    say(&format!(
        "afterwards: {} accounts, {dead} of them deleted; {} names; {ready} ready uploads, {shown} pictures, {} objects",
        epochs.len(),
        owned.len(),
        objects.len()
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and the machine to itself; run by make load"]
async fn fifty_clients_and_a_throttled_table_break_nothing() {
    let secs = std::env::var("LOAD_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let lasting = Duration::from_secs(secs.unwrap_or(60));
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        limits: vec![("UPLOAD_DAILY_LIMIT", "100000".to_owned())],
        ..Settings::default()
    })
    .await;
    let stage = Arc::new(Stage {
        world,
        ledger: Ledger::default(),
        purging: AtomicUsize::new(0),
    });
    throttle(&proxy);
    let started = Instant::now();
    let until = started + lasting;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = Client {
                stage: stage.clone(),
                dice: Dice(SEED + number),
                number,
                people: 0,
                session: None,
                uploads: Vec::new(),
                sequence: 0,
            };
            tokio::spawn(client.run(until))
        })
        .collect();
    let housekeeping = async {
        let (mut throttled, mut dynamodb) = (0, 0);
        while Instant::now() < until {
            purge(&stage).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            for seen in proxy.take() {
                dynamodb += usize::from(seen.service == Service::DynamoDb);
                throttled += usize::from(seen.fault == Some(Fault::Throttle));
            }
        }
        (dynamodb, throttled)
    };
    let (sessions, (dynamodb, throttled)) = tokio::join!(join_all(clients), housekeeping);
    let took = started.elapsed();
    stage.ledger.report(took);
    say(&format!(
        "{throttled} of {dynamodb} calls of DynamoDB were throttled"
    ));
    assert!(
        proxy.faults_left() > 0,
        "the faults ran out before the time did"
    );
    proxy.heal();
    proxy.quiet().await;

    for event in stage
        .ledger
        .with(|notes| std::mem::take(&mut notes.late_events))
    {
        if !deliver(&stage.world, &event, PATIENCE).await {
            stage
                .ledger
                .violation(format!("an event keeps failing: {event}"));
        }
    }
    while purge(&stage).await > 0 {}
    say(&format!("{} purges", stage.purging.load(Ordering::Relaxed)));
    check_all(&stage).await;
    let ended = stage.ledger.with(|notes| std::mem::take(&mut notes.ended));
    let checks = stream::iter(ended).map(|token| {
        let stage = &stage;
        async move { stage.world.refresh(&token).await.status.as_u16() }
    });
    let answers: Vec<_> = checks.buffer_unordered(20).collect().await;
    if answers.iter().any(|status| *status != 401) {
        stage
            .ledger
            .violation("an ended session was continued".to_owned());
    }
    say(&format!("{} ended sessions stay so", answers.len()));
    // The newest session of a person is never pushed out by others, and this phone's is the newest.
    let mut living = 0;
    for session in sessions.into_iter().filter_map(|outcome| outcome.unwrap()) {
        living += 1;
        let answer = stage.world.refresh(&session.refresh_token).await;
        if answer.status != 200 {
            stage
                .ledger
                .violation(format!("a living session ended: {}", answer.json));
        }
    }
    say(&format!("{living} living sessions go on"));
    let violations = stage
        .ledger
        .with(|notes| std::mem::take(&mut notes.violations));
    let first: Vec<_> = violations.iter().take(20).collect();
    assert!(
        violations.is_empty(),
        "{} in all, the first of them {first:#?}",
        violations.len()
    );
}
