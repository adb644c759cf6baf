//! A user who is logged in, and what they ask the API for.

use std::borrow::Borrow;

use http::Method;
use serde_json::{Value, json};

use crate::api::Call;
use crate::own::{self, Built};
use crate::responses::serves;
use crate::{Answer, Api, World, functions};

/// The whole API: each path at the function that serves it, as the gateway has it.
#[derive(Clone, Debug)]
pub struct Routes {
    login: Api,
    users: Api,
    presign: Api,
    own: own::Running,
}

/// A user who is logged in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// The user's id.
    pub id: String,
    /// The whole answer.
    pub json: Value,
    routes: Routes,
}

impl Routes {
    /// The routes of these three functions.
    pub fn new(login: &Api, users: &Api, presign: &Api) -> Self {
        Self {
            login: login.clone(),
            users: users.clone(),
            presign: presign.clone(),
            own: own::Running::new(),
        }
    }

    /// The function that serves the path, by the functions' own tables; `users` for a path that is in none of them.
    pub fn function(&self, path: &str) -> &Api {
        let path = path.split('?').next().unwrap_or(path);
        let mut served = functions::routes().filter(|(_, route)| serves(route.path, path));
        let found = served.clone().find(|(_, route)| route.path == path);
        match found.or_else(|| served.next()).map(|(found, _)| found.name) {
            Some("login") => &self.login,
            Some("presign") => &self.presign,
            Some(name) => match self.own.get(name) {
                Some(Built::Http(api)) => api,
                _ => &self.users,
            },
            None => &self.users,
        }
    }

    /// A request with that method.
    pub fn call(&self, method: Method, path: &str) -> Call {
        self.function(path).call(method, path)
    }
}

impl World {
    /// The whole API.
    pub fn routes(&self) -> Routes {
        let mut routes = Routes::new(&self.login, &self.users, &self.presign);
        routes.own.clone_from(&self.own);
        routes
    }

    /// The session that a login or a refresh has answered with.
    #[track_caller]
    pub fn session(&self, answer: Answer) -> Session {
        Session::new(self.routes(), answer)
    }

    /// Logs the user in whom WeChat knows by this openid.
    pub async fn log_in(&self, openid: &str) -> Session {
        self.session(self.try_log_in(openid).await)
    }

    /// Logs several users in.
    pub async fn log_in_all<const N: usize>(&self, openids: [&str; N]) -> [Session; N] {
        let mut sessions = Vec::with_capacity(N);
        for openid in openids {
            sessions.push(self.log_in(openid).await);
        }
        sessions.try_into().expect("a session for each")
    }
}

impl Session {
    /// The session that a login or a refresh has answered with.
    ///
    /// # Panics
    /// If the answer is no session.
    #[track_caller]
    pub fn new(routes: Routes, answer: Answer) -> Self {
        let json = answer.expect(200).json;
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        Self {
            token: text(&json["access_token"]),
            refresh_token: text(&json["refresh_token"]),
            id: text(&json["user"]["id"]),
            json,
            routes,
        }
    }

    /// A request with the access token.
    pub fn call(&self, method: Method, path: &str) -> Call {
        self.routes.call(method, path).bearer(&self.token)
    }

    /// A GET request.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A POST request with a JSON body.
    pub fn post(&self, path: &str, body: impl Borrow<Value>) -> Call {
        self.call(Method::POST, path).json(body.borrow())
    }

    /// A PUT request with a JSON body.
    pub fn put(&self, path: &str, body: impl Borrow<Value>) -> Call {
        self.call(Method::PUT, path).json(body.borrow())
    }

    /// A PATCH request with a JSON body.
    pub fn patch(&self, path: &str, body: impl Borrow<Value>) -> Call {
        self.call(Method::PATCH, path).json(body.borrow())
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Reads the user's own account.
    pub fn me(&self) -> Call {
        self.get("/v1/users/me")
    }

    /// Changes the user's own profile.
    pub fn edit(&self, changes: impl Borrow<Value>) -> Call {
        self.patch("/v1/users/me", changes)
    }

    /// Deletes the user's own account.
    pub fn delete_account(&self) -> Call {
        self.delete("/v1/users/me")
    }

    /// The user's own profile.
    #[track_caller]
    pub fn profile(&self) -> impl Future<Output = Value> + Send {
        let read = self.me();
        async move { read.await.expect(200).json }
    }

    /// The tag of a user by id, or of `me`.
    pub async fn tag_of(&self, id: &str) -> String {
        self.user(id).await.expect(200).etag()
    }

    /// Reads a user by id.
    pub fn user(&self, id: &str) -> Call {
        self.get(&format!("/v1/users/{id}"))
    }

    /// Changes a user by id.
    pub fn edit_user(&self, id: &str, changes: impl Borrow<Value>) -> Call {
        self.patch(&format!("/v1/users/{id}"), changes)
    }

    /// Deletes a user by id.
    pub fn delete_user(&self, id: &str) -> Call {
        self.delete(&format!("/v1/users/{id}"))
    }

    /// Creates a user ahead of their first login.
    pub fn create_user(&self, user: impl Borrow<Value>) -> Call {
        self.post("/v1/users", user)
    }

    /// Lists users; the query begins with its question mark.
    pub fn list_users(&self, query: &str) -> Call {
        self.get(&format!("/v1/users{query}"))
    }

    /// Asks for the next pair of tokens.
    pub fn refresh(&self) -> Call {
        let body = json!({"refresh_token": self.refresh_token});
        let call = self.routes.call(Method::POST, "/v1/login/refresh");
        call.json(&body)
    }

    /// The session that a refresh answers with.
    pub async fn refreshed(&self) -> Self {
        Self::new(self.routes.clone(), self.refresh().await)
    }

    /// Stores a phone number.
    pub fn set_phone(&self, number: &str) -> Call {
        let code = json!({"code": format!("phone-{number}-1")});
        self.post("/v1/users/me/phone", code)
    }

    /// The path of the user's account, as others name it.
    pub fn path(&self) -> String {
        format!("/v1/users/{}", self.id)
    }
}
