//! WeChat's message push: verifies a message, puts what it asks for on a queue, and answers.

mod cipher;
mod envelope;
mod event;
mod message;
mod signature;

pub use cipher::EncodingAesKey;
pub use envelope::PushKeys;
