//! The items of a person.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::storage::s;
use support::{Answer, Api, Session, World};

struct Notebook {
    world: World,
    api: Api,
}

impl Notebook {
    async fn new() -> Self {
        let world = World::new().await;
        let api = world.own_function().await;
        Self { world, api }
    }

    async fn create(&self, owner: &Session, text: &str) -> Value {
        let note = self.api.post("/v1/notes", &json!({"text": text}));
        note.bearer(&owner.token).send().await.expect(201).json
    }

    async fn list(&self, owner: &Session, query: &str) -> Answer {
        let list = self.api.get(&format!("/v1/notes{query}"));
        list.bearer(&owner.token).send().await
    }

    async fn texts(&self, owner: &Session) -> Vec<String> {
        let page = self.list(owner, "").await.expect(200).json;
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|note| note["text"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn path(note: &Value) -> String {
    format!("/v1/notes/{}", note["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_item_is_created_read_changed_and_deleted() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let alice = world.log_in("alice").await;
    let create = api.post("/v1/notes", &json!({"text": "milk", "stars": 2}));
    let created = create.bearer(&alice.token).send().await.expect(201);
    let path = path(&created.json);
    assert_eq!(created.headers["location"], path);
    let tag = created.headers["etag"].to_str().unwrap().to_owned();

    let read = api.get(&path).bearer(&alice.token).send().await.expect(200);
    assert_eq!(read.json, created.json);
    assert_eq!(read.json["version"], 1);
    assert_eq!(
        (&read.json["text"], &read.json["stars"]),
        (&json!("milk"), &json!(2))
    );
    assert_eq!(read.headers["etag"], tag);
    let known = api.get(&path).bearer(&alice.token).if_none_match(&tag);
    assert_eq!(known.send().await.expect(304).json, Value::Null);

    world.advance(Duration::from_secs(1));
    let change = api.put(&path, &json!({"stars": 3})).bearer(&alice.token);
    let changed = change.if_match(&tag).send().await.expect(200);
    assert_eq!(
        (&changed.json["text"], &changed.json["stars"]),
        (&json!("milk"), &json!(3))
    );
    assert_eq!(changed.json["version"], 2);
    assert!(changed.json["updated_at"].as_str() > changed.json["created_at"].as_str());
    for request in [api.put(&path, &json!({"stars": 4})), api.delete(&path)] {
        let late = request.bearer(&alice.token).if_match(&tag).send().await;
        late.expect_problem(412, "version_mismatch");
    }
    let now = changed.headers["etag"].to_str().unwrap();
    let delete = api.delete(&path).bearer(&alice.token).if_match(now);
    delete.send().await.expect(204);
    for request in [
        api.get(&path),
        api.put(&path, &json!({"stars": 4})),
        api.delete(&path),
        api.delete(&path).if_match(now),
    ] {
        let gone = request.bearer(&alice.token).send().await;
        gone.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn nobody_reaches_anothers_items() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let note = notebook.create(&alice, "secret").await;
    let path = path(&note);
    for request in [
        api.get(&path),
        api.put(&path, &json!({"text": "mine"})),
        api.delete(&path),
    ] {
        let other = request.bearer(&admin.token).send().await;
        other.expect_problem(404, "not_found");
    }
    assert_eq!(notebook.texts(&admin).await, [""; 0]);
    assert_eq!(notebook.texts(&alice).await, ["secret"]);
}

#[tokio::test]
async fn a_list_goes_from_the_newest_to_the_oldest_in_pages() {
    let notebook = Notebook::new().await;
    let world = &notebook.world;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let texts: Vec<_> = (0..5).map(|i| format!("note {i}")).collect();
    for text in &texts {
        notebook.create(&alice, text).await;
        world.advance(Duration::from_millis(1));
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    let mut first = None;
    loop {
        let query = format!("?limit=2&cursor={cursor}");
        let page = notebook.list(&alice, &query).await.expect(200).json;
        for note in page["items"].as_array().unwrap() {
            found.push(note["text"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        first.get_or_insert(cursor.clone());
    }
    found.reverse();
    assert_eq!(found, texts);
    let first = first.unwrap();
    let foreign = notebook.list(&bob, &format!("?cursor={first}")).await;
    foreign.expect_problem(400, "invalid_cursor");
    let changed = notebook.list(&alice, &format!("?cursor={first}A")).await;
    changed.expect_problem(400, "invalid_cursor");
}

#[tokio::test]
async fn a_repeated_request_creates_one_item() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let alice = world.log_in("alice").await;
    let create = |text: &str, key: &str| {
        let create = api.post("/v1/notes", &json!({"text": text}));
        create.bearer(&alice.token).idempotency_key(key).send()
    };
    let created = create("one", "key").await.expect(201).json;
    let answers = join_all((0..4).map(|_| create("one", "key"))).await;
    for answer in answers {
        assert_eq!(answer.expect(201).json, created);
    }
    create("two", "key")
        .await
        .expect_problem(422, "idempotency_mismatch");
    let other = create("one", "other key").await.expect(201).json;
    assert_ne!(other["id"], created["id"]);
    create("one", "")
        .await
        .expect_problem(400, "invalid_request");

    let delete = api.delete(&path(&created)).bearer(&alice.token);
    delete.send().await.expect(204);
    create("one", "key").await.expect_problem(404, "not_found");
    world.advance(Duration::from_secs(24 * 60 * 60 + 1));
    let alice = world.log_in("alice").await;
    let late = api.post("/v1/notes", &json!({"text": "two"}));
    let late = late.bearer(&alice.token).idempotency_key("key");
    late.send().await.expect(201);
}

#[tokio::test]
async fn an_item_with_a_name_is_there_once_for_each_person() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let pin = |owner: &Session, text: &str| {
        let pin = api.put("/v1/pinned-note", &json!({"text": text}));
        pin.bearer(&owner.token).send()
    };
    let first = pin(&alice, "first").await.expect(201).json;
    assert_eq!(pin(&alice, "second").await.expect(200).json, first);
    let of_bob = pin(&bob, "third").await.expect(201).json;
    assert_ne!(of_bob["id"], first["id"]);
    let delete = api.delete(&path(&first)).bearer(&alice.token);
    delete.send().await.expect(204);
    pin(&alice, "fourth").await.expect(201);
}

#[tokio::test]
async fn writers_who_meet_lose_nothing() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let alice = world.log_in("alice").await;
    let note = notebook.create(&alice, "shared").await;
    let path = path(&note);
    let change = |body: Value| api.put(&path, &body).bearer(&alice.token).send();
    let changes = [json!({"text": "new"}), json!({"stars": 4})];
    for answer in join_all(changes.map(change)).await {
        answer.expect(200);
    }
    let read = api.get(&path).bearer(&alice.token).send().await.json;
    assert_eq!(
        (&read["text"], &read["stars"], &read["version"]),
        (&json!("new"), &json!(4), &json!(3))
    );
}

#[tokio::test]
async fn a_change_that_the_function_refuses_writes_nothing() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let alice = world.log_in("alice").await;
    let note = notebook.create(&alice, "locked").await;
    let change = api.put(&path(&note), &json!({"stars": 6}));
    let refused = change.bearer(&alice.token).send().await;
    refused.expect_problem(403, "forbidden");
    let read = api.get(&path(&note)).bearer(&alice.token).send().await;
    assert_eq!(read.json, note);
}

#[tokio::test]
async fn nothing_is_read_or_written_on_a_closed_account() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let note = notebook.create(&alice, "before").await;
    let attempts = |token: &str| {
        let requests = [
            api.get("/v1/notes"),
            api.get(&path(&note)),
            api.post("/v1/notes", &json!({"text": "late"})),
            api.put(&path(&note), &json!({"text": "late"})),
            api.delete(&path(&note)),
        ];
        join_all(requests.map(|request| request.bearer(token).send()))
    };
    let set_status = async |status: &str| {
        let edit = json!({"status": status});
        let edit = world.users.put(&format!("/v1/users/{}", alice.id), &edit);
        edit.bearer(&admin.token).send().await.expect(200);
    };
    set_status("disabled").await;
    for answer in attempts(&alice.token).await {
        answer.expect_problem(403, "account_disabled");
    }
    set_status("active").await;
    assert_eq!(notebook.texts(&alice).await, ["before"]);

    let delete = world.users.delete("/v1/users/me").bearer(&alice.token);
    delete.send().await.expect(204);
    for answer in attempts(&alice.token).await {
        answer.expect_problem(401, "unauthorized");
    }
    // Registered anew, they find nothing of before, though it has not been purged yet.
    let returned = world.log_in("alice").await;
    assert_eq!(notebook.texts(&returned).await, [""; 0]);
    for request in [
        api.get(&path(&note)),
        api.put(&path(&note), &json!({"text": "late"})),
        api.delete(&path(&note)),
    ] {
        let old = request.bearer(&returned.token).send().await;
        old.expect_problem(404, "not_found");
    }
    for answer in attempts(&alice.token).await {
        answer.expect_problem(401, "unauthorized");
    }
    notebook.create(&returned, "after").await;
    assert_eq!(notebook.texts(&returned).await, ["after"]);
}

#[tokio::test]
async fn what_other_versions_of_the_type_have_written_is_read_and_kept() {
    let notebook = Notebook::new().await;
    let (world, api) = (&notebook.world, &notebook.api);
    let alice = world.log_in("alice").await;
    let write_as = async |note: &Value, version: u16, content: Value| {
        let id = note["id"].as_str().unwrap();
        let key = (format!("OI#{}", alice.id), format!("notes#{id}"));
        let set = "SET content = :content, content_version = :version";
        let version = AttributeValue::N(version.to_string());
        let values = [(":content", s(&content.to_string())), (":version", version)];
        world.update(key, set, &values).await;
    };
    let old = notebook.create(&alice, "").await;
    write_as(&old, 1, json!({"text": "old"})).await;
    let read = api.get(&path(&old)).bearer(&alice.token).send().await;
    assert_eq!(read.expect(200).json["stars"], 0);

    let new = notebook.create(&alice, "").await;
    let later = json!({"text": "new", "stars": 1, "colour": "red"});
    write_as(&new, 3, later).await;
    let read = api.get(&path(&new)).bearer(&alice.token).send().await;
    assert_eq!(read.expect(200).json["text"], "new");
    let change = api.put(&path(&new), &json!({"stars": 2}));
    let refused = change.bearer(&alice.token).send().await;
    refused.expect_problem(503, "temporarily_unavailable");
}
