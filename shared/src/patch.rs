//! What a request says of a field that it may leave out.

/// A change to a field that can be cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field was absent: it stays.
    #[default]
    Keep,
    /// The field was `null`: it goes.
    Clear,
    /// The field had a value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether nothing is to change.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The value that the field had.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Applies the change to the value that is there.
    pub fn apply_to(&self, current: &mut Option<T>)
    where
        T: Clone,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *current = None,
            Self::Set(value) => *current = Some(value.clone()),
        }
    }
}
