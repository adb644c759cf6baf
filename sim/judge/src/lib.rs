//! Compares the simulation's model of DynamoDB with implementations by others, on recorded calls.

// The model as the simulation compiles it, without the functions that the simulation links.
#[path = "../../src/dynamodb/mod.rs"]
pub mod dynamodb;

mod canonical;
pub mod dynoxide;
pub mod endpoint;
pub mod forms;
pub mod generate;
pub mod replay;
mod report;
mod schema;
