//! `make keys` and `make secret`.

use serde_json::json;
use support::Emulator;

use super::{
    APP_SECRET, JWT, UNFILLED, WECHAT, assert_finds, assert_tells_no_secret, doctor_of_the_stack,
    json_of, local_keys, private_key, put_secret, read, root, run, said, write,
};
use crate::STACK;

const BEFORE: &str = "STACK_SECRET_ARN";

#[tokio::test]
async fn a_leaked_key_is_forgotten_and_any_other_one_kept_beside_its_successor() {
    let directory = root().join(format!("target/tmp/keys-{}", std::process::id()));
    let shown = directory.display().to_string();
    let mut known = Vec::new();
    for (words, advice) in [
        (&["keys", "--keys", &shown][..], "make secret"),
        (&["keys", "--keys", &shown], "deploy JwtJwks first, then"),
        (&["keys", "--keys", &shown, "--leaked"], "ANYWAY=1"),
    ] {
        let told = said(run(words, &[]).await, true);
        assert!(told.contains(advice), "{told}");
        let jwks = std::fs::read_to_string(directory.join("jwks.json")).expect("keys");
        let jwks: serde_json::Value = serde_json::from_str(&jwks).expect("JSON");
        let kids = jwks["keys"].as_array().expect("keys").iter();
        known.push(kids.map(|key| key["kid"].clone()).collect::<Vec<_>>());
    }
    std::fs::remove_dir_all(&directory).expect("removed");
    assert_eq!(known.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(known[1][1], known[0][0]);
    assert!(!known[1].contains(&known[2][0]));
}

#[tokio::test]
async fn a_secret_that_could_not_be_used_is_not_put() {
    let _alone = STACK.write().await;
    let secrets = Emulator::new().secrets();
    let (before, app_secret) = (read(&secrets, JWT).await, read(&secrets, WECHAT).await);
    let others = root().join(format!("target/tmp/secret-{}", std::process::id()));
    std::fs::create_dir_all(&others).expect("a directory");
    for (file, content) in [
        ("private.jwk.json", support::keys::PRIVATE_JWK),
        ("jwks.json", support::keys::JWKS),
    ] {
        std::fs::write(others.join(file), content).expect("written");
    }
    let others = others.display().to_string();
    let undeployed = put_secret(&others, APP_SECRET).await;
    let unchanged = read(&secrets, JWT).await;
    let words = ["secret", "--stack", "local", "--keys", &others, "--anyway"];
    let anyway = run(&words, &[("WECHAT_APP_SECRET", APP_SECRET)]).await;
    let changed = read(&secrets, JWT).await;
    let leaked = format!(r#"{{"keys":[{}]}}"#, support::keys::PRIVATE_JWK);
    std::fs::write(format!("{others}/jwks.json"), leaked).expect("written");
    let leaked = put_secret(&others, APP_SECRET).await;
    write(&secrets, JWT, &before).await;
    write(&secrets, WECHAT, &app_secret).await;
    std::fs::remove_dir_all(&others).expect("removed");
    let leaked = said(leaked, false);
    assert!(leaked.contains("hold a private one (d)"), "{leaked}");
    assert_tells_no_secret(&leaked);
    let undeployed = said(undeployed, false);
    assert!(
        undeployed.contains("deploy what `make keys`"),
        "{undeployed}"
    );
    assert_eq!(unchanged, before);
    said(anyway, true);
    assert!(changed.contains(r#""kid": "test""#), "another key is put");

    let keyless = said(put_secret("target/none", APP_SECRET).await, false);
    assert!(keyless.contains("make keys"), "{keyless}");
    let nameless = said(run(&["secret"], &[]).await, false);
    assert!(nameless.contains("STACK=wechat-backend"), "{nameless}");
}

#[tokio::test]
async fn what_one_secret_held_moves_into_two() {
    let _alone = STACK.write().await;
    let (keys, secrets) = (local_keys(), Emulator::new().secrets());
    let good = [read(&secrets, JWT).await, read(&secrets, WECHAT).await];
    let unfilled = read(&secrets, BEFORE).await;
    let both = json!({"wechat_app_secret": APP_SECRET, "jwt_private_jwk": private_key()});
    write(&secrets, BEFORE, &both.to_string()).await;
    write(&secrets, JWT, UNFILLED).await;
    write(&secrets, WECHAT, UNFILLED).await;
    let looked_at = doctor_of_the_stack(&keys).await;
    let moved = put_secret(&keys, "").await;
    let found = [
        read(&secrets, JWT).await,
        read(&secrets, WECHAT).await,
        read(&secrets, BEFORE).await,
    ];
    let again = put_secret(&keys, "").await;
    let again = (again, read(&secrets, JWT).await);
    write(&secrets, JWT, &good[0]).await;
    write(&secrets, WECHAT, &good[1]).await;
    write(&secrets, BEFORE, &unfilled).await;

    let looked_at = said(looked_at, true);
    let expected = [
        ("note", "secrets", "still in the one of earlier releases"),
        ("note", "refresh key", "there is none"),
    ];
    assert_finds(&looked_at, &expected);
    let told = said(moved, true);
    assert!(told.contains("no longer there"), "{told}");
    let [jwt, wechat, before] = found.map(|text| json_of(&text));
    assert_eq!(wechat, json!({"wechat_app_secret": APP_SECRET}));
    assert_eq!(jwt["jwt_private_jwk"], private_key());
    assert_eq!(before["jwt_private_jwk"], "replace-me");
    let refresh_key = &jwt["refresh_key"];
    assert!(
        refresh_key["current"]
            .as_str()
            .is_some_and(|key| key.len() >= 32)
    );
    assert_eq!(refresh_key["unnamed"], true, "sessions go on");
    assert!(!said(again.0, true).contains("no longer there"));
    assert_eq!(json_of(&again.1)["refresh_key"], *refresh_key);
}

#[tokio::test]
async fn keys_that_got_out_are_dropped_and_others_rotated() {
    let _alone = STACK.write().await;
    let (keys, secrets) = (local_keys(), Emulator::new().secrets());
    let good = read(&secrets, JWT).await;
    let with = |flags: &'static [&'static str]| {
        let words = ["secret", "--stack", "local", "--keys", &keys];
        [words.as_slice(), flags].concat()
    };
    let mut found = Vec::new();
    for flags in [
        &["--rotate"][..],
        &["--rotate"],
        &["--rotate"],
        &["--leaked"],
    ] {
        let output = run(&with(flags), &[("WECHAT_APP_SECRET", "")]).await;
        found.push((output, read(&secrets, JWT).await));
    }
    // A signing key that this machine has forgotten got out: what derives from it goes with it.
    let mut forgotten = json_of(&good);
    forgotten["jwt_private_jwk"] = json_of(support::keys::PRIVATE_JWK);
    write(&secrets, JWT, &forgotten.to_string()).await;
    let dropped = put_secret(&keys, "").await;
    let unnamed = read(&secrets, JWT).await;
    write(&secrets, JWT, &good).await;

    let mut past = vec![json_of(&good)["refresh_key"]["current"].clone()];
    for (i, (output, secret)) in found.into_iter().enumerate() {
        let told = said(output, true);
        assert_tells_no_secret(&told);
        let key = &json_of(&secret)["refresh_key"];
        let previous: Vec<_> = key["previous"].as_array().unwrap().clone();
        let kept = if i < 3 { 2.min(i + 1) } else { 0 };
        let expected: Vec<_> = past.iter().rev().take(kept).cloned().collect();
        assert_eq!(previous, expected);
        assert!(!past.contains(&key["current"]) && key["unnamed"] == true);
        assert_eq!(told.contains("make keys LEAKED=1"), i == 3, "{told}");
        past.push(key["current"].clone());
    }
    let told = said(dropped, true);
    assert!(told.contains("a signing key that got out"), "{told}");
    let key = &json_of(&unnamed)["refresh_key"];
    assert_eq!(key["unnamed"], false);
    assert_eq!(key["current"], json_of(&good)["refresh_key"]["current"]);
}
