//! One more environment of the functions: on the table of a world, with a clock of its own.

use serde_json::{Value, json};
use shared::auth::jwt::Verifier;
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};
use shared::upload::link::Links;
use shared::upload::signer::S3Signer;

use crate::{Answer, Api, Emulator, Session, World, keys, world};

/// The functions that write accounts.
#[derive(Debug)]
pub struct Environment {
    /// The function `login`.
    pub login: Api,
    /// The function `users`.
    pub users: Api,
}

impl Environment {
    /// Functions whose clock is so many milliseconds ahead of the world's, and which find AWS at `endpoint`.
    ///
    /// # Panics
    /// If the platform lacks what is needed.
    pub fn of(world: &World, ahead_ms: i64, endpoint: &str) -> Self {
        Self::reading(world, &[], ahead_ms, endpoint)
    }

    /// The same with variables that name secrets.
    ///
    /// # Panics
    /// If the platform lacks what is needed.
    pub fn reading(
        world: &World,
        secrets: &[(&'static str, String)],
        ahead_ms: i64,
        endpoint: &str,
    ) -> Self {
        let (emulator, ahead_of) = (Emulator::behind(endpoint), world.clock.clone());
        let clock = Clock::new(move || Timestamp::from_millis(ahead_of.now().millis() + ahead_ms));
        let random = Random::system();
        let store = || {
            let client = emulator.dynamodb();
            Store::new(client, world.table.clone(), clock.clone(), random.clone())
        };
        let verifier = Verifier::new(keys::public(), &keys::token_issuer(), clock.clone());
        let links = || Links::new(S3Signer::new(&emulator.aws, world.bucket.clone()), None);
        let telemetry = |function| Telemetry::writing_to(function, clock.clone(), |_| {});
        let wechat = shared::wechat::Wechat::new(
            world.wechat.base_url(),
            world.wechat.app_id(),
            emulator.aws.roots(),
            clock.clone(),
            random.clone(),
        );
        let login = login::App::new(login::Parts {
            store: store(),
            wechat: wechat.expect("an HTTP client"),
            secrets: world::secrets(&emulator.aws, secrets, &world.wechat, &clock),
            verifier: verifier.clone().into(),
            admin_openids: vec!["admin".parse().expect("an openid")],
            rate_limit: login::RateLimit::per_minute(0, clock.clone()),
            cdn: None,
            links: Some(links()),
            clock: clock.clone(),
            random: random.clone(),
            telemetry: telemetry("login"),
        });
        let users = users::App::new(users::Parts {
            store: store(),
            purge_queue: users::PurgeQueue::new(
                emulator.sqs().config().clone(),
                world.queue.clone(),
            ),
            verifier: verifier.into(),
            links: links(),
            app_id: Some(world.wechat.app_id()),
            clock: clock.clone(),
            telemetry: telemetry("users"),
        });
        Self {
            login: Api(login::router(login)),
            users: Api(users::router(users)),
        }
    }

    /// Asks for a session with a code that was not used before.
    pub async fn log_in(&self, code: String) -> Answer {
        let call = self.login.post("/v1/login", &json!({"code": code}));
        call.send().await
    }

    /// Asks for the next refresh token.
    pub async fn refresh(&self, token: &str) -> Answer {
        let body = json!({"refresh_token": token});
        self.login.post("/v1/login/refresh", &body).send().await
    }

    /// Ends the session, or all of the person's.
    pub async fn log_out(&self, session: &Session, all: bool) -> Answer {
        let call = self.login.post("/v1/logout", &json!({"all": all}));
        call.bearer(&session.token).send().await
    }

    /// Changes the person.
    pub async fn edit(&self, session: &Session, changes: &Value) -> Answer {
        let call = self.users.put("/v1/users/me", changes);
        call.bearer(&session.token).send().await
    }

    /// Deletes the account.
    pub async fn delete(&self, session: &Session) -> Answer {
        let call = self.users.delete("/v1/users/me");
        call.bearer(&session.token).send().await
    }
}
