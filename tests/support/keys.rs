//! A signing key that protects nothing: the one of RFC 8037, appendix A.

use shared::auth::jwt::TokenIssuer;
use shared::jwk::{PrivateKey, PublicKeys};
use wechat_standin::{PushFormat, PushMode, PushSettings};

/// The private half.
pub const PRIVATE_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"test",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// The public half, as functions are given it.
pub const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"test",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// `JWT_ISSUER` in tests.
pub const ISSUER: &str = "https://issuer.test";

/// `JWT_AUDIENCE` in tests.
pub const AUDIENCE: &str = "mini-program";

/// The Token of the message push.
pub const PUSH_TOKEN: &str = "pushtoken";

/// The EncodingAESKey of the message push, of those whose base64 is not canonical.
pub const PUSH_AES_KEY: &str = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";

/// What WeChat's console is told about the message push, but for the address.
pub fn push_settings() -> PushSettings {
    PushSettings {
        url: String::new(),
        token: PUSH_TOKEN.to_owned(),
        aes_key: PUSH_AES_KEY.to_owned(),
        mode: PushMode::Secure,
        format: PushFormat::Json,
    }
}

/// The private half, parsed.
pub fn private() -> PrivateKey {
    PrivateKey::parse(PRIVATE_JWK).expect("the test key is one")
}

/// The public half, parsed.
pub fn public() -> PublicKeys {
    PublicKeys::parse(JWKS).expect("the test keys are a set")
}

/// Issuer and audience in tests.
pub fn token_issuer() -> TokenIssuer {
    TokenIssuer {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
    }
}
