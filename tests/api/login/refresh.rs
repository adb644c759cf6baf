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
    for (age, token) in tokens.iter().rev().enumerate().skip(1) {
        let answer = world.refresh(token).await;
        if age <= 8 {
            assert_eq!(answer.expect(200).json["refresh_token"], **current, "{age}");
        } else {
            answer.expect_problem(401, "refresh_invalid");
        }
    }
    world.refresh(current).await.expect(200);
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
            7..=8 => answer.expect_problem(401, "refresh_reused").status == 401,
            _ => answer.expect_problem(401, "refresh_invalid").status != 401,
        };
        let answer = world.refresh(&tokens[12]).await;
        assert_eq!(answer.status, if ended { 401 } else { 200 }, "{age}");
    }
}

#[tokio::test]
async fn a_guessed_refresh_token_does_not_end_the_session() {
    let world = World::new().await;
    let session = world.log_in("alice").await;
    let (names, secret) = session.refresh_token.rsplit_once('.').unwrap();
    let guessed = format!(
        "{names}.{}",
        secret
            .chars()
            .rev()
            .collect::<String>()
            .replace(&secret[42..], "A")
    );
    for token in [
        guessed.as_str(),
        "",
        "x",
        "a.b.c",
        &session.token,
        &"x".repeat(5000),
    ] {
        world
            .refresh(token)
            .await
            .expect_problem(401, "refresh_invalid");
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
