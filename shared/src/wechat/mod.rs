//! WeChat's server API: the code exchange, the phone number, content checks, and what can go wrong with them.

pub mod breaker;
pub mod client;
pub mod content;
pub mod errcode;
mod error;
mod http_client;
mod response;
pub mod token;

pub use client::{AppSecret, LoginCode, PhoneCode, Wechat};
pub use error::WechatError;
