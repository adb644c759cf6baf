//! dynoxide: DynamoDB in Rust and SQLite, in memory.

use anyhow::{Result, anyhow, bail};
use dynoxide::Database;
use serde_json::Value;

use crate::replay::Implementation;
use crate::schema::create_table;

/// A database of one history.
pub struct Dynoxide {
    database: Database,
}

impl Dynoxide {
    /// An empty database.
    ///
    /// # Errors
    /// If SQLite gives none.
    pub fn new() -> Result<Self> {
        let database = Database::memory().map_err(|error| anyhow!("{error}"))?;
        Ok(Self { database })
    }
}

impl Implementation for Dynoxide {
    fn start(&mut self, table: &str) -> Result<()> {
        *self = Self::new()?;
        let request = serde_json::from_value(create_table(table))?;
        let created = self.database.create_table(request);
        created.map(|_| ()).map_err(|error| anyhow!("{error}"))
    }

    fn answer(&mut self, operation: &str, request: &Value) -> Result<(u16, Value)> {
        let text = request.to_string();
        /// The request type tells the operation.
        macro_rules! answer {
            ($operation:ident) => {
                match serde_json::from_str(&text) {
                    Ok(request) => match self.database.$operation(request) {
                        Ok(answer) => (200, serde_json::to_value(&answer)?),
                        Err(error) => (error.status_code(), serde_json::from_str(&error.to_json())?),
                    },
                    // A request that it cannot read is invalid: its server says so, its library leaves that to serde.
                    Err(_) => (400, serde_json::json!({"__type": "ValidationException"})),
                }
            };
        }
        Ok(match operation {
            "GetItem" => answer!(get_item),
            "PutItem" => answer!(put_item),
            "UpdateItem" => answer!(update_item),
            "DeleteItem" => answer!(delete_item),
            "Query" => answer!(query),
            "BatchGetItem" => answer!(batch_get_item),
            "BatchWriteItem" => answer!(batch_write_item),
            "TransactWriteItems" => answer!(transact_write_items),
            _ => bail!("no operation is called {operation}"),
        })
    }
}
