//! What the model answers, through `call`.

mod session;
mod support;
