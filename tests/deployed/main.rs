//! The built functions as processes: behind a Runtime API of the test's own, and deployed to the local stack.

mod dead_letters;
mod doctor;
mod end_to_end;
mod reconcile;
mod wire;
