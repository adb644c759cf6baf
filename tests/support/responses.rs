//! Notes which responses of each operation the tests have seen. They are written to the directory that `SEEN_RESPONSES`
//! names; without it, nothing is noted.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use http::{Method, StatusCode};

use crate::functions;
use crate::records::Records;

/// The variable that names the directory.
pub const DIRECTORY: &str = "SEEN_RESPONSES";

/// A response of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seen {
    /// The operation, such as `GET /v1/users/{id}`.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code; empty if it is none.
    pub code: String,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}", self.operation, self.status, self.code)
    }
}

impl FromStr for Seen {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let [operation, status, code] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} is no record"));
        };
        Ok(Self {
            operation: operation.to_owned(),
            status: status.parse().map_err(|e| format!("{line:?}: {e}"))?,
            code: code.to_owned(),
        })
    }
}

/// Notes a response, if the request was one of an operation's.
pub fn note(method: &Method, path: &str, status: StatusCode, code: &str) {
    static RECORDS: LazyLock<Option<Records<Seen>>> = LazyLock::new(|| Records::below(DIRECTORY));
    let Some(records) = &*RECORDS else { return };
    let Some(operation) = operation(method, path) else {
        return;
    };
    records.note(Seen {
        operation,
        status: status.as_u16(),
        code: code.to_owned(),
    });
}

/// The operation that `openapi.yaml` describes for such a request: the one whose path is this, or has a parameter where
/// this has something else.
pub fn operation(method: &Method, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or(path);
    let routes = functions::routes().map(|(_, route)| route);
    let mut matching = routes.filter(|route| route.method == *method && serves(route.path, path));
    let exact = matching.clone().find(|route| route.path == path);
    let found = exact.or_else(|| matching.next());
    found.map(ToString::to_string)
}

/// Whether a route's path, whose names in braces stand for anything, is that one.
pub fn serves(route: &str, path: &str) -> bool {
    let (route, path) = (route.split('/'), path.split('/'));
    route.clone().count() == path.clone().count()
        && route
            .zip(path)
            .all(|(known, asked)| known == asked || known.starts_with('{') && !asked.is_empty())
}
