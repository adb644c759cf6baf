//! The example `examples/feed`.

mod blocks;
mod checks;
mod likes;
mod posts;
mod removal;
mod reports;
