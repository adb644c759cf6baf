//! A model of WeChat: codes that are good once.
