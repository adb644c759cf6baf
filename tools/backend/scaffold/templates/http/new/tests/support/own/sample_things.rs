//! What the tests of all functions have to know of `sample-things`.

use crate::Api;
use crate::functions::{Function, system};
use crate::own::{Built, OwnFunction, OwnRequest};

pub(super) const FUNCTION: OwnFunction = OwnFunction {
    function: Function {
        name: "sample-things",
        routes: sample_things::ROUTES,
        start: |get| {
            Box::pin(async {
                sample_things::App::build(system("sample-things", get))
                    .await
                    .map(drop)
            })
        },
    },
    build: |setup| {
        Box::pin(async {
            let app = sample_things::App::build(setup).await?;
            Ok(Built::Http(Api(sample_things::router(app))))
        })
    },
    requests: &[
        OwnRequest {
            route: "POST /v1/sample-things",
            outcomes: OwnRequest::for_callers("201"),
            body: r#"{"title":"A title","note":"A note"}"#,
        },
        OwnRequest {
            route: "GET /v1/sample-things",
            outcomes: OwnRequest::for_callers("200"),
            body: "",
        },
        OwnRequest {
            route: "GET /v1/sample-things/{id}",
            outcomes: OwnRequest::for_owners("200"),
            body: "",
        },
        OwnRequest {
            route: "PUT /v1/sample-things/{id}",
            outcomes: OwnRequest::for_owners("200"),
            body: r#"{"title":"A title","note":"A note"}"#,
        },
        OwnRequest {
            route: "DELETE /v1/sample-things/{id}",
            outcomes: OwnRequest::for_owners("204"),
            body: "",
        },
    ],
    free_text: &["title", "note"],
    samples: &[
        ("sample-things-create", Some(201)),
        ("sample-things-list", Some(200)),
        ("sample-things-read", Some(404)),
        ("sample-things-update", Some(404)),
        ("sample-things-delete", Some(404)),
    ],
};
