//! What the functions have in common.
//!
//! A request's way through the code is one line: gateway event → [`http`] layers → extractor → use case (in the
//! function's own crate) → [`store`] → answer. Nothing in this crate knows a route.
//!
//! Everything that a handler needs from outside (AWS and WeChat clients, the [`seams::Clock`], the source of
//! [`seams::Random`] bytes) is handed to it in its state; nothing is reached for.

pub mod auth;
pub mod aws;
pub mod base32;
pub mod config;
pub mod error;
pub mod http;
pub mod ids;
pub mod net;
pub mod profile;
pub mod queue;
pub mod sdk_http;
pub mod seams;
pub mod store;
pub mod telemetry;
pub(crate) mod unicode;
pub mod upload;
pub mod user;
pub mod wechat;
