//! One more environment of the functions: on the table of a world, with a clock of its own.

use serde_json::{Value, json};
use shared::aws::Timeouts;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};

use crate::{Answer, Api, Session, World};

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
    pub async fn of(world: &World, ahead_ms: i64, endpoint: &str) -> Self {
        Self::reading(world, &[], ahead_ms, endpoint).await
    }

    /// The same with variables that name secrets.
    ///
    /// # Panics
    /// If the platform lacks what is needed.
    pub async fn reading(
        world: &World,
        secrets: &[(&'static str, String)],
        ahead_ms: i64,
        endpoint: &str,
    ) -> Self {
        let ahead_of = world.clock.clone();
        let clock = Clock::new(move || Timestamp::from_millis(ahead_of.now().millis() + ahead_ms));
        let mut deployment = world.deployment_reading(secrets);
        deployment.endpoint = endpoint.to_owned();
        deployment.timeouts = Timeouts::default();
        deployment.clock = clock.clone();
        let quiet = |function| Telemetry::writing_to(function, clock.clone(), |_| {});
        let login = deployment.build("login", quiet("login"), login::App::build);
        let users = deployment.build("users", quiet("users"), users::App::build);
        Self {
            login: Api(login::router(login.await)),
            users: Api(users::router(users.await)),
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
