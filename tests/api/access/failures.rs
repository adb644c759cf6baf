//! A database that fails or is held off, for every route that uses it.

use futures_util::future::join_all;
use support::World;
use support::api::Call;
use support::proxy::{Fault, Matching, Proxy, Service};

use super::{Attack, ROUTES, api, good_body, is_for_wechat, split};

#[tokio::test]
async fn every_route_answers_an_outage_of_the_database_as_one() {
    let proxy = Proxy::start().await;
    let attack = Attack::on(World::behind(&proxy).await).await;
    for (route, call) in attack.calls().await {
        proxy.fail_always(Matching::To(Service::DynamoDb), Fault::NotRepeated);
        let answer = call.await;
        let got = (answer.status.as_u16(), answer.code());
        assert_eq!(got, (503, "temporarily_unavailable"), "{route}");
        proxy.heal();
    }
}

#[tokio::test]
async fn every_route_answers_a_refusal_of_the_database_as_a_fault_of_ours() {
    let attack = Attack::new().await;
    let calls = attack.calls().await;
    let (db, table) = (attack.world.emulator.dynamodb(), &attack.world.table);
    let deleted = db.delete_table().table_name(table).send().await;
    deleted.expect("the emulator deletes a table");
    for (route, call) in calls {
        let answer = call.await;
        let got = (answer.status.as_u16(), answer.code());
        assert_eq!(got, (500, "internal"), "{route}");
    }
}

#[tokio::test]
async fn every_route_that_writes_answers_those_who_hold_themselves_off_as_their_doing() {
    let proxy = Proxy::start().await;
    let attack = Attack::on(World::behind(&proxy).await).await;
    let calls = attack.calls().await.into_iter();
    let writes = calls.filter(|(route, _)| !route.starts_with("GET "));
    for operation in ["UpdateItem", "TransactWriteItems"] {
        let matching = Matching::Of(operation);
        proxy.fail(matching, Fault::TransactionConflict, usize::MAX);
    }
    let answers = writes.map(async |(route, call)| (route, call.await));
    for (route, answer) in join_all(answers).await {
        let got = (answer.status.as_u16(), answer.code());
        assert_eq!(got, (429, "rate_limited"), "{route}");
        assert_eq!(answer.header("retry-after"), "1", "{route}");
    }
}

impl Attack {
    /// A good request for each route that uses the database.
    async fn calls(&self) -> Vec<(&'static str, Call)> {
        let mut calls = Vec::new();
        for (route, _) in ROUTES.iter().copied() {
            let (method, path) = split(route);
            if path.ends_with("/ping") || is_for_wechat(route) {
                continue;
            }
            let mut uri = self.uri(route);
            if path == "/v1/profiles" {
                uri = format!("{uri}?ids={}", self.alice.id);
            }
            let call = api(&self.world, path).call(method, &uri);
            let call = call.header("authorization", &self.bearer(route));
            calls.push(match good_body(&self.world, route).await {
                Some(body) => (route, call.json(&body)),
                None => (route, call),
            });
        }
        calls
    }
}
