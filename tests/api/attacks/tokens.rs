//! One kind of token in the place of another, and what a caller without a good one learns.

use std::collections::BTreeSet;
use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use shared::auth::jwt::{Grant, Signer, TokenIssuer};
use shared::digest::sha256;
use shared::http::Access;
use shared::ids::{Epoch, UserId};
use shared::jwk::PrivateKey;
use shared::random::Random;
use shared::time::Clock;
use shared::user::Role;
use support::api::Call;
use support::{Session, World, functions, keys, samples, wanted};

/// RFC 8032, section 7.1, test 2: a pair that is nobody's here, under the name of the one that is.
const FOREIGN_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"test",
    "d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#;

/// A call of each route that asks for an access token.
fn calls<'a>(world: &'a World, bearer: &'a str) -> impl Iterator<Item = (String, Call)> {
    let closed = functions::routes().filter(|(_, route)| route.access != Access::Anyone);
    closed.map(move |(_, route)| {
        let path = route.path.replace("{id}", "me").replace("{upload}", "x");
        let call = world.routes().call(route.method.clone(), &path);
        (route.to_string(), call.bearer(bearer))
    })
}

#[tokio::test]
async fn no_token_is_taken_for_one_of_another_kind() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let issued = alice.issue(&wanted("file", &samples::png())).await;
    let fields = &issued["ticket"]["fields"];
    let of_other_kinds = [
        alice.refresh_token.clone(),
        world.code("alice"),
        fields["policy"].as_str().unwrap().to_owned(),
        alice.id.clone(),
    ];
    for token in &of_other_kinds {
        for (route, call) in calls(&world, token) {
            let answer = call.await;
            assert_eq!(answer.code(), "unauthorized", "{route}: {token}");
        }
    }
    for token in [&alice.token, &world.code("alice"), &issued.id] {
        let refused = world.refresh(token).await;
        refused.expect_problem(401, "refresh_invalid");
    }
    for token in [&alice.token, &alice.refresh_token] {
        let login = world.login.post("/v1/login", &json!({"code": token}));
        assert_eq!(login.await.status.as_u16() / 100, 4, "{token}");
    }
    alice.me().await.expect(200);
    alice.refresh().await.expect(200);
}

/// A token that the right grant was signed into, but by `key` and for `issuer` and `audience`.
fn signed(key: &str, issuer: &str, audience: &str, about: &Session) -> String {
    let issued_by = TokenIssuer {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
    };
    let user: UserId = about.id.parse().unwrap();
    let (_, session) = about.refresh_token.split_once('.').unwrap();
    let session = session.split('.').next().unwrap().parse().unwrap();
    let grant = Grant {
        user: &user,
        epoch: Epoch::FIRST,
        role: Role::Admin,
        session: &session,
    };
    let signer = Signer::new(PrivateKey::parse(key).unwrap(), issued_by);
    let (clock, random) = (Clock::system(), Random::system());
    signer.sign(&grant, &clock, &random).unwrap()
}

/// The token's claims as an administrator's, behind that header, with the signature that they had.
fn rewritten(token: &str, header: &Value) -> String {
    let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("{token}")
    };
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["role"] = json!("admin");
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}.{signature}", encode(header), encode(&claims))
}

/// Whether a token was forged, has expired, or was its owner's until they deleted their account: the answer is the same.
#[tokio::test]
async fn whoever_has_no_good_token_does_not_learn_why() {
    let world = World::new().await;
    let [alice, gone] = world.log_in_all(["alice", "gone"]).await;
    gone.delete_account().await.expect(204);
    world.rewind(Duration::from_secs(3600));
    let expired = world.log_in("bob").await.token;
    world.advance(Duration::from_secs(3600));
    let header = |alg: &str| json!({"alg": alg, "typ": "at+jwt", "kid": "test"});
    let unsigned = rewritten(&alice.token, &header("none"));
    let tokens = [
        String::new(),
        "x".to_owned(),
        expired,
        gone.token.clone(),
        unsigned.rsplit_once('.').unwrap().0.to_owned() + ".",
        unsigned,
        rewritten(&alice.token, &header("EdDSA")),
        rewritten(&alice.token, &header("HS256")),
        signed(FOREIGN_JWK, keys::ISSUER, keys::AUDIENCE, &alice),
        signed(
            keys::PRIVATE_JWK,
            "https://evil.test",
            keys::AUDIENCE,
            &alice,
        ),
        signed(keys::PRIVATE_JWK, keys::ISSUER, "another-app", &alice),
    ];
    let mut answers = BTreeSet::new();
    for token in &tokens {
        let mut answer = world.users.get("/v1/users/me").bearer(token).await;
        assert_eq!(answer.code(), "unauthorized", "{token}");
        let id = answer.json["request_id"].take();
        answer.headers.remove("x-request-id");
        answers.insert(format!(
            "{:?} {} {}",
            answer.headers,
            answer.json,
            id.is_string()
        ));
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    // What is refused is the difference, and not how the test makes tokens.
    let own = signed(keys::PRIVATE_JWK, keys::ISSUER, keys::AUDIENCE, &alice);
    world
        .users
        .get("/v1/users/me")
        .bearer(&own)
        .await
        .expect(200);
    // Nor does a role that only a token claims do anything.
    let users = world.users.get("/v1/users").bearer(&own).await;
    users.expect_problem(403, "forbidden");
}

/// The bytes of a refresh token's secret.
fn secret(token: &str) -> Vec<u8> {
    let (_, secret) = token.rsplit_once('.').unwrap();
    BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap()
}

/// Whoever reads the table, or a backup of it, can be nobody.
#[tokio::test]
async fn the_table_holds_no_token() {
    let world = World::new().await;
    let code = world.code("alice");
    let login = world.login.post("/v1/login", &json!({"code": code}));
    let first = world.session(login.await);
    let second = first.refreshed().await;
    second.set_phone("13800138000").await.expect(200);
    let table = format!("{:?}", world.items().await);
    let shown = |bytes: &[u8]| table.contains(&HEXLOWER.encode(bytes));
    for session in [&first, &second] {
        let secret = secret(&session.refresh_token);
        assert!(
            shown(&sha256(&secret)),
            "the dump shows bytes in hexadecimal"
        );
        assert!(!shown(&secret));
        for text in [&session.refresh_token, &session.token, &code] {
            let (_, last) = text.rsplit_once('.').unwrap_or(("", text));
            assert!(!table.contains(last), "{text}");
        }
    }
}
