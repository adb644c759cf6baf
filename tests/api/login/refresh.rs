//! Refresh tokens: used once, repeated by a phone, stolen.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use support::World;

#[tokio::test]
async fn a_refresh_token_is_replaced_at_every_use() {
    let world = World::new().await;
    let first = world.log_in("alice").await;
    let second = first.refreshed().await;
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(
        (second.json["is_new"].clone(), &second.id),
        (json!(false), &first.id)
    );
    let third = second.refreshed().await;
    third.refresh().await.expect(200);
}

#[tokio::test]
async fn a_phone_that_repeats_a_refresh_is_served_and_does_not_fork_the_session() {
    let world = World::new().await;
    let first = world.log_in("alice").await;
    let answers = join_all((0..20).map(|_| first.refresh().send())).await;
    let sessions: Vec<_> = answers
        .into_iter()
        .map(|answer| world.session(answer))
        .collect();
    assert!(
        sessions
            .iter()
            .all(|session| session.refresh_token == sessions[0].refresh_token)
    );
    let next = world.session(world.refresh(&sessions[0].refresh_token).await);
    // Two generations back is still a phone whose first request was on its way.
    let late = first.refreshed().await;
    assert_eq!(late.refresh_token, next.refresh_token);
}

#[tokio::test]
async fn a_token_used_again_after_the_grace_ends_the_session() {
    for generations in [1, 2, 3, 7] {
        let world = World::new().await;
        let first = world.log_in("alice").await;
        let other = world.log_in("alice").await;
        let mut last = first.clone();
        for _ in 0..generations {
            last = last.refreshed().await;
        }
        world.advance(Duration::from_millis(10_100));
        world
            .refresh(&first.refresh_token)
            .await
            .expect_problem(401, "refresh_reused");
        world
            .refresh(&last.refresh_token)
            .await
            .expect_problem(401, "refresh_invalid");
        world
            .refresh(&first.refresh_token)
            .await
            .expect_problem(401, "refresh_invalid");
        other.refresh().await.expect(200);
    }
}

/// A session's tokens, the first one first, of which each was replaced so long after the one before it.
async fn lineage(world: &World, refreshes: usize, pause: Duration) -> Vec<String> {
    let mut tokens = vec![world.log_in("alice").await.refresh_token];
    for _ in 0..refreshes {
        world.advance(pause);
        let next = world.refresh(tokens.last().unwrap()).await.expect(200);
        tokens.push(next.text("refresh_token"));
    }
    tokens
}

#[tokio::test]
async fn the_last_eight_ancestors_are_answered_within_the_grace() {
    let world = World::new().await;
    let tokens = lineage(&world, 12, Duration::from_millis(100)).await;
    let current = tokens.last().unwrap();
    for token in tokens.iter().rev().skip(1).take(8) {
        let answer = world.refresh(token).await.expect(200);
        assert_eq!(answer["refresh_token"], **current);
    }
    world.refresh(current).await.expect(200);
}

/// A thief who goes ahead so far that the owner's token is long past is noticed, too.
#[tokio::test]
async fn a_token_is_reused_however_often_the_session_was_refreshed_since() {
    for (refreshes, pause) in [(9, 0), (9, 2_000), (40, 300), (200, 0)] {
        let world = World::new().await;
        let pause = Duration::from_millis(pause);
        let tokens = lineage(&world, refreshes, pause).await;
        let owner = world.refresh(&tokens[0]).await;
        owner.expect_problem(401, "refresh_reused");
        let thief = world.refresh(tokens.last().unwrap()).await;
        thief.expect_problem(401, "refresh_invalid");
    }
}

#[tokio::test]
async fn each_ancestor_has_a_grace_of_its_own() {
    for age in 1..=10 {
        let world = World::new().await;
        let tokens = lineage(&world, 12, Duration::from_millis(1_700)).await;
        // The sixth of the ancestors was replaced 8.5 seconds ago, the seventh 10.2.
        let answer = world.refresh(&tokens[12 - age]).await;
        let ended = match age {
            1..=6 => {
                assert_eq!(answer.expect(200).json["refresh_token"], *tokens[12]);
                false
            }
            _ => answer.expect_problem(401, "refresh_reused").status == 401,
        };
        let answer = world.refresh(&tokens[12]).await;
        assert_eq!(answer.status, if ended { 401 } else { 200 }, "{age}");
    }
}

/// Whoever knows the session's name alone, as from an access token that has expired, cannot end it.
#[tokio::test]
async fn a_guessed_refresh_token_does_not_end_the_session() {
    let world = World::new().await;
    let session = world.log_in("alice").await;
    let other = world.log_in("alice").await;
    let (names, secret) = session.refresh_token.rsplit_once('.').unwrap();
    let (_, others_secret) = other.refresh_token.rsplit_once('.').unwrap();
    let reversed: String = secret.chars().rev().collect();
    let guessed = [
        "A".repeat(43),
        reversed.replace(&secret[42..], "A"),
        others_secret.to_owned(),
    ];
    let guessed = guessed.map(|secret| format!("{names}.{secret}"));
    let malformed = ["", "x", "a.b.c", &session.token, &"x".repeat(5000)];
    for token in guessed.iter().map(String::as_str).chain(malformed) {
        let answer = world.refresh(token).await;
        answer.expect_problem(401, "refresh_invalid");
    }
    session.refresh().await.expect(200);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_without_use() {
    let world = World::new().await;
    let session = world.log_in("alice").await;
    world.advance(Duration::from_secs(29 * 24 * 60 * 60));
    let session = session.refreshed().await;
    world.advance(Duration::from_secs(30 * 24 * 60 * 60));
    world
        .refresh(&session.refresh_token)
        .await
        .expect_problem(401, "refresh_invalid");
}
