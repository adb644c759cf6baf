use super::*;
use crate::ids::OpenId;

fn token() -> RefreshToken {
    let user = UserId::derive("wx", &"alice".parse::<OpenId>().unwrap());
    RefreshToken::first(
        user,
        "0123456789abcdef".parse().unwrap(),
        &Random::new(|bytes| bytes.fill(9)),
    )
}

fn key(d: &str, x: &str) -> SuccessorKey {
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{x}","d":"{d}"}}"#);
    SuccessorKey::from_signing_key(&PrivateKey::parse(&jwk).unwrap())
}

#[test]
fn a_token_survives_its_text() {
    assert_eq!(token().expose_secret().parse(), Ok(token()));
    for text in [
        "",
        "..",
        "a.b.c",
        &format!("{}.x", token().expose_secret()),
        &token().expose_secret()[1..],
    ] {
        assert_eq!(
            text.parse::<RefreshToken>(),
            Err(ParseRefreshTokenError),
            "{text}"
        );
    }
}

#[test]
fn a_successor_is_stable_under_one_key_and_tells_nothing_of_its_origin() {
    let one = key(
        "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    );
    let other = key(
        "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs",
        "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
    );
    let next = token().successor(&one);
    assert_eq!(next, token().successor(&one));
    assert_ne!(next, token().successor(&other));
    assert_ne!(next.hash(), token().hash());
    assert_ne!(next.successor(&one), token());
    assert_ne!(next.secret.expose_secret()[..CHANGING], [9; CHANGING]);
}

#[test]
fn a_family_lasts_through_all_keys_and_is_of_one_session() {
    let (one, both) = (keys(OLD, &[]), keys(NEW, &[OLD]));
    let mut last = token();
    for i in 0..100 {
        let with = if i < 50 { &one } else { &both };
        last = with.successor(&last);
        assert_eq!(last.family(), token().family());
    }
    let (user, session) = (last.user, last.session);
    let other = RefreshToken::first(user, session, &Random::new(|bytes| bytes.fill(8)));
    assert_ne!(other.family(), token().family());
}

fn signing_key() -> PrivateKey {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;
    PrivateKey::parse(jwk).unwrap()
}

fn keys(current: &str, previous: &[&str]) -> RefreshKeys {
    let previous: Vec<_> = previous.iter().map(|text| (*text).to_owned()).collect();
    RefreshKeys::new(current, &previous, Some(&signing_key())).unwrap()
}

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";

#[test]
fn a_key_has_a_name_of_its_own_and_must_not_be_short() {
    let both = keys(NEW, &[OLD]);
    let names: Vec<_> = both.names().collect();
    assert_eq!(both.current_name(), names[0]);
    assert_eq!(keys(OLD, &[]).current_name(), names[1]);
    assert!(names[0] != names[1] && names[0].unwrap().len() == 8);
    assert_eq!(names[2..], [None], "sessions that name no key go on");
    let dropped = RefreshKeys::new(NEW, &[], None).unwrap();
    assert_eq!(dropped.names().collect::<Vec<_>>(), names[..1]);
    assert_eq!(
        RefreshKeys::new(&OLD[1..], &[], None).unwrap_err(),
        WeakKeyError
    );
    let previous = [OLD[1..].to_owned()];
    let short = RefreshKeys::new(NEW, &previous, None);
    assert_eq!(short.unwrap_err(), WeakKeyError);
}

#[test]
fn a_descendant_is_found_over_eight_generations_and_every_change_of_keys() {
    let unnamed = RefreshKeys::from_signing_key(&signing_key());
    let (one, both) = (keys(OLD, &[]), keys(NEW, &[OLD]));
    for changes in [[0, 0], [2, 5], [1, 1], [0, 8], [8, 8], [9, 9]] {
        let mut last = token();
        for generation in 1..=ANCESTORS + 1 {
            let with = match generation {
                g if g > changes[1] => &both,
                g if g > changes[0] => &one,
                _ => &unnamed,
            };
            last = with.successor(&last);
            let found = both.descendant(&token(), &last.hash());
            let expected = Some((generation, last.clone()));
            assert_eq!(found, expected.filter(|_| generation <= ANCESTORS));
        }
    }
    let formerly = (1..=4).fold(token(), |last, _| last.replaced(32, &both.current.key));
    let now = (1..=4).fold(formerly, |last, _| both.successor(&last));
    assert_eq!(both.descendant(&token(), &now.hash()), Some((8, now)));
    let dropped = keys(OLD, &[]).successor(&token());
    assert_eq!(keys(NEW, &[]).descendant(&token(), &dropped.hash()), None);
}

#[test]
fn debug_shows_no_secret() {
    let keys = format!("{:?}", keys(OLD, &[]));
    assert!(!keys.contains(OLD), "{keys}");
    let text = format!("{:?}", token());
    assert!(!text.contains(token().expose_secret().rsplit('.').next().unwrap()));
}
