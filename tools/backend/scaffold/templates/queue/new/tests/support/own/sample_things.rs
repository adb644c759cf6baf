//! What the tests of all functions have to know of `sample-things`.

use crate::functions::{Function, system};
use crate::own::{Built, OwnFunction, Worker};

pub(super) const FUNCTION: OwnFunction = OwnFunction {
    function: Function {
        name: "sample-things",
        routes: &[],
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
            let handle = |app: std::sync::Arc<sample_things::App>, event, deadline| async move {
                app.handle(event, deadline).await
            };
            Ok(Built::Queue(Worker::new(app, handle)))
        })
    },
    requests: &[],
    free_text: &[],
    samples: &[("sample-things", None)],
};
