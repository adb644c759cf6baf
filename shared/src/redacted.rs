//! Values that must not be seen.

use std::fmt;

use zeroize::Zeroize;

/// A secret, or what names a person. `Debug` does not show it, so that no log and no error does, and its memory is
/// overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Redacted<T: Zeroize>(T);

impl<T: Zeroize> Redacted<T> {
    /// Takes the value over. Copies that were made before stay as they are.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. The name makes each place that uses it easy to find.
    pub const fn expose_secret(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Zeroize> Drop for Redacted<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_shown_and_not_left_behind() {
        struct Wiped<'a>(&'a mut bool);
        impl Zeroize for Wiped<'_> {
            fn zeroize(&mut self) {
                *self.0 = true;
            }
        }
        let mut wiped = false;
        let secret = Redacted::new(Wiped(&mut wiped));
        assert_eq!(format!("{secret:?}"), "[redacted]");
        drop(secret);
        assert!(wiped);
    }
}
