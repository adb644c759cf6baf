//! The example `examples/feed`.

mod blocks;
mod checks;
mod likes;
mod posts;
mod removal;
mod reports;

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

const TEMPLATE: &str = include_str!("../../../examples/feed/template-fragment.yaml");
const DESCRIPTION: &str = include_str!("../../../examples/feed/openapi-fragment.yaml");

#[test]
fn the_fragments_have_the_routes_of_the_router() {
    let routes: BTreeSet<_> = feed::ROUTES.iter().map(ToString::to_string).collect();
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let events = &template["Resources"]["FeedFunction"]["Properties"]["Events"];
    let events = events.as_mapping().unwrap().values();
    let events = events.map(|event| {
        let event = &event["Properties"];
        let (method, path) = (event["Method"].as_str(), event["Path"].as_str());
        format!("{} {}", method.unwrap(), path.unwrap())
    });
    assert_eq!(events.collect::<BTreeSet<_>>(), routes);
    let description: Value = serde_yaml_ng::from_str(DESCRIPTION).unwrap();
    let described = description["paths"].as_mapping().unwrap().iter();
    let described = described.flat_map(|(path, methods)| {
        let path = path.as_str().unwrap();
        let methods = methods.as_mapping().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.as_str().unwrap().to_uppercase()))
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), routes);
}
