//! Tokens under attack: each row of the tables is something that a careless verifier lets pass.

use super::*;
use crate::ids::OpenId;
use crate::time::Timestamp;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use serde_json::{Value, json};

const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 8032, section 7.1, test 2: another pair.
const OTHER_D: &str = "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs";
const OTHER_X: &str = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
const NOW: i64 = 1_800_000_000;

fn private(kid: &str, x: &str, d: &str) -> PrivateKey {
    PrivateKey::parse(&json!({"kty":"OKP","crv":"Ed25519","kid":kid,"x":x,"d":d}).to_string())
        .unwrap()
}

fn public(keys: &[(&str, &str)]) -> PublicKeys {
    let keys: Vec<_> = keys
        .iter()
        .map(|(kid, x)| json!({"kty":"OKP","crv":"Ed25519","kid":kid,"x":x}))
        .collect();
    PublicKeys::parse(&json!({"keys": keys}).to_string()).unwrap()
}

fn token_issuer() -> TokenIssuer {
    TokenIssuer {
        issuer: "https://issuer.example".into(),
        audience: "mini".into(),
    }
}

fn verifier_at(now: i64) -> Verifier {
    Verifier::new(
        public(&[("k1", X)]),
        &token_issuer(),
        Clock::new(move || Timestamp::from_millis(now * 1000)),
    )
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"})
}

fn claims() -> Value {
    let uid = UserId::derive("wx", &"alice".parse::<OpenId>().unwrap());
    json!({"iss": "https://issuer.example", "aud": "mini", "sub": uid, "iat": NOW, "nbf": NOW, "exp": NOW + 900,
           "jti": "j", "epoch": 1, "role": "user", "sid": "0123456789abcdef"})
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn encode(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

fn pair(d: &str, x: &str) -> Ed25519KeyPair {
    let [seed, public] = [d, x].map(|text| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap());
    Ed25519KeyPair::from_seed_and_public_key(&seed, &public).unwrap()
}

fn signed_with(d: &str, x: &str, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = BASE64URL_NOPAD.encode(pair(d, x).sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

fn signed(header: &Value, claims: &Value) -> String {
    signed_with(D, X, header, claims)
}

fn refused(name: &str, token: &str) {
    assert_eq!(
        verifier_at(NOW).verify(token),
        Err(VerifyTokenError),
        "{name}"
    );
}

#[test]
fn what_the_signer_issues_the_verifier_reads() {
    let clock = Clock::new(|| Timestamp::from_millis(NOW * 1000));
    let signer = Signer::new(private("k1", X, D), token_issuer());
    let user = UserId::derive("wx", &"alice".parse::<OpenId>().unwrap());
    let session: SessionId = "0123456789abcdef".parse().unwrap();
    let grant = Grant {
        user: &user,
        epoch: Epoch::FIRST,
        role: Role::Admin,
        session: &session,
    };
    let token = signer
        .sign(&grant, &clock, &Random::new(|bytes| bytes.fill(7)))
        .unwrap();
    let claims = verifier_at(NOW).verify(&token).unwrap();
    assert_eq!(
        (claims.sub, claims.role, claims.sid, claims.exp),
        (user, Role::Admin, session, NOW + 900)
    );
    assert!(
        token.len() < 700,
        "a phone sends it with every request: {} bytes",
        token.len()
    );
}

#[test]
fn the_hand_made_token_of_these_tests_is_good() {
    assert!(
        verifier_at(NOW)
            .verify(&signed(&header(), &claims()))
            .is_ok()
    );
    // Members that mean nothing to us do no harm, and no key is ever taken from the token.
    for (name, value) in [
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["MIIB"])),
        ("x5t#S256", json!("AA")),
        ("cty", json!("x")),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
    ] {
        let decorated = signed(&with(header(), name, value), &claims());
        assert!(verifier_at(NOW).verify(&decorated).is_ok(), "{name}");
    }
}

#[test]
fn forged_headers_are_refused() {
    let claims = claims();
    for (name, header) in [
        ("alg none", with(header(), "alg", json!("none"))),
        ("alg lower case", with(header(), "alg", json!("eddsa"))),
        ("alg HS256", with(header(), "alg", json!("HS256"))),
        ("alg missing", without(header(), "alg")),
        ("typ JWT", with(header(), "typ", json!("JWT"))),
        ("typ missing", without(header(), "typ")),
        ("kid foreign", with(header(), "kid", json!("k2"))),
        ("kid missing", without(header(), "kid")),
        ("kid a number", with(header(), "kid", json!(1))),
        ("kid several", with(header(), "kid", json!(["k1"]))),
        ("kid a path", with(header(), "kid", json!("../../dev/null"))),
        ("crit unknown", with(header(), "crit", json!(["exp"]))),
        ("crit empty", with(header(), "crit", json!([]))),
        ("not an object", json!("EdDSA")),
    ] {
        refused(name, &signed(&header, &claims));
    }
}

/// Two readers could take different ones of two members with one name.
#[test]
fn a_member_that_stands_twice_is_refused() {
    let twice = |object: &Value, name: &str, value: Value| {
        let text = object.to_string();
        let first = text.replacen('{', &format!("{{\"{name}\":{value},"), 1);
        BASE64URL_NOPAD.encode(first.as_bytes())
    };
    let pair = pair(D, X);
    let token = |header: String, claims: String| {
        let message = format!("{header}.{claims}");
        let signature = BASE64URL_NOPAD.encode(pair.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    };
    let good = token(encode(&header()), encode(&claims()));
    assert!(verifier_at(NOW).verify(&good).is_ok());
    for (name, value) in [
        ("alg", json!("none")),
        ("typ", json!("JWT")),
        ("kid", json!("k2")),
    ] {
        refused(
            name,
            &token(twice(&header(), name, value), encode(&claims())),
        );
    }
    for (name, value) in [
        ("role", json!("admin")),
        ("exp", json!(NOW)),
        ("aud", json!("other")),
    ] {
        refused(
            name,
            &token(encode(&header()), twice(&claims(), name, value)),
        );
    }
}

#[test]
fn an_embedded_key_is_never_trusted() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": OTHER_X, "kid": "k1"});
    refused(
        "embedded jwk",
        &signed_with(OTHER_D, OTHER_X, &with(header(), "jwk", jwk), &claims()),
    );
    refused(
        "another key",
        &signed_with(OTHER_D, OTHER_X, &header(), &claims()),
    );
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    for secret in [
        X.as_bytes().to_vec(),
        BASE64URL_NOPAD.decode(X.as_bytes()).unwrap(),
    ] {
        for alg in ["HS256", "EdDSA"] {
            let message = format!(
                "{}.{}",
                encode(&with(header(), "alg", json!(alg))),
                encode(&claims())
            );
            let tag = hmac::sign(
                &hmac::Key::new(hmac::HMAC_SHA256, &secret),
                message.as_bytes(),
            );
            refused(
                "hmac",
                &format!("{message}.{}", BASE64URL_NOPAD.encode(tag.as_ref())),
            );
        }
    }
}

#[test]
fn foreign_or_missing_claims_are_refused() {
    for name in [
        "iss", "aud", "sub", "iat", "nbf", "exp", "jti", "epoch", "role", "sid",
    ] {
        refused(name, &signed(&header(), &without(claims(), name)));
    }
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", json!(["mini", "other"])),
        ("iss", json!(["https://issuer.example"])),
        ("sub", json!("Root")),
        ("nbf", json!(NOW + 31)),
        ("iat", json!(NOW + 31)),
        ("exp", json!(NOW - 31)),
        ("exp", json!("9999999999")),
        ("exp", json!(NOW + 1_000_000)),
        ("exp", json!(1e300)),
        ("exp", json!(i64::MAX)),
        ("iat", json!(i64::MIN)),
        ("epoch", json!(0)),
        ("epoch", json!(70_000)),
        ("role", json!("Root")),
        ("sid", json!("")),
    ] {
        refused(
            &format!("{name} = {value}"),
            &signed(&header(), &with(claims(), name, value)),
        );
    }
}

#[test]
fn malformed_tokens_are_refused() {
    let good = signed(&header(), &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let last = |replacement: char| format!("{}{replacement}", &good[..good.len() - 1]);
    let mut flipped = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    flipped[0] ^= 1;
    for (name, token) in [
        ("empty", String::new()),
        ("one part", "a".into()),
        ("two parts", message.to_owned()),
        ("four parts", format!("{good}.x")),
        ("five parts", format!("{good}.x.y")),
        ("empty signature", format!("{message}.")),
        ("short signature", format!("{message}.{}", &signature[..80])),
        (
            "flipped bit",
            format!("{message}.{}", BASE64URL_NOPAD.encode(&flipped)),
        ),
        ("padding", format!("{good}==")),
        ("spare bits set", last('_')),
        (
            "standard alphabet",
            format!("{message}.{}", signature.replace(['-', '_'], "+")),
        ),
        ("space", format!("{good} ")),
        ("line feed", format!("{good}\n")),
        (
            "not UTF-8 inside",
            format!(
                "{}.{}.{signature}",
                encode(&header()),
                BASE64URL_NOPAD.encode(b"\xff")
            ),
        ),
        ("oversized", format!("{good}{}", "A".repeat(MAX_BYTES))),
        (
            "zero signature",
            format!("{message}.{}", BASE64URL_NOPAD.encode(&[0; 64])),
        ),
    ] {
        if token != good {
            refused(name, &token);
        }
    }
    // S + L instead of S: the malleable twin of a valid signature (RFC 8032, 5.1.7).
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut twin = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let mut carry = 0;
    for (byte, add) in twin[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    refused(
        "malleable",
        &format!("{message}.{}", BASE64URL_NOPAD.encode(&twin)),
    );
}

#[test]
fn a_token_is_good_from_issue_to_expiry_with_some_leeway() {
    let token = signed(&header(), &claims());
    for (at, good) in [
        (-31, false),
        (-30, true),
        (0, true),
        (899, true),
        (929, true),
        (930, false),
    ] {
        assert_eq!(
            verifier_at(NOW + at).verify(&token).is_ok(),
            good,
            "at {at} s"
        );
    }
}

#[test]
fn a_token_outlives_the_rotation_of_its_key() {
    let clock = Clock::new(|| Timestamp::from_millis(NOW * 1000));
    let before = signed(&header(), &claims());
    let after = signed_with(
        OTHER_D,
        OTHER_X,
        &with(header(), "kid", json!("k2")),
        &claims(),
    );
    let rotated = Verifier::new(
        public(&[("k2", OTHER_X), ("k1", X)]),
        &token_issuer(),
        clock.clone(),
    );
    assert!(rotated.verify(&before).is_ok() && rotated.verify(&after).is_ok());
    let removed = Verifier::new(public(&[("k2", OTHER_X)]), &token_issuer(), clock);
    assert_eq!(removed.verify(&before), Err(VerifyTokenError));
}

/// A token of just that length, which the signing key has signed.
fn signed_with_length(length: usize) -> String {
    // Below that it is shorter.
    let pads = (length * 5 / 8..length).flat_map(|pad| [(0, pad), (1, pad), (2, pad)]);
    let tokens = pads.map(|(in_header, pad)| {
        let header = with(header(), "x", "a".repeat(in_header).into());
        signed(&header, &with(claims(), "x", "a".repeat(pad).into()))
    });
    tokens
        .skip_while(|token| token.len() < length)
        .find(|token| token.len() == length)
        .unwrap()
}

#[test]
fn a_token_of_4096_characters_is_the_longest() {
    assert!(verifier_at(NOW).verify(&signed_with_length(4096)).is_ok());
    for longer in [4097, 5000] {
        let verified = verifier_at(NOW).verify(&signed_with_length(longer));
        assert_eq!(verified, Err(VerifyTokenError));
    }
}

#[test]
fn a_verifier_takes_the_keys_and_the_names_of_its_environment() {
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": X}]}).to_string();
    let get = |name: &str| match name {
        "JWT_JWKS" => Some(jwks.clone()),
        "JWT_ISSUER" => Some("https://issuer.example".to_owned()),
        "JWT_AUDIENCE" => Some("mini".to_owned()),
        _ => None,
    };
    let clock = Clock::new(|| Timestamp::from_millis(NOW * 1000));
    let verifier = Verifier::read(&mut Vars::new(&get), clock).unwrap();
    assert!(verifier.verify(&signed(&header(), &claims())).is_ok());
    let other = with(claims(), "aud", "another".into());
    assert!(verifier.verify(&signed(&header(), &other)).is_err());
}
