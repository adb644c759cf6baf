//! Requests, most of them right.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::TABLE;
use super::draw::{self, Placeholders, pick};
use super::expression;

pub(super) struct Requests {
    rng: Rng,
    history: u64,
    /// The last transaction, to be sent again.
    transaction: Option<Value>,
    /// How many request tokens were made.
    tokens: u32,
}

impl Requests {
    pub(super) const fn new(rng: Rng, history: u64) -> Self {
        Self {
            rng,
            history,
            transaction: None,
            tokens: 0,
        }
    }

    pub(super) fn next(&mut self) -> (&'static str, Value) {
        let (operation, mut request) = self.right();
        if self.rng.u8(..25) == 0 {
            self.spoil(&mut request);
        }
        (operation, request)
    }

    fn right(&mut self) -> (&'static str, Value) {
        match self.rng.u8(..20) {
            0 | 1 => ("PutItem", self.put()),
            2 => ("DeleteItem", self.delete()),
            3 | 4 => ("GetItem", self.get()),
            5 => ("BatchGetItem", self.batch_get()),
            6 => ("BatchWriteItem", self.batch_write()),
            7..=9 => ("Query", self.query()),
            10..=12 => ("TransactWriteItems", self.transact()),
            _ => ("UpdateItem", self.update()),
        }
    }

    fn key(&mut self) -> Value {
        json!({
            "pk": {"S": pick(&mut self.rng, &["a", "b"])},
            "sk": {"S": pick(&mut self.rng, &["1", "2", "~"])},
        })
    }

    /// An item of which nobody knows what is in it.
    fn item(&mut self) -> Value {
        let mut item = self.key();
        for _ in 0..self.rng.u8(..6) {
            let attribute = draw::attribute(&mut self.rng);
            item[draw::stored_name(attribute)] = draw::value_of(&mut self.rng, attribute);
        }
        if self.rng.u8(..3) > 0 {
            item["gsi1pk"] = json!({"S": "all"});
            item["gsi1sk"] = json!({"S": format!("{:02}", self.rng.u8(..40))});
            item["email"] = draw::text(&mut self.rng);
        }
        item
    }

    /// A request with a condition, if it is to have one.
    fn conditional(&mut self, mut request: Value, mut placeholders: Placeholders) -> Value {
        if self.rng.bool() {
            let condition = expression::condition(&mut self.rng, &mut placeholders, 3);
            request["ConditionExpression"] = condition.into();
        }
        if self.rng.bool() {
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD".into();
        }
        add_placeholders(&mut request, placeholders);
        request["TableName"] = TABLE.into();
        request
    }

    fn returning(&mut self, mut request: Value, choices: &[&str]) -> Value {
        if self.rng.bool() {
            request["ReturnValues"] = pick(&mut self.rng, choices).into();
        }
        request
    }

    fn put(&mut self) -> Value {
        let request = json!({"Item": self.item()});
        let request = self.conditional(request, Placeholders::default());
        self.returning(request, &["NONE", "ALL_OLD"])
    }

    fn delete(&mut self) -> Value {
        let request = json!({"Key": self.key()});
        let request = self.conditional(request, Placeholders::default());
        self.returning(request, &["NONE", "ALL_OLD"])
    }

    fn plain_update(&mut self) -> Value {
        let mut placeholders = Placeholders::default();
        let update = expression::update(&mut self.rng, &mut placeholders);
        let request = json!({"Key": self.key(), "UpdateExpression": update});
        self.conditional(request, placeholders)
    }

    fn update(&mut self) -> Value {
        let request = self.plain_update();
        // For an item that was not there, dynoxide returns its key as the old one.
        self.returning(request, &["NONE", "ALL_NEW"])
    }

    fn reading(&mut self, mut request: Value) -> Value {
        let mut placeholders = Placeholders::default();
        if self.rng.u8(..3) == 0 {
            let projection = expression::projection(&mut self.rng, &mut placeholders);
            request["ProjectionExpression"] = projection.into();
        }
        request["ConsistentRead"] = self.rng.bool().into();
        add_placeholders(&mut request, placeholders);
        request
    }

    fn get(&mut self) -> Value {
        let request = json!({"TableName": TABLE, "Key": self.key()});
        self.reading(request)
    }

    fn batch_get(&mut self) -> Value {
        let count = self.rng.usize(1..4);
        let keys: Vec<_> = (0..count).map(|_| self.key()).collect();
        let wanted = self.reading(json!({"Keys": keys}));
        json!({"RequestItems": {TABLE: wanted}})
    }

    fn batch_write(&mut self) -> Value {
        let count = self.rng.usize(1..4);
        let writes = (0..count).map(|_| match self.rng.bool() {
            true => json!({"PutRequest": {"Item": self.item()}}),
            false => json!({"DeleteRequest": {"Key": self.key()}}),
        });
        let writes: Vec<_> = writes.collect();
        json!({"RequestItems": {TABLE: writes}})
    }

    fn query(&mut self) -> Value {
        let is_index = self.rng.u8(..3) == 0;
        let (pk, sk, partition) = match is_index {
            true => ("gsi1pk", "gsi1sk", "all"),
            false => ("pk", "sk", "a"),
        };
        let mut placeholders = Placeholders::default();
        let pk = format!("{pk} = {}", placeholders.value(json!({"S": partition})));
        let condition = match self.range(sk, &mut placeholders) {
            Some(range) => format!("{pk} AND {range}"),
            None => pk,
        };
        let mut request = json!({"TableName": TABLE, "KeyConditionExpression": condition});
        request["ScanIndexForward"] = self.rng.bool().into();
        if self.rng.bool() {
            request["Limit"] = self.rng.u8(1..4).into();
        }
        if is_index {
            request["IndexName"] = "gsi1".into();
        }
        if self.rng.u8(..4) == 0 {
            request["ExclusiveStartKey"] = self.start(is_index);
        }
        if self.rng.u8(..4) == 0 {
            request["ProjectionExpression"] = "pk, sk, email".into();
        }
        add_placeholders(&mut request, placeholders);
        request
    }

    fn range(&mut self, sk: &str, placeholders: &mut Placeholders) -> Option<String> {
        let ends = ["1", "2", "~", "0", "10", "25"];
        let mut end = || json!({"S": pick(&mut self.rng, &ends)});
        let (low, high) = (end(), end());
        Some(match self.rng.u8(..5) {
            0 | 1 => return None,
            2 => format!(
                "{sk} BETWEEN {} AND {}",
                placeholders.value(low),
                placeholders.value(high)
            ),
            3 => format!("begins_with({sk}, {})", placeholders.value(low)),
            _ => {
                let comparator = pick(&mut self.rng, &["=", "<", "<=", ">", ">="]);
                format!("{sk} {comparator} {}", placeholders.value(low))
            }
        })
    }

    fn start(&mut self, is_index: bool) -> Value {
        let mut start = self.key();
        if is_index {
            start["gsi1pk"] = json!({"S": "all"});
            start["gsi1sk"] = json!({"S": format!("{:02}", self.rng.u8(..40))});
        } else {
            start["pk"] = json!({"S": "a"});
        }
        start
    }

    fn transact(&mut self) -> Value {
        if self.rng.u8(..4) == 0
            && let Some(transaction) = &self.transaction
        {
            return transaction.clone();
        }
        let count = self.rng.usize(1..4);
        let writes: Vec<_> = (0..count).map(|_| self.write()).collect();
        let mut transaction = json!({"TransactItems": writes});
        if self.rng.bool() {
            // Sometimes one that other writes had.
            self.tokens += u32::from(self.rng.u8(..4) > 0);
            transaction["ClientRequestToken"] =
                format!("token-{}-{}", self.history, self.tokens).into();
        }
        self.transaction = Some(transaction.clone());
        transaction
    }

    fn write(&mut self) -> Value {
        match self.rng.u8(..4) {
            0 => {
                let request = json!({"Item": self.item()});
                json!({"Put": self.conditional(request, Placeholders::default())})
            }
            1 => {
                let request = json!({"Key": self.key()});
                json!({"Delete": self.conditional(request, Placeholders::default())})
            }
            2 => {
                let mut placeholders = Placeholders::default();
                let condition = expression::condition(&mut self.rng, &mut placeholders, 2);
                let mut check = json!({"Key": self.key(), "ConditionExpression": condition});
                check["TableName"] = TABLE.into();
                add_placeholders(&mut check, placeholders);
                json!({"ConditionCheck": check})
            }
            _ => json!({"Update": self.plain_update()}),
        }
    }

    /// Makes a mistake in a member that is there, or in one that may be there.
    fn spoil(&mut self, request: &mut Value) {
        let (member, mistake) = match self.rng.u8(..7) {
            0 => ("ExpressionAttributeValues", json!({":unused": {"S": "x"}})),
            1 => ("ExpressionAttributeNames", json!({"#unused": "x"})),
            2 => ("ConditionExpression", json!("status = size")),
            3 => ("ConditionExpression", json!("((attribute_exists(txt)))")),
            4 => ("Key", json!({"pk": {"S": ""}, "sk": {"S": "1"}})),
            5 => ("Key", json!({"pk": {"S": "a"}})),
            _ => ("UpdateExpression", json!("SET pk = txt, num = ")),
        };
        if let Some(given) = request.get_mut(member) {
            *given = mistake;
        }
    }
}

fn add_placeholders(request: &mut Value, placeholders: Placeholders) {
    let members = [
        ("ExpressionAttributeNames", placeholders.names),
        ("ExpressionAttributeValues", placeholders.values),
    ];
    for (member, given) in members {
        if !Map::is_empty(&given) {
            request[member] = Value::Object(given);
        }
    }
}
