use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechat-standin"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> (Output, String) {
    let output = program(arguments).output().unwrap();
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    (output, errors)
}

/// Ends the program even if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_says_where_it_listens_and_ends_cleanly_on_a_signal() {
    for signal in ["TERM", "INT"] {
        let mut child = Running(
            program(&["--listen", "127.0.0.1:0", "--app-id", "wxa"])
                .spawn()
                .unwrap(),
        );
        let mut output = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(
            line.starts_with("wechat-standin listens on http://127.0.0.1:") && line.contains("wxa"),
            "{line}"
        );

        let id = child.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &id])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.0.wait().unwrap().code(), Some(0), "{signal}");
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn a_port_that_is_taken_is_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (output, errors) = run(&["--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.contains(&format!("{address} is taken")) && errors.lines().count() == 1,
        "{errors}"
    );
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    for (arguments, part) in [
        (&["--listen", "0.0.0.0:0"][..], "--allow-remote"),
        (&["--fast"], "unexpected argument '--fast'"),
        (&["--listen", "9010"], "invalid value '9010'"),
    ] {
        let (output, errors) = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
fn help_and_version_are_printed() {
    let (output, _) = run(&["--help"]);
    assert!(
        output.status.success()
            && String::from_utf8(output.stdout)
                .unwrap()
                .contains("--app-secret")
    );
    let (output, _) = run(&["--version"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        concat!("wechat-standin ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
