//! The SDK gives a call up and repeats it, and the first one can be applied seconds later. Here each kind of write arrives
//! late, after its repetition and after what came then: it changes nothing. Environments whose clocks differ do the same.

mod clocks;
mod interleavings;
mod previous_release;
mod writes;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Answer, Environment, Session, World};

const UPDATE: Matching = Matching::Of("UpdateItem");

const TRANSACTION: Matching = Matching::Of("TransactWriteItems");

type Item = HashMap<String, AttributeValue>;

struct Stage {
    proxy: Proxy,
    world: World,
    here: Environment,
}

impl Stage {
    async fn new() -> Self {
        let proxy = Proxy::start().await;
        let world = World::with(Settings {
            endpoint: Some(proxy.url()),
            ..Settings::default()
        })
        .await;
        let here = Environment::of(&world, 0, &proxy.url()).await;
        Self { proxy, world, here }
    }

    async fn log_in(&self) -> Session {
        self.world.log_in("alice").await
    }

    /// Makes the next write a late one.
    fn delay(&self, writes: Matching) {
        self.proxy.fail(writes, Fault::Late, 1);
    }

    /// Lets the late writes arrive, which must change nothing.
    async fn arrive(&self, what: &str) {
        let before = self.items().await;
        assert!(self.proxy.late() > 0, "{what} was not delayed");
        self.proxy.release().await;
        assert_eq!(self.items().await, before, "{what} was applied late");
    }

    async fn items(&self) -> BTreeMap<String, Item> {
        let dynamodb = self.world.emulator.dynamodb();
        let scan = dynamodb.scan().table_name(&self.world.table);
        let items = scan.consistent_read(true).send().await.unwrap().items;
        let key = |item: &Item| format!("{:?} {:?}", item["pk"], item["sk"]);
        let items = items.unwrap_or_default().into_iter();
        items.map(|item| (key(&item), item)).collect()
    }

    async fn item(&self, user: &str) -> Item {
        let dynamodb = self.world.emulator.dynamodb();
        let get = dynamodb.get_item().table_name(&self.world.table);
        let get = get.set_key(Some(user_key(user))).consistent_read(true);
        get.send().await.unwrap().item.unwrap()
    }

    /// Writes what another release would.
    async fn write(&self, user: &str, update: &str, values: Vec<(&str, AttributeValue)>) {
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let dynamodb = self.world.emulator.dynamodb();
        let request = dynamodb.update_item().table_name(&self.world.table);
        let request = request
            .set_key(Some(user_key(user)))
            .update_expression(update);
        let values = values.collect::<HashMap<_, _>>();
        let request =
            request.set_expression_attribute_values(Some(values).filter(|v| !v.is_empty()));
        let request = match update.contains("#status") {
            true => request.expression_attribute_names("#status", "status"),
            false => request,
        };
        request.send().await.unwrap();
    }

    async fn me(&self, session: &Session) -> Answer {
        let call = self.world.users.get("/v1/users/me");
        call.bearer(&session.token).send().await
    }

    async fn set_status(&self, admin: &Session, user: &str, status: &str) -> Answer {
        let path = format!("/v1/users/{user}");
        let call = self.world.users.put(&path, &json!({"status": status}));
        call.bearer(&admin.token).send().await
    }

    async fn phone(&self, session: &Session, code: &str) -> Answer {
        let body = json!({"code": code});
        let call = self.world.login.post("/v1/users/me/phone", &body);
        call.bearer(&session.token).send().await
    }

    async fn goes_on(&self, session: &Session) {
        let answer = self.world.refresh(&session.refresh_token).await;
        answer.expect(200);
    }

    async fn has_ended(&self, session: &Session) {
        let answer = self.world.refresh(&session.refresh_token).await;
        answer.expect_problem(401, "refresh_invalid");
    }

    async fn purge(&self) {
        let messages = self.world.purge_messages().await;
        let records: Vec<_> = messages
            .iter()
            .map(|body| json!({"messageId": "m", "body": body}))
            .collect();
        let event = json!({"Records": records});
        let answer = self.world.purge.handle(event, self.world.soon()).await;
        assert!(answer.unwrap().batch_item_failures.is_empty());
    }
}

fn user_key(user: &str) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(format!("U#{user}"))),
        ("sk".to_owned(), AttributeValue::S("A".into())),
    ])
}

impl Stage {
    fn arrive_nothing(&self) {
        assert_eq!((self.proxy.late(), self.proxy.faults_left()), (0, 0));
    }
}
