//! A model of DynamoDB: one table with one index, the operations and expressions that the store uses.
