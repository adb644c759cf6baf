//! PUT and PATCH do the same, to the user's own account and to others'.

use super::*;
use http::Method;

#[tokio::test]
async fn what_is_taken_or_has_changed_is_refused_by_either_method_and_path() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let names = json!({"username": "bob_1", "email": "bob@example.com"});
    bob.edit(names).await.expect(200);
    for method in [Method::PUT, Method::PATCH] {
        for (editor, path) in [(&alice, ME), (&admin, &*alice.path())] {
            let change = |body: Value| editor.call(method.clone(), path).json(&body);
            let username = change(json!({"username": "bob_1"})).await;
            username.expect_problem(409, "username_taken");
            let email = change(json!({"email": "bob@example.com"})).await;
            email.expect_problem(409, "email_taken");
            let outdated = change(json!({"nickname": "n"})).if_match("\"0\"").await;
            outdated.expect_problem(412, "version_mismatch");
        }
    }
}
