//! What is measured: one of the functions, or somebody else's program for the same job.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::environment::Start;
use crate::jobs;
use crate::trust::{Authority, Trust};
use crate::upstream::Upstreams;

/// How a program is started, and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// What tables call it.
    pub(crate) label: String,
    pub(crate) start: Start,
    /// What is deployed.
    pub(crate) artefact: PathBuf,
}

/// The sizes of what is deployed, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
    pub(crate) zipped: u64,
}

/// How a function differs from what is deployed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    pub(crate) trust: Trust,
    pub(crate) warm_up: bool,
}

impl Variant {
    /// As deployed: no file of roots is read, and connections are opened ahead.
    pub(crate) const DEPLOYED: Self = Self {
        trust: Trust::OneRoot,
        warm_up: true,
    };

    /// The variant in words.
    pub(crate) const fn words(self) -> &'static str {
        match (self.trust, self.warm_up) {
            (Trust::OneRoot, true) => "as deployed",
            (Trust::OneRoot, false) => "one root, not warmed up",
            (Trust::SystemRoots, true) => "system's roots, warmed up",
            (Trust::SystemRoots, false) => "system's roots, not warmed up",
        }
    }
}

/// Where things are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) root: &'a Path,
    pub(crate) target: &'a Path,
    pub(crate) authority: &'a Authority,
    pub(crate) upstreams: &'a Upstreams,
}

impl Stage<'_> {
    /// A function's release binary.
    pub(crate) fn function(&self, function: &str, variant: Variant) -> Result<Subject> {
        let artefact = self.target.join("release").join(function);
        let mut variables = self.variables(variant.trust)?;
        if !variant.warm_up {
            variables.push(("WARM_UP".to_owned(), "off".into()));
        }
        let start = Start {
            command: vec![artefact.clone().into()],
            variables,
            folder: self.root.to_owned(),
        };
        Ok(Subject {
            label: variant.words().to_owned(),
            start,
            artefact,
        })
    }

    /// What Lambda and the template set for a function.
    pub(crate) fn variables(&self, trust: Trust) -> Result<Vec<(String, OsString)>> {
        let bundle = self.authority.bundle(trust)?;
        let bundles = ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];
        let fixed = LAMBDA.iter().chain(jobs::VARIABLES);
        let variables = fixed
            .map(|(name, value)| ((*name).to_owned(), value.into()))
            .chain(
                self.upstreams
                    .variables()
                    .map(|(name, value)| (name.to_owned(), value.into())),
            )
            .chain(bundles.map(|name| (name.to_owned(), bundle.into())));
        Ok(variables.collect())
    }
}

/// What Lambda sets, with a session token as long as Lambda's are: it is in every signed request.
const LAMBDA: [(&str, &str); 18] = [
    ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
    (
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "2026/01/02/[$LATEST]0123456789abcdef0123456789abcdef",
    ),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("LAMBDA_TASK_ROOT", "/var/task"),
    ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
    ("_HANDLER", "bootstrap"),
    ("LANG", "en_US.UTF-8"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("TZ", ":UTC"),
];

const SESSION_TOKEN: &str = concat!(
    "IQoJb3JpZ2luX2VjEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE",
    "EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEX",
    "EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEX",
    "EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEX"
);

/// The size of a file, or of all files in a folder, and zipped as they are deployed.
pub(crate) fn size(path: &Path) -> Result<Size> {
    let mut size = Size::default();
    let metadata = fs::metadata(path).with_context(|| path.display().to_string())?;
    if !metadata.is_dir() {
        let bytes = fs::read(path)?;
        let mut zipped = DeflateEncoder::new(Count(0), Compression::default());
        zipped.write_all(&bytes)?;
        return Ok(Size {
            bytes: metadata.len(),
            zipped: zipped.finish()?.0,
        });
    }
    for entry in fs::read_dir(path)? {
        // A link out of the folder, or a broken one, is not deployed.
        if let Ok(inner) = self::size(&entry?.path()) {
            size.bytes += inner.bytes;
            size.zipped += inner.zipped;
        }
    }
    Ok(size)
}

/// Counts what is written to it.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
