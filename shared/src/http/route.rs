//! The routes of a function as a table, from which its router is built. Tests hold the template, the API's description and
//! the access matrix to the same table.

use std::fmt;

use axum::Router;
use http::Method;

/// A route: what a client may ask for, and what it has to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method. `GET` answers `HEAD` as well.
    pub method: Method,
    /// The path, with the names of its parameters in braces.
    pub path: &'static str,
    /// Who is let in.
    pub access: Access,
    /// What the request carries.
    pub body: RequestBody,
}

/// Who is let in at all. Which users and uploads a caller may see or change is up to the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody: no access token is looked at.
    Anyone,
    /// Whoever has an access token.
    User,
    /// Whoever has an access token with the role `admin`.
    Admin,
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// Nothing that is read.
    Empty,
    /// A JSON object, which may be empty where the handler says so.
    Json,
    /// A form that another server defines, as is the query.
    Opaque,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The handlers of a table of routes. Only [`routes!`](crate::routes) makes one, so that no route is outside its table.
#[derive(Debug)]
pub struct Routes<S>(pub(super) Router<S>);

impl<S> Routes<S> {
    /// For [`routes!`](crate::routes).
    #[doc(hidden)]
    pub const fn from_table(router: Router<S>) -> Self {
        Self(router)
    }
}

/// Declares a function's routes: `ROUTES`, the table, and `routes()`, the handlers, whose state is the type that comes
/// first. A row is method, path, [`Access`](crate::http::Access), [`RequestBody`](crate::http::RequestBody) and handler.
#[macro_export]
macro_rules! routes {
    ($state:ty; $($method:ident $path:literal, $access:ident, $body:ident => $handler:path;)+) => {
        /// The function's routes.
        pub const ROUTES: &[$crate::http::Route] = &[$($crate::http::Route {
            method: ::http::Method::$method,
            path: $path,
            access: $crate::http::Access::$access,
            body: $crate::http::RequestBody::$body,
        }),+];

        fn routes() -> $crate::http::Routes<$state> {
            let router = ::axum::Router::new()
                $(.route($path, ::axum::routing::on(::axum::routing::MethodFilter::$method, $handler)))+;
            $crate::http::Routes::from_table(router)
        }
    };
}
