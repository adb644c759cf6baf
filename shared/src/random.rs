//! Randomness as a value, so that a test can run a whole function under a seed of its own.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::invariant;

/// The source of unpredictable bytes.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Random {
    /// The operating system's generator, by way of aws-lc. The process ends if it ever fails: bytes that anybody can guess
    /// must not become tokens.
    pub fn system() -> Self {
        let generator = SystemRandom::new();
        Self::new(move |bytes| {
            if generator.fill(bytes).is_err() {
                invariant::broken("the operating system gives no random bytes");
            }
        })
    }

    /// A source that calls `fill` each time.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` bytes that nobody can predict.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
