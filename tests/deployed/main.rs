//! The built functions as processes: behind a Runtime API of the test's own, and deployed to the local stack.

mod content_checks;
mod dead_letters;
mod doctor;
mod end_to_end;
mod reconcile;
mod wire;

use tokio::sync::RwLock;

/// The deployed stack, which these tests share. Whoever changes it for all, counts what all have left in it or relies on
/// its secrets has it alone; whoever merely uses it has it beside others.
static STACK: RwLock<()> = RwLock::const_new(());
