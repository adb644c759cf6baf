//! The functions. Their list is the folder `functions/`; what a test cannot do by name alone is here, once for each.

use std::collections::BTreeSet;
use std::path::Path;
use std::pin::Pin;
use std::sync::LazyLock;

use shared::function::Setup;
use shared::http::Route;

use crate::own;

/// The variables of an environment.
pub type Get<'a> = &'a (dyn Fn(&str) -> Option<String> + 'a);

pub(crate) type Started<'a> = Pin<Box<dyn Future<Output = Result<(), lambda_runtime::Error>> + 'a>>;

/// A function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name of its package and of its folder.
    pub name: &'static str,
    /// What it answers; nothing if it reads a queue.
    pub routes: &'static [Route],
    pub(crate) start: for<'a> fn(Get<'a>) -> Started<'a>,
}

impl Function {
    /// Whether it answers requests.
    pub fn is_http(&self) -> bool {
        !self.routes.is_empty()
    }

    /// Builds the function as it is deployed, with the variables that `get` gives.
    ///
    /// # Errors
    /// If one of them is missing or malformed.
    pub async fn start(&self, get: Get<'_>) -> Result<(), lambda_runtime::Error> {
        (self.start)(get).await
    }
}

/// The project's own. `make new-function` adds to [`own`] instead.
const KNOWN: &[Function] = &[
    Function {
        name: "login",
        routes: login::ROUTES,
        start: |get| Box::pin(async { login::App::build(system("login", get)).await.map(drop) }),
    },
    Function {
        name: "moderation",
        routes: &[],
        start: |get| {
            Box::pin(async {
                moderation::App::build(system("moderation", get))
                    .await
                    .map(drop)
            })
        },
    },
    Function {
        name: "presign",
        routes: presign::ROUTES,
        start: |get| {
            Box::pin(async { presign::App::build(system("presign", get)).await.map(drop) })
        },
    },
    Function {
        name: "purge",
        routes: &[],
        start: |get| Box::pin(async { purge::App::build(system("purge", get)).await.map(drop) }),
    },
    Function {
        name: "s3-event",
        routes: &[],
        start: |get| {
            Box::pin(async {
                s3_event::App::build(system("s3-event", get))
                    .await
                    .map(drop)
            })
        },
    },
    Function {
        name: "users",
        routes: users::ROUTES,
        start: |get| Box::pin(async { users::App::build(system("users", get)).await.map(drop) }),
    },
    Function {
        name: "wechat-push",
        routes: wechat_push::ROUTES,
        start: |get| {
            Box::pin(async {
                wechat_push::App::build(system("wechat-push", get))
                    .await
                    .map(drop)
            })
        },
    },
];

pub(crate) fn system<'a>(name: &str, get: Get<'a>) -> Setup<'a> {
    Setup::system(name, get)
}

/// Every function.
///
/// # Panics
/// If one in `functions/` is not known here.
pub fn all() -> &'static [Function] {
    static ALL: LazyLock<Vec<Function>> = LazyLock::new(|| {
        let mut all = KNOWN.to_vec();
        all.extend(own::all().map(|own| own.function));
        all.sort_by_key(|function| function.name);
        all
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let entries = std::fs::read_dir(folder).expect("there are functions");
    let names = entries.map(|entry| {
        let name = entry.expect("readable").file_name();
        name.into_string().expect("UTF-8")
    });
    let names: BTreeSet<_> = names.collect();
    let known: BTreeSet<_> = ALL.iter().map(|known| known.name.to_owned()).collect();
    assert_eq!(
        names, known,
        "functions/ and the tables in tests/support differ"
    );
    &ALL
}

/// The function of that name.
///
/// # Panics
/// If there is none.
pub fn named(name: &str) -> &'static Function {
    let found = all().iter().find(|function| function.name == name);
    found.unwrap_or_else(|| panic!("there is no function {name:?}"))
}

/// Every route, and the function that answers it.
pub fn routes() -> impl Iterator<Item = (&'static Function, &'static Route)> + Clone {
    let of = |function: &'static Function| {
        let routes = function.routes.iter();
        routes.map(move |route| (function, route))
    };
    all().iter().flat_map(of)
}
