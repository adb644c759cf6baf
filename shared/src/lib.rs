//! What the functions have in common.
//!
//! A request's way through the code is one line: gateway event → [`http`] layers → extractor → use case (in the
//! function's own crate) → [`store`] → answer. Nothing in this crate knows a route.
//!
//! Everything that a handler needs from outside (AWS and WeChat clients, the [`time::Clock`], the source of
//! [`random::Random`] bytes) is handed to it in its state; nothing is reached for.

pub mod api;
pub mod auth;
pub mod aws;
pub mod base32;
pub mod config;
pub mod content_check;
pub mod digest;
pub mod error;
pub mod events;
pub mod function;
pub mod http;
pub mod ids;
pub(crate) mod invariant;
pub mod jwk;
pub mod moderation;
pub mod net;
pub mod own;
pub mod patch;
pub mod profile;
pub mod queue;
pub mod random;
pub mod redacted;
pub mod refresh;
pub mod sdk_http;
pub mod secrets;
pub mod store;
pub mod telemetry;
pub mod time;
pub(crate) mod unicode;
pub mod upload;
pub mod upload_removal;
pub mod user;
pub mod wechat;
