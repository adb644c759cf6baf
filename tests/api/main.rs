//! The functions through their routes and events, in this process, against the emulator and a mock WeChat server.

mod access;
mod administration;
mod attacks;
mod edge;
mod erasure;
mod feed;
mod golden;
mod login;
mod moderation;
mod own_events;
mod own_functions;
mod purge;
mod push;
mod reviews;
mod round_trips;
mod secrets;
mod sessions;
mod uploads;
mod users;
