//! Bodies that two readers could read differently.

use http::Method;
use support::{Session, World};

use super::api;

#[tokio::test]
async fn what_clients_write_differently_is_read_alike() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let admin = world.log_in("admin").await;
    let get = |path: &str, session: &Session| {
        let api = api(&world, path.split('?').next().unwrap_or_default());
        api.get(path)
            .header("authorization", &format!("bearer    {}", session.token))
    };
    for path in [
        "/v1/users?cursor=",
        "/v1/users?cursor=&limit=1.0",
        "/v1/users?username=alice&cursor=",
    ] {
        get(path, &admin).send().await.expect(200);
    }
    get("/v1/uploads?limit=20&cursor=", &alice)
        .send()
        .await
        .expect(200);
    get("/v1/uploads?cursor=%20", &alice)
        .send()
        .await
        .expect_problem(400, "invalid_cursor");
    let profiles = get(
        &format!("/v1/profiles?ids={},%20{}%20", alice.id, bob.id),
        &alice,
    );
    let profiles = profiles.send().await.expect(200).json;
    assert_eq!(
        profiles["items"].as_array().map(Vec::len),
        Some(2),
        "{profiles}"
    );
    get("/v1/profiles?ids=x&cursor=", &alice)
        .send()
        .await
        .expect_problem(400, "invalid_request");

    let ticket = r#"{"content_type":"image/png","size":68.0,"purpose":"file"}"#;
    let post = |body: &'static str| {
        alice
            .call(Method::POST, "/v1/uploads")
            .header("content-type", "application/json")
            .body(body)
    };
    post(ticket).send().await.expect(201);
    let half = r#"{"content_type":"image/png","size":68.5,"purpose":"file"}"#;
    assert_eq!(post(half).send().await.expect(400).fields(), ["size"]);
}

#[tokio::test]
async fn bodies_that_two_readers_would_read_differently_are_refused() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let json = |body: &str| {
        let put = alice.call(Method::PUT, "/v1/users/me");
        put.body(body.to_owned())
            .header("content-type", "application/json")
    };
    for (body, field) in [
        (r#"{"nickname":"a","nickname":"b"}"#, "nickname"),
        (r#"{"nickname":"a","n\u0069ckname":"b"}"#, "nickname"),
        (r#"{"nickname":"\ud83d"}"#, "nickname"),
        (r#"{"nickname":"a\udc00\ud800"}"#, "nickname"),
    ] {
        let refused = json(body)
            .send()
            .await
            .expect_problem(400, "invalid_request");
        assert_eq!(refused.fields(), [field], "{body}");
    }
    let batch = r#"{"items":[{"content_type":"image/png","size":1,"size":2,"purpose":"file"}]}"#;
    let batch = alice
        .call(Method::POST, "/v1/uploads/batch")
        .body(batch)
        .header("content-type", "application/json")
        .await
        .expect(400);
    assert_eq!(batch.fields(), ["items[0].size"]);
}

#[tokio::test]
async fn bodies_of_other_types_and_codings_are_refused() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let put = |body: &str| {
        alice
            .call(Method::PUT, "/v1/users/me")
            .body(body.to_owned())
    };
    let json = |body: &str| put(body).header("content-type", "application/json");
    let body = r#"{"nickname":"n"}"#;
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-encoding", "identity, br"),
        ("content-type", "text/plain"),
        ("content-type", "application/json"),
    ] {
        // Two content types of which each is right are not in conflict.
        let status = if value == "application/json" {
            200
        } else {
            415
        };
        json(body).header(name, value).send().await.expect(status);
    }
    for refused in [
        "application/json; charset=gbk",
        "application/json,text/plain",
    ] {
        put(body)
            .header("content-type", refused)
            .send()
            .await
            .expect(415);
    }
    json(body)
        .header("content-encoding", "identity")
        .send()
        .await
        .expect(200);
    let with_mark = format!("\u{feff}{}", r#"{"nickname":"marked"}"#);
    assert_eq!(
        json(&with_mark).send().await.expect(200).json["nickname"],
        "marked"
    );
    // An empty body is of no type, whatever the gateway adds.
    alice
        .call(Method::POST, "/v1/logout")
        .header("content-type", "text/plain")
        .header("content-encoding", "gzip")
        .await
        .expect(204);
}
