//! What happens when something that cannot be otherwise is otherwise.

/// Ends the process, and Lambda starts another one. Not a panic: the edge answers a panic with a 500 and goes on, in a
/// process that can no longer be trusted with secrets.
pub(crate) fn broken(invariant: &'static str) -> ! {
    tracing::error!(invariant, "an invariant is broken, the process ends");
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    const CHILD: &str = "ABORT_IN_THIS_PROCESS";

    /// Runs itself in a process of its own, where no panic handler may catch what happens.
    #[test]
    fn a_broken_invariant_ends_the_process_and_is_no_panic() {
        if std::env::var_os(CHILD).is_some() {
            let _ = std::panic::catch_unwind(|| super::broken("on purpose"));
            std::process::exit(0);
        }
        let status = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "invariant::tests::a_broken_invariant_ends_the_process_and_is_no_panic",
            ])
            .env(CHILD, "1")
            .status()
            .unwrap();
        const SIGABRT: i32 = 6;
        assert_eq!(status.signal(), Some(SIGABRT), "{status}");
    }
}
